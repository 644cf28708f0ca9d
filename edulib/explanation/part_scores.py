"""Scoring units against known parts: which unit fires on wheels?

Bau, Zhou, Khosla, Oliva and Torralba, "Network Dissection: Quantifying Interpretability
of Deep Visual Representations", 2017, section 2.2. https://arxiv.org/abs/1704.05796
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.checks import check_number, check_whole, describe, has_numbers
from edulib.explanation.finite import check_numbers
from edulib.explanation.layer import Layer, as_layer
from edulib.explanation.layers import Reading, batches_of
from edulib.explanation.upright import upright


@dataclass(frozen=True)
class PartScores:
    """How well each unit of a layer marks each part. All scores lie in [0, 1].

    Attributes:
        layer: dotted path of the layer.
        parts: names of the parts.
        iou: overlap of where a unit fires with where the part is: intersection over
            union, over the pixels of all images.
        precision: share of where a unit fires that lies on the part.
        control: as ``iou``, but each part's masks exchanged among the images that
            show the part. A unit that merely fires on the right kind of object
            keeps its score there; one that finds the part loses it.

    Shape:
        - iou, precision, control: (units, parts)
    """

    layer: str
    parts: tuple[str, ...]
    iou: Tensor
    precision: Tensor
    control: Tensor

    def best(self) -> list[tuple[str, int, float, float]]:
        """For each part: its name, its best unit, that unit's IoU, and its control."""
        rows = []
        for k, part in enumerate(self.parts):
            unit = int(self.iou[:, k].argmax())
            iou, control = self.iou[unit, k].item(), self.control[unit, k].item()
            rows.append((part, unit, iou, control))
        return rows


def part_scores(
    model: nn.Module,
    images: Tensor,
    masks: Tensor,
    layer: str | Layer,
    parts: Sequence[str],
    *,
    quantile: float = 0.98,
    batch_size: int = 64,
) -> PartScores:
    """Score all units of a layer against the masks of known parts.

    A unit fires where its map, resized to the masks, exceeds the unit's own
    ``quantile`` over all images. (Network Dissection takes 0.995, for concepts in a
    world of thousands of them.) Maps are taken for maps of the whole image, also of a
    model that crops, pads or rolls its images.

    Args:
        model: any model; left as it was.
        images: what the model takes.
        masks: True where a part is; all False in images that lack it. Their
            resolution may be lower than the images', which is quicker.
        layer: dotted path of a layer that gives maps or tokens, or a :class:`Layer`.
        parts: names of the parts, in the order of the masks.
        quantile: share of the places where a unit does not fire.
        batch_size: images that go through the model together.

    Shape:
        - images: (N, C, H, W)
        - masks: (N, parts, rows, columns)

    Raises:
        TypeError: if the images do not hold floating-point numbers.
        ValueError: if the shapes disagree, the quantile is not within (0, 1) or the
            batch size no whole number, the layer does not exist or gives no maps, or
            numbers of the model are not finite.

    Source: Bau et al., 2017, section 2.2. https://arxiv.org/abs/1704.05796
    """
    _check(images, masks, parts, quantile)
    batch_size = check_whole("a batch size", batch_size, 1)
    readings = batches_of(model, images, layer, batch_size)
    maps = torch.cat([_upright_maps(model, images, reading) for reading in readings])
    check_numbers(model, maps, as_layer(layer).text)
    places = maps.transpose(0, 1).flatten(1)  # (units, N * rows * columns)
    levels = places.kthvalue(math.ceil(quantile * places.shape[1]), 1).values
    counts = _Counts.zeros(maps.shape[1], len(parts))
    for part, true, moved in zip(
        maps.split(batch_size),
        masks.split(batch_size),
        _exchanged(masks).split(batch_size),
        strict=True,
    ):
        size = masks.shape[2:]
        large = F.interpolate(part, size, mode="bilinear", align_corners=False)
        counts.add((large > levels[:, None, None]).flatten(2), true, moved)
    return PartScores(as_layer(layer).path, tuple(parts), *counts.scores())


def _upright_maps(model: nn.Module, images: Tensor, reading: Reading) -> Tensor:
    maps = reading.features
    if maps.ndim != 4:
        raise ValueError(
            f"expected {reading.layer.text} to give maps (B, units, rows, columns), "
            f"got {tuple(maps.shape)}"
        )
    return upright(model, images, reading, maps)


@dataclass
class _Counts:
    """Pixels: where units fire, where parts are, where both."""

    fired: Tensor  # (units, 1)
    part: Tensor  # (1, parts)
    both: Tensor  # (units, parts)
    both_moved: Tensor  # (units, parts)

    @classmethod
    def zeros(cls, units: int, parts: int) -> "_Counts":
        shapes = ((units, 1), (1, parts), (units, parts), (units, parts))
        return cls(*(torch.zeros(shape, dtype=torch.float64) for shape in shapes))

    def add(self, fires: Tensor, true: Tensor, moved: Tensor) -> None:
        fires = fires.float()  # (B, units, pixels)
        self.fired += fires.sum((0, 2))[:, None].double().cpu()
        self.part += true.flatten(2).sum((0, 2))[None].double().cpu()
        for total, masks in ((self.both, true), (self.both_moved, moved)):
            there = masks.flatten(2).float()  # (B, parts, pixels)
            total += (fires @ there.mT).sum(0).double().cpu()

    def scores(self) -> tuple[Tensor, Tensor, Tensor]:
        union = (self.fired + self.part - self.both).clamp(min=1)
        union_moved = (self.fired + self.part - self.both_moved).clamp(min=1)
        return (
            self.both / union,
            self.both / self.fired.clamp(min=1),
            self.both_moved / union_moved,
        )


def _exchanged(masks: Tensor) -> Tensor:
    """Give each image that shows a part the part's mask of the next such image."""
    moved = masks.clone()
    for k in range(masks.shape[1]):
        shown = masks[:, k].flatten(1).any(1).nonzero()[:, 0]
        moved[shown, k] = masks[shown.roll(1), k]
    return moved


def _check(
    images: Tensor, masks: Tensor, parts: Sequence[str], quantile: float
) -> None:
    expected = (len(images), len(parts))
    fits = has_numbers(masks) and masks.ndim == 4 and masks.numel()
    if not fits or tuple(masks.shape[:2]) != expected:
        raise ValueError(
            f"expected masks (N, parts, rows, columns) with N = {expected[0]} and "
            f"{expected[1]} parts, got {describe(masks)}"
        )
    if not ((masks == 0) | (masks == 1)).all():
        raise ValueError(
            f"expected masks of True and False, got {describe(masks)} of other values: "
            "compare them with a threshold"
        )
    if not 0 < check_number("a quantile", quantile, 0, 1) < 1:
        raise ValueError(f"expected a quantile between 0 and 1, got {quantile}")
