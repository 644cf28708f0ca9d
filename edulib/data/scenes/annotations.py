"""Annotations: what is known about each pixel of a scene."""

from collections.abc import Sequence

import numpy as np

from edulib.data.scenes.drawing import STRIDE
from edulib.data.scenes.objects import KINDS


def instances_of(numbers: np.ndarray) -> np.ndarray:
    """0 for the background, otherwise 1 + position of an object: (H, W) int64.

    Args:
        numbers: what ``draw_map`` returns: (H, W) int32.
    """
    return numbers.astype(np.int64) // STRIDE


def part_map(numbers: np.ndarray) -> np.ndarray:
    """0 for the background, otherwise position in ``PARTS``: (H, W) int64."""
    return np.where(numbers < STRIDE, 0, numbers.astype(np.int64) % STRIDE)


def stuff_map(numbers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Label of the object, or number of kinds + position in ``STUFF``: (H, W) int64."""
    numbers = numbers.astype(np.int64)
    shown = np.concatenate([[0], labels])[numbers // STRIDE]
    return np.where(numbers < STRIDE, len(KINDS) + numbers, shown)


def masks_of(instances: np.ndarray, count: int) -> np.ndarray:
    """One mask for each object: (N, H, W) bool."""
    return instances == np.arange(1, count + 1)[:, None, None]


def boxes_of(masks: np.ndarray) -> np.ndarray:
    """The tightest box around each mask: (N, 4) int64, xyxy in pixels.

    The right and the lower edge are excluded: a mask of one pixel has a box of 1 x 1.
    A mask without pixels has the box (0, 0, 0, 0).
    """
    boxes = []
    for mask in masks:
        rows, columns = mask.any(1).nonzero()[0], mask.any(0).nonzero()[0]
        if len(rows) == 0:
            boxes.append((0, 0, 0, 0))
            continue
        boxes.append((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    return np.array(boxes, np.int64).reshape(-1, 4)


def labels_of(kinds: Sequence[str]) -> np.ndarray:
    """Positions of kinds in ``KINDS``: (N,) int64."""
    return np.array([KINDS.index(kind) for kind in kinds], np.int64)


def semantic_of(instances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """0 for the background, otherwise 1 + the label of the object: (H, W) int64."""
    return np.concatenate([[0], labels + 1])[instances]
