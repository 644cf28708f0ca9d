"""Anchors and default boxes: the boxes that a network corrects instead of guessing.

Both lay a few shapes over every cell of a map. They differ in where a cell is: the
anchors of Faster R-CNN stand on the cells' upper left corners, the default boxes of SSD
on their centres, half a stride further.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

Size = tuple[int, int]
"""Height and width."""


def anchors_of(sizes: Sequence[float], ratios: Sequence[float]) -> Tensor:
    """Return the anchors of one cell: each size in each shape, around (0, 0).

    An anchor of size s and ratio r is s / sqrt(r) wide and s sqrt(r) high: r is height
    / width, and the area is s² for every shape.

    Args:
        sizes: square roots of the areas, in pixels.
        ratios: height / width of the shapes.

    Returns:
        (len(ratios) * len(sizes), 4), xyxy, float32: all sizes of the first shape, then
        of the next.

    Raises:
        ValueError: if a size or ratio is not above 0.

    Source: Ren et al., "Faster R-CNN", 2015, section 3.1.1, with 128, 256 and 512 in
    the ratios 1:1, 1:2 and 2:1. https://arxiv.org/abs/1506.01497

    Differs from the paper: corners are rounded to whole pixels, as in torchvision
    (halves to the even number), whose weights were trained with it.
    """
    _check_positive("sizes", sizes)
    _check_positive("ratios", ratios)
    height = torch.tensor(ratios, dtype=torch.float32).sqrt()[:, None]
    scale = torch.tensor(sizes, dtype=torch.float32)
    heights, widths = (height * scale).flatten(), (1 / height * scale).flatten()
    corners = torch.stack([-widths, -heights, widths, heights], dim=1)
    return (corners / 2).round()


def grid_anchors(cell: Tensor, map_size: Size, stride: int | Size) -> Tensor:
    """Lay the anchors of one cell over all cells of a map.

    Args:
        cell: (A, 4), xyxy around (0, 0).
        map_size: (height, width) of the map.
        stride: pixels of the image from cell to cell; a pair where it differs down and
            across, as in torchvision's models, which divide the image's size by the
            map's and drop the remainder.

    Returns:
        (height * width * A, 4), xyxy: row by row, in a row cell by cell, in a cell in
        the order of ``cell``.

    Source: torchvision's AnchorGenerator: the upper left cell's anchors stand around
    (0, 0), a quarter of them inside the image.
    """
    down, across = (stride, stride) if isinstance(stride, int) else stride
    y = torch.arange(map_size[0], device=cell.device) * down
    x = torch.arange(map_size[1], device=cell.device) * across
    y, x = torch.meshgrid(y, x, indexing="ij")
    corners = torch.stack([x, y, x, y], dim=-1).reshape(-1, 1, 4)
    return (corners + cell).reshape(-1, 4)


def default_boxes(
    image_size: Size,
    map_sizes: Sequence[Size],
    scales: Sequence[float],
    ratios: Sequence[Sequence[float]],
    strides: Sequence[int] | None = None,
) -> Tensor:
    """Return the default boxes of SSD, over all cells of all maps.

    A cell of map k has a square of the scale s_k, one of sqrt(s_k s_(k+1)), and for
    each ratio r a box s_k sqrt(r) wide and s_k / sqrt(r) high, and the same upright.
    Boxes are no larger than the image, but may reach out of it.

    Args:
        image_size: (height, width) of the image.
        map_sizes: (height, width) of each map.
        scales: side of each map's square as share of the image's, and one more.
        ratios: for each map width / height of its boxes that are no squares.
        strides: pixels from cell to cell of each map, where that is not the image's
            size divided by the map's.

    Returns:
        (sum of height * width * (2 + 2 len(ratios)), 4), xyxy in pixels, float32: map
        by map, row by row, cell by cell; in a cell in the order told above.

    Raises:
        ValueError: if there are not as many ratios, strides and (less one) scales as
            maps.

    Source: Liu et al., "SSD: Single Shot MultiBox Detector", 2015, section 2.2,
    equation 4 and figure 1. https://arxiv.org/abs/1512.02325

    Differs from the paper, where scales follow from equation 4: they are given, since
    the released code rounds them. As torchvision's DefaultBoxGenerator.
    """
    strides = strides or [None] * len(map_sizes)
    counts = {len(map_sizes), len(scales) - 1, len(ratios), len(strides)}
    if len(counts) > 1:
        raise ValueError(
            f"expected ratios and strides for each of {len(map_sizes)} maps and one "
            f"more scale, got {len(ratios)}, {len(strides)} and {len(scales)}"
        )
    boxes = []
    for k, map_size in enumerate(map_sizes):
        centres = _centres(image_size, map_size, strides[k])
        sizes = _shapes(scales[k], scales[k + 1], ratios[k])
        boxes.append(torch.cat(torch.broadcast_tensors(centres, sizes), dim=-1))
    centres, sizes = torch.cat([b.reshape(-1, 4) for b in boxes]).split(2, dim=-1)
    corners = torch.cat([centres - 0.5 * sizes, centres + 0.5 * sizes], dim=-1)
    height, width = image_size
    return corners * torch.tensor([width, height, width, height])


def _shapes(scale: float, next_scale: float, ratios: Sequence[float]) -> Tensor:
    """Return width and height (A, 2) of a cell's boxes, as share of the image's."""
    between = math.sqrt(scale * next_scale)
    shapes = [(scale, scale), (between, between)]
    for root in map(math.sqrt, ratios):
        shapes += [(scale * root, scale / root), (scale / root, scale * root)]
    return torch.tensor(shapes).clamp(max=1)


def _centres(image_size: Size, map_size: Size, stride: int | None) -> Tensor:
    """Return the centres (cells, 1, 2), x and y, as share of the image's sides."""
    down, across = (n / stride for n in image_size) if stride else map_size
    y = (torch.arange(map_size[0]) + 0.5) / down
    x = (torch.arange(map_size[1]) + 0.5) / across
    y, x = torch.meshgrid(y, x, indexing="ij")
    return torch.stack([x, y], dim=-1).reshape(-1, 1, 2)


def _check_positive(name: str, values: Sequence[float]) -> None:
    wrong = [value for value in values if not value > 0]
    if wrong:
        raise ValueError(f"expected {name} above 0, got {wrong[0]}")
