"""Top activations and part scores on networks made by hand."""

import pytest
import torch
import torchvision
from torch import nn

from edulib.explanation import part_scores, top_activations


def brightness(window=4):
    """Unit 0 likes bright windows, unit 1 dark ones, unit 2 nothing."""
    net = nn.Sequential(nn.Conv2d(1, 3, window, stride=window), nn.ReLU())
    with torch.no_grad():
        net[0].weight.copy_(
            torch.tensor([1.0, -1.0, 0])[:, None, None, None].expand(
                3, 1, window, window
            )
        )
        net[0].bias.copy_(torch.tensor([0.0, window**2, 0.0]))
    return net


def test_top_activations_find_the_brightest_windows():
    images = torch.zeros(6, 1, 12, 16)
    for number, value in enumerate((0.1, 0.9, 0.3, 0.2, 0.7, 0.0)):
        images[number, :, 4:8, 8:12] = value
    (top,) = top_activations(brightness(), images, "1", [0], k=3, batch_size=4)
    assert top.unit == 0
    assert top.images.tolist() == [1, 4, 2]
    assert top.positions.tolist() == [[1, 2]] * 3
    assert top.boxes_xyxy.tolist() == [[8, 4, 12, 8]] * 3
    torch.testing.assert_close(top.values, torch.tensor([0.9, 0.7, 0.3]) * 16)
    assert torch.equal(top.patches, images[[1, 4, 2], :, 4:8, 8:12])


def test_top_activations_of_several_units_come_in_order():
    images = torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    dark, bright = top_activations(brightness(), images, "1", [1, 0], k=2)
    means = images.unfold(2, 4, 4).unfold(3, 4, 4).mean((1, 4, 5)).flatten(1)
    assert (dark.unit, bright.unit) == (1, 0)
    assert bright.images.tolist() == means.amax(1).topk(2).indices.tolist()
    assert dark.images.tolist() == (-means).amax(1).topk(2).indices.tolist()


@pytest.mark.parametrize(
    ("name", "layer", "size"),
    [
        ("alexnet", "features.0", 11),
        ("alexnet", "features.2", 19),
        ("alexnet", "features.3", 51),
        ("alexnet", "features.8", 131),
        ("alexnet", "classifier.6", 224),
        ("resnet18", "maxpool", 11),
        ("resnet18", "layer1", 43),
    ],
)
def test_patches_are_receptive_fields(name, layer, size):
    """AlexNet's well-known receptive fields: 11, 19, 51, 67, 99, 131."""
    torch.manual_seed(0)
    net = getattr(torchvision.models, name)(weights=None)
    images = torch.rand(2, 3, 224, 224)
    (top,) = top_activations(net, images, layer, [0], k=2)
    assert top.patches.shape == (2, 3, size, size)
    for image, box, patch in zip(top.images, top.boxes_xyxy, top.patches, strict=True):
        left, top_, right, bottom = box.tolist()
        assert torch.equal(images[image, :, top_:bottom, left:right], patch)


def test_outside_of_its_patch_a_unit_sees_nothing():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, dilation=2),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(3, 2, padding=1),
        nn.Conv2d(4, 4, 3, padding=1, bias=False),
    )
    images = torch.rand(3, 3, 64, 64)
    (top,) = top_activations(net, images, "4", [1], k=1)
    left, upper, right, bottom = top.boxes_xyxy[0].tolist()
    covered = torch.rand(1, 3, 64, 64)
    covered[0, :, upper:bottom, left:right] = top.patches[0]
    row, column = top.positions[0]
    again = net.eval()(covered)[0, 1, row, column]
    torch.testing.assert_close(again.detach(), top.values[0])


def test_part_scores_by_hand():
    """Two images of 4 windows: bright ones are part "lamp", none is "void"."""
    images = torch.zeros(2, 1, 8, 8)
    masks = torch.zeros(2, 2, 8, 8, dtype=torch.bool)
    images[0, :, :4, :4] = 1
    images[1, :, 4:, 4:] = 1
    masks[:, 0] = images[:, 0] > 0
    scores = part_scores(
        brightness(1), images, masks, "1", ["lamp", "void"], quantile=0.75
    )
    assert scores.iou.shape == scores.precision.shape == scores.control.shape == (3, 2)
    assert scores.iou[0].tolist() == [1, 0]
    assert scores.iou[1].tolist() == [0, 0]
    assert scores.precision[0].tolist() == [1, 0]
    assert scores.control[0].tolist() == [0, 0]
    assert scores.best()[0] == ("lamp", 0, 1.0, 0.0)


def test_part_scores_equal_a_slow_loop(image):
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.AvgPool2d(4))
    images = torch.rand(7, 3, 16, 16)
    masks = torch.rand(7, 3, 16, 16) < 0.3
    masks[1, 0] = masks[5, 0] = masks[:, 2] = False
    scores = part_scores(net, images, masks, "1", "abc", quantile=0.9, batch_size=3)
    maps = net(images).detach()
    large = nn.functional.interpolate(maps, (16, 16), mode="bilinear")
    shown = [0, 2, 3, 4, 6]
    partner = dict(zip(shown, shown[-1:] + shown[:-1], strict=True))
    for unit in range(4):
        level = maps[:, unit].flatten().sort().values[-12]
        fires = large[:, unit] > level
        for part in range(3):
            both = (fires & masks[:, part]).sum()
            either = (fires | masks[:, part]).sum()
            torch.testing.assert_close(scores.iou[unit, part], (both / either).double())
            share = (both / fires.sum()).double()
            torch.testing.assert_close(scores.precision[unit, part], share)
        moved = torch.zeros(7, 16, 16, dtype=torch.bool)
        for number, other in partner.items():
            moved[number] = masks[other, 0]
        control = ((fires & moved).sum() / (fires | moved).sum()).double()
        torch.testing.assert_close(scores.control[unit, 0], control)


def test_the_control_keeps_what_only_follows_the_kind_of_image():
    """A unit that fires all over one kind of image scores as its control."""
    images = torch.zeros(8, 1, 8, 8)
    images[:4] = 1
    masks = torch.zeros(8, 1, 8, 8, dtype=torch.bool)
    for number in range(4):
        masks[number, 0, 2 * number : 2 * number + 2] = True
    scores = part_scores(brightness(1), images, masks, "1", ["bar"], quantile=0.5)
    assert scores.iou[0, 0] == scores.control[0, 0] == 0.25


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, m: part_scores(brightness(), x, m, "1", ["a"]), "and 1 parts"),
        (lambda x, m: part_scores(brightness(), x, m[0], "1", ["a", "b"]), "N = 2"),
        (
            lambda x, m: part_scores(brightness(), x, m, "1", "ab", quantile=1.0),
            "between 0 and 1, got 1.0",
        ),
        (
            lambda x, m: part_scores(
                nn.Sequential(brightness(), nn.Flatten()), x, m, "1", "ab"
            ),
            r"to give maps .* got \(2, 12\)",
        ),
        (
            lambda x, m: top_activations(brightness(), x, "1", [0]),
            "1 to 2, got 9",
        ),
        (lambda x, m: top_activations(brightness(), x, "1", [3], 1), "0 to 2, got 3"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.rand(2, 1, 8, 8), torch.zeros(2, 2, 8, 8, dtype=torch.bool))
