"""The small Mask R-CNN: every variant trains, and differs in what it says it does."""

import pytest
import torch

from edulib.chapters.maskrcnn.experiments import BUILDS, CHECKPOINTS
from edulib.chapters.maskrcnn.measures import StrictDetection
from edulib.chapters.maskrcnn.networks import SoftmaxMaskHead, small_mask_rcnn
from edulib.training.measures import compare


def targets() -> list[dict]:
    boxes = torch.tensor([[10.0, 10, 50, 60], [60, 40, 110, 100]])
    masks = torch.zeros(2, 128, 128, dtype=torch.bool)
    masks[0, 10:60, 10:50] = masks[1, 40:100, 60:110] = True
    return [{"boxes": boxes, "labels": torch.tensor([1, 9]), "masks": masks}]


@pytest.mark.parametrize("name", BUILDS)
def test_every_variant_learns_masks_of_its_size(name):
    torch.manual_seed(0)
    network = BUILDS[name]()
    losses = network.losses(torch.rand(1, 3, 128, 128), targets())
    sum(losses.values()).backward()
    assert all(p.grad.abs().max() > 0 for p in network.mask_head.parameters())
    side = 14 if name == "14 cells" else 28
    logits = network.eval()(torch.rand(1, 3, 128, 128), 0).mask_logits
    assert logits.shape[1:] == (11, side, side)


def test_the_file_of_weights_is_below_2_mb():
    count = sum(p.numel() for p in small_mask_rcnn().parameters())
    assert 2 * count < 2e6
    assert CHECKPOINTS["maskrcnn-small-scenes"].half


def test_competing_kinds_share_a_cell():
    head = SoftmaxMaskHead(torch.nn.Identity(), 4, 2, width=3, depth=1)
    logits = torch.zeros(2, 3, 4, 4)
    own = head.probabilities(logits, torch.tensor([1, 2]))
    torch.testing.assert_close(own, torch.full((2, 4, 4), 1 / 3))
    logits[:, 1] += 3  # the first kind grows: the second must lose
    grown = head.probabilities(logits, torch.tensor([1, 2]))
    assert (grown[0] > own[0]).all()
    assert (grown[1] < own[1]).all()


def test_ap75_is_measured_besides_ap50():
    target = targets()[0]
    shifted = target["boxes"] + torch.tensor([8.0, 0, 8, 0])  # IoU of 2/3 and 0.72
    found = target | {"boxes": shifted, "scores": torch.tensor([0.9, 0.8])}
    summary = StrictDetection().summary([compare(found, target)])
    assert set(summary) == {"AP", "AP50", "AP75"}
    assert summary["AP50"] == pytest.approx(1)
    assert summary["AP75"] == 0
