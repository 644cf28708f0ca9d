"""What is timed for the chapter on YOLACT: the same work on both sides."""

import json

import torch

from edulib.benchmarks import instances
from edulib.models.tiny import detection as tiny


def test_both_networks_draw_a_mask_for_each_box():
    torch.manual_seed(0)
    image = torch.rand(1, 3, 64, 64)
    boxes = torch.tensor([[4.0, 4, 30, 40], [10, 20, 60, 62], [0, 0, 64, 64]])
    ours, theirs = tiny.yolact_resnet50().eval(), tiny.maskrcnn_resnet50_fpn().eval()
    masks = instances.one_pass(ours, image, boxes)()
    assert masks.shape == (3, 16, 16)
    assert (masks[0] == 0).any()
    assert instances.two_stages(theirs, image, boxes)().shape == (3, 4, 28, 28)


def test_suppressions_are_given_the_same_boxes(monkeypatch):
    monkeypatch.setattr(instances, "KINDS", 3)
    monkeypatch.setattr(instances, "CANDIDATES", 40)
    torch.manual_seed(0)
    runners = instances.suppression_runners()
    index, kinds = runners["fast"]()
    fast = {3 * i + k for i, k in zip(index.tolist(), kinds.tolist(), strict=True)}
    loop, compiled = (set(runners[name]().tolist()) for name in ("loop", "compiled"))
    assert loop == compiled
    assert fast <= loop


def test_what_was_measured_is_stored():
    stored = json.loads(instances.FILE.read_text())
    assert set(stored) == {"machine", "date", "networks", "loop", "compiled"}
