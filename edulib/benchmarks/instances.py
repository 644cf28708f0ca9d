"""YOLACT against Mask R-CNN, and Fast NMS against NMS: the same work, timed in turns.

``python -m edulib.benchmarks.instances`` writes ``instances.json``, which the chapter
on YOLACT reads. It runs on one thread.
"""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.ops import batched_nms

from edulib.benchmarks.clock import in_turns
from edulib.benchmarks.operations import random_boxes
from edulib.benchmarks.project import machine
from edulib.files import atomic_write
from edulib.models.detection.mask_rcnn import maskrcnn_resnet50_fpn
from edulib.models.detection.yolact import cells_inside, fast_nms, mix, yolact_resnet50
from edulib.models.ops.nms import nms_per_class

FILE = Path(__file__).with_name("instances.json")
SIDE, OBJECTS = 550, 100  # pixels, masks of an image
KINDS, CANDIDATES, THRESHOLD = 80, 200, 0.5


def bench_instances() -> dict:
    """Measure both comparisons.

    Returns:
        What ``in_turns`` gives, YOLACT or Fast NMS as ours: under ``networks`` one
        image of 550 x 550 pixels to 100 masks, both on ResNet-50 with initial weights,
        without suppression and enlarging; under ``loop`` and ``compiled`` the
        suppression of 80 kinds with 200 boxes each, against a Python loop and against
        torchvision's C++.
    """
    torch.manual_seed(0)
    image = torch.rand(1, 3, SIDE, SIDE)
    ours, theirs = yolact_resnet50().eval(), maskrcnn_resnet50_fpn().eval()
    boxes = random_boxes(OBJECTS) * (SIDE / 800)
    passes = (one_pass(ours, image, boxes), two_stages(theirs, image, boxes))
    suppressions = suppression_runners()
    fast = suppressions.pop("fast")
    found = {"networks": in_turns(*passes)}
    found |= {name: in_turns(fast, other) for name, other in suppressions.items()}
    return found


def one_pass(network: nn.Module, image: Tensor, boxes: Tensor) -> Callable[[], Tensor]:
    """Return YOLACT's way from an image to masks on the grid of the prototypes.

    Args:
        network: YOLACT.
        image: (1, 3, H, W).
        boxes: (N, 4), of the objects that are drawn.
    """

    @torch.no_grad()
    def run() -> Tensor:
        found = network(image)
        masks = mix(found.prototypes[0], found.coefficients[0, : len(boxes)]).sigmoid()
        return masks * cells_inside(boxes, masks.shape[-2:], image.shape[-2:])

    return run


def two_stages(
    network: nn.Module, image: Tensor, boxes: Tensor
) -> Callable[[], Tensor]:
    """Return Mask R-CNN's way from an image to masks of 28 x 28 cells.

    Args:
        network: Mask R-CNN.
        image: (1, 3, H, W).
        boxes: (N, 4), of the objects that are drawn.
    """

    @torch.no_grad()
    def run() -> Tensor:
        features = network.backbone(image)
        proposals = network.rpn(features, image.shape[-2:])
        network.box_head(features, [one["boxes"] for one in proposals])
        return network.mask_head(features, [boxes]).sigmoid()

    return run


def suppression_runners() -> dict[str, Callable[[], object]]:
    """Return three suppressions of the same boxes: ``fast``, ``loop``, ``compiled``."""
    boxes = random_boxes(CANDIDATES)
    scores = torch.rand(CANDIDATES, KINDS)
    rows = torch.arange(CANDIDATES).repeat_interleave(KINDS)
    kinds = torch.arange(KINDS).repeat(CANDIDATES)
    pairs = boxes[rows], scores.flatten(), kinds, THRESHOLD
    return {
        "fast": lambda: fast_nms(boxes, scores, THRESHOLD, CANDIDATES),
        "loop": lambda: nms_per_class(*pairs),
        "compiled": lambda: batched_nms(*pairs),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    results = {
        "machine": machine(),
        "date": date.today().isoformat(),
        **bench_instances(),
    }
    atomic_write(FILE, (json.dumps(results, indent=1) + "\n").encode())
