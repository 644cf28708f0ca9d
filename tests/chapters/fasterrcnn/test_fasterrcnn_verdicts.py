"""The verdicts on the page's cards, computed anew from the stored results."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

import edulib
from edulib.anatomy import count_macs
from edulib.chapters.fasterrcnn.proposals import FEW, NUMBERS, load_proposals, measure
from edulib.data.splits import annotated_scenes
from edulib.experiments import load_experiment
from edulib.models.detection.faster_rcnn import fasterrcnn_vgg16
from edulib.notebook import Verdict, judge_means

PAGE = Path(edulib.__file__).parents[1] / "book" / "era2_residual" / "fasterrcnn.ipynb"
FULL = "three scales, three ratios"
ONE = ("one scale, squares", "25 pixels, squares")


def last(variant, measure):
    runs = load_experiment("fasterrcnn-anchors")[variant][f"val_{measure}"]
    assert len(runs) == 3
    return [values[-1] for values in runs]


def stored_verdict(name):
    cells = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    texts = ["".join(o.get("data", {}).get("text/plain", [])) for o in outputs]
    (card,) = [text for text in texts if text.startswith(f"Claim {name!r}")]
    return card.rpartition("[")[2].rstrip("]")


def test_cost():
    with torch.device("meta"):
        network = fasterrcnn_vgg16()
    proposing = count_macs(network.rpn.head, (512, 38, 63))
    dense = count_macs(network.box_head.layers, (512, 7, 7))
    maps = count_macs(network.backbone, (3, 600, 1000))
    share = proposing / (maps + proposing + 300 * dense)
    assert stored_verdict("cost") == Verdict.of(share <= 10 / 198).value


def test_falls():
    pairs = zip(last(FULL, "AR300"), last(FULL, "AR50"), strict=True)
    ours = [many - few for many, few in pairs]
    rows = [seed["average"] for seed in load_proposals()["small"]["regions"]]
    theirs = [row[NUMBERS.index(300)] - row[NUMBERS.index(50)] for row in rows]
    assert stored_verdict("falls") == judge_means(ours, theirs).value


def test_anchors():
    one = max((last(name, "AR50") for name in ONE), key=sum)
    verdict = judge_means(one, last(FULL, "AR50"))
    assert stored_verdict("anchors") == verdict.value


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
