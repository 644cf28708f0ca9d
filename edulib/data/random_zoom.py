"""Augmentation for detectors: zoom, shift and flip that take boxes and masks along."""

from dataclasses import dataclass
from math import exp, log
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.checks import check_images, describe

# What a target has one of for each object.
PER_OBJECT = ("boxes", "labels", "masks", "crowd", "area")


class RandomZoom:
    """Zoom, shift and flip an image at random, and its target with it.

    What is seen is a window of the image, which may reach beyond it. Of an object that
    is cut off, the box is what lies within; where less than ``least`` of it is left,
    it is dropped, and so all of them may be.

    An image of 128 pixels with its masks takes less than 1 ms. Torchvision's transforms
    do the same in twice the time (``RandomAffine``, ``RandomHorizontalFlip``), but
    keep objects of which a sliver is left.

    Args:
        zoom: smallest and largest factor by which things grow; uniform in its log.
        shift: by how much of the image's sides the window is shifted, at most.
        flip: probability that left and right are exchanged.
        least: share of an object that must be left: of its mask's pixels if there are
            masks, otherwise of its box's area.
        fill: value of what lies beyond the image; beyond masks it is 0.

    Shape:
        - image: (C, H, W), floating point; the view has the same size and type
        - target: a dict with ``boxes`` (N, 4), and perhaps ``masks`` (N, H, W) and
          others; a ``Mask`` (..., H, W); or anything else, which stays as it is

    Raises:
        ValueError: if an argument is outside its range, the image is none, or a dict
            has no boxes.

    Example:
        >>> from edulib.data import detection_scenes
        >>> scenes = detection_scenes(100, target="masks", transforms=RandomZoom())
    """

    def __init__(
        self,
        zoom: tuple[float, float] = (0.75, 1.3),
        shift: float = 0.12,
        *,
        flip: float = 0.5,
        least: float = 0.4,
        fill: float = 0.5,
    ) -> None:
        pair = isinstance(zoom, tuple | list) and len(zoom) == 2
        if not pair or not 0 < zoom[0] <= zoom[1]:
            raise ValueError(f"expected a zoom (least, most) above 0, got {zoom!r}")
        for name, value in (("shift", shift), ("flip", flip), ("least", least)):
            if not 0 <= value <= 1:
                raise ValueError(f"expected a {name} in [0, 1], got {value!r}")
        self.zoom, self.shift, self.flip = zoom, shift, flip
        self.least, self.fill = least, fill

    def __call__(self, image: Tensor, target: Any) -> tuple[Tensor, Any]:
        """Return another view of an image and its target."""
        from torchvision.tv_tensors import Mask, wrap

        check_images(image, ndim=3)
        view = self.draw_view(*image.shape[-2:])
        seen = wrap(view.of_image(image.as_subclass(Tensor), self.fill), like=image)
        if isinstance(target, dict):
            return seen, self.objects_in(view, target)
        return seen, view.of_mask(target) if isinstance(target, Mask) else target

    def draw_view(self, height: int, width: int) -> "View":
        """Choose a view of an image at random."""
        chances = torch.rand(4).tolist()
        low, high = map(log, self.zoom)
        zoom = exp(low + (high - low) * chances[0])
        right, down = (self.shift * (2 * chance - 1) for chance in chances[1:3])
        left = width * ((1 - 1 / zoom) / 2 + right)
        top = height * ((1 - 1 / zoom) / 2 + down)
        return View(height, width, top, left, zoom, chances[3] < self.flip)

    def objects_in(self, view: "View", target: dict[str, Any]) -> dict[str, Any]:
        """Return the target in a view, without objects of which too little is left."""
        if "boxes" not in target:
            raise ValueError(f"expected a target with boxes, got {describe(target)}")
        seen = {**target, "boxes": view.of_boxes(target["boxes"])}
        if "masks" in target:
            seen["masks"] = view.of_mask(target["masks"])
        grown = view.zoom**2
        left = _sizes(seen) / (grown * _sizes(target))  # NaN where there was nothing
        kept = (left >= self.least) & (left > 0) & (_areas(seen["boxes"]) > 0)
        if "area" in target:
            seen["area"] = target["area"] * grown * left
        return {
            name: _chosen(value, kept) if name in PER_OBJECT else value
            for name, value in seen.items()
        }


@dataclass(frozen=True)
class View:
    """A window of an image, brought to a size, mostly that of the whole.

    Attributes:
        height: of the view in pixels.
        width: as height.
        top: upper edge of the window in the image, in pixels; may be negative.
        left: as top.
        zoom: the window is (height / zoom, width / zoom) pixels large.
        flipped: whether left and right are exchanged after that.
    """

    height: int
    width: int
    top: float
    left: float
    zoom: float
    flipped: bool

    def places(self) -> tuple[Tensor, Tensor]:
        """Where the centres of the view's pixels lie in the image: (H,) and (W,)."""
        down = self.top + (torch.arange(self.height) + 0.5) / self.zoom
        right = self.left + (torch.arange(self.width) + 0.5) / self.zoom
        return down, right.flip(0) if self.flipped else right

    def of_image(self, image: Tensor, fill: float) -> Tensor:
        """Interpolate an image (C, H, W) bilinearly."""
        down, right = self.places()
        height, width = image.shape[-2:]
        down, right = 2 * down / height - 1, 2 * right / width - 1
        size = (self.height, self.width)
        grid = torch.stack([right.expand(size), down[:, None].expand(size)], -1)
        grid = grid.to(image)[None]
        return F.grid_sample(image[None] - fill, grid, align_corners=False)[0] + fill

    def of_mask(self, mask: Tensor) -> Tensor:
        """Take what lies at the centre of each pixel of masks (..., H, W)."""
        from torchvision.tv_tensors import wrap

        down, right = (place.floor().long() for place in self.places())
        plain = mask.as_subclass(Tensor)
        height, width = plain.shape[-2:]
        rows, columns = down.clamp(0, height - 1), right.clamp(0, width - 1)
        seen = plain.index_select(-2, rows).index_select(-1, columns)
        inside = (rows == down)[:, None] & (columns == right)
        return wrap(seen * inside, like=mask)

    def of_boxes(self, boxes: Tensor) -> Tensor:
        """Move boxes (N, 4), xyxy, and cut them off at the edges."""
        from torchvision.tv_tensors import wrap

        plain = boxes.as_subclass(Tensor)
        x = (plain[:, 0::2] - self.left) * self.zoom
        y = (plain[:, 1::2] - self.top) * self.zoom
        if self.flipped:
            x = self.width - x.flip(1)
        seen = torch.stack([x.clamp(0, self.width), y.clamp(0, self.height)], 2)
        seen = seen.flatten(1)  # x0, y0, x1, y1
        return wrap(seen, like=boxes)


def _sizes(target: dict[str, Tensor]) -> Tensor:
    """Pixels of the masks, or areas of the boxes: (N,)."""
    if "masks" in target:
        return target["masks"].as_subclass(Tensor).flatten(1).sum(1)
    return _areas(target["boxes"])


def _areas(boxes: Tensor) -> Tensor:
    boxes = boxes.as_subclass(Tensor)
    return (boxes[:, 2:] - boxes[:, :2]).prod(1)


def _chosen(value: Tensor, kept: Tensor) -> Tensor:
    """The objects that are kept, in the type that they had."""
    from torchvision.tv_tensors import wrap

    return wrap(value.as_subclass(Tensor)[kept], like=value)
