"""The window that the tool names is the one that the gradient of a real run finds."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import receptive_field, receptive_window

IMAGE = (4, 12, 10)
WHOLE = (0, 0, 12, 10)
SQUARE = (4, 8, 8)


class Calls(nn.Module):
    """A function as a layer."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def conv(inputs=4, outputs=4, kernel=3, stride=1, padding=1, dilation=1) -> nn.Module:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False)


def up(kernel=3, stride=2, padding=1, dilation=1) -> nn.Module:
    sides = kernel, stride, padding
    return nn.ConvTranspose2d(4, 4, *sides, bias=False, dilation=dilation)


def tall() -> nn.Module:
    """Convolve the two dimensions in different ways."""
    return conv(kernel=(5, 1), stride=(2, 1), padding=(2, 0))


def swapped(*layers: nn.Module) -> list[nn.Module]:
    """Swap height and width before layers."""
    return [Calls(lambda x: x.transpose(2, 3)), *layers]


def moved(function: Callable[[Tensor], Tensor]) -> list[nn.Module]:
    """Move numbers between two convolutions."""
    return [conv(), Calls(function), conv()]


def shift(x: Tensor) -> Tensor:
    y = x.clone()
    y[:, :, 1:] = x[:, :, :-1]
    return y


def some_channels(x: Tensor) -> Tensor:
    y = x.clone()
    y[:, :2] = x[:, 2:]
    return y


def resize(**options: object) -> nn.Module:
    return Calls(lambda x: F.interpolate(x, **options))


def half_added(x: Tensor) -> Tensor:
    """Write into channels that a name holds."""
    y = x.clone()
    half = y[:, :2]
    half.add_(F.avg_pool2d(x, 5, 1, 2)[:, :2])
    return y


def other_half(x: Tensor) -> Tensor:
    y = x.clone()
    above, below = y[:, :, :6], y[:, :, 6:]
    above.add_(1)
    return below


def copied_down(x: Tensor) -> Tensor:
    y = torch.zeros_like(x)
    y[:, :, 2:].copy_(x[:, :, :-2])
    return y


def shifted(x: Tensor) -> Tensor:
    y = x.clone()
    y[:, :, 2:].copy_(x[:, :, :-2])
    return y


def rows_so_far(x: Tensor) -> Tensor:
    y = x.clone()
    for k in range(1, x.shape[2]):
        y[:, :, k].add_(y[:, :, k - 1])
    return y


FOLLOWED = {
    "shuffle": [conv(4, 8), nn.PixelShuffle(2), conv(2)],
    "unshuffle": [conv(), nn.PixelUnshuffle(2), conv(16)],
    "swapped, shuffle": swapped(conv(4, 8), nn.PixelShuffle(2), conv(2)),
    "swapped, unshuffle": swapped(nn.PixelUnshuffle(2), conv(16, 4, (3, 1), 1, (1, 0))),
    "permuted, shuffle": [
        Calls(lambda x: x.permute(0, 1, 3, 2)),
        nn.PixelShuffle(2),
        conv(1, 4, (1, 3), 1, (0, 1)),
    ],
    "mT, unshuffle, mT": [
        Calls(lambda x: F.pixel_unshuffle(x.mT, 2).mT),
        conv(16, 4, (3, 1), 1, (1, 0)),
    ],
    "swapped": swapped(tall(), conv()),
    "swapped, mean": swapped(nn.AvgPool2d((3, 2), (2, 1), (1, 0))),
    "swapped, maximum": swapped(nn.MaxPool2d((3, 2), (2, 1), dilation=(2, 1))),
    "swapped, adaptive": swapped(nn.AdaptiveAvgPool2d((3, 7))),
    "swapped, one side": swapped(nn.AdaptiveAvgPool2d((1, None)), conv(kernel=1)),
    "swapped, larger": swapped(nn.Upsample(scale_factor=(2, 3)), conv()),
    "swapped, zeros": swapped(nn.ZeroPad2d((1, 2, 0, 3)), conv(padding=0)),
    "swapped, reflected": swapped(nn.ReflectionPad2d((1, 2, 0, 3)), conv(padding=0)),
    "swapped, flipped": swapped(Calls(lambda x: x.flip(2)), tall()),
    "swapped, cropped": swapped(Calls(lambda x: x[:, :, 3:, ::2]), tall()),
    "swapped, transposed": swapped(up((3, 2), (2, 1), (1, 0))),
    "dilated twice": [conv(padding=4, dilation=4), conv(padding=2, dilation=2)],
    "dilated, unshuffle": [
        nn.ZeroPad2d((0, 2, 0, 0)),
        conv(padding=2, dilation=2),
        conv(kernel=1, stride=2, padding=0),
        nn.PixelUnshuffle(2),
    ],
    "dilated, shuffle": [
        conv(4, 8, padding=4, dilation=4),
        nn.PixelShuffle(2),
        conv(2, padding=4, dilation=4),
    ],
    "dilated, maximum": [
        nn.MaxPool2d(3, 1, 1, dilation=2),
        conv(padding=2, dilation=2),
    ],
    "dilated, reflected": [
        nn.Conv2d(4, 4, 3, padding=3, dilation=3, padding_mode="reflect"),
        conv(padding=2, dilation=2),
    ],
    "wrapped around": [nn.CircularPad2d(2), conv(padding=0, dilation=2)],
    "transposed with gaps": [up(2, 3), conv(padding=2, dilation=2)],
    "transposed, dilated": [up(3, 2, 1, 3), conv()],
    "nearest": [resize(size=(7, 13)), conv()],
    "nearest-exact": [resize(size=(7, 13), mode="nearest-exact"), conv()],
    "nearest by 1.08": [resize(scale_factor=(1.08, 2.09))],
    "linear": [resize(size=(7, 13), mode="bilinear"), conv()],
    "linear by thirds": [resize(size=(4, 30), mode="bilinear")],
    "linear by 1.3": [resize(scale_factor=1.3, mode="bilinear"), conv()],
    "corners": [resize(size=(7, 19), mode="bilinear", align_corners=True), conv()],
    "cubic": [resize(size=(4, 30), mode="bicubic")],
    "smoothed": [resize(size=(5, 4), mode="bilinear", antialias=True)],
    "area": [resize(size=(5, 7), mode="area")],
    "roll": moved(lambda x: x.roll((2, -3), (2, 3))),
    "flip": moved(lambda x: x.flip(-1)),
    "quarter turn": moved(lambda x: x.rot90(1, (2, 3))),
    "every other": moved(lambda x: x[:, :, ::2, 1:]),
    "from behind": moved(lambda x: x[..., -7:, :-2]),
    "an index": moved(lambda x: x[:, :, [5, 0, 3, 9]]),
    "a selection": moved(lambda x: x.index_select(3, torch.tensor([7, 2, 2, 5]))),
    "channels by index": moved(lambda x: x[:, torch.tensor([2, 0, 3, 1])]),
    "channels written": moved(some_channels),
    "half of the channels": [conv(), Calls(lambda x: x.chunk(2, 1)[1]), conv(2)],
    "repeated": moved(lambda x: x.repeat(1, 1, 2, 1)),
    "repeated in place": moved(lambda x: x.repeat_interleave(2, 3)),
    "narrowed": moved(lambda x: x.narrow(2, 3, 6)),
    "softmax of rows": moved(lambda x: x.softmax(2)),
    "normalised rows": moved(lambda x: F.normalize(x, 2, 2)),
    "sums so far": moved(lambda x: x.cumsum(2)),
    "sums from behind": swapped(conv(), Calls(lambda x: x.flip(2).cumsum(2).flip(2))),
    "stacked": moved(lambda x: torch.stack([x, x + 1], 2).flatten(1, 2)[:, ::2]),
    "stacked last": moved(lambda x: torch.stack([x, x + 1], -1)[..., 1]),
    "a norm of channels": moved(lambda x: x * x.norm(2, 1, keepdim=True)),
    "a norm of rows": moved(lambda x: x * x.norm(2, 2, keepdim=True)),
    "a mean of all": moved(lambda x: x * x.mean(dim=None, keepdim=True)),
    "a sum of all": moved(lambda x: x * x.sum([], keepdim=True)),
    "a norm of all": moved(lambda x: x * x.norm(2, None, True)),
    "a norm of the last": moved(lambda x: x * x.norm(2, -1, True)),
    "a variance": moved(lambda x: x + x.var(-1, False, True)),
    "an axis": moved(lambda x: x * x.mean(axis=3, keepdims=True)),
    "the larger one": moved(lambda x: torch.max(x, x.flip(1))),
    "normalised": moved(F.normalize),
    "softmax without a dimension": moved(lambda x: F.softmax(x, _stacklevel=5)),
    "to the type of another": moved(lambda x: x * torch.ones(12, 10).to(x)),
    "channels added in place": moved(half_added),
    "copied into zeros": moved(copied_down),
    "ReLU of a view": moved(lambda x: (F.relu(x.view(x.shape), True), x)[1]),
    "a half that is not written to": moved(other_half),
    "with itself flipped": moved(lambda x: x[:, :, 6:] + x.flip(2)[:, :, 6:]),
    "one path in the padding": [
        Calls(lambda x: F.pad(x[:, :, :4], (0, 0, 8, 0)) + F.pad(x, (3, 0))[..., :-3])
    ],
}
FOLLOWED |= {
    f"swapped by {name}": [Calls(swap), tall(), Calls(swap), conv()]
    for name, swap in {
        "swapdims": lambda x: x.swapdims(2, 3),
        "swapaxes": lambda x: x.swapaxes(-1, -2),
        "moveaxis": lambda x: x.moveaxis(2, 3),
        "movedim": lambda x: torch.movedim(x, (2, 3), (3, 2)),
        "adjoint": lambda x: x.adjoint(),
        "mH": lambda x: x.mH,
        "einsum": lambda x: torch.einsum("bchw -> bcwh", x),
        "einsum of dots": lambda x: torch.einsum("...hw->...wh", x),
        "names": lambda x: torch.permute(input=x, dims=(0, 1, 3, 2)),
    }.items()
}


def attend(tokens: Tensor, **options: object) -> Tensor:
    return F.scaled_dot_product_attention(tokens, tokens, tokens, **options)


def in_windows(x: Tensor) -> Tensor:
    side = x.view(-1, 4, 2, 4, 2, 4).permute(0, 2, 4, 3, 5, 1)
    found = attend(side.reshape(-1, 16, 4)).view(-1, 2, 2, 4, 4, 4)
    return found.permute(0, 5, 1, 3, 2, 4).reshape(x.shape)


def over_all(x: Tensor, **options: object) -> Tensor:
    return attend(x.flatten(2).mT, **options).mT.reshape(x.shape)


ATTEND = {
    "in windows": in_windows,
    "along rows": lambda x: attend(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
    "to the past": lambda x: over_all(x, is_causal=True),
    "past a mask": lambda x: over_all(x, attn_mask=torch.eye(64, dtype=torch.bool)),
}

LOST = {
    "fourier": lambda x: torch.fft.ifft2(torch.fft.fft2(x)).real,
    "windows": lambda x: x.unfold(2, 3, 1).sum(-1),
    "columns": lambda x: F.fold(F.unfold(x, 3, padding=1), x.shape[2:], 3, padding=1),
    "the strongest": lambda x: x.topk(6, 3).values,
    "with itself swapped": lambda x: x + x.mT,
    "halves exchanged": lambda x: torch.cat([x[:, :, 4:], x[:, :, :4]], 2),
    "shifted by writing": shift,
    "shifted by copying": shifted,
    "rows so far, in place": rows_so_far,
    "swapped and written to": lambda x: (x.mT.add_(x.clone()), x)[1],
    "flat and written to": lambda x: (x.flatten(2).add_(x.flatten(2).flip(2)), x)[1],
    "around and cut": lambda x: F.pad(x, (-2, 2, 4, -4), mode="circular"),
    "channels as depth": lambda x: F.avg_pool3d(x[:, None], (3, 1, 1), 1, (1, 0, 0))[
        :, 0
    ],
    "rows as a batch": lambda x: (
        F.conv1d(x.transpose(1, 2).flatten(0, 1), torch.ones(4, 4, 3).to(x), padding=1)
        .view(-1, 8, 4, 8)
        .transpose(1, 2)
    ),
    **{f"attention {name}": attend for name, attend in ATTEND.items()},
    "a row": lambda x: x[:, :, 2].unsqueeze(1).expand(-1, 4, -1, -1),
    "a row of many": lambda x: x.repeat(1, 2, 1, 1)[:, :, 2].unsqueeze(1)[:, [0] * 4],
    "rows and channels": lambda x: (
        x.repeat(1, 2, 1, 1).unbind(2)[1][:, None, :].expand(-1, 4, -1, -1)
    ),
    "a stack": lambda x: torch.stack([x[:, 0]] * 8, -1).expand(4, 8, 8, 8)[None, :, 0],
    "weights from the image": lambda x: F.conv2d(
        x, x.mean((2, 3)).view(1, 4, 1, 1).expand(4, 4, 3, 3), padding=1
    ),
    "sampled": lambda x: F.grid_sample(
        x, x[:, :2].permute(0, 2, 3, 1).tanh(), align_corners=False
    ),
    "products": lambda x: x @ x,
    "rolled, flat": lambda x: x.roll(3),
    "an order of tokens": lambda x: x.flatten(2)[:, :, list(range(63, -1, -1))].view(
        x.shape
    ),
    "distances": lambda x: torch.cdist(x, x + 1),
}


def smooth(model: nn.Module) -> nn.Module:
    """Return a copy with positive weights, and sums in the place of maxima."""
    layers = list(copy.deepcopy(model))
    for k, layer in enumerate(layers):
        if isinstance(layer, nn.MaxPool2d):
            sides = layer.kernel_size, layer.stride, layer.padding, layer.dilation
            layers[k] = nn.Conv2d(4, 4, *sides, groups=4)
    net = nn.Sequential(*layers).double()
    for parameter in net.parameters():
        nn.init.uniform_(parameter, 0.1, 1)
    return net


def boxes(model: nn.Module, shape: tuple[int, ...]) -> dict[tuple[int, int], tuple]:
    """Box the pixels with a gradient, for the corners, edges and centre of a map."""
    torch.manual_seed(0)
    net = smooth(model)
    image = torch.rand(1, *shape, dtype=torch.float64, requires_grad=True)
    output = net(image)[0].sum(0)
    height, width = output.shape
    found = {}
    for at in {
        (0, 0),
        (0, width - 1),
        (height - 1, width // 2),
        (height // 2, width // 2),
        (height // 3, width - 1),
        (height - 1, width - 1),
    }:
        (slope,) = torch.autograd.grad(output[at], image, retain_graph=True)
        rows, columns = (slope[0].abs().sum(0) > 1e-12).nonzero().T.tolist()
        box = (min(rows), min(columns), max(rows) + 1, max(columns) + 1) if rows else ()
        found[at] = box or (0, 0, 0, 0)
    return found


@pytest.mark.filterwarnings("ignore:Implicit dimension")
@pytest.mark.parametrize("name", FOLLOWED)
def test_the_window_is_that_of_the_gradient(name):
    model = nn.Sequential(*FOLLOWED[name])
    found = boxes(model, IMAGE)
    assert {at: receptive_window(model, IMAGE, "", at) for at in found} == found


@pytest.mark.parametrize("name", LOST)
def test_a_window_that_cannot_be_followed_is_the_whole_image(name):
    model = nn.Sequential(*moved(LOST[name]))
    for at, box in boxes(model, SQUARE).items():
        assert receptive_window(model, SQUARE, "", at) in (box, (0, 0, 8, 8))


def test_a_position_counts_in_the_order_in_which_the_axes_of_the_layer_lie():
    first = Calls(lambda x: x.permute(0, 3, 1, 2))
    last = nn.Sequential(*swapped(tall()), Calls(lambda x: x.permute(0, 2, 3, 1)))
    found = boxes(nn.Sequential(*last, first), IMAGE)
    assert {at: receptive_window(last, IMAGE, "", at) for at in found} == found
    rule = r"within \(5, 12\) of the model, got \(11, 3\)"
    with pytest.raises(ValueError, match=rule):
        receptive_window(last, IMAGE, "", (11, 3))
    with pytest.raises(ValueError, match=r"within \(5, 12\) of the model, got \(3,\)"):
        receptive_window(last, IMAGE, "", (3,))


def test_a_layer_whose_axes_are_lost_sees_the_whole_image():
    model = nn.Sequential(conv(), Calls(lambda x: x.topk(6, 3).values))
    assert receptive_window(model, IMAGE, "", (11, 5)) == WHOLE
    with pytest.raises(ValueError, match=r"within \(12, 6\) of the model"):
        receptive_window(model, IMAGE, "", (11, 6))


@pytest.mark.parametrize("name", LOST)
def test_no_size_is_told_where_windows_cannot_be_followed(name):
    field = receptive_field(nn.Sequential(*moved(LOST[name])), SQUARE)
    assert str(field) in ("–", "whole image")


@pytest.mark.parametrize("name", ATTEND)
def test_attention_that_does_not_see_all_is_not_said_to(name):
    model = nn.Sequential(*moved(ATTEND[name]))
    assert str(receptive_field(model, SQUARE)) == "–"


class Biased(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(64, 64))

    def forward(self, x: Tensor) -> Tensor:
        return over_all(x, attn_mask=self.bias)


@pytest.mark.parametrize("attention", [Calls(over_all), Biased()])
def test_attention_over_all_positions_sees_the_whole_image(attention):
    model = nn.Sequential(conv(), attention, conv())
    assert str(receptive_field(model, SQUARE)) == "whole image"


def test_nearest_takes_the_row_that_torch_takes():
    """Its scale is a number of single precision: row 29 of 58 is row 14 of 30."""
    image = torch.arange(30.0).view(1, 1, 30, 1)
    taken = F.interpolate(image, size=(58, 1)).flatten().int().tolist()
    model = resize(size=(58, 1))
    rows = [receptive_window(model, (1, 30, 1), "", (k, 0))[0] for k in range(58)]
    assert rows == taken


def test_a_pooling_over_channels_keeps_the_rows():
    model = Calls(lambda x: F.max_pool2d(x.transpose(1, 2), (1, 2)).transpose(1, 2))
    assert receptive_window(model, IMAGE, "", (11, 4)) == WHOLE
