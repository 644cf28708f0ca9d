"""IoU along the edges of masks: whole masks hardly tell a good edge from a bad one."""

import torch.nn.functional as F
from torch import Tensor

from edulib.checks import check_whole
from edulib.training.measures.inputs import check_masks


def boundary_iou(masks: Tensor, others: Tensor, ratio: float = 0.02) -> Tensor:
    r"""Return the IoU of the inner borders of pairs of masks.

    The border G_d of a mask G is the pixels of G within d pixels from its contour;
    boundary IoU is :math:`|G_d \cap P_d| / |G_d \cup P_d|`. The picture's edge is a
    contour too.

    Args:
        masks: N masks.
        others: the mask that each is compared with.
        ratio: d as a share of the picture's diagonal; d is at least one pixel.

    Shape:
        - masks, others: (N, H, W), bool
        - Output: (N,), float64; NaN where both masks are empty

    Raises:
        ValueError: if the masks are not as above, or the ratio is not above 0.

    Source:
        Cheng and others, "Boundary IoU: Improving Object-Centric Image Segmentation
        Evaluation", 2021, arXiv:2103.16562.

    Differs from the paper:
        As in its code, distances are chessboard distances: a pixel is inside if the
        square of 2 d + 1 pixels around it is.
    """
    _check_pairs(masks, others)
    if not ratio > 0:
        raise ValueError(f"expected a ratio above 0, got {ratio}")
    height, width = masks.shape[1:]
    distance = max(1, round(ratio * (height**2 + width**2) ** 0.5))
    return _iou(*(m & ~_eroded(m, distance) for m in (masks, others)))


def trimap_iou(masks: Tensor, truths: Tensor, width: int) -> Tensor:
    """Return the IoU of pairs of masks in a band around the contour of the truth.

    Args:
        masks: N masks.
        truths: the true mask of each.
        width: pixels of the band on either side of the contour.

    Shape:
        - masks, truths: (N, H, W), bool
        - Output: (N,), float64; NaN where both masks are empty in the band

    Raises:
        ValueError: if the masks are not as above, or the width is not at least 1.

    Source:
        Kohli, Ladicky and Torr, "Robust Higher Order Potentials for Enforcing Label
        Consistency", 2009, for maps of classes; of a mask as in Cheng and others, 2021.
        Distances are chessboard distances.
    """
    _check_pairs(masks, truths)
    check_whole("width", width, 1)
    dilated = ~_eroded(~truths, width, outside=True)
    band = dilated & ~_eroded(truths, width, outside=True)
    return _iou(masks & band, truths & band)


def near_border(classes: Tensor, width: int) -> Tensor:
    """Mark the pixels with another class at most ``width`` pixels away: the trimap.

    Args:
        classes: class numbers.
        width: pixels of the band on either side of a border, in chessboard distance.

    Shape:
        - classes: (B, H, W), int64
        - Output: (B, H, W), bool

    Raises:
        ValueError: if the width is not at least 1.

    Source:
        Kohli, Ladicky and Torr, 2009; DeepLab's authors widen VOC's strips of unnamed
        pixels instead of a line.
    """
    check_whole("width", width, 1)
    numbers = classes.float()[:, None]
    side = 2 * width + 1
    highest = F.max_pool2d(numbers, side, 1, width)
    lowest = -F.max_pool2d(-numbers, side, 1, width)
    return (highest != lowest)[:, 0]


def _eroded(masks: Tensor, distance: int, outside: bool = False) -> Tensor:
    """Keep the pixels whose surroundings are wholly in the mask (N, H, W).

    Args:
        masks: (N, H, W).
        distance: half the side of the surrounding square.
        outside: whether what is outside the picture counts as in the mask.
    """
    empty = (~masks).float()[:, None]
    padding = (distance,) * 4
    empty = F.pad(empty, padding, value=0.0 if outside else 1.0)
    side = 2 * distance + 1
    reached = F.max_pool2d(F.max_pool2d(empty, (side, 1), 1), (1, side), 1)
    return reached[:, 0] == 0


def _iou(masks: Tensor, others: Tensor) -> Tensor:
    """Return the IoU of pairs of masks (N,)."""
    intersection = (masks & others).sum((1, 2)).double()
    return intersection / (masks | others).sum((1, 2))  # 0 / 0 is NaN


def _check_pairs(masks: Tensor, others: Tensor) -> None:
    check_masks(masks)
    check_masks(others)
    if masks.shape != others.shape:
        raise ValueError(
            f"expected pairs of masks, got {tuple(masks.shape)} and "
            f"{tuple(others.shape)}"
        )
