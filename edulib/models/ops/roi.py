"""Cutting a region of any size out of a map, in a fixed number of bins.

RoIPool takes the maximum over the cells in each bin, RoIAlign the mean over points that
it interpolates; the difference is what is rounded on the way. torchvision's two, in
C++, return the same, and are faster: that is what the models call.

A coordinate x in pixels of the image is ``x * spatial_scale`` in cells of the map: for
a map of stride 16 the scale is 1 / 16.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from edulib.models.ops.boxes import box_area
from edulib.models.ops.checks import check_regions, check_sides


def roi_pool(
    features: Tensor,
    boxes: Sequence[Tensor],
    output_size: tuple[int, int],
    spatial_scale: float,
) -> Tensor:
    """Return the maximum of the map in each bin of each region (RoIPool).

    Everything is rounded: edges to whole cells, the right and lower one included; then
    the bins' edges outwards, so that neighbours may share a row. On a map of stride 16
    a region moves by up to 8 pixels. A bin without cells is 0.

    Args:
        features: (B, C, H, W).
        boxes: for each image of the batch its regions (N_i, 4), xyxy in pixels.
        output_size: number of bins (down, across).
        spatial_scale: cells of the map per pixel of the image.

    Returns:
        (N_1 + ... + N_B, C, down, across), image by image.

    Raises:
        ValueError: if there are not as many sets of boxes as images, or a number is not
            finite.

    Source: Girshick, "Fast R-CNN", 2015, section 2.1. https://arxiv.org/abs/1504.08083
    Rounding as in its code and in torchvision, halves away from 0.
    """
    check_regions(features, boxes)
    walled = F.pad(features, (0, 1, 0, 1), value=-torch.inf)  # cells that never win
    regions = [features.new_zeros(0, features.shape[1], *output_size)]
    for image, corners in zip(walled, boxes, strict=True):
        x1, y1, x2, y2 = _round(corners * spatial_scale).unbind(-1)
        columns = _cells(x1, x2, output_size[1], features.shape[3])
        rows = _cells(y1, y2, output_size[0], features.shape[2])
        regions += map(_max_in_bins, [image] * len(corners), rows, columns)
    pooled = torch.cat(regions)
    return pooled.masked_fill(pooled == -torch.inf, 0)


def roi_align(
    features: Tensor,
    boxes: Sequence[Tensor],
    output_size: tuple[int, int],
    spatial_scale: float,
    samples: int = 2,
    aligned: bool = True,
) -> Tensor:
    """Return the mean of the map in each bin of each region (RoIAlign).

    Nothing is rounded: the map is read at points, ``samples`` x ``samples`` in each
    bin, each interpolated between four cells. A point up to one cell outside the map
    reads the cell at its edge; further out it reads 0.

    Args:
        features: (B, C, H, W).
        boxes: for each image of the batch its regions (N_i, 4), xyxy in pixels.
        output_size: number of bins (down, across).
        spatial_scale: cells of the map per pixel of the image.
        samples: points along each side of a bin.
        aligned: whether the value of a cell stands at its centre. The paper's code has
            it at the upper left corner, which reads half a cell too far to the right
            and down, and makes a region at least one cell wide and high.

    Returns:
        (N_1 + ... + N_B, C, down, across), image by image. Gradients flow to the map
        and, unlike torchvision's, to the boxes.

    Raises:
        ValueError: if there are not as many sets of boxes as images, or a number is not
            finite.

    Source: He et al., "Mask R-CNN", 2017, section 3. https://arxiv.org/abs/1703.06870

    Differs from the paper where ``aligned``: the shift by half a cell came with
    Detectron2, two years later.
    """
    check_regions(features, boxes)
    down, across = output_size
    regions = [features.new_zeros(0, features.shape[1], down, across)]
    for image, corners in zip(features, boxes, strict=True):
        first, last = (corners * spatial_scale - aligned * 0.5).split(2, dim=-1)
        size = last - first if aligned else (last - first).clamp(min=1)
        x = _points(first[:, 0], size[:, 0], across * samples)
        y = _points(first[:, 1], size[:, 1], down * samples)
        read = _interpolate(image, x, y).unflatten(-1, (across, samples))
        regions.append(read.unflatten(2, (down, samples)).mean(dim=(3, 5)))
    return torch.cat(regions)


def level_of(
    boxes: Tensor, lowest: int = 2, highest: int = 5, canonical: int = 4
) -> Tensor:
    """Return the level of a feature pyramid from which each region is cut.

    k = floor(k_0 + log2(sqrt(w h) / 224)): a region of ImageNet's 224 x 224 pixels is
    cut from P4, the level of stride 16, one half as wide and high from P3.

    Args:
        boxes: (..., 4), xyxy.
        lowest: the finest level there is.
        highest: the coarsest level there is.
        canonical: k_0, the level for 224 x 224 pixels.

    Returns:
        (...), int64, from ``lowest`` to ``highest``.

    Raises:
        ValueError: if a number is not finite or a box has x2 < x1 or y2 < y1.

    Source: Lin et al., "Feature Pyramid Networks for Object Detection", 2016, equation
    1. https://arxiv.org/abs/1612.03144 (torchvision adds 1e-6 to the logarithm.)
    """
    check_sides(boxes)
    level = torch.floor(canonical + torch.log2(box_area(boxes).sqrt() / 224))
    return level.clamp(lowest, highest).long()


def _round(x: Tensor) -> Tensor:
    """Return the nearest whole numbers, halves away from 0 (torch: to the even one)."""
    return x.trunc() + (x.frac().abs() >= 0.5) * x.sign()


def _cells(first: Tensor, last: Tensor, bins: int, size: int) -> Tensor:
    """Return the numbers (N, bins, L) of the cells that lie in each bin of N regions.

    L is what the widest bin needs; where another needs fewer, its numbers end with
    ``size``. Cells outside the map do not count.
    """
    share = (last - first + 1)[:, None] / bins
    edges = torch.arange(bins + 1, device=first.device)
    start = (first[:, None] + (edges[:-1] * share).floor()).clamp(0, size)
    stop = (first[:, None] + (edges[1:] * share).ceil()).clamp(0, size)
    longest = int((stop - start).max().clamp(min=1)) if len(first) else 0
    cell = start[..., None] + torch.arange(longest, device=first.device)
    return cell.masked_fill(cell >= stop[..., None], size).long()


def _max_in_bins(image: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return maxima (1, C, down, across) over rows (down, L), columns (across, L).

    Of equal cells the first in reading order gets the gradient: columns go first.
    """
    across = image[:, :, columns].max(dim=-1).values
    return across[:, rows].max(dim=2).values[None]


def _points(first: Tensor, size: Tensor, count: int) -> Tensor:
    """Return the middles (N, count) of that many equal parts of each region's side."""
    steps = torch.arange(count, dtype=first.dtype, device=first.device) + 0.5
    return first[:, None] + steps * (size / count)[:, None]


def _interpolate(image: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Return (N, C, Y, X): an image (C, H, W) at columns x (N, X) and rows y (N, Y)."""
    height, width = image.shape[1:]
    inside_x = (x >= -1) & (x <= width)
    inside_y = (y >= -1) & (y <= height)
    x, y = (2 * x + 1) / width - 1, (2 * y + 1) / height - 1  # -1 to 1, edge to edge
    points = torch.stack(torch.broadcast_tensors(x[:, None], y[..., None]), dim=-1)
    read = F.grid_sample(
        image[None],
        points.flatten(0, 1)[None],
        padding_mode="border",
        align_corners=False,
    )
    inside = inside_y[:, None, :, None] & inside_x[:, None, None, :]
    return read[0].unflatten(1, inside_y.shape).transpose(0, 1) * inside
