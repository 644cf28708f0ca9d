"""The verdicts on the page's cards, computed anew from the stored results."""

import pytest
import torch
from cards import stored_ends, stored_verdict
from torch import Tensor

from edulib.anatomy import count_macs
from edulib.chapters.fasterrcnn.proposals import FEW, NUMBERS, load_proposals, measure
from edulib.data.splits import annotated_scenes
from edulib.models.detection.faster_rcnn import fasterrcnn_vgg16
from edulib.notebook import Verdict, judge_means

FULL = "three scales, three ratios"
ONE = ("one scale, squares", "25 pixels, squares")


def last(variant, measure):
    return stored_ends("fasterrcnn-anchors", variant, f"val_{measure}")


def test_cost():
    with torch.device("meta"):
        network = fasterrcnn_vgg16()
    proposing = count_macs(network.rpn.head, (512, 38, 63))
    dense = count_macs(network.box_head.layers, (512, 7, 7))
    maps = count_macs(network.backbone, (3, 600, 1000))
    share = proposing / (maps + proposing + 300 * dense)
    assert stored_verdict("fasterrcnn", "cost") == Verdict.of(share <= 10 / 198).value


def test_falls():
    pairs = zip(last(FULL, "AR300"), last(FULL, "AR50"), strict=True)
    ours = [many - few for many, few in pairs]
    rows = [seed["average"] for seed in load_proposals()["small"]["regions"]]
    theirs = [row[NUMBERS.index(300)] - row[NUMBERS.index(50)] for row in rows]
    assert stored_verdict("fasterrcnn", "falls") == judge_means(ours, theirs).value


def test_anchors():
    one = max((last(name, "AR50") for name in ONE), key=sum)
    verdict = judge_means(one, last(FULL, "AR50"))
    assert stored_verdict("fasterrcnn", "anchors") == verdict.value


@pytest.mark.parametrize(
    ("less", "more", "measure", "verdict"),
    [
        ("three scales, squares", FULL, "AR50", Verdict.UNTESTED),
        ("three scales, squares", FULL, "AR300", Verdict.HOLDS),
        ("one scale, three ratios", FULL, "AR50", Verdict.HOLDS),
        ("25 pixels, three ratios", FULL, "AR50", Verdict.UNTESTED),
        ("25 pixels, squares", "three scales, squares", "AR50", Verdict.HOLDS),
        ("one scale, squares", "one scale, three ratios", "AR50", Verdict.UNTESTED),
        ("25 pixels, squares", "25 pixels, three ratios", "AR50", Verdict.UNTESTED),
        ("25 pixels, squares", FULL, "AR10", Verdict.UNTESTED),
    ],
)
def test_what_the_text_says_of_scales_and_ratios(less, more, measure, verdict):
    assert judge_means(last(less, measure), last(more, measure)) is verdict


def test_among_ten_boxes_nine_anchors_are_not_ahead():
    assert sum(last(FULL, "AR10")) < sum(last("25 pixels, squares", "AR10"))


def test_half_of_the_objects_are_smaller_than_25_pixels():
    scenes = annotated_scenes(train=1, val=500, image_size=96)[1]
    boxes = torch.cat([scenes[k][1]["boxes"] for k in range(150)]).as_subclass(Tensor)
    sides = (boxes[:, 2:] - boxes[:, :2]).prod(1).sqrt()
    assert sides.median().item() == pytest.approx(25, abs=1)


def test_stored_recalls_are_those_of_the_shipped_detector_and_of_its_rivals():
    stored = load_proposals()["few"]
    for way, seeds in measure(FEW).items():
        for found, expected in zip(seeds, stored[way], strict=True):
            assert found["average"] == pytest.approx(expected["average"], abs=0.02)
