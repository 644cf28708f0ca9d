"""Which boxes go on: samples for a loss, the best without their duplicates.

On the meta device, where boxes have no values, as many go on as could.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from edulib.models.ops.boxes import large_enough


@dataclass(frozen=True)
class Sampler:
    """Draw boxes for a loss, a given share of them objects if there are so many.

    Args:
        size: boxes of an image; fewer where there are fewer.
        positives: the share of objects, at most.

    Source: Ren et al., 2015, section 3.1.3: 256 anchors, up to half of them objects.
    Girshick, "Fast R-CNN", 2015, section 2.3: 64 regions, a quarter of them objects.
    """

    size: int
    positives: float

    def __call__(self, matches: Tensor) -> tuple[Tensor, Tensor]:
        """Draw from one image.

        Args:
            matches: (M,), index of the object of each box, -1 background, -2 neither.

        Returns:
            Indices of objects and of background, each in random order.
        """
        objects = torch.where(matches >= 0)[0]
        background = torch.where(matches == -1)[0]
        most = int(self.size * self.positives)
        objects = objects[torch.randperm(len(objects), device=matches.device)[:most]]
        order = torch.randperm(len(background), device=matches.device)
        return objects, background[order[: self.size - len(objects)]]


@dataclass(frozen=True)
class Keep:
    """How many boxes go into the suppression of duplicates, and come out.

    Args:
        before: the best of each map that go in.
        after: the best of an image that come out.
    """

    before: int
    after: int


def best_distinct(
    boxes: Tensor,
    scores: Tensor,
    groups: Tensor,
    nms_threshold: float,
    most: int,
    min_size: float,
) -> Tensor:
    """Drop slivers, then of boxes that show the same all but the best.

    Args:
        boxes: (N, 4), xyxy in pixels.
        scores: (N,).
        groups: (N,), int64; boxes of two groups leave each other alone.
        nms_threshold: IoU above which the less sure of two boxes of a group goes.
        most: number of boxes that are kept.
        min_size: least width and height, in pixels.

    Returns:
        Indices of the boxes that are kept, by falling score.
    """
    large = indices_of(large_enough(boxes, min_size))
    if boxes.is_meta:
        return large[:most]
    kept = batched_nms(boxes[large], scores[large], groups[large], nms_threshold)
    return large[kept[:most]]


def indices_of(mask: Tensor) -> Tensor:
    """Return where a mask (N,) holds."""
    if mask.is_meta:
        return torch.arange(len(mask), device="meta")
    return torch.where(mask)[0]
