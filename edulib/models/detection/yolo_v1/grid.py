"""What the numbers of a cell mean, and what they should be."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from edulib.models.ops.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh


class Sides(NamedTuple):
    """What is predicted for the sides of a box.

    Attributes:
        encode: from sides, as fractions of the image's, to what is predicted.
        decode: from what is predicted to sides.
    """

    encode: Callable[[Tensor], Tensor]
    decode: Callable[[Tensor], Tensor]


ROOTS = Sides(torch.sqrt, torch.square)
"""The paper's: an error of a pixel weighs more in a small box than in a large one."""


class Cells(NamedTuple):
    """What is predicted, or wanted, in the cells of B images.

    Attributes:
        boxes: (B, S, S, K, 4), centre in cells, from the cell's corner, and encoded
            sides; where it is wanted K = 1.
        confidence: (B, S, S, K); where it is wanted 1 if there is an object, or 0.
        classes: (B, S, S, num_classes), probabilities.
    """

    boxes: Tensor
    confidence: Tensor
    classes: Tensor


def split(raw: Tensor, boxes_per_cell: int) -> Cells:
    """Name the numbers of each cell, with at least 32 bits.

    Args:
        raw: (B, S, S, 5 * boxes_per_cell + num_classes).
        boxes_per_cell: K.
    """
    raw = raw.to(torch.promote_types(raw.dtype, torch.float32))
    boxes = raw[..., : 5 * boxes_per_cell].unflatten(-1, (boxes_per_cell, 5))
    return Cells(boxes[..., :4], boxes[..., 4], raw[..., 5 * boxes_per_cell :])


def corners(boxes: Tensor, sides: Sides) -> Tensor:
    """Decode boxes.

    Args:
        boxes: (B, S, S, K, 4), as in `Cells`.
        sides: how their sides are encoded.

    Returns:
        (B, S, S, K, 4), xyxy, as fractions of the image's width and height.
    """
    rows, columns = boxes.shape[1:3]
    y, x = torch.meshgrid(
        torch.arange(rows, device=boxes.device),
        torch.arange(columns, device=boxes.device),
        indexing="ij",
    )
    cells = torch.stack((x, y), -1)[:, :, None]  # (S, S, 1, 2)
    centres = (boxes[..., :2] + cells) / boxes.new_tensor([columns, rows])
    return cxcywh_to_xyxy(torch.cat((centres, sides.decode(boxes[..., 2:])), -1))


def place(
    targets: list[dict[str, Tensor]],
    like: Cells,
    image_size: tuple[int, int],
    sides: Sides,
) -> Cells:
    """Put objects into the cells that their centres fall in, the first come alone.

    Args:
        targets: for each image ``boxes`` (N, 4), xyxy in pixels, and ``labels`` (N,).
        like: what was predicted, which says the sizes.
        image_size: height and width, in pixels.
        sides: how sides are encoded.

    Returns:
        What is wanted, with one box a cell.
    """
    count, rows, columns, _ = like.classes.shape
    height, width = image_size
    boxes = torch.cat([target["boxes"] for target in targets]).to(like.boxes)
    boxes = xyxy_to_cxcywh(boxes) / boxes.new_tensor([width, height, width, height])
    labels = torch.cat([target["labels"] for target in targets])
    objects = torch.tensor([len(target["labels"]) for target in targets])
    image = torch.arange(count).repeat_interleave(objects).to(labels.device)

    centres = boxes[:, :2] * boxes.new_tensor([columns, rows])
    last = labels.new_tensor([columns - 1, rows - 1])
    column_row = centres.long().clamp(min=0).minimum(last)
    column, row = column_row.T
    numbers = torch.cat((centres - column_row, sides.encode(boxes[:, 2:])), 1)

    cell = (image * rows + row) * columns + column
    first = ~(cell[:, None] == cell).tril(-1).any(1)  # no earlier object is in its cell
    at = image[first], row[first], column[first]
    wanted = Cells(
        like.boxes.new_zeros(count, rows, columns, 1, 4),
        like.confidence.new_zeros(count, rows, columns, 1),
        torch.zeros_like(like.classes),
    )
    wanted.boxes[at] = numbers[first, None]
    wanted.confidence[at] = 1
    wanted.classes[(*at, labels[first])] = 1
    return wanted
