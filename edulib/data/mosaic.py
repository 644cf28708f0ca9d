"""Mosaic: four images around a point, and a random view of them, as one example."""

from collections.abc import Sized
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils.data import Dataset

from edulib.data.random_zoom import RandomZoom, View

FILL = 0.5


class Mosaic(Dataset):
    """Put four images of a set together, each time anew, and look at a part of them.

    The canvas is twice as high and wide as an image. Around a random point of its
    middle stand the image that was asked for, above on the left, and three others drawn
    at random, none of them resized; what reaches beyond the canvas is cut off. Of that
    a view of the size of one image is taken, as ``RandomZoom`` would take it of the
    image in the canvas's middle. Where it finds no object, there is none.

    Args:
        dataset: map-style, of (image, target): images (C, S, S) of one size, targets
            with ``boxes`` (N, 4), xyxy, and ``labels`` (N,).
        zoom: draws the view, and drops what is cut off too far.

    Raises:
        ValueError: if the set is empty.

    Source: Bochkovskiy et al., "YOLOv4: Optimal Speed and Accuracy of Object
    Detection", 2020, section 3.3. https://arxiv.org/abs/2004.10934

    Example:
        >>> from edulib.data import RandomZoom, detection_scenes
        >>> image, target = Mosaic(detection_scenes(50), RandomZoom((0.5, 1.5)))[0]
    """

    def __init__(self, dataset: Dataset, zoom: RandomZoom) -> None:
        if not isinstance(dataset, Sized) or not len(dataset):
            raise ValueError("expected a set of at least one image, got none")
        self.dataset, self.zoom = dataset, zoom

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Return one mosaic, with the image of this number in it."""
        others = torch.randint(len(self.dataset), (3,)).tolist()
        parts = [self.dataset[k] for k in (index, *others)]
        canvas, target = around(parts, draw_point(parts[0][0].shape[-1]))
        side = parts[0][0].shape[-1]
        view = self.zoom.draw_view(side, side)
        view = replace(view, top=view.top + side / 2, left=view.left + side / 2)
        return seen_through(view, self.zoom, canvas, target)


def draw_point(side: int) -> tuple[int, int]:
    """Return a random point, x and y, in the middle half of the canvas.

    Args:
        side: of an image; the canvas has twice as much.
    """
    x, y = torch.randint(side // 2, 3 * side // 2 + 1, (2,)).tolist()
    return x, y


def around(
    parts: list[tuple[Tensor, dict[str, Tensor]]], point: tuple[int, int]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Put four images around a point of a canvas twice their size.

    Args:
        parts: images (C, S, S) and targets, in the order of reading.
        point: x and y on the canvas, where their corners meet.

    Returns:
        The canvas (C, 2 S, 2 S), and a target with the boxes of all four, which may
        reach beyond the canvas, and their labels.
    """
    channels, side, _ = parts[0][0].shape
    canvas = torch.full((channels, 2 * side, 2 * side), FILL)
    x, y = point
    corners = [(x - side, y - side), (x, y - side), (x - side, y), (x, y)]
    boxes, labels = [], []
    for (image, target), (left, top) in zip(parts, corners, strict=True):
        first = max(left, 0), max(top, 0)
        last = min(left + side, 2 * side), min(top + side, 2 * side)
        kept = image[
            :, first[1] - top : last[1] - top, first[0] - left : last[0] - left
        ]
        canvas[:, first[1] : last[1], first[0] : last[0]] = kept
        boxes.append(
            target["boxes"].as_subclass(Tensor) + torch.tensor(2 * [left, top])
        )
        labels.append(target["labels"])
    return canvas, {"boxes": torch.cat(boxes), "labels": torch.cat(labels)}


def seen_through(
    view: View, zoom: RandomZoom, canvas: Tensor, target: dict[str, Tensor]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return a view of a canvas, and the objects of which enough is left in it.

    Args:
        view: the window.
        zoom: says how much has to be left.
        canvas: (C, H, W).
        target: ``boxes`` and ``labels``.
    """
    return view.of_image(canvas, FILL), zoom.objects_in(view, target)
