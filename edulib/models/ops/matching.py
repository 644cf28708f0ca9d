"""Which object an anchor has to find in training, if any."""

import torch
from torch import Tensor

BACKGROUND = -1
"""The anchor shows no object, and has to say so."""
IGNORED = -2
"""The anchor shows half an object: it is not asked."""


def match(
    overlaps: Tensor, high: float, low: float, force_best: bool = False
) -> Tensor:
    """Assign to each anchor the object it overlaps most, if it does so well enough.

    An anchor whose highest IoU is at least ``high`` gets that object, one below ``low``
    is background, one in between is ignored. An object that no anchor overlaps so well
    would be lost; with ``force_best`` the anchors that overlap it most, all of them if
    several tie, are no longer background.

    Such an anchor is given the object that *it* overlaps most, which in a crowd is not
    always the one it was rescued for: that is how Detectron and torchvision do it.
    :func:`match_each_first` does it the other way round.

    Args:
        overlaps: (N, M), the IoU of N objects with M anchors; either may be none.
        high: IoU from which an anchor has an object.
        low: IoU below which it is background, at most ``high``.
        force_best: whether each object that overlaps any anchor gets its best ones.

    Returns:
        (M,), int64: index of the object, -1 for background or -2 for ignored.

    Raises:
        ValueError: if an overlap is NaN, or not 0 <= low <= high.

    Source: Ren et al., "Faster R-CNN", 2015, section 3.1.2, with 0.7 and 0.3; Lin et
    al., "Focal Loss for Dense Object Detection", 2017, section 4, with 0.5 and 0.4, not
    forced.

    Differs from the paper, as all code does: IoU of exactly ``high`` suffices. Differs
    from torchvision: an object that overlaps no anchor ties with all of them at 0, and
    rescues none; without objects all is background, and no error.
    """
    _check(overlaps, low, high)
    if not overlaps.numel():
        return _all_background(overlaps)
    best, nearest = overlaps.max(dim=0)
    matched = nearest.clone()
    matched[best < high] = IGNORED
    matched[best < low] = BACKGROUND
    if force_best:
        highest = overlaps.max(dim=1, keepdim=True).values
        rescued = ((overlaps == highest) & (highest > 0)).any(dim=0)
        matched[rescued] = nearest[rescued]
    return matched


def match_each_first(overlaps: Tensor, threshold: float) -> Tensor:
    """Give each object its best anchor, then each other anchor its best object.

    Args:
        overlaps: (N, M), the IoU of N objects with M anchors; either may be none.
        threshold: IoU from which another anchor has an object.

    Returns:
        (M,), int64: index of the object, or -1 for background.

    Raises:
        ValueError: if an overlap is NaN, or the threshold is negative.

    Source: Liu et al., "SSD: Single Shot MultiBox Detector", 2015, section 2.2, with
    0.5. https://arxiv.org/abs/1512.02325

    As torchvision's, but for objects that overlap no anchor: IoU of exactly the
    threshold suffices (in the paper it does not), and of several objects with the same
    best anchor the last gets it.
    """
    matched = match(overlaps, threshold, threshold)
    if overlaps.numel():
        best, anchors = overlaps.max(dim=1)
        for target in (best > 0).nonzero()[:, 0]:
            matched[anchors[target]] = target
    return matched


def _check(overlaps: Tensor, low: float, high: float) -> None:
    if not 0 <= low <= high:
        raise ValueError(f"expected 0 <= low <= high, got low={low} and high={high}")
    if overlaps.ndim != 2:
        raise ValueError(
            f"expected overlaps (objects, anchors), got {tuple(overlaps.shape)}"
        )
    if overlaps.isnan().any():
        raise ValueError("expected overlaps that are numbers, got nan")


def _all_background(overlaps: Tensor) -> Tensor:
    shape = overlaps.shape[1:]
    return torch.full(shape, BACKGROUND, device=overlaps.device)
