"""Which cells of a grid have to cut out which object."""

from collections.abc import Sequence

import torch
from torch import Tensor

CENTRE = 0.2  # part of an object's box, around its centre of mass, whose cells learn it


def centres_of_mass(masks: Tensor) -> Tensor:
    """Return the mean place of the pixels of masks, NaN of an empty one.

    Args:
        masks: (N, H, W), bool.

    Returns:
        (N, 2), x and y in pixels; that of a pixel is its middle.
    """
    weights = masks.double()
    height, width = masks.shape[-2:]
    x = torch.arange(width, device=masks.device) + 0.5
    y = torch.arange(height, device=masks.device) + 0.5
    sums = torch.stack([(weights.sum(1) * x).sum(1), (weights.sum(2) * y).sum(1)], 1)
    return sums / weights.sum((1, 2))[:, None]


def assign_cells(
    boxes: Tensor,
    masks: Tensor,
    grid: int,
    limits: tuple[float, float],
    size: Sequence[int],
) -> tuple[Tensor, Tensor]:
    """Return which cells of a grid learn which object.

    An object is learnt where the root of its box's area lies within the limits: by the
    cells that its centre region meets, a part of 0.2 of the box laid around the centre
    of mass, but only by the centre's own cell and its eight neighbours. Of two objects
    in a cell the smaller has it.

    Args:
        boxes: (N, 4), xyxy in pixels.
        masks: (N, H, W), bool. An empty one is left out.
        grid: S, cells along a side.
        limits: least and greatest root of the area, both included.
        size: height and width that the grid covers.

    Returns:
        Cells (P,), row * S + column, and objects (P,), both int64, by rising cell.

    Source: section 2.1.4 refers to SOLO (https://arxiv.org/abs/1912.04488), "Label
    assignment" there: centre of mass, 0.2, three positive cells on average. Limits and
    neighbours are those of the authors' code.

    Differs from the authors' code, in which a cell of two objects learns the masks of
    both and the kind of one; a pixel's place is its middle, not its corner.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    areas = sides.prod(1)
    roots = areas.sqrt()
    learnt = (roots >= limits[0]) & (roots <= limits[1]) & masks.flatten(1).any(1)
    places = centres_of_mass(masks)
    height, width = size
    steps = torch.tensor([width / grid, height / grid], device=boxes.device)
    middle = (places / steps).floor()
    first = ((places - CENTRE / 2 * sides) / steps).floor()
    last = ((places + CENTRE / 2 * sides) / steps).floor()
    first = torch.maximum(first, middle - 1).clamp(min=0)
    last = torch.minimum(last, middle + 1)  # what lies beyond the grid is cut off
    owners = torch.full((grid, grid), -1, device=boxes.device)
    for k in areas.argsort(descending=True).tolist():
        if learnt[k]:
            (left, top), (right, bottom) = first[k].int(), last[k].int()
            owners[top : bottom + 1, left : right + 1] = k
    owners = owners.flatten()
    cells = torch.where(owners >= 0)[0]
    return cells, owners[cells]
