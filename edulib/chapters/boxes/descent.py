"""Boxes that descend on a loss towards their target: which of them arrive, and when.

After the simulation of Zheng et al., "Distance-IoU Loss: Faster and Better Learning for
Bounding Box Regression", 2019, with the numbers of its released program
(https://github.com/Zzh-tju/DIoU, ``test_1715k.m``). A target has area 1 and its centre
at (10, 10). A start has its centre in the disc of radius 3 around it, one of seven
areas and one of seven shapes; there are seven targets. Of the 5,000 centres we take
20 for each of three seeds. A step moves centre, width and height against the
gradient, by the rate times 2 - IoU; after 80 and 90 % of 200 steps the rate is divided
by ten.

Differs from the paper: gradients are the true ones, by automatic differentiation (the
program has its own), and there are three rates where the program has 0.1 alone.

``python -m edulib.chapters.boxes.descent`` writes ``results/boxes-descent.json``.
"""

import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from edulib.experiments.experiment import use_one_thread
from edulib.experiments.rows import load_rows, save_rows
from edulib.models.losses.boxes import ciou_loss, diou_loss, giou_loss, smooth_l1
from edulib.models.ops.boxes import cxcywh_to_xyxy
from edulib.models.ops.coding import decode_boxes, encode_boxes
from edulib.models.ops.iou import iou

RESULTS = Path(__file__).parent / "results" / "boxes-descent.json"
SHAPES = (1 / 4, 1 / 3, 1 / 2, 1, 2, 3, 4)
AREAS = (0.5, 0.67, 0.75, 1, 1.33, 1.5, 2)
RATES = (0.03, 0.1, 0.3)
SEEDS = (0, 1, 2)
POINTS, STEPS, RADIUS, MIDDLE = 20, 200, 3, 10
LEAST_SIDE = 1e-3
WEIGHTS = (1, 1, 1, 1)

Loss = Callable[[Tensor, Tensor], Tensor]


def iou_loss(boxes: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - IoU (...) of boxes (..., 4) and targets (..., 4), both xyxy."""
    return 1 - iou(boxes, targets)


LOSSES = {"IoU": iou_loss, "GIoU": giou_loss, "DIoU": diou_loss, "CIoU": ciou_loss}
OFFSETS = "smooth L1"


def starts(seed: int, points: int = POINTS) -> tuple[Tensor, Tensor]:
    """Return boxes and their targets.

    Args:
        seed: of the centres.
        points: how many centres.

    Returns:
        Both (343 * points, 4), float64, cxcywh.
    """
    generator = torch.Generator().manual_seed(seed)
    far, turn = torch.rand(2, points, generator=generator, dtype=torch.float64)
    far, turn = RADIUS * far.sqrt(), 2 * math.pi * turn
    centres = MIDDLE + torch.stack([far * turn.cos(), far * turn.sin()], -1)
    shapes = torch.tensor(SHAPES, dtype=torch.float64)
    sides = torch.stack([shapes.sqrt(), 1 / shapes.sqrt()], -1)  # (7, 2), area 1
    sizes = torch.tensor(AREAS, dtype=torch.float64).sqrt()[:, None, None] * sides
    grid = (points, len(AREAS), len(SHAPES), 2)
    boxes = torch.cat(
        [centres[:, None, None].expand(grid), sizes.expand(grid)], -1
    ).reshape(-1, 1, 4)
    targets = torch.cat([torch.full_like(sides, MIDDLE), sides], -1)
    boxes, targets = torch.broadcast_tensors(boxes, targets)
    return boxes.reshape(-1, 4), targets.reshape(-1, 4)


def rate_at(step: int, rate: float, steps: int) -> float:
    """Return the rate of a step: a tenth after 80 %, a hundredth after 90 %."""
    return rate * (1 if step < 0.8 * steps else 0.1 if step < 0.9 * steps else 0.01)


def descend(
    boxes: Tensor, targets: Tensor, loss: Loss, rate: float = 0.1, steps: int = STEPS
) -> Tensor:
    """Let boxes descend on a loss of how they overlap their targets.

    Args:
        boxes: (N, 4), cxcywh.
        targets: (N, 4), cxcywh.
        loss: takes boxes and targets (N, 4), xyxy, and returns (N,).
        rate: of the first steps.
        steps: how many.

    Returns:
        (steps + 1, N, 4), xyxy: all boxes before the first step and after each.
    """
    aims = cxcywh_to_xyxy(targets)
    path = [cxcywh_to_xyxy(boxes)]
    for step in range(steps):
        boxes = boxes.detach().requires_grad_()
        edges = cxcywh_to_xyxy(boxes)
        (gradient,) = torch.autograd.grad(loss(edges, aims).sum(), boxes)
        pace = rate_at(step, rate, steps) * (2 - iou(edges.detach(), aims))
        boxes = boxes.detach() - pace[:, None] * gradient
        boxes = torch.cat([boxes[:, :2], boxes[:, 2:].clamp(min=LEAST_SIDE)], -1)
        path.append(cxcywh_to_xyxy(boxes))
    return torch.stack(path)


def descend_offsets(
    boxes: Tensor, targets: Tensor, rate: float = 0.1, steps: int = STEPS
) -> Tensor:
    """Let the offsets of boxes descend on smooth L1, as detectors do.

    Args:
        boxes: (N, 4), cxcywh; offsets start at 0 and are relative to these.
        targets: (N, 4), cxcywh.
        rate: of the first steps.
        steps: how many.

    Returns:
        As `descend`.
    """
    anchors, aims = cxcywh_to_xyxy(boxes), cxcywh_to_xyxy(targets)
    wanted = encode_boxes(aims, anchors, WEIGHTS)
    offsets, path = torch.zeros_like(wanted), [anchors]
    for step in range(steps):
        offsets = offsets.detach().requires_grad_()
        total = smooth_l1(offsets, wanted).sum()
        (gradient,) = torch.autograd.grad(total, offsets)
        pace = rate_at(step, rate, steps) * (2 - iou(path[-1], aims))
        offsets = offsets.detach() - pace[:, None] * gradient
        path.append(decode_boxes(offsets, anchors, WEIGHTS))
    return torch.stack(path)


def measure(name: str, seed: int, rate: float) -> dict:
    """Let one seed's boxes descend on one loss.

    Args:
        name: of the loss.
        seed: of the starts.
        rate: of the first steps.

    Returns:
        Mean IoU after every tenth step of the boxes that start ``apart`` from their
        target and of those that ``touch`` it, and the share of those apart that end
        with an IoU of at least 0.5.
    """
    boxes, targets = starts(seed)
    if name == OFFSETS:
        path = descend_offsets(boxes, targets, rate)
    else:
        path = descend(boxes, targets, LOSSES[name], rate)
    overlaps = iou(path, cxcywh_to_xyxy(targets))  # (steps + 1, N)
    apart = overlaps[0] == 0
    means = {
        kind: [round(v, 4) for v in overlaps[::10, chosen].mean(1).tolist()]
        for kind, chosen in (("apart", apart), ("touch", ~apart))
    }
    arrived = (overlaps[-1, apart] >= 0.5).double().mean().item()
    row = {"loss": name, "seed": seed, "rate": rate, "arrived": round(arrived, 4)}
    return {**row, "starts": [int(apart.sum()), int((~apart).sum())], **means}


def load_descents() -> dict[tuple[str, float], list[dict]]:
    """Return what was measured: for each loss and rate, one row a seed."""
    rows = load_rows(RESULTS)
    keys = dict.fromkeys((row["loss"], row["rate"]) for row in rows)
    return {key: [r for r in rows if (r["loss"], r["rate"]) == key] for key in keys}


def main() -> None:
    """Measure all losses at all rates, and store the result."""
    use_one_thread()
    rows = [
        measure(name, seed, rate)
        for name in (*LOSSES, OFFSETS)
        for rate in RATES
        for seed in SEEDS
    ]
    save_rows(RESULTS, "edulib.chapters.boxes.descent", rows, indent=None)


if __name__ == "__main__":
    main()
