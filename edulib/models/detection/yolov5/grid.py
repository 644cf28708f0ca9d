"""Where a prediction stands, what box its numbers mean, and which object it learns.

Notation: a level is a map with its stride and its A anchors; g the centre of an object
in cells, (x / stride, y / stride), so that it lies in cell (floor g).
"""

import torch
from torch import Tensor

RATIO = 4.0
"""How many times an object may be wider, narrower, higher or lower than its anchor."""


def decode(numbers: Tensor, anchors: Tensor, stride: int) -> Tensor:
    """Return the boxes that four raw numbers mean at every place of a level.

    With s = sigmoid(t): centre = (2 s - 0.5 + cell) stride, from half a cell before the
    cell to half a cell behind it; size = anchor (2 s)², from 0 to 4 anchors.

    Args:
        numbers: (B, A, H, W, 4 or more), t_x, t_y, t_w, t_h first.
        anchors: (A, 2), width and height in pixels.
        stride: pixels from cell to cell.

    Returns:
        (B, A, H, W, 4), centre, width and height in pixels.

    Source: "Eliminate grid sensitivity" in the documentation.
    """
    height, width = numbers.shape[2:4]
    y = torch.arange(height, device=numbers.device)
    x = torch.arange(width, device=numbers.device)
    cells = torch.stack([x.expand(height, width), y[:, None].expand(height, width)], -1)
    s = numbers[..., :4].sigmoid()
    centre = (2 * s[..., :2] - 0.5 + cells) * stride
    size = anchors[:, None, None] * (2 * s[..., 2:]) ** 2
    return torch.cat([centre, size], -1)


def fits(sizes: Tensor, anchors: Tensor) -> Tensor:
    """Return how far objects are from anchors: the largest ratio of their sides.

    Args:
        sizes: (N, 2), width and height.
        anchors: (A, 2), width and height.

    Returns:
        (N, A), at least 1: max(r, 1 / r) of widths or heights, whichever is larger.

    Source: "Build targets" in the documentation.
    """
    ratio = sizes[:, None] / anchors
    return torch.maximum(ratio, 1 / ratio).amax(-1)


def match(
    boxes_cxcywh: Tensor, anchors: Tensor, stride: int, map_size: tuple[int, int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Assign objects to places of a level: by their shape, and to up to three cells.

    An object is learned by each anchor that it fits (`fits` below 4), in the cell of
    its centre and in those two neighbours, one across and one down, whose predictions
    can reach the centre: left of it if it lies in the left half of its cell, and so on.
    A cell outside of the map is left out. No IoU is asked, and nothing is ignored.

    Args:
        boxes_cxcywh: (N, 4), centre, width and height in pixels.
        anchors: (A, 2), width and height in pixels.
        stride: pixels from cell to cell.
        map_size: (height, width) of the map.

    Returns:
        Four (M,): number of the object, of the anchor, row, column.

    Source: "Build targets" in the documentation.
    """
    limits = torch.tensor(map_size[::-1], device=boxes_cxcywh.device)
    found, chosen = (fits(boxes_cxcywh[:, 2:], anchors) < RATIO).nonzero(as_tuple=True)
    g = boxes_cxcywh[found, :2] / stride
    own = g.floor().clamp(min=0).minimum(limits - 1)
    side = (g - own > 0.5).to(g) - (g - own < 0.5).to(g)  # -1, 1; 0 in the very middle
    across, down = (
        side * torch.tensor([1.0, 0]).to(g),
        side * torch.tensor([0, 1.0]).to(g),
    )
    cells = torch.cat([own, own + across, own + down])
    moved = torch.cat([torch.ones_like(own), across, down]).any(-1)
    inside = ((cells >= 0) & (cells < limits)).all(-1) & moved
    column, row = cells[inside].long().unbind(-1)
    return found.repeat(3)[inside], chosen.repeat(3)[inside], row, column
