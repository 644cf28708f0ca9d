"""Proposals that are not learned: sliding windows, and regions that grow together."""

from collections.abc import Sequence

import numpy as np
import torch
from skimage.segmentation import felzenszwalb
from torch import Tensor

from edulib.chapters.fasterrcnn.networks import RATIOS, SCALES, STRIDE
from edulib.models.ops.anchors import anchors_of, grid_anchors
from edulib.models.ops.boxes import clip_boxes

DETAIL = (30, 100)  # felzenszwalb's scale: the higher, the larger the first regions
BINS = 8  # of the colour histogram, in each channel


def sliding_windows(image_size: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Return the anchors of the small network as they are, in random order.

    Args:
        image_size: (height, width), multiples of the stride; the windows are cut to it.
        generator: of the order.

    Returns:
        (N, 4), xyxy in pixels.
    """
    cells = tuple(side // STRIDE for side in image_size)
    windows = grid_anchors(anchors_of(SCALES, RATIOS), cells, STRIDE)
    order = torch.randperm(len(windows), generator=generator)
    return clip_boxes(windows[order], image_size)


def grow_regions(
    image: Tensor, generator: torch.Generator, detail: Sequence[float] = DETAIL
) -> Tensor:
    """Propose the boxes of regions that grow together, as in selective search.

    Regions of one colour are found; then the two neighbours that are most alike become
    one, again and again until one is left. Each region that ever was gives its box.

    Args:
        image: (3, H, W), in [0, 1].
        generator: of the order, in which late regions tend to come first.
        detail: scales of the first regions; each is grown on its own.

    Returns:
        (N, 4), xyxy in pixels, without doubles.

    Source: Uijlings et al., "Selective Search for Object Recognition", 2013, sections
    3.1 and 4.

    Differs from the paper: no texture, one colour space, two scales.
    """
    ranked: dict[tuple, float] = {}
    for one in detail:
        boxes = _grow(image.permute(1, 2, 0).numpy(), one)
        chance = torch.rand(len(boxes), generator=generator).tolist()
        for rank, (box, luck) in enumerate(zip(reversed(boxes), chance, strict=True)):
            ranked[box] = min((rank + 1) * luck, ranked.get(box, np.inf))
    order = sorted(ranked, key=ranked.get)
    return torch.tensor(order, dtype=torch.float32)


def _grow(picture: np.ndarray, detail: float) -> list[tuple[int, ...]]:
    """Return the box of each region, in the order in which they came to be."""
    labels = felzenszwalb(picture, scale=detail, sigma=0.8, min_size=20)
    regions = {k: _Region(*_describe(picture, labels == k)) for k in np.unique(labels)}
    pairs = _neighbours(labels)
    boxes = [region.box for region in regions.values()]
    total = labels.size
    alike = {pair: regions[pair[0]].alike(regions[pair[1]], total) for pair in pairs}
    new = len(regions)
    while alike:
        a, b = max(alike, key=alike.get)
        regions[new] = regions[a].joined(regions[b])
        boxes.append(regions[new].box)
        near = {k for pair in alike if a in pair or b in pair for k in pair} - {a, b}
        alike = {p: value for p, value in alike.items() if a not in p and b not in p}
        for k in near:
            alike[k, new] = regions[k].alike(regions[new], total)
        new += 1
    return boxes


class _Region:
    """The box, size and colours of a region."""

    def __init__(self, box: tuple[int, ...], size: int, colors: np.ndarray) -> None:
        self.box, self.size, self.colors = box, size, colors

    def joined(self, other: "_Region") -> "_Region":
        """Return both as one."""
        box = _around(self.box, other.box)
        size = self.size + other.size
        colors = self.size * self.colors + other.size * other.colors
        return _Region(box, size, colors / size)

    def alike(self, other: "_Region", total: int) -> float:
        """Return the similarity: of colour, small before large, without gaps."""
        left, top, right, bottom = _around(self.box, other.box)
        together = self.size + other.size
        colors = np.minimum(self.colors, other.colors).sum() / 3
        gaps = ((right - left) * (bottom - top) - together) / total
        return colors + (1 - together / total) + (1 - gaps)


def _around(one: Sequence[int], other: Sequence[int]) -> tuple[int, ...]:
    """Return the smallest box around two."""
    pairs = list(zip(one, other, strict=True))
    return (*map(min, pairs[:2]), *map(max, pairs[2:]))


def _describe(picture: np.ndarray, mask: np.ndarray) -> tuple:
    """Return the box, the size and the shares of colours of what a mask shows."""
    rows, columns = np.where(mask)
    box = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    bins = np.minimum((picture[rows, columns] * BINS).astype(int), BINS - 1)
    colors = [np.bincount(one, minlength=BINS) / len(rows) for one in bins.T]
    return tuple(map(int, box)), len(rows), np.concatenate(colors)


def _neighbours(labels: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs of regions that share an edge, each once."""
    sides = [
        np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()]),
        np.stack([labels[:-1].ravel(), labels[1:].ravel()]),
    ]
    pairs = np.sort(np.concatenate(sides, axis=1), axis=0)
    pairs = np.unique(pairs[:, pairs[0] != pairs[1]], axis=1)
    return [tuple(map(int, pair)) for pair in pairs.T]
