"""The small Mask R-CNN: every branch trains, alone, and differs in what it says."""

import pytest
import torch

from edulib.chapters.maskrcnn.experiments import BUILDS, CHECKPOINTS
from edulib.chapters.maskrcnn.measures import StrictDetection
from edulib.chapters.maskrcnn.networks import (
    SoftmaxMaskHead,
    small_boxes,
    small_mask_rcnn,
)
from edulib.models.detection.faster_rcnn import RoIAlign, RoIPool
from edulib.training.measures import compare


def targets() -> list[dict]:
    boxes = torch.tensor([[10.0, 10, 40, 50], [50, 40, 90, 80]])
    masks = torch.zeros(2, 96, 96, dtype=torch.bool)
    masks[0, 10:50, 10:40] = masks[1, 40:80, 50:90] = True
    return [{"boxes": boxes, "labels": torch.tensor([1, 9]), "masks": masks}]


@pytest.mark.parametrize("name", BUILDS)
def test_every_branch_learns_masks_of_its_size(name):
    torch.manual_seed(0)
    network = BUILDS[name]()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    losses = network.losses(torch.rand(1, 3, 96, 96), targets())
    sum(losses.values()).backward()
    assert all(p.grad.abs().max() > 0 for p in network.mask_head.parameters())
    learns = {key for key, p in network.named_parameters() if p.requires_grad}
    assert all(key.startswith("mask_head") for key in learns)
    for key, value in network.state_dict().items():  # batch norms look at nothing
        assert torch.equal(value, before[key]), key
    side = 14 if name == "14 cells" else 28
    logits = network.eval()(torch.rand(1, 3, 96, 96), 0).mask_logits
    assert logits.shape[1:] == (11, side, side)


@pytest.mark.parametrize("name", BUILDS)
def test_names_of_the_variants_say_what_they_read(name):
    pooling = BUILDS[name]().mask_head.pooling
    assert isinstance(pooling.pool, RoIPool if "pooled" in name else RoIAlign)
    _, _, stride = name.partition("stride ")
    assert pooling.strides == (int(stride or 4),)


def test_all_variants_have_the_same_boxes():
    image = torch.rand(1, 3, 96, 96)
    first, *others = (
        build().eval().detect(image, 0.01)[0]["boxes"] for build in BUILDS.values()
    )
    assert len(first)
    assert all(torch.equal(first, other) for other in others)


def test_files_of_weights_are_below_2_mb():
    for network in (small_boxes(), small_mask_rcnn()):
        assert 2 * sum(p.numel() for p in network.parameters()) < 2e6
    assert all(recipe.half for recipe in CHECKPOINTS.values())


def test_of_competing_kinds_the_most_probable_has_the_cell():
    torch.manual_seed(0)
    head = SoftmaxMaskHead(torch.nn.Identity(), 4, 2, width=3, depth=1)
    logits = torch.randn(2, 3, 4, 4)
    own = head.probabilities(logits, torch.tensor([1, 2]))
    wins = logits.argmax(1) == torch.tensor([1, 2])[:, None, None]
    assert torch.equal(own > 0.5, wins)
    grown = logits.clone()
    grown[:, 1] += 3  # the first kind grows: the second must lose
    now = head.probabilities(grown, torch.tensor([1, 2]))
    assert (now[0] > own[0]).all()
    assert (now[1] <= own[1]).all()
    assert (now[1] < own[1]).any()


def test_ap75_is_measured_besides_ap50():
    target = targets()[0]
    shifted = target["boxes"] + torch.tensor([6.0, 0, 6, 0])  # IoU of 2/3 and 0.74
    found = target | {"boxes": shifted, "scores": torch.tensor([0.9, 0.8])}
    summary = StrictDetection().summary([compare(found, target)])
    assert set(summary) == {"AP", "AP50", "AP75"}
    assert summary["AP50"] == pytest.approx(1)
    assert summary["AP75"] == 0
