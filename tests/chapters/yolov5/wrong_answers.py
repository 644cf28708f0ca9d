"""Planted wrong answers to the exercises of the chapter on YOLOv5."""

import torch
from torch import Tensor


def as_yolov3(t: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    centre = (t[:, :2].sigmoid() + cells) * stride
    return torch.cat([centre, anchors * t[:, 2:].exp()], 1)


def without_the_half(t: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    s = t.sigmoid()
    return torch.cat(
        [(2 * s[:, :2] + cells) * stride, anchors * (2 * s[:, 2:]) ** 2], 1
    )


def not_squared(t: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    s = t.sigmoid()
    centre = (2 * s[:, :2] - 0.5 + cells) * stride
    return torch.cat([centre, anchors * 2 * s[:, 2:]], 1)


def twice_the_square(t: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    s = t.sigmoid()
    centre = (2 * s[:, :2] - 0.5 + cells) * stride
    return torch.cat([centre, anchors * 2 * s[:, 2:] ** 2], 1)


def in_cells(t: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    """Forgets the stride."""
    s = t.sigmoid()
    return torch.cat([2 * s[:, :2] - 0.5 + cells, anchors * (2 * s[:, 2:]) ** 2], 1)


def rows_first(t: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    return _decoded(t, cells.flip(1), anchors, stride)


def size_of_the_stride(
    t: Tensor, cells: Tensor, anchors: Tensor, stride: int
) -> Tensor:
    return _decoded(t, cells, anchors * stride, stride)


def eight(t: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    return _decoded(t, cells, anchors, 8)


def own_sigmoid_overflows(
    t: Tensor, cells: Tensor, anchors: Tensor, stride: int
) -> Tensor:
    s = t.exp() / (1 + t.exp()) if t.abs().max() < 40 else t * torch.nan
    centre = (2 * s[:, :2] - 0.5 + cells) * stride
    return torch.cat([centre, anchors * (2 * s[:, 2:]) ** 2], 1)


def overwrites(t: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    return _decoded(t.sigmoid_().logit(), cells, anchors, stride)


def _decoded(t: Tensor, cells: Tensor, anchors: Tensor, stride: int) -> Tensor:
    s = t.sigmoid()
    centre = (2 * s[:, :2] - 0.5 + cells) * stride
    return torch.cat([centre, anchors * (2 * s[:, 2:]) ** 2], 1)


def _places(box, anchors, stride, side, ratio, neighbours, strict=True, inside=True):
    x, y, width, height = box
    own = int(x / stride), int(y / stride)
    cells = [own, *neighbours(x / stride - own[0], y / stride - own[1], own)]
    found = []
    for a, (wide, high) in enumerate(anchors):
        worst = max(width / wide, wide / width, height / high, high / height)
        if worst < ratio if strict else min(width / wide, height / high) < ratio:
            for i, j in cells:
                if not inside or (0 <= i < side and 0 <= j < side):
                    found.append((a, j, i))
    return found


def _nearest(right, down, own):
    i, j = own
    across = [(i - 1, j)] * (right < 0.5) + [(i + 1, j)] * (right > 0.5)
    return across + [(i, j - 1)] * (down < 0.5) + [(i, j + 1)] * (down > 0.5)


def own_cell_alone(box, anchors, stride, side, ratio=4):
    return _places(box, anchors, stride, side, ratio, lambda *_: [])


def all_four_neighbours(box, anchors, stride, side, ratio=4):
    def four(right, down, own):
        i, j = own
        return [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]

    return _places(box, anchors, stride, side, ratio, four)


def the_farther_neighbours(box, anchors, stride, side, ratio=4):
    def farther(right, down, own):
        return _nearest(1 - right, 1 - down, own)

    return _places(box, anchors, stride, side, ratio, farther)


def the_diagonal_too(box, anchors, stride, side, ratio=4):
    def square(right, down, own):
        beside = _nearest(right, down, own)
        if len(beside) < 2:
            return beside
        return [*beside, (beside[0][0], beside[1][1])]

    return _places(box, anchors, stride, side, ratio, square)


def always_four(box, anchors, stride, side, ratio=4):
    return _places(box, anchors, stride, side, 4, _nearest)


def ratio_one_way(box, anchors, stride, side, ratio=4):
    """Asks whether the object is not too large, and forgets too small."""
    return _places(box, anchors, stride, side, ratio, _nearest, strict=False)


def four_times_too(box, anchors, stride, side, ratio=4):
    return _places(box, anchors, stride, side, ratio * (1 + 1e-9), _nearest)


def columns_first(box, anchors, stride, side, ratio=4):
    rows = _places(box, anchors, stride, side, ratio, _nearest)
    return [(a, i, j) for a, j, i in rows]


def beyond_the_map(box, anchors, stride, side, ratio=4):
    return _places(box, anchors, stride, side, ratio, _nearest, inside=False)


def best_anchor_alone(box, anchors, stride, side, ratio=4):
    found = _places(box, anchors, stride, side, ratio, _nearest)
    return [row for row in found if row[0] == found[0][0]]


WRONG = {
    "yolov5-count": [
        (3_549, 75, 18_816),
        (10_647, 72, 18_816),
        (10_647, 75, 18_432),
        (10_647.0, "75", None),
    ],
    "yolov5-decode": [
        as_yolov3,
        without_the_half,
        not_squared,
        twice_the_square,
        in_cells,
        rows_first,
        size_of_the_stride,
        eight,
        own_sigmoid_overflows,
        overwrites,
    ],
    "yolov5-learners": [
        own_cell_alone,
        all_four_neighbours,
        the_farther_neighbours,
        the_diagonal_too,
        always_four,
        ratio_one_way,
        four_times_too,
        columns_first,
        beyond_the_map,
        best_anchor_alone,
    ],
}
