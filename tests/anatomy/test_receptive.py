import math
import random
import warnings

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models

from edulib.anatomy import receptive_field, receptive_window, stage_table

SIDE = 41


class Branches(nn.Module):
    """Branches of one shape, added or concatenated."""

    def __init__(self, branches: list[nn.Module], join: str) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)
        self.join = join

    def forward(self, x: Tensor) -> Tensor:
        outputs = [branch(x) for branch in self.branches]
        if self.join == "cat":
            return torch.cat([x, *outputs], dim=1).mean(dim=1, keepdim=True)
        total = outputs[0]
        for output in outputs[1:]:
            total += output
        return total + x


def same_conv(rng: random.Random) -> nn.Module:
    kernel, dilation = rng.choice([1, 3, 5]), rng.choice([1, 2])
    return nn.Conv2d(1, 1, kernel, 1, dilation * (kernel // 2), dilation)


def random_layer(rng: random.Random) -> nn.Module:
    kernel, stride = rng.randint(1, 4), rng.randint(1, 2)
    branches = [
        nn.Sequential(*(same_conv(rng) for _ in range(rng.randint(1, 2))))
        for _ in range(rng.randint(1, 3))
    ]
    return rng.choice(
        [
            nn.Conv2d(1, 1, kernel, stride, rng.randint(0, 2)),
            nn.Conv2d(1, 1, (3, kernel), (1, stride), dilation=rng.randint(1, 2)),
            nn.AvgPool2d(kernel, stride, ceil_mode=rng.random() < 0.5),
            nn.Conv2d(1, 1, 3, padding="same", bias=False),
            nn.ZeroPad2d((rng.randint(0, 3), 0, 1, 2)),
            Branches(branches, rng.choice(["add", "cat"])),
        ]
    )


def random_net(seed: int, count: int) -> nn.Module:
    rng = random.Random(seed)
    net = nn.Sequential(*(random_layer(rng) for _ in range(count))).double()
    for parameter in net.parameters():
        nn.init.uniform_(parameter, 0.5, 1.0)
    return net


def seen_pixels(net: nn.Module, side: int, at: tuple[int, int]) -> tuple | None:
    """Bound the pixels with a gradient; all weights must be positive."""
    image = torch.ones(1, 1, side, side, dtype=torch.float64, requires_grad=True)
    net(image)[0, 0, at[0], at[1]].backward()
    rows, columns = image.grad[0, 0].nonzero(as_tuple=True)
    if len(rows) == 0:
        return None
    low, high = (rows.min(), columns.min()), (rows.max() + 1, columns.max() + 1)
    return tuple(int(edge) for edge in (*low, *high))


@pytest.mark.parametrize("seed", range(30))
def test_theory_equals_the_gradient_of_random_networks(seed):
    net = random_net(seed, count=3)
    height, width = net(torch.ones(1, 1, SIDE, SIDE).double()).shape[-2:]
    at = (height // 2, width // 2)
    expected = seen_pixels(net, SIDE, at)
    assert receptive_window(net, (1, SIDE, SIDE), "", at) == expected
    field = receptive_field(net, (1, SIDE, SIDE))
    top, left, bottom, right = expected
    touches = 0 in (top, left) or SIDE in (bottom, right)
    sizes = (bottom - top, right - left)
    assert sizes <= field.size if touches else sizes == field.size


@pytest.mark.parametrize("at", [(0, 0), (0, 6), (6, 3)])
def test_the_window_ends_where_the_image_does(at):
    net = nn.Sequential(
        nn.Conv2d(1, 1, 5, 2, 2), nn.Conv2d(1, 1, 3, 1, 1), nn.AvgPool2d(2, 2, 1)
    ).double()
    for parameter in net.parameters():
        nn.init.constant_(parameter, 1.0)
    assert receptive_window(net, (1, 25, 25), "", at) == seen_pixels(net, 25, at)


UPSAMPLING = {
    "transposed": nn.ConvTranspose2d(1, 1, 4, 2, 1, bias=False),
    "transposed with gaps": nn.ConvTranspose2d(1, 1, 2, 3, bias=False),
    "nearest": nn.Upsample(scale_factor=2),
    "bilinear": nn.Upsample(scale_factor=2, mode="bilinear"),
}


@pytest.mark.parametrize("kind", UPSAMPLING)
@pytest.mark.parametrize("at", [(10, 10), (11, 12), (13, 17)])
def test_upsampling_is_followed(kind, at):
    down, up = nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 3, 1, 1)
    net = nn.Sequential(down, UPSAMPLING[kind], up).double()
    for parameter in net.parameters():
        nn.init.constant_(parameter, 1.0)
    assert receptive_window(net, (1, SIDE, SIDE), "", at) == seen_pixels(net, SIDE, at)


def test_upsampling_shrinks_the_stride():
    net = nn.Sequential(nn.Conv2d(1, 1, 3, 2, 1), nn.Upsample(scale_factor=4))
    assert receptive_field(net, (1, 32, 32)).stride == (0.5, 0.5)


def test_max_pooling_sees_its_window():
    net = nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(2, 1, dilation=2))
    top, left, bottom, right = receptive_window(net, (1, 20, 20), "", (3, 4))
    base = net(torch.zeros(1, 1, 20, 20))
    seen = torch.zeros(20, 20, dtype=torch.bool)
    for row in range(20):
        for column in range(20):
            image = torch.zeros(1, 1, 20, 20)
            image[0, 0, row, column] = 1
            seen[row, column] = (net(image) != base)[0, 0, 3, 4]
    rows, columns = seen.nonzero(as_tuple=True)
    assert (top, left) == (rows.min(), columns.min())
    assert (bottom, right) == (rows.max() + 1, columns.max() + 1)


# Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural
# Networks", Distill, 2019, https://distill.pub/2019/computing-receptive-fields/
PUBLISHED = [
    ("alexnet", "features", 224, 195, 32),
    ("vgg16", "features", 224, 212, 32),
    ("inception_v3", "Mixed_7c", 299, 1311, 32),
]


@pytest.mark.parametrize(("name", "layer", "side", "size", "stride"), PUBLISHED)
def test_published_sizes(name, layer, side, size, stride):
    options = {"init_weights": False} if name == "inception_v3" else {}
    with torch.device("meta"):
        model = getattr(models, name)(**options)
    field = receptive_field(model, (3, side, side), layer)
    assert field.size == (size, size)
    assert field.stride == (stride, stride)


def test_longest_path_of_a_residual_network_counts():
    with torch.device("meta"):
        model = models.resnet18()
    sizes = [
        receptive_field(model, (3, 224, 224), f"layer{k}").size[0] for k in range(1, 5)
    ]
    assert sizes == [43, 99, 211, 435]


def test_strides_and_crops_by_slicing_are_followed():
    class Shortcut(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.pad(x[..., 3:, ::2], (1, 0))

    window = receptive_window(Shortcut(), (1, 12, 12), "", (2, 4))
    assert window == (5, 6, 6, 7)


def test_axes_are_followed_through_permutations():
    class ChannelsLast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.conv = nn.LayerNorm(2), nn.Conv2d(2, 2, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2))

    assert receptive_field(ChannelsLast(), (2, 12, 9)).size == (3, 3)


def test_dense_layers_and_global_pooling_see_everything():
    dense = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Flatten(), nn.Linear(36, 2))
    pooled = nn.Sequential(nn.Conv2d(1, 1, 3), nn.AdaptiveAvgPool2d(1))
    for model in (dense, pooled):
        field = receptive_field(model, (1, 8, 8))
        assert field.size == (math.inf, math.inf)
        assert str(field) == "whole image"
    window = receptive_window(dense, (1, 8, 8), "2", (0, 0))
    assert window == (0, 0, 8, 8)


class Calls(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (nn.AdaptiveAvgPool2d((1, None)), "all×3"),
        (nn.AdaptiveMaxPool2d((None, 1)), "3×all"),
        (Calls(lambda x: x.cumsum(-1)), "3×all"),
        (Calls(lambda x: x.softmax(dim=2)), "all×3"),
        (Calls(lambda x: x.mean(3, keepdim=True)), "3×all"),
        (Calls(lambda x: x.mean(-2)), "all×3"),
        (Calls(lambda x: x.mean((2, 3), keepdim=True)), "whole image"),
        (Calls(lambda x: x.mean(1, keepdim=True)), "3"),
        (nn.Linear(6, 2), "–"),  # rows by themselves: not followed
    ],
)
def test_a_field_may_be_whole_along_one_axis(last, told):
    model = nn.Sequential(nn.Conv2d(1, 1, 3), last)
    assert str(receptive_field(model, (1, 8, 8))) == told
    assert str(stage_table(model, (1, 8, 8)).rows[1].field) == told


def test_a_gate_from_global_pooling_sees_everything():
    with torch.device("meta"):
        model = models.mobilenet_v3_small()
    before = receptive_field(model, (3, 64, 64), "features.0")
    gated = receptive_field(model, (3, 64, 64), "features.1")
    assert str(before) == "3"
    assert str(gated) == "whole image"


def test_attention_sees_everything_and_windows_are_not_guessed():
    with torch.device("meta"):
        vit, swin = models.vit_b_32(), models.swin_t()
    assert str(receptive_field(vit, (3, 224, 224), "conv_proj")) == "32"
    assert str(receptive_field(vit, (3, 224, 224), "encoder")) == "whole image"
    assert receptive_field(swin, (3, 64, 64), "features.1").size is None


def test_unknown_layer_and_position_are_named():
    model = nn.Sequential(nn.Conv2d(1, 1, 3))
    with pytest.raises(ValueError, match="a layer among 0; got '1'"):
        receptive_field(model, (1, 8, 8), "1")
    with pytest.raises(ValueError, match=r"within \(6, 6\) of 0, got \(6, 0\)"):
        receptive_window(model, (1, 8, 8), "0", (6, 0))


BORDERS = {
    "reflect": nn.Conv2d(1, 1, 5, padding=2, padding_mode="reflect", bias=False),
    "replicate": nn.Conv2d(1, 1, 5, padding=2, padding_mode="replicate", bias=False),
    "circular": nn.Conv2d(1, 1, 5, padding=2, padding_mode="circular", bias=False),
    "even and dilated": nn.Conv2d(1, 1, 4, dilation=3, padding="same", bias=False),
    "transposed, dilated": nn.ConvTranspose2d(1, 1, 3, 2, 1, dilation=3, bias=False),
}


@pytest.mark.parametrize("kind", BORDERS)
@pytest.mark.parametrize("at", [(0, 0), (1, 7), (14, 14), (13, 2)])
def test_borders_are_read_as_the_padding_fills_them(kind, at):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = nn.Sequential(BORDERS[kind]).double()
        for parameter in net.parameters():
            nn.init.constant_(parameter, 1.0)
        expected = seen_pixels(net, 15, at) or (0, 0, 0, 0)  # between taps
        seen = receptive_window(net, (1, 15, 15), "", at)
    if kind != "circular":  # what wraps around is given as the whole side
        assert seen == expected
    top, left, bottom, right = seen
    assert top <= expected[0]
    assert left <= expected[1]
    assert bottom >= expected[2]
    assert right >= expected[3]


def test_a_flipped_image_is_followed():
    class Flipped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, 2, bias=False)
            nn.init.constant_(self.conv.weight, 1.0)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(torch.flip(x, dims=(-1,)))

    for at in ((0, 0), (2, 5)):
        expected = seen_pixels(Flipped().double(), 21, at)
        assert receptive_window(Flipped(), (1, 21, 21), "", at) == expected
    field = receptive_field(Flipped(), (1, 21, 21))
    assert (field.size, field.stride) == ((3, 3), (2, 2))


def test_the_field_of_an_output_is_found_by_its_name():
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.near, self.far = nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 7)

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            return {"mask": self.near(x), "edge": self.far(x)}

    sizes = [receptive_field(Heads(), (1, 9, 9), end).size for end in ("mask", "edge")]
    assert sizes == [(3, 3), (7, 7)]
    with pytest.raises(ValueError, match="a layer among near, far; got 'box'"):
        receptive_field(Heads(), (1, 9, 9), "box")
