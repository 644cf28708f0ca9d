"""The chapter's small networks, its measures, and its pictures."""

import pytest
import torch
from torch import nn

from edulib.chapters.deeplabv3plus.drawing import (
    color_map,
    draw_reads,
    paths,
    read_and_window,
    through_cells,
)
from edulib.chapters.deeplabv3plus.networks import Coarse, at_stride, small_deeplab
from edulib.chapters.deeplabv3plus.objectives import TrimapSegmentation
from edulib.training.batches import Batch
from edulib.training.measures import confusion_matrix, mean_iou, near_border


@torch.no_grad()
@pytest.mark.parametrize("decoder", [True, False])
def test_weights_serve_every_output_stride(decoder):
    torch.manual_seed(0)
    network = small_deeplab(decoder, 16, pretrained=False).double().eval()
    assert isinstance(network, Coarse) is not decoder
    images = torch.rand(1, 3, 97, 97, dtype=torch.double)
    expected = network.backbone(images)[-1]
    for stride, side in ((8, 13), (4, 25)):
        finer = at_stride(network, stride)
        found = finer.backbone(images)[-1]
        assert found.shape[-2:] == (side, side)
        step = 16 // stride
        torch.testing.assert_close(found[..., ::step, ::step], expected)
        rates = [branch[0].dilation[0] for branch in finer.aspp.branches[1:]]
        assert rates == [step, 2 * step, 3 * step]
        assert finer(images).shape == (1, 23, 97, 97)
    with pytest.raises(ValueError, match="at most 8, got 16"):
        at_stride(at_stride(network, 8), 16)


def test_bands_and_the_finer_stride_are_measured():
    torch.manual_seed(0)
    network = small_deeplab(True, 16, pretrained=False).eval()
    images = torch.rand(2, 3, 33, 33)
    targets = torch.zeros(2, 33, 33, dtype=torch.int64)
    targets[:, 12:] = 3
    objective = TrimapSegmentation(widths=(1, 4))
    with torch.no_grad():
        totals = objective.validate(network, Batch(images, targets, 0, 1.0))
        said = network(images).argmax(1)
        finer = at_stride(network, 8)(images).argmax(1)
    found = objective.measures(totals)
    near = targets.where(near_border(targets, 4), 255)
    assert found["band_4"] == mean_iou(confusion_matrix(said, near, 23, 255))
    assert found["finer"] == mean_iou(confusion_matrix(finer, targets, 23))
    assert found["mean_iou"] == mean_iou(confusion_matrix(said, targets, 23))
    assert totals["band_1"].sum() == 2 * 2 * 33


def test_every_parameter_learns():
    network = small_deeplab(True, 8, pretrained=False)
    network(torch.rand(2, 3, 33, 33)).square().mean().backward()
    assert all(p.grad is not None and p.grad.any() for p in network.parameters())


@pytest.mark.parametrize(
    ("rates", "read"), [((1, 1, 1), 49), ((2, 2, 2), 49), ((1, 2, 3), 169)]
)
def test_cells_that_are_read_are_those_of_the_gradient(rates, read):
    convs = [nn.Conv2d(1, 1, 3, padding=r, dilation=r, bias=False) for r in rates]
    for conv in convs:
        nn.init.ones_(conv.weight)
    x = torch.zeros(1, 1, 15, 15, requires_grad=True)
    nn.Sequential(*convs)(x)[0, 0, 7, 7].backward()
    assert torch.equal(x.grad[0, 0], paths(rates, 7))
    assert read_and_window(rates) == (read, (1 + 2 * sum(rates)) ** 2)
    assert draw_reads(rates).axes[0].get_title() == (
        f"{read} of {(1 + 2 * sum(rates)) ** 2} cells"
    )


def test_classes_have_colours_of_their_own():
    picture = color_map(torch.arange(23)[None])
    assert picture.shape == (3, 1, 23)
    assert len({tuple(c) for c in picture[:, 0].T.tolist()}) == 23


def test_cells_draw_what_they_can():
    classes = torch.zeros(1, 33, 33, dtype=torch.int64)
    classes[:, :, 10:13] = 1  # a stem of three pixels
    coarse, fine = (through_cells(classes, stride) for stride in (16, 2))
    assert not coarse.any()
    assert fine[0, :, 11].all()
    assert (fine != classes).float().mean() < 0.07
    whole = torch.ones(1, 17, 17, dtype=torch.int64)
    assert torch.equal(through_cells(whole, 8), whole)
