"""Sets: the cheapest pairing, and a loss that is that of transformers."""

import itertools

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torchvision.ops import generalized_box_iou

from edulib.models.losses.set_matching import SetLoss, match_sets, objects_each
from edulib.models.ops.boxes import cxcywh_to_xyxy

KINDS = 4


def some_sets(seed: int, counts: tuple[int, ...], predictions: int = 9):
    torch.manual_seed(seed)
    logits = 2 * torch.randn(len(counts), predictions, KINDS + 1, dtype=torch.double)
    boxes = torch.rand(len(counts), predictions, 4, dtype=torch.double)
    targets = [
        {
            "labels": torch.randint(KINDS, (count,)),
            "boxes": 0.1 + 0.8 * torch.rand(count, 4, dtype=torch.double),
        }
        for count in counts
    ]
    return logits, boxes, targets


def cheapest(costs: Tensor) -> float:
    """Try all ways to give each object a prediction of its own."""
    predictions, objects = costs.shape
    return min(
        sum(costs[row, column].item() for column, row in enumerate(rows))
        for rows in itertools.permutations(range(predictions), objects)
    )


@pytest.mark.parametrize("seed", range(20))
def test_no_pairing_is_cheaper(seed):
    torch.manual_seed(seed)
    costs = torch.randn(6, int(torch.randint(1, 6, ())))
    rows, columns = match_sets(costs)
    assert len(set(rows.tolist())) == len(rows) == costs.shape[1]
    assert sorted(columns.tolist()) == list(range(costs.shape[1]))
    assert costs[rows, columns].sum().item() == pytest.approx(cheapest(costs))


def test_more_objects_than_predictions_leave_some_out():
    rows, columns = match_sets(torch.tensor([[3.0, 1.0, 2.0], [1.0, 3.0, 3.0]]))
    assert rows.tolist() == [0, 1]
    assert columns.tolist() == [1, 0]
    rows, columns = match_sets(torch.empty(5, 0))
    assert len(rows) == len(columns) == 0


def test_a_cost_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="invalid"):
        match_sets(torch.tensor([[1.0, torch.nan]]))


def test_costs_are_the_sum_of_three_terms():
    (logits,), (boxes,), (target,) = some_sets(0, (3,))
    loss = SetLoss(class_weight=2, l1_weight=3, giou_weight=4)
    costs = loss.costs(logits, boxes, target["labels"], target["boxes"])
    corners = cxcywh_to_xyxy(boxes), cxcywh_to_xyxy(target["boxes"])
    overlaps = generalized_box_iou(*corners)
    for row, column in itertools.product(range(9), range(3)):
        p = logits[row].softmax(0)[target["labels"][column]]
        distance = (boxes[row] - target["boxes"][column]).abs().sum()
        expected = -2 * p + 3 * distance - 4 * overlaps[row, column]
        torch.testing.assert_close(costs[row, column], expected)


@pytest.mark.parametrize("counts", [(3, 5), (0, 4), (0, 0), (1, 12)])
def test_the_loss_is_what_a_loop_says(counts):
    logits, boxes, targets = some_sets(1, counts)
    loss = SetLoss()
    found = loss(logits, boxes, targets)
    entropy = weights = distance = overlap = 0.0
    pairs = loss.match(logits, boxes, targets)
    for k, (target, (rows, columns)) in enumerate(zip(targets, pairs, strict=True)):
        given = dict(zip(rows.tolist(), columns.tolist(), strict=True))
        for slot in range(9):
            label = target["labels"][given[slot]].item() if slot in given else KINDS
            weight = 1.0 if slot in given else 0.1
            entropy -= weight * logits[k, slot].log_softmax(0)[label].item()
            weights += weight
            if slot in given:
                truth = target["boxes"][given[slot]]
                distance += (boxes[k, slot] - truth).abs().sum().item()
                corners = cxcywh_to_xyxy(torch.stack([boxes[k, slot], truth]))
                overlap += 1 - generalized_box_iou(corners, corners)[0, 1].item()
    count = max(sum(counts), 1)
    assert found["class"].item() == pytest.approx(entropy / weights)
    assert found["l1"].item() == pytest.approx(5 * distance / count)
    assert found["giou"].item() == pytest.approx(2 * overlap / count)


@pytest.mark.parametrize("counts", [(3, 5), (0, 4), (2, 12)])
def test_the_loss_and_its_gradients_are_those_of_transformers(counts):
    module = pytest.importorskip("transformers.loss.loss_for_object_detection")
    matcher = module.HungarianMatcher(class_cost=1, bbox_cost=5, giou_cost=2)
    parts = ["labels", "boxes"]
    reference = module.ImageLoss(matcher, KINDS, eos_coef=0.1, losses=parts).double()
    logits, boxes, targets = some_sets(2, counts)
    leaves = [x.requires_grad_() for x in (logits, boxes)]
    theirs = [{"class_labels": t["labels"], "boxes": t["boxes"]} for t in targets]
    expected = reference({"logits": logits, "pred_boxes": boxes}, theirs)
    found = SetLoss()(logits, boxes, targets)
    weighted = {
        "class": ("loss_ce", 1),
        "l1": ("loss_bbox", 5),
        "giou": ("loss_giou", 2),
    }
    for name, (key, weight) in weighted.items():
        torch.testing.assert_close(found[name], weight * expected[key])
        gradients = [
            torch.autograd.grad(one, leaves, retain_graph=True, allow_unused=True)
            for one in (found[name], weight * expected[key])
        ]
        for own, other in zip(*gradients, strict=True):
            assert (own is None) == (other is None)
            if own is not None:
                torch.testing.assert_close(own, other)


def test_objects_of_all_processes_are_shared_out(monkeypatch):
    like = torch.zeros(())
    assert objects_each(0, like) == 1
    assert objects_each(7, like) == 7
    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "get_world_size", lambda: 4)
    monkeypatch.setattr(dist, "all_reduce", lambda total: total.add_(11))
    assert objects_each(7, like) == 18 / 4
