"""Sketches: an object as a list of coloured shapes, each of which is a named part."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor

import numpy as np

from edulib.data.scenes.geometry import (
    Outline,
    Point,
    box,
    clipped,
    contains,
    ellipse,
    extent,
    turned,
)

GRID = 16  # corners lie on sixteenths of a sheet's unit
TEXTURES = ("plain", "striped", "dotted", "brick")
UNPAINTED = "unpainted"  # role of what a part surrounds and lets see through


@dataclass(frozen=True)
class Template:
    """A finished sketch, ready to be placed in pictures.

    Attributes:
        corners: all corners of all shapes, in 1/16 of a unit: (P, 2) int64.
        shapes: for each shape, back to front: its first corner and the one after its
            last, the role of its colour, its part's number (0 for decoration on the
            part below).
    """

    corners: np.ndarray
    shapes: tuple[tuple[int, int, str, int], ...]

    @cached_property
    def starts(self) -> np.ndarray:
        """The first corner of each shape: (S,) int64."""
        return np.array([shape[0] for shape in self.shapes])

    @cached_property
    def nexts(self) -> np.ndarray:
        """For each corner the position of the next one of its shape: (P,) int64."""
        nexts = np.arange(1, len(self.corners) + 1)
        for start, stop, _, _ in self.shapes:
            nexts[stop - 1] = start
        return nexts

    @cached_property
    def top(self) -> int:
        """The upper edge, in 1/16 of a unit."""
        return int(self.corners[:, 1].min())

    @cached_property
    def low(self) -> int:
        """The lower edge, in 1/16 of a unit."""
        return int(self.corners[:, 1].max())

    def has(self, part: int) -> bool:
        """Whether a shape belongs to a part."""
        return any(number == part for *_, number in self.shapes)


class Sketch:
    """What an object's design draws on, back to front.

    Args:
        parts: names of all parts; a part's number is its position.
        texture: "plain", "striped", "dotted" or "brick".
    """

    def __init__(self, parts: Sequence[str], texture: str = "plain") -> None:
        self._parts = parts
        self._texture = texture
        self._shapes: list[tuple[str, int, Outline]] = []

    def add(self, part: str, role: str, outline: Outline) -> None:
        """Draw a shape that belongs to a part."""
        self._shapes.append((role, self._parts.index(part), outline))

    def fill(self, part: str, outline: Outline) -> None:
        """Count as part what is not painted: a mask that is filled covers it."""
        self.add(part, UNPAINTED, outline)

    def decorate(self, role: str, outline: Outline) -> None:
        """Draw upon the shapes below, whose part stays what it is."""
        if len(outline) > 2:
            self._shapes.append((role, 0, outline))

    def textured(self, part: str, outline: Outline, role: str = "main") -> None:
        """Draw a shape in a colour, with the object's texture upon it."""
        self.add(part, role, outline)
        pieces = {"striped": stripes, "dotted": dots, "brick": bricks}
        if self._texture in pieces:
            for piece in pieces[self._texture](outline):
                self.decorate("texture", piece)

    def shade(self, role: str, outline: Outline, window: Outline) -> None:
        """Colour what of an outline lies within a convex window."""
        self.decorate(role, clipped(outline, window))

    def finish(self) -> Template:
        """The sketch as a template."""
        corners, shapes = [], []
        for role, part, outline in self._shapes:
            start = len(corners)
            corners += [(_grid(x), _grid(y)) for x, y in outline]
            shapes.append((start, len(corners), role, part))
        return Template(np.array(corners, np.int64), tuple(shapes))


def _grid(value: float) -> int:
    """Nearest point of the grid; the small shift breaks ties alike everywhere."""
    return floor(value * GRID + 0.5 + 1e-6)


def stripes(outline: Outline, width: float = 11, degrees: int = 90) -> list[Outline]:
    """Stripes across an outline."""
    left, _, right, _ = extent(outline)
    pieces, x = [], left + width
    while x < right:
        stripe = box(x, -250, x + width, 250)
        pieces.append(clipped(outline, turned(stripe, degrees - 90)))
        x += 2 * width
    return [piece for piece in pieces if len(piece) > 2]


def dots(outline: Outline, radius: float = 6.5, step: float = 21) -> list[Outline]:
    """Dots in a staggered grid; only whole ones."""
    left, top, right, bottom = extent(outline)
    middle: Point = ((left + right) / 2, (top + bottom) / 2)
    pieces = []
    for row in range(-6, 7):
        for column in range(-6, 7):
            x = middle[0] + (column + row % 2 / 2) * step
            dot = ellipse(x, middle[1] + row * step * 0.8, radius)
            if all(contains(outline, point) for point in dot[::3]):
                pieces.append(dot)
    return pieces


def bricks(outline: Outline, width: float = 24, height: float = 12) -> list[Outline]:
    """Bricks, every second one of a course, with mortar all around."""
    left, top, right, bottom = extent(outline)
    pieces, y, course = [], top, 0
    while y < bottom:
        x = left - width * (course % 2)
        while x < right:
            brick = box(x + 2, y + 2, x + width - 1, y + height - 1)
            pieces.append(clipped(outline, brick))
            x += 2 * width
        y += height
        course += 1
    return [piece for piece in pieces if len(piece) > 2]
