"""Objects whose centres lie near to each other, and whether a detector finds them."""

from collections.abc import Iterable, Sequence
from statistics import fmean

import torch
from torch import Tensor

from edulib.chapters.yolo.networks import STRIDE
from edulib.training.measures import match_detections

GROUPS = ("same cell", "as near, another cell", "alone")
"""Another centre lies in the object's cell; nearer than a cell is wide, but in another
cell; neither. Where the lines of the grid fall is chance, so that the first two differ
in little else."""


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


def recall_by_group(
    detections: Iterable[dict[str, Tensor]], targets: Sequence[dict[str, Tensor]]
) -> dict[str, tuple[float, int]]:
    """Return the share of objects found with an IoU of at least 0.5, and how many.

    Args:
        detections: of each image; all of them count, whatever their score.
        targets: of each image, ``boxes`` and ``labels``.
    """
    found: dict[str, list[bool]] = {group: [] for group in GROUPS}
    for one, target in zip(detections, targets, strict=True):
        matches = match_detections(one, target, 0.5)
        groups = group_of_objects(target["boxes"]).tolist()
        for group, is_found in zip(groups, matches.found.tolist(), strict=True):
            found[GROUPS[group]].append(is_found)
    return {group: (fmean(values), len(values)) for group, values in found.items()}
