"""Planted wrong answers to the exercises of the chapter on Mask R-CNN."""

import torch
from torch import Tensor
from torch.nn import functional as F

Box = tuple[int, int, int, int]


def resized(cells: Tensor, box: Box) -> Tensor:
    left, top, right, bottom = box
    size = bottom - top, right - left
    return F.interpolate(cells[None, None], size, mode="bilinear")[0, 0]


def pasted(part: Tensor, box: Box, height: int, width: int) -> Tensor:
    """Right: writes what lies inside."""
    left, top, right, bottom = box
    canvas = torch.zeros(height, width)
    up, down = max(top, 0), min(bottom, height)
    first, last = max(left, 0), min(right, width)
    if up < down and first < last:
        canvas[up:down, first:last] = part[
            up - top : down - top, first - left : last - left
        ]
    return canvas > 0.5


def swapped_sides(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    left, top, right, bottom = box
    part = F.interpolate(cells[None, None], (right - left, bottom - top))[0, 0]
    return pasted(part.T, box, height, width)


def turned(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    return pasted(resized(cells.T, box), box, height, width)


def nearest(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    left, top, right, bottom = box
    part = F.interpolate(cells[None, None], (bottom - top, right - left))[0, 0]
    return pasted(part, box, height, width)


def threshold_first(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    return pasted(resized((cells > 0.5).float(), box), box, height, width)


def low_threshold(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    return pasted(resized(cells, box) + 0.2, box, height, width)


def one_too_large(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    """Takes the right and lower edge for pixels of the box."""
    left, top, right, bottom = box
    larger = left, top, right + 1, bottom + 1
    return pasted(resized(cells, larger), larger, height, width)


def resized_to_what_is_inside(
    cells: Tensor, box: Box, height: int, width: int
) -> Tensor:
    """Squeezes the mask into the part of the box that lies in the image."""
    left, top, right, bottom = box
    cut = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if cut[0] >= cut[2] or cut[1] >= cut[3]:
        return torch.zeros(height, width) > 0
    return pasted(resized(cells, cut), cut, height, width)


def moved_inside(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    """Cuts the end off where it should cut the beginning."""
    left, top, right, bottom = box
    part = resized(cells, box)
    canvas = torch.zeros(height, width)
    up, down = max(top, 0), min(bottom, height)
    first, last = max(left, 0), min(right, width)
    if up < down and first < last:
        canvas[up:down, first:last] = part[: down - up, : last - first]
    return canvas > 0.5


def fails_outside(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    left, top, right, bottom = box
    canvas = torch.zeros(height, width)
    canvas[top:bottom, left:right] = resized(cells, box)
    return canvas > 0.5


def fails_nowhere(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    """Right where the box meets the image."""
    left, top, right, bottom = box
    canvas = torch.zeros(height, width)
    up, down = max(top, 0), min(bottom, height)
    first, last = max(left, 0), min(right, width)
    part = resized(cells, box)
    canvas[up:down, first:last] = part[
        up - top : down - top, first - left : last - left
    ]
    return canvas > 0.5


def writes_into_cells(cells: Tensor, box: Box, height: int, width: int) -> Tensor:
    found = pasted(resized(cells, box), box, height, width)
    cells[cells < 0.5] = 0
    return found


def union_is_the_sum(masks: Tensor, others: Tensor) -> Tensor:
    both = (masks[:, None] & others).sum((2, 3))
    area = masks.sum((1, 2))[:, None] + others.sum((1, 2))
    return both / area.clamp(min=1)


def not_a_number(masks: Tensor, others: Tensor) -> Tensor:
    both = (masks[:, None] & others).sum((2, 3))
    return both / (masks[:, None] | others).sum((2, 3))


def empty_is_alike(masks: Tensor, others: Tensor) -> Tensor:
    return not_a_number(masks, others).nan_to_num(1.0)


def of_boxes(masks: Tensor, others: Tensor) -> Tensor:
    """Fills each mask to its box first."""

    def filled(some: Tensor) -> Tensor:
        return (some.sum(1)[:, None, :] * some.sum(2)[:, :, None]) > 0

    return of_masks(filled(masks), filled(others))


def of_masks(masks: Tensor, others: Tensor) -> Tensor:
    return not_a_number(masks, others).nan_to_num(0.0)


def turned_table(masks: Tensor, others: Tensor) -> Tensor:
    return of_masks(others, masks)


def stacked(masks: Tensor, others: Tensor) -> Tensor:
    """Fails without masks."""
    return torch.stack([of_masks(one[None], others)[0] for one in masks])


def empties_the_input(masks: Tensor, others: Tensor) -> Tensor:
    found = of_masks(masks, others)
    masks &= others[:1]
    return found


WRONG = {
    "maskrcnn-align": [
        ((42, 106), 3.125, 10.0),
        ((48, 112), 3.125, 10.0),
        ((48, 128), 3.625, 10.0),
        ((48, 128), 2.625, 10.0),
        ((48, 128), 3.125, 22.0),
        ((48, 128), 3.125, 8.0),
    ],
    "maskrcnn-paste": [
        swapped_sides,
        turned,
        nearest,
        threshold_first,
        low_threshold,
        one_too_large,
        resized_to_what_is_inside,
        moved_inside,
        fails_outside,
        fails_nowhere,
        writes_into_cells,
    ],
    "maskrcnn-iou": [
        union_is_the_sum,
        not_a_number,
        empty_is_alike,
        of_boxes,
        turned_table,
        stacked,
        empties_the_input,
    ],
}
