"""The readable operations on boxes against torchvision's: the same answer, timed."""

from collections.abc import Callable

import torch
from torch import Tensor

from edulib.benchmarks.clock import in_turns
from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.nms import nms
from edulib.models.ops.roi import roi_align, roi_pool

IMAGE = 800  # pixels
BOXES = 10_000
REGIONS, CHANNELS, STRIDE = 512, 256, 16  # of a map, as in a step of training
Function = Callable[[], Tensor]


def bench_operations(device: torch.device) -> list[dict]:
    """Measure each operation that torchvision has too.

    Args:
        device: where.

    Returns:
        For each operation, its name, the largest difference of the two answers, as a
        share of the largest number in theirs, and what ``in_turns`` gives.
    """
    rows = []
    for name, (ours, theirs) in operations(device).items():
        found, expected = ours().double(), theirs().double()
        difference = ((found - expected).abs().max() / expected.abs().max()).item()
        times = in_turns(ours, theirs)
        rows.append({"operation": name, "difference": difference, **times})
        print(f"{name}: {times['ratio']:.2f}", flush=True)
    return rows


def operations(device: torch.device) -> dict[str, tuple[Function, Function]]:
    """Return ours and torchvision's function of each operation, with its input.

    Args:
        device: where the input lies.
    """
    from torchvision import ops as theirs

    torch.manual_seed(0)
    boxes = random_boxes(BOXES).to(device)
    objects, few = boxes[:100], boxes[: BOXES // 10]
    scores = torch.rand(BOXES).to(device)
    features = torch.randn(1, CHANNELS, IMAGE // STRIDE, IMAGE // STRIDE).to(device)
    cut = ([random_boxes(REGIONS).to(device)], (7, 7), 1 / STRIDE)
    align = (*cut, 2, True)
    return {
        f"IoU of 100 and {BOXES:,} boxes": (
            lambda: pairwise_iou(objects, boxes),
            lambda: theirs.box_iou(objects, boxes),
        ),
        f"NMS of {len(few):,} boxes": (
            lambda: nms(few, scores[: len(few)], 0.5),
            lambda: theirs.nms(few, scores[: len(few)], 0.5),
        ),
        f"NMS of {BOXES:,} boxes": (
            lambda: nms(boxes, scores, 0.5),
            lambda: theirs.nms(boxes, scores, 0.5),
        ),
        f"RoIPool of {REGIONS} regions": (
            lambda: roi_pool(features, *cut),
            lambda: theirs.roi_pool(features, *cut),
        ),
        f"RoIAlign of {REGIONS} regions": (
            lambda: roi_align(features, *align),
            lambda: theirs.roi_align(features, *align),
        ),
        "RoIAlign and its gradient": (
            lambda: gradient(roi_align, features, align),
            lambda: gradient(theirs.roi_align, features, align),
        ),
    }


def random_boxes(count: int) -> Tensor:
    """Return boxes (N, 4) in an image of 800 pixels, small ones and large ones.

    Args:
        count: N.
    """
    sides = IMAGE * (0.02 + 0.5 * torch.rand(count, 2) ** 3)
    first = torch.rand(count, 2) * (IMAGE - sides)
    return torch.cat([first, first + sides], dim=1)


def gradient(cut: Callable[..., Tensor], features: Tensor, arguments: tuple) -> Tensor:
    """Return the gradient for the map of the sum of the squares of what is cut out.

    Args:
        cut: the operation.
        features: the map.
        arguments: what else the operation takes.
    """
    leaf = features.clone().requires_grad_()
    (found,) = torch.autograd.grad(cut(leaf, *arguments).square().sum(), leaf)
    return found
