"""The images, and the places in them, that a unit likes best.

Zeiler and Fergus, 2014, figure 2. https://arxiv.org/abs/1311.2901
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edulib.anatomy.graph import Call
from edulib.anatomy.receptive import window_of
from edulib.anatomy.trace import trace_graph
from edulib.explanation.layers import as_batch, batches_of, check_unit


@dataclass(frozen=True)
class TopActivations:
    """The k strongest activations of one unit, the strongest first, one an image.

    Attributes:
        unit: number of the unit.
        values: the activations.
        images: numbers of the images.
        positions: row and column in the layer's map; (0, 0) for a linear layer.
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
    layer: str,
    units: Sequence[int],
    k: int = 9,
    *,
    batch_size: int = 64,
) -> list[TopActivations]:
    """Find for each unit the k images that hold its strongest activations.

    Args:
        model: any CNN; left as it was.
        images: what the model takes.
        layer: dotted path of the layer.
        units: numbers of the units.
        k: how many images for each unit.
        batch_size: images that go through the model together.

    Shape:
        - images: (N, C, H, W)

    Raises:
        TypeError: if the images do not hold floating-point numbers.
        ValueError: if the layer or a unit does not exist, or there are fewer than k
            images.

    Source: Zeiler and Fergus, 2014, section 4. https://arxiv.org/abs/1311.2901
    """
    images = as_batch(images)
    if not 1 <= k <= len(images):
        raise ValueError(f"expected k from 1 to {len(images)} images, got {k}")
    units, peaks, positions = list(units), [], []
    for features in batches_of(model, images, layer, batch_size):
        for unit in units:
            check_unit(unit, features.shape[1], f"layer {layer!r}")
        peak, position = _strongest(features[:, units])
        peaks.append(peak)
        positions.append(position)
    values, chosen = torch.cat(peaks).topk(k, dim=0)  # (k, units)
    places = torch.cat(positions)  # (N, units, 2)
    box_at = _box_finder(model, tuple(images.shape[1:]), layer)
    found = []
    for column, unit in enumerate(units):
        rows = chosen[:, column]
        where = places[rows, column]
        boxes = torch.tensor([box_at(*place) for place in where.tolist()])
        patches = [
            image[:, top:bottom, left:right]
            for image, (left, top, right, bottom) in zip(
                images[rows], boxes.tolist(), strict=True
            )
        ]
        found.append(
            TopActivations(
                unit, values[:, column], rows, where, torch.stack(patches), boxes
            )
        )
    return found


def _strongest(features: Tensor) -> tuple[Tensor, Tensor]:
    """Peaks (B, units) and their rows and columns (B, units, 2)."""
    columns = features.shape[3] if features.ndim == 4 else 1
    peaks, places = features.reshape(*features.shape[:2], -1).max(2)
    return peaks, torch.stack([places // columns, places % columns], 2)


def _box_finder(
    model: nn.Module, image_shape: tuple[int, ...], layer: str
) -> Callable[[int, int], tuple[int, int, int, int]]:
    """A function from a position to its receptive field, moved into the image."""
    graph = trace_graph(model, image_shape)
    output = _last_call(graph.root, layer).output

    def box_at(row: int, column: int) -> tuple[int, int, int, int]:
        edges = [
            _inside(window_of(graph, output, place, axis), length)
            for axis, (place, length) in enumerate(
                zip((row, column), image_shape[1:], strict=True), start=-2
            )
        ]
        (top, bottom), (left, right) = edges
        return left, top, right, bottom

    return box_at


def _last_call(call: Call, layer: str) -> Call | None:
    found = call if call.path == layer else None
    for child in call.children:
        found = _last_call(child, layer) or found
    return found


def _inside(window: tuple[float, float], length: int) -> tuple[int, int]:
    """First and last pixel, the latter excluded; the whole side if not known."""
    if not all(map(math.isfinite, window)):
        return 0, length
    size = min(int(window[1] - window[0]) + 1, length)
    start = min(max(int(window[0]), 0), length - size)
    return start, start + size
