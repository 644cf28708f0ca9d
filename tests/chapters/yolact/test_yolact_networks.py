"""The small YOLACT: what its variants ask in training, and how it is measured."""

import pytest
import torch

from edulib.chapters.yolact.experiments import CHECKPOINTS
from edulib.chapters.yolact.measures import WAYS, ThreeWays, changed
from edulib.chapters.yolact.networks import everywhere, greedy_nms, small_yolact
from edulib.models.detection.yolact import cells_inside, fast_nms
from edulib.training.batches import Batch


def targets() -> list[dict]:
    boxes = torch.tensor([[10.0, 10, 40, 50], [50, 40, 90, 80]])
    masks = torch.zeros(2, 96, 96, dtype=torch.bool)
    masks[0, 10:50, 10:40] = masks[1, 40:80, 50:90] = True
    return [{"boxes": boxes, "labels": torch.tensor([1, 9]), "masks": masks}]


@pytest.mark.parametrize("learn_crop", [True, False])
def test_all_of_it_learns_in_the_box_or_everywhere(learn_crop):
    torch.manual_seed(0)
    network = small_yolact(learn_crop)
    assert network.training
    sum(network.losses(torch.rand(1, 3, 96, 96), targets()).values()).backward()
    assert all(p.grad.abs().max() > 0 for p in network.parameters())
    assert network.loss.crop is (cells_inside if learn_crop else everywhere)
    assert network.detections.crop is cells_inside
    with torch.no_grad():
        found = network(torch.rand(1, 3, 96, 96))
    assert found.prototypes.shape == (1, 8, 48, 48)


def test_without_a_crop_masks_go_on():
    torch.manual_seed(0)
    network = small_yolact().eval()
    uncropped = changed(network, WAYS["uncropped_"])
    image = torch.rand(1, 3, 96, 96)
    (found,), (more,) = network.detect(image), uncropped.detect(image)
    assert torch.equal(found["boxes"], more["boxes"])
    assert not (found["masks"] & ~more["masks"]).any((1, 2)).all()
    assert more["masks"].sum() > found["masks"].sum()
    assert network.detections.crop is cells_inside


def test_greedy_suppression_keeps_no_less():
    torch.manual_seed(0)
    corners = 30 * torch.rand(50, 2)
    boxes = torch.cat([corners, corners + 10 + 10 * torch.rand(50, 2)], 1)
    scores = torch.rand(50, 3)
    fast, greedy = (
        {
            tuple(pair)
            for pair in torch.stack(function(boxes, scores, 0.4, 20), 1).tolist()
        }
        for function in (fast_nms, greedy_nms)
    )
    assert fast < greedy
    assert [len(x) for x in greedy_nms(boxes[:0], scores[:0], 0.5)] == [0, 0]


def test_each_way_is_measured():
    network = small_yolact().eval()
    objective = ThreeWays(masks=True)
    statistics = objective.validate(
        network, Batch(torch.rand(1, 3, 96, 96), targets(), 0, 1.0)
    )
    assert set(statistics) == {
        "boxes",
        "masks",
        "uncropped_masks",
        "nms_boxes",
        "nms_masks",
    }
    measures = objective.measures(statistics)
    names = [prefix + "mask_AP_large" for prefix in ("", "uncropped_", "nms_")]
    assert set(names) < set(measures)
    assert {"AP", "AP75", "nms_AP"} < set(measures)
    assert "uncropped_AP" not in measures


def test_the_file_of_weights_is_below_2_mb():
    assert 2 * sum(p.numel() for p in small_yolact().parameters()) < 2e6
    assert all(recipe.half for recipe in CHECKPOINTS.values())
