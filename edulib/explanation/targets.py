"""What is to be explained: one number for each image.

A target is the number of a class (or of a unit, where a layer is asked), or a function
that turns what the model gives, of whatever structure, into one number for each image.
The functions here make such functions for classes, for places of a dense output, and
for the boxes of a detector; any function of your own does as well::

    lambda answer: answer["logits"][:, 3] - answer["logits"][:, 5]
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from edulib.checks import as_whole, check_number, check_position, describe
from edulib.explanation.layer import Layer
from edulib.explanation.layers import check_unit
from edulib.explanation.layouts import as_maps, find_layout
from edulib.explanation.structures import select

TargetFunction = Callable[[object], Tensor]
Target = int | TargetFunction

_MIN_IOU = 0.5


def class_score(
    number: int, *, output: str | int | None = None, probability: bool = False
) -> TargetFunction:
    """Make a target: the score of a class, in one of several outputs.

    Args:
        number: number of the class.
        output: which of the model's outputs, such as ``"logits"`` or ``0``; None if
            it gives one.
        probability: whether to take the softmax over the classes.

    Returns:
        A function of an output (B, classes), to one number an image, (B,). It raises
        a `ValueError` if there is no such output or class, or a softmax is asked of
        one class alone.
    """

    def score(answer: object) -> Tensor:
        logits = select(answer, output, "the output")
        if logits.ndim != 2:
            raise ValueError(
                f"expected scores (B, classes), got {tuple(logits.shape)}: "
                "region_score explains a class of a dense output"
            )
        unit = check_unit(number, logits.shape[1], "the output")
        return (probabilities(logits) if probability else logits)[:, unit]

    return score


def probabilities(logits: Tensor) -> Tensor:
    """Take the softmax over classes (B, classes, ...).

    Raises:
        ValueError: if there is but one: its softmax is 1, whatever the image shows.
    """
    if logits.shape[1] == 1:
        raise ValueError(
            "expected the scores of at least two classes, whose softmax are "
            "probabilities, got one: give a function of the output as the target, "
            "such as lambda answer: answer.sigmoid().flatten(1).sum(1)"
        )
    return logits.softmax(1)


def region_score(
    number: int,
    region: tuple[int, int] | Tensor | None = None,
    *,
    output: str | int | None = None,
    layout: str = "BCHW",
) -> TargetFunction:
    """Make a target: a class of a segmentation, at a pixel or summed over a region.

    Args:
        number: number of the class.
        region: row and column in the output; or a mask of the output's size, whose
            pixels are summed over; None for all.
        output: which of the model's outputs, such as ``"out"``; None if it gives one.
        layout: what the output's dimensions are; ``"BHWC"`` for classes last.

    Shape:
        - region: (rows, columns) as a mask

    Returns:
        A function of an output (B, classes, rows, columns), to one number an image,
        (B,). It raises a `ValueError` if there is no such output, class or pixel, or
        the mask has another size or is empty.

    Raises:
        ValueError: if the layout is none of maps.

    Source: Vinogradova, Dibrov and Myers, "Towards Interpretable Semantic Segmentation
        via Gradient-weighted Class Activation Mapping", 2020, equation 2.
        https://arxiv.org/abs/2002.11434
    """
    if sorted(str(layout)) != sorted("BCHW"):
        raise ValueError(f"expected a layout of the letters of BCHW, got {layout!r}")

    def score(answer: object) -> Tensor:
        dense = select(answer, output, "the output")
        if dense.ndim != 4:
            raise ValueError(
                f"expected maps {layout!r} of four dimensions, got {tuple(dense.shape)}"
            )
        maps, _ = as_maps(dense, Layer("", layout=layout))
        unit = check_unit(number, maps.shape[1], "the output")
        return _over(maps[:, unit], region)

    return score


def _over(maps: Tensor, region: tuple[int, int] | Tensor | None) -> Tensor:
    """Sum maps (B, rows, columns) over a region."""
    size = tuple(maps.shape[1:])
    if region is None:
        return maps.sum((1, 2))
    if isinstance(region, Tensor):
        if tuple(region.shape) != size:
            raise ValueError(
                f"expected a mask {size} as the output, got {tuple(region.shape)}"
            )
        if not region.any():
            raise ValueError(f"expected a mask {size} with a pixel in it, got none")
        return (maps * region.to(maps)).sum((1, 2))
    row, column = check_position(region, size, " of the output")
    return maps[:, row, column]


def box_score(
    box_xyxy: Sequence[float],
    label: int,
    *,
    min_iou: float = _MIN_IOU,
    output: str | int | None = None,
) -> TargetFunction:
    """Make a target: the score of the detection that lies in a box.

    It is the highest score among the detections of the label that overlap with the
    box; 0 in an image where none does, which is an answer for :func:`occlusion_map`.

    Args:
        box_xyxy: left, top, right and bottom, in pixels.
        label: number of the class.
        min_iou: least overlap with the box, as intersection over union.
        output: where the detections are, if they are not all that the model gives.

    Returns:
        A function of the detections, as torchvision's detectors give them: for each
        image a dictionary with `boxes` (N, 4) as xyxy, `labels` (N,) and `scores`
        (N,). It gives one number an image, (B,), and raises a `ValueError` if there
        are no such detections.

    Raises:
        ValueError: if the box, the label or the overlap is none.
    """
    if as_whole(label) is None:
        raise ValueError(f"expected a label that is a whole number, got {label!r}")
    check_number("the least IoU", min_iou, 0, 1)
    _check_box(box_xyxy)

    def score(answer: object) -> Tensor:
        found = [
            _score_in_box(image, box_xyxy, label, min_iou)
            for image in _detections(answer, output)
        ]
        return torch.stack(found)

    return score


def _check_box(box_xyxy: Sequence[float]) -> None:
    """Refuse what is no box with its second corner right of and below the first."""
    try:
        sides = [check_number("a side of a box", side) for side in box_xyxy]
    except TypeError:
        sides = []
    if len(sides) != 4 or not (sides[0] < sides[2] and sides[1] < sides[3]):
        raise ValueError(f"expected a box (left, top, right, bottom), got {box_xyxy!r}")


def _detections(answer: object, output: str | int | None) -> list[Mapping]:
    if output is not None:
        try:
            answer = answer[output]
        except (TypeError, LookupError) as error:
            raise ValueError(
                f"no output {output!r} of the model, which gives {describe(answer)}"
            ) from error
    images = answer if isinstance(answer, (list, tuple)) else None
    wanted = {"boxes", "labels", "scores"}
    if not images or not all(
        isinstance(image, Mapping) and wanted <= set(image) for image in images
    ):
        raise ValueError(
            "expected for each image a dictionary with boxes, labels and scores, got "
            f"{type(answer).__name__}: write a function of what this model gives"
        )
    return list(images)


def _score_in_box(
    image: Mapping, box_xyxy: Sequence[float], label: int, min_iou: float
) -> Tensor:
    from torchvision.ops import box_iou

    boxes, scores = image["boxes"].detach(), image["scores"]
    box = torch.as_tensor(box_xyxy, dtype=boxes.dtype, device=boxes.device)
    overlaps = box_iou(boxes, box[None])[:, 0] if len(boxes) else boxes.new_zeros(0)
    chosen = scores[(image["labels"] == label) & (overlaps >= min_iou)]
    return chosen.max() if len(chosen) else scores.new_zeros(())


def target_scores(
    target: Target, answer: object, model: nn.Module, images: Tensor
) -> Tensor:
    """Return the target's number for each image.

    Args:
        target: number of a class, whose logit is meant (summed over the positions of
            a dense output); or a function of what the model gave.
        answer: what the model gave.
        model: the model, to find out the layout of a dense output.
        images: what it took.

    Shape:
        - Output: (B,)

    Raises:
        ValueError: if there is no such class, the model gives several outputs and the
            target is a number, or the function gives anything else.
    """
    if callable(target):
        return checked_scores(target(answer), len(images))
    maps, unit = class_maps(answer, target, model, images)
    return summed(maps[:, unit])


def class_maps(
    answer: object, number: int, model: nn.Module, images: Tensor
) -> tuple[Tensor, int]:
    """Return the logits of a model, and the number of one of its classes as an int.

    Shape:
        - Output: (B, classes) or (B, classes, rows, columns)

    Raises:
        ValueError: if the model gives none, several, or has no such class.
    """
    logits = select(answer, None, "the output")
    if logits.ndim not in (2, 4):
        raise ValueError(
            "expected an output (B, classes) or (B, classes, rows, columns), got "
            f"{tuple(logits.shape)}: give a function of it as the target"
        )
    maps, _ = as_maps(logits, find_layout(model, images, Layer(""), logits))
    return maps, check_unit(number, maps.shape[1], "the output")


def summed(values: Tensor) -> Tensor:
    """Sum what each image has, of (B,) or (B, rows, columns), to (B,)."""
    return values.flatten(1).sum(1) if values.ndim > 1 else values


def checked_scores(scores: object, count: int) -> Tensor:
    """Refuse what is not one number for each image; one image may give one number.

    Raises:
        ValueError: if the scores are no tensor (B,) of floating-point numbers.
    """
    is_tensor = isinstance(scores, Tensor)
    if is_tensor and scores.ndim == 0 and count == 1:
        scores = scores[None]
    if not is_tensor or scores.shape != (count,) or not scores.is_floating_point():
        got = f"{tuple(scores.shape)} of {scores.dtype}" if is_tensor else repr(scores)
        raise ValueError(
            f"expected the target to give one number for each image, ({count},) of "
            f"floating-point numbers, got {got}"
        )
    return scores
