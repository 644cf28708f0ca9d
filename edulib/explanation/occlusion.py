"""Occlusion: cover a part of the image and watch the answer.

Zeiler and Fergus, 2014, section 4.2 and figure 7. https://arxiv.org/abs/1311.2901
"""

import torch
from torch import Tensor, nn

from edulib.checks import check_number, check_whole
from edulib.explanation.finite import check_numbers
from edulib.explanation.layer import Layer
from edulib.explanation.layers import (
    as_batch,
    check_unit,
    read_layer,
    run_model,
    run_to_layer,
)
from edulib.explanation.targets import (
    Target,
    checked_scores,
    class_maps,
    probabilities,
    summed,
)


def occlusion_map(
    model: nn.Module,
    image: Tensor,
    target: Target,
    window: int,
    stride: int,
    *,
    layer: str | Layer | None = None,
    fill: float = 0.5,
    batch_size: int = 64,
) -> Tensor:
    """Move a grey square over an image and record what the model makes of it.

    Args:
        model: any model; left as it was.
        image: one image.
        target: number of the class; with ``layer``, number of the unit; or a function
            of what the model (with ``layer``, the layer) gives to one number an image,
            which is recorded as it is, such as :func:`class_score` or
            :func:`box_score`.
        window: side of the square, in pixels.
        stride: how far it moves each time, in pixels. The last position in each
            direction ends at the image's edge.
        layer: by default the class's probability is recorded (figure 7d), in a dense
            output summed over its positions; with a layer, the unit's activation
            summed over its map (figure 7b).
        fill: the square's value, on the image's scale.
        batch_size: covered images that go through the model together.

    Shape:
        - image: (C, H, W) or (1, C, H, W)
        - Output: (rows, columns), one value for each position of the square

    Raises:
        TypeError: if the image does not hold floating-point numbers.
        ValueError: if there are several images, the square does not fit, a number is
            no whole one where it has to be, the class, layer or unit does not exist,
            the model gives several outputs and the target does not say which, or one
            class alone, which has no softmax, or numbers of the model are not finite.

    Source: Zeiler and Fergus, 2014, section 4.2. https://arxiv.org/abs/1311.2901
    """
    images = as_batch(image)
    if len(images) != 1:
        raise ValueError(f"expected one image, got {len(images)}")
    window = check_whole("a window in pixels", window, 1, min(images.shape[2:]))
    stride = check_whole("a stride in pixels", stride, 1)
    batch_size = check_whole("a batch size", batch_size, 1)
    fill = check_number("a fill", fill)
    height, width = images.shape[2:]
    tops, lefts = _starts(height, window, stride), _starts(width, window, stride)
    corners = [(top, left) for top in tops for left in lefts]
    values = []
    with torch.no_grad():
        for k in range(0, len(corners), batch_size):
            part = corners[k : k + batch_size]
            covered = images.repeat(len(part), 1, 1, 1)
            for picture, (top, left) in zip(covered, part, strict=True):
                picture[:, top : top + window, left : left + window] = fill
            found, layer = _responses(model, covered, target, layer)
            values.append(found)
    found = torch.cat(values)
    check_numbers(model, found, "the target")
    return found.reshape(len(tops), len(lefts))


def _responses(
    model: nn.Module, images: Tensor, target: Target, layer: str | Layer | None
) -> tuple[Tensor, str | Layer | None]:
    """Return one number for each image, and the layer with its layout, once found."""
    if layer is None:
        answer = run_model(model, images)
        if callable(target):
            return checked_scores(target(answer), len(images)), None
        maps, unit = class_maps(answer, target, model, images)
        return summed(probabilities(maps)[:, unit]), None
    if callable(target):
        value = run_to_layer(model, images, layer).value
        return checked_scores(target(value), len(images)), layer
    reading = read_layer(model, images, layer)
    unit = check_unit(target, reading.features.shape[1], reading.layer.text)
    return summed(reading.features[:, unit]), reading.layer


def _starts(length: int, window: int, stride: int) -> list[int]:
    last = length - window
    return [*range(0, last, stride), last]
