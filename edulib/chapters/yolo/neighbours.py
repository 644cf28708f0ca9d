"""Objects whose centres lie near to each other, and whether a detector finds them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from edulib.chapters.yolo.networks import STRIDE
from edulib.training.measures import match_detections

GROUPS = ("same cell", "as near, another cell", "alone")
"""Another centre lies in the object's cell; nearer than a cell is wide, but in another
cell; neither. Where the lines of the grid fall is chance, but close centres fall into
one cell more often: see `matched_gap`."""
MOST = 20  # detections of an image that count


def group_of_objects(boxes: Tensor, cell: float = STRIDE) -> Tensor:
    """Return of each object which of `GROUPS` it belongs to.

    Args:
        boxes: of an image's objects, (N, 4) xyxy in pixels.
        cell: side of a cell, in pixels.

    Returns:
        (N,), from 0 to 2.
    """
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    places = (centres / cell).floor()
    others = ~torch.eye(len(boxes), dtype=torch.bool)
    shared = (places[:, None] == places).all(-1) & others
    near = (torch.cdist(centres, centres) < cell) & others
    return 2 - near.any(1).long().maximum(2 * shared.any(1).long())


class Objects(NamedTuple):
    """The objects of several images, and what a detector made of them.

    Attributes:
        groups: (N,), which of `GROUPS` each belongs to.
        found: (N,), whether it was found.
        distances: (N,), from its centre to the nearest other, in pixels.
        sides: (N,), the root of its area, in pixels.
    """

    groups: Tensor
    found: Tensor
    distances: Tensor
    sides: Tensor


def look_for_objects(
    detections: Iterable[dict[str, Tensor]], targets: Sequence[dict[str, Tensor]]
) -> Objects:
    """Ask of each object whether the surest detections find it, with an IoU of 0.5.

    Args:
        detections: of each image, the surest first; 20 of them count, so that detectors
            with different thresholds are asked the same.
        targets: of each image, ``boxes`` and ``labels``.
    """
    rows = []
    for one, target in zip(detections, targets, strict=True):
        surest = {name: value[:MOST] for name, value in one.items()}
        boxes = target["boxes"]
        centres, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
        apart = torch.cdist(centres, centres).fill_diagonal_(torch.inf)
        rows.append(
            Objects(
                group_of_objects(boxes),
                match_detections(surest, target, 0.5).found,
                apart.amin(1) if len(boxes) else boxes.new_zeros(0),
                sides.prod(1).sqrt(),
            )
        )
    return Objects(*(torch.cat(column) for column in zip(*rows, strict=True)))


def recall_by_group(objects: Objects) -> dict[str, tuple[float, int]]:
    """Return the share of objects found, and how many there are, by group."""
    found = {
        name: objects.found[objects.groups == group].float()
        for group, name in enumerate(GROUPS)
    }
    return {name: (some.mean().item(), len(some)) for name, some in found.items()}


def matched_gap(objects: Objects) -> float:
    """Return by how much recall is lower in the same cell than as near in another.

    Objects in one cell are also nearer to each other and smaller. So only objects are
    compared whose distances are alike to 2 pixels and whose sides to 8; the gaps are
    weighted by the objects that share a cell.
    """
    alike = torch.stack([objects.distances // 2, objects.sides // 8], 1)
    _, bins = alike.unique(dim=0, return_inverse=True)
    gaps, weights = [], []
    for number in bins[objects.groups == 0].unique():
        same, near = (
            objects.found[(bins == number) & (objects.groups == group)].float()
            for group in (0, 1)
        )
        if len(near):
            gaps.append(near.mean().item() - same.mean().item())
            weights.append(len(same))
    return sum(g * w for g, w in zip(gaps, weights, strict=True)) / sum(weights)
