"""FCN: VGG slid over the image, and maps made fine by interpolation and skips."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from edulib.models.classification import vgg
from edulib.models.segmentation.fcn import (
    as_convolution,
    bilinear_up,
    fcn,
    fcn8s,
    fcn16s,
    fcn32s,
)


def small_vgg() -> vgg.VGG:
    torch.manual_seed(0)
    widths = (4, 8, 8, 16, 16)
    stages = vgg.make_stages((1, 1, 1, 1, 1), vgg.conv3x3_relu, 3, widths)
    head = vgg.dense_head(16 * 7 * 7, 32, 5)
    for layer in (head[0], head[3]):  # zeros would hide what is compared
        nn.init.normal_(layer.bias, std=0.1)
    return vgg.VGG(stages, nn.AdaptiveAvgPool2d(7), head, 3).double().eval()


def filled(network: nn.Module) -> nn.Module:
    """Give the scores, which begin at 0, other weights."""
    for layer in network.scores:
        nn.init.normal_(layer.weight)
        nn.init.normal_(layer.bias)
    return network.double().eval()


def test_a_dense_layer_is_a_convolution_at_every_place():
    torch.manual_seed(0)
    dense = nn.Linear(4 * 7 * 7, 6)
    convolution = as_convolution(dense, 7)
    assert convolution.bias is dense.bias
    x = torch.randn(2, 4, 9, 8)
    found = convolution(x)
    assert found.shape == (2, 6, 3, 2)
    for row in range(3):
        for column in range(2):
            window = x[:, :, row : row + 7, column : column + 7]
            torch.testing.assert_close(
                found[:, :, row, column], dense(window.flatten(1))
            )
    with pytest.raises(ValueError, match="5 x 5 cells, got one with 196 inputs"):
        as_convolution(dense, 5)


@torch.no_grad()
def test_the_middle_cell_says_what_the_classifier_says():
    classifier = small_vgg()
    network = filled(fcn(classifier, 0, 5))
    network.scores[0].weight.copy_(classifier.head[-1].weight[:, :, None, None])
    network.scores[0].bias.copy_(classifier.head[-1].bias)
    images = torch.randn(2, 3, 224, 224, dtype=torch.double)
    cells = network.scores[0](network.dense(network.stages(images)[-1]))
    assert cells.shape == (2, 5, 7, 7)
    torch.testing.assert_close(cells[:, :, 3, 3], classifier(images))


@pytest.mark.parametrize("factor", [2, 8, 16, 32])
def test_the_way_up_begins_as_bilinear_interpolation(factor):
    torch.manual_seed(0)
    x = torch.randn(2, 3, 6, 5, dtype=torch.double)
    found = bilinear_up(3, factor).double()(x)
    expected = F.interpolate(x, scale_factor=factor, mode="bilinear")
    assert found.shape == expected.shape
    half = factor // 2  # further out it is interpolated with the zeros around the map
    inside = (..., slice(half, -half), slice(half, -half))
    torch.testing.assert_close(found[inside], expected[inside])


@torch.no_grad()
def test_a_skip_of_zeros_changes_nothing_but_a_skip_does():
    classifier = small_vgg()
    coarse, fine = (filled(fcn(classifier, skips, 5)) for skips in (0, 2))
    for key in ("weight", "bias"):
        value = getattr(coarse.scores[0], key)
        getattr(fine.scores[0], key).copy_(value)
    images = torch.randn(1, 3, 128, 128, dtype=torch.double)
    assert not torch.allclose(fine(images), coarse(images))
    for layer in fine.scores[1:]:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    plain = coarse.scores[0](coarse.dense(coarse.stages(images)[-1]))
    for factor in (2, 2, 8):
        plain = bilinear_up(5, factor).double()(plain)
    torch.testing.assert_close(fine(images), plain)


def test_it_begins_without_an_opinion():
    images = torch.randn(1, 3, 64, 64, dtype=torch.double)
    assert not fcn(small_vgg(), 2, 5).double()(images).any()


@torch.no_grad()
@pytest.mark.parametrize("size", [(64, 96), (65, 90), (32, 32)])
def test_the_map_is_as_large_as_the_image(size):
    network = filled(fcn(small_vgg(), 2, 5))
    images = torch.randn(1, 3, *size, dtype=torch.double)
    assert network(images).shape == (1, 5, *size)


@pytest.mark.parametrize(("build", "skips"), [(fcn32s, 0), (fcn16s, 1), (fcn8s, 2)])
def test_maps_are_those_of_figure_3(build, skips):
    with torch.device("meta"):
        network = build()
        maps = network.stages(torch.empty(1, 3, 512, 512))
        dense = network.dense(maps[-1])
    shapes = [tuple(one.shape[1:]) for one in maps]
    assert shapes == [(256, 64, 64), (512, 32, 32), (512, 16, 16)]
    assert dense.shape == (1, 4096, 16, 16)
    assert [layer.in_channels for layer in network.scores] == [4096, 512, 256][
        : skips + 1
    ]
    assert network.last.stride == (32 >> skips,) * 2
    learns = [parameter.requires_grad for parameter in network.up.parameters()]
    assert learns == [True] * skips
    assert not network.last.weight.requires_grad


def test_learns_one_batch():
    torch.manual_seed(0)
    network = fcn(small_vgg(), 2, 3).float()
    images = torch.randn(2, 3, 64, 64)
    classes = (images[:, 0, ::8, ::8] > 0).long()
    classes = classes.repeat_interleave(8, 1).repeat_interleave(8, 2)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(30):
        loss = F.cross_entropy(network(images), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
