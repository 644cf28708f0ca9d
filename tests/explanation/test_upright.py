"""Maps that do not lie as the image does: turned back, or seen where they are."""

import pytest
import torch
from networks import Net
from torch import nn

from edulib.explanation import (
    Layer,
    grad_cam,
    layer_output,
    part_scores,
    top_activations,
)

ROWS, COLUMNS = slice(2, 4), slice(9, 12)  # of a bright object
TURNS = {
    "as it is": lambda x: x,
    "transposed": lambda x: x.mT,
    "permuted": lambda x: x.permute(0, 1, 3, 2),
    "mirrored": lambda x: x.flip(3),
    "upside down": lambda x: x.flip(2),
    "by half": lambda x: x.flip(2, 3),
    "to the left": lambda x: x.rot90(1, (2, 3)),
    "to the right": lambda x: x.rot90(-1, (2, 3)),
    "other diagonal": lambda x: x.flip(2, 3).mT,
    "there and back": lambda x: x.mT.flip(2).flip(2).mT,
}
PARTS = {
    "cropped": lambda x: x[..., 1:7, 5:15],
    "cropped and mirrored": lambda x: x[..., 1:7, 5:15].flip(3),
    "transposed and cropped": lambda x: x.mT[..., 6:14, :],
    "padded": lambda x: nn.functional.pad(x, (4, 0, 2, 3)),
    "padded, then cropped": lambda x: nn.functional.pad(x, (4, 4))[..., 6:20],
    "normalised, then cropped": lambda x: ((x - 0.0) / 2)[..., 1:, 3:],
}
LAYERS = ("conv", "act", "down", "last")


def bright():
    image = torch.zeros(1, 1, 8, 16)
    image[:, :, ROWS, COLUMNS] = 1
    return image


def looking(turn):
    """A network of what is bright, behind a turn of the image."""

    def forward(net, x):
        maps = net.act(net.conv(turn(x)))
        maps = net.down(maps)
        maps = net.last(maps.permute(0, 2, 3, 1))
        return maps.mean((1, 2)).repeat(1, 2)

    net = Net(
        forward,
        conv=nn.Conv2d(1, 1, 3, padding=1, bias=False),
        act=nn.ReLU(),
        down=nn.AvgPool2d(1),
        last=nn.LayerNorm(1, elementwise_affine=False),
    )
    net.last = nn.Linear(1, 1, bias=False)
    for weight in net.parameters():
        nn.init.ones_(weight)
    return net


@pytest.mark.parametrize("turn", TURNS | PARTS)
@pytest.mark.parametrize("layer", LAYERS)
def test_heat_lies_on_what_it_tells_of(turn, layer):
    image = bright()
    (heat,) = grad_cam(looking((TURNS | PARTS)[turn]), image, layer, 0)[0]
    around = nn.functional.conv2d(image, torch.ones(1, 1, 3, 3), padding=1)[0, 0]
    torch.testing.assert_close(heat / heat.max(), around / around.max())


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("layer", LAYERS)
def test_a_patch_holds_all_that_is_seen(turn, layer):
    torch.manual_seed(0)
    net, images = looking(TURNS[turn]), torch.rand(3, 1, 8, 16)
    (top,) = top_activations(net, images, layer, [0], k=2)
    assert top.patches.shape == (2, 1, 3, 3)
    maps = layer_output(net, images, layer)
    for number, at, value, (left, upper, right, lower) in zip(
        top.images, top.positions, top.values, top.boxes_xyxy.tolist(), strict=True
    ):
        assert maps[number, 0][tuple(at)] == value
        other = torch.rand(1, 1, 8, 16)
        other[..., upper:lower, left:right] = images[number, :, upper:lower, left:right]
        torch.testing.assert_close(
            layer_output(net, other, layer)[0, 0][tuple(at)], value
        )


@pytest.mark.parametrize("turn", TURNS)
def test_parts_are_found_where_they_are(turn):
    masks = torch.zeros(1, 1, 8, 16, dtype=torch.bool)
    masks[..., 1:5, 8:13] = True
    scores = part_scores(
        looking(TURNS[turn]), bright(), masks, "conv", ["a"], quantile=0.8
    )
    assert scores.iou.item() == 1


def test_a_layout_that_is_said_is_followed():
    net = looking(lambda x: x.mT)
    said, known = (
        grad_cam(net, bright(), Layer("conv", layout=order), 0)
        for order in ("BCWH", "BCHW")
    )
    assert said.equal(known)
    (top,) = top_activations(net, bright(), Layer("conv", layout="BCWH"), [0], k=1)
    left, upper, right, lower = top.boxes_xyxy[0].tolist()
    row, column = top.positions[0].tolist()
    assert (upper, left, lower, right) == (row - 1, column - 1, row + 2, column + 2)


def test_two_parts_of_an_image_have_no_place_in_it():
    net = looking(lambda x: x[..., :8] + x[..., 8:])
    heat = grad_cam(net, bright(), "conv", 0)
    assert heat.shape == bright().shape
    assert heat[..., :8].amax() > 0 < heat[..., 8:].amax()


@pytest.mark.parametrize("pads", [(0, 5, 0, 3), (2, 2, 2, 2)])
def test_what_lies_in_the_padding_is_left_out(pads):
    def shown(pads):
        net = looking(lambda x: nn.functional.pad(x, pads))
        return grad_cam(net, image, "conv", 0)

    image = torch.rand(1, 1, 8, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(*(h / h.sum() for h in map(shown, (pads, (0,) * 4))))


def test_padding_of_a_convolution_is_its_own_wherever_it_is_written():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 2, 5, 2, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    twin = nn.Sequential(nn.ZeroPad2d(2), nn.Conv2d(1, 2, 5, 2), *net[1:])
    twin[1].load_state_dict(net[0].state_dict())
    image = torch.rand(1, 1, 8, 16)
    for number in (0, 1):
        heat = grad_cam(net, image, "0", number)
        torch.testing.assert_close(grad_cam(twin, image, "1", number), heat)
