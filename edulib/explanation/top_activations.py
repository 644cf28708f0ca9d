"""The images, and the places in them, that a unit likes best.

Zeiler and Fergus, 2014, figure 2. https://arxiv.org/abs/1311.2901
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edulib.anatomy.receptive import window_of
from edulib.anatomy.window import NOT_KNOWN, Interval
from edulib.checks import check_whole
from edulib.explanation.finite import check_numbers
from edulib.explanation.layer import Layer
from edulib.explanation.layers import Reading, as_batch, batches_of, check_unit
from edulib.explanation.layouts import output_of
from edulib.explanation.traces import traced
from edulib.explanation.upright import is_swapped


@dataclass(frozen=True)
class TopActivations:
    """The k strongest activations of one unit, the strongest first, one an image.

    Attributes:
        unit: number of the unit.
        values: the activations.
        images: numbers of the images.
        positions: row and column in the layer's map, as they lie there; (0, 0) for a
            linear layer.
        patches: what the unit sees there: its receptive field, cut out.
        boxes_xyxy: where in its image each patch lies, in pixels; a patch that would
            reach over the edge is moved inside, so that all have the same size.

    Shape:
        - values, images: (k,)
        - positions: (k, 2)
        - patches: (k, C, height, width)
        - boxes_xyxy: (k, 4)
    """

    unit: int
    values: Tensor
    images: Tensor
    positions: Tensor
    patches: Tensor
    boxes_xyxy: Tensor


def top_activations(
    model: nn.Module,
    images: Tensor,
    layer: str | Layer,
    units: Sequence[int],
    k: int = 9,
    *,
    batch_size: int = 64,
) -> list[TopActivations]:
    """Find for each unit the k images that hold its strongest activations.

    Args:
        model: any model; left as it was.
        images: what the model takes.
        layer: dotted path of the layer, or a :class:`Layer`.
        units: numbers of the units.
        k: how many images for each unit.
        batch_size: images that go through the model together.

    Shape:
        - images: (N, C, H, W)

    Raises:
        TypeError: if the images do not hold floating-point numbers.
        ValueError: if the layer or a unit does not exist, no unit is named, there are
            fewer than k images, k or the batch size is no whole number, or numbers of
            the model are not finite.

    Source: Zeiler and Fergus, 2014, section 4. https://arxiv.org/abs/1311.2901
    """
    images = as_batch(images)
    k = check_whole("k, images for each unit,", k, 1, len(images))
    peaks, positions = [], []
    for reading in batches_of(model, images, layer, batch_size):
        units = _checked(units, reading)
        check_numbers(model, reading.features[:, units], reading.layer.text)
        peak, position = _strongest(reading.features[:, units])
        peaks.append(peak)
        positions.append(position)
    values, chosen = torch.cat(peaks).topk(k, dim=0)  # (k, units)
    places = torch.cat(positions)  # (N, units, 2)
    chosen_places = places.gather(0, chosen[..., None].expand(-1, -1, 2))
    boxes = _boxes(model, images, reading, chosen_places)
    return [
        TopActivations(
            unit,
            values[:, column],
            chosen[:, column],
            chosen_places[:, column],
            _cut(images[chosen[:, column]], boxes[:, column]),
            boxes[:, column],
        )
        for column, unit in enumerate(units)
    ]


def _checked(units: Sequence[int], reading: Reading) -> list[int]:
    """Return the numbers of units as ints, all of the layer."""
    try:
        listed = list(units)
    except TypeError:
        listed = []
    if not listed:
        raise ValueError(f"expected the numbers of units, such as [0, 3], got {units}")
    count = reading.features.shape[1]
    return [check_unit(unit, count, reading.layer.text) for unit in listed]


def _cut(images: Tensor, boxes: Tensor) -> Tensor:
    patches = [
        image[:, top:bottom, left:right]
        for image, (left, top, right, bottom) in zip(
            images, boxes.tolist(), strict=True
        )
    ]
    return torch.stack(patches)


def _strongest(features: Tensor) -> tuple[Tensor, Tensor]:
    """Peaks (B, units) and their rows and columns (B, units, 2)."""
    columns = features.shape[3] if features.ndim == 4 else 1
    peaks, places = features.reshape(*features.shape[:2], -1).max(2)
    return peaks, torch.stack([places // columns, places % columns], 2)


def _boxes(
    model: nn.Module, images: Tensor, reading: Reading, places: Tensor
) -> Tensor:
    """Return the receptive fields of places (..., 2), all of one size, as boxes."""
    graph = traced(model, images)
    op = output_of(graph, reading.layer, tuple(reading.value.shape[1:]))
    if op and is_swapped(op, reading.layer):
        places = places.flip(-1)
    spans = []
    for axis in (-2, -1):
        read: dict[int, Interval] = {}
        for place in places[..., axis].unique().tolist():
            read[place] = (op and window_of(graph, op.index, place, axis)) or NOT_KNOWN
        spans.append(_inside(read, images.shape[axis]))
    rows, columns = places.cpu().unbind(-1)
    boxes = [
        (spans[1][column][0], spans[0][row][0], spans[1][column][1], spans[0][row][1])
        for row, column in zip(
            rows.flatten().tolist(), columns.flatten().tolist(), strict=True
        )
    ]
    return torch.tensor(boxes).reshape(*rows.shape, 4)


def _inside(windows: dict[int, Interval], length: int) -> dict[int, tuple[int, int]]:
    """First and last pixel of each, the latter excluded; the whole side if not known.

    Behind a resampling by a fractional step, windows differ by a pixel: all get the
    size of the largest.
    """
    ends = [end for window in windows.values() for end in window]
    if not all(map(math.isfinite, ends)):
        return dict.fromkeys(windows, (0, length))
    first = {place: math.floor(window[0]) for place, window in windows.items()}
    sizes = [math.ceil(windows[place][1]) - start + 1 for place, start in first.items()]
    size = min(max(sizes), length)
    starts = {p: min(max(start, 0), length - size) for p, start in first.items()}
    return {place: (start, start + size) for place, start in starts.items()}
