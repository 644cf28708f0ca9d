"""Objects in pictures: boxes, masks and anchors, each with what it is called.

Drawn by matplotlib over the picture, so that lines and letters keep their size when the
picture is small, as on a phone. All tags stand inside the picture: a dark page inverts
what is outside.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from edulib.checks import check_whole, describe, has_numbers
from edulib.drawing.curves import place_labels
from edulib.drawing.images import as_picture
from edulib.drawing.objects import check_boxes, draw_objects, outline_box
from edulib.drawing.phone import on_phone, picture_rows
from edulib.drawing.style import SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOUND, FALSE, MISSED = "#0072B2", "#D55E00", "#111827"
_PAGE = 7.2  # inches
_LARGEST = 3.6
_TITLE = 0.28
_LEGEND = 0.3
_COLORS = SERIES[:6]
_MANY = 12  # anchors from which lines are thin
Objects = Mapping[str, Tensor]


def show_detections(
    images: Tensor | Sequence[Tensor],
    detections: Sequence[Objects],
    classes: Sequence[str] | None = None,
    *,
    min_score: float = 0.5,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
) -> "Figure":
    """Show what was detected in each of several images, or what is there.

    Args:
        images: values in [0, 1], or bytes; one channel or three.
        detections: of each image, ``boxes`` (N, 4) xyxy in pixels, ``masks`` (N, H, W)
            bool or both, ``labels`` (N,), and ``scores`` (N,) of detections; targets
            have none.
        classes: names, by label; numbers by default.
        min_score: detections with less are not shown.
        titles: a line over each image.
        columns: images in a row; up to four by default, two on a phone.

    Raises:
        ValueError: if there are no images, not one dict and one title for each of them,
            no name for a label, or a shape is not as above.
    """
    figure, axes = _pictures(images, columns, titles)
    _check_count("a dict", detections, axes)
    for ax, one in zip(axes, detections, strict=True):
        kept = _confident(one, min_score)
        colors = [_COLORS[label % len(_COLORS)] for label in kept["labels"].tolist()]
        draw_objects(ax, kept, colors, _words(kept, classes))
    place_labels(figure)
    return figure


def show_matches(
    images: Tensor | Sequence[Tensor],
    detections: Sequence[Objects],
    targets: Sequence[Objects],
    classes: Sequence[str] | None = None,
    *,
    threshold: float = 0.5,
    min_score: float = 0.5,
    columns: int | None = None,
) -> "Figure":
    """Show which detections are right, which are false, and what was missed.

    Args:
        images: as :func:`show_detections` takes them.
        detections: of each image, ``boxes`` (N, 4), ``scores`` (N,), ``labels`` (N,).
        targets: of each image, ``boxes`` and ``labels``.
        classes: names, by label; numbers by default.
        threshold: of IoU, from which a detection is right, by COCO's rules.
        min_score: detections with less are not there.
        columns: images in a row; up to four by default, two on a phone.

    Raises:
        ValueError: as in ``show_detections``.
    """
    from edulib.training.measures import match_detections

    figure, axes = _pictures(images, columns, legend=True)
    for several in (detections, targets):
        _check_count("a dict", several, axes)
    for ax, one, target in zip(axes, detections, targets, strict=True):
        kept = _confident(one, min_score)
        kept.pop("masks", None)
        matches = match_detections(kept, target, threshold)
        for chosen, color in ((matches.right, FOUND), (matches.wrong, FALSE)):
            some = {name: value[chosen] for name, value in kept.items()}
            words = _words(some, classes)
            draw_objects(ax, some, [color] * len(words), words)
        lost = ~matches.found & ~target.get("crowd", torch.zeros(1).bool()).cpu()
        missed = {name: target[name].cpu()[lost] for name in ("boxes", "labels")}
        words = _words(missed, classes)
        draw_objects(ax, missed, [MISSED] * len(words), words, dashed=True)
    styles = {"found": (FOUND, "-"), "false": (FALSE, "-"), "missed": (MISSED, "--")}
    _add_legend(figure, styles)
    place_labels(figure)
    return figure


def show_anchors(image: Tensor, anchors: Mapping[str, Tensor]) -> "Figure":
    """Show groups of boxes on an image, such as the anchors of one cell by their size.

    What stands out of the picture is shown, too.

    Args:
        image: (C, H, W), as :func:`show_detections` takes them.
        anchors: the name of each group and its boxes (N, 4), xyxy in pixels; a group
            of many is drawn in thin lines.

    Raises:
        ValueError: if there are no groups, or a shape is not as above.
    """
    if not anchors:
        raise ValueError("expected at least one group of anchors, got none")
    figure, (ax,) = _pictures([image], 1, legend=True)
    styles = {}
    for k, (name, boxes) in enumerate(anchors.items()):
        check_boxes(boxes)
        styles[name] = (_COLORS[k % len(_COLORS)], ("-", "--", "-.", ":")[k % 4])
        for box in boxes.tolist():
            outline_box(ax, box, *styles[name], width=2 if len(boxes) < _MANY else 1)
    edges = torch.cat([boxes.detach().cpu().float() for boxes in anchors.values()])
    _widen(ax, edges)
    _add_legend(figure, styles)
    return figure


def _pictures(
    images: Tensor | Sequence[Tensor],
    columns: int | None,
    titles: Sequence[str] | None = None,
    legend: bool = False,
) -> "tuple[Figure, list[Axes]]":
    """Show images in a grid whose coordinates are those of boxes."""
    import matplotlib.pyplot as plt

    pictures = [as_picture(image) for image in images]
    if not pictures:
        raise ValueError("expected at least one image, got none")
    if titles is not None:
        _check_count("a title", titles, pictures)
    if columns is not None:
        check_whole("columns", columns, 1)
    columns = min(len(pictures), columns or 4)
    rows = -(-len(pictures) // columns)
    cell = min(_LARGEST, _PAGE / columns)
    tallest = max(picture.shape[0] / picture.shape[1] for picture in pictures)
    height = rows * (cell * tallest + (_TITLE if titles else 0.04))
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(cell * columns, height + (_LEGEND if legend else 0)),
        squeeze=False,
    )
    axes = list(grid.flat)
    for ax in axes[len(pictures) :]:
        ax.remove()
    for k, (ax, picture) in enumerate(zip(axes, pictures, strict=False)):
        ax.axis("off")
        extent = (0, picture.shape[1], picture.shape[0], 0)
        ax.imshow(picture, vmin=0, vmax=1, extent=extent)
        ax.autoscale(False)
        if titles is not None:
            ax.set_title(titles[k], fontsize=9, weight="normal", loc="center", pad=3)
    on_phone(figure, partial(_narrow, columns=min(2, columns), legend=legend))
    return figure, axes[: len(pictures)]


def _narrow(figure: "Figure", columns: int, legend: bool) -> None:
    """Lay the pictures of a narrow figure out, with room for a legend."""
    picture_rows(figure, columns)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + (_LEGEND if legend else 0))


def _confident(objects: Objects, min_score: float) -> dict[str, Tensor]:
    """Return what is drawn of an image, the most confident first."""
    names = [n for n in ("boxes", "masks", "labels", "scores") if n in objects]
    for name in names:
        if not has_numbers(objects[name]):
            raise ValueError(
                f"expected {name} as a tensor, got {describe(objects[name])}"
            )
    known = {name: objects[name].detach().cpu() for name in names}
    if "labels" not in known or not {"boxes", "masks"} & set(known):
        raise ValueError(
            "expected boxes or masks, and labels, of each image, got "
            f"{', '.join(objects) or 'an empty dict'}"
        )
    if "scores" not in known:
        return known
    scores = known["scores"]
    order = scores.argsort(descending=True, stable=True)
    order = order[scores[order] >= min_score]
    return {name: value[order] for name, value in known.items()}


def _words(objects: Objects, classes: Sequence[str] | None) -> list[str]:
    """Return what a tag says: a name, and how confident it is."""
    labels = objects["labels"].tolist()
    if classes is not None and labels and max(labels) >= len(classes):
        raise ValueError(
            f"expected a name for each label, got {len(classes)} names and the label "
            f"{max(labels)}"
        )
    names = [str(label) if classes is None else classes[label] for label in labels]
    if "scores" not in objects:
        return names
    scores = objects["scores"].tolist()
    return [f"{name} {score:.2f}" for name, score in zip(names, scores, strict=True)]


def _widen(ax: "Axes", boxes: Tensor) -> None:
    """Let the axes reach as far as the boxes, and a little further."""
    left, right = sorted(ax.get_xlim())
    top, bottom = sorted(ax.get_ylim())
    margin = 0.02 * (right - left)
    if len(boxes):
        left = min(left, float(boxes[:, 0].min()) - margin)
        right = max(right, float(boxes[:, 2].max()) + margin)
        top = min(top, float(boxes[:, 1].min()) - margin)
        bottom = max(bottom, float(boxes[:, 3].max()) + margin)
    ax.set(xlim=(left, right), ylim=(bottom, top))


def _add_legend(figure: "Figure", styles: Mapping[str, tuple[str, str]]) -> None:
    """Say below the pictures what the lines mean."""
    from matplotlib.lines import Line2D

    lines = [
        Line2D([], [], color=color, linestyle=dash, linewidth=2, label=name)
        for name, (color, dash) in styles.items()
    ]
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))


def _check_count(what: str, several: Sequence, images: Sequence) -> None:
    if len(several) != len(images):
        raise ValueError(
            f"expected {what} for each of {len(images)} images, got {len(several)}"
        )
