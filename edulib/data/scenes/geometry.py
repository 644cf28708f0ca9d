"""Outlines: what every shape of a scene is made of.

An outline is a list of (x, y) corners. Objects are designed on a sheet that reaches
from -100 to 100 in both directions, with y downwards. Only square roots, which
every platform rounds alike, and one table of sines are used.
"""

from collections.abc import Sequence
from math import cos, pi, sin, sqrt

Point = tuple[float, float]
Outline = list[Point]

ONE = 1 << 16  # what stands for 1 in the integer tables
COS = [round(cos(2 * pi * k / 360) * ONE) for k in range(360)]
SIN = [round(sin(2 * pi * k / 360) * ONE) for k in range(360)]


def turned(outline: Sequence[Point], degrees: int, about: Point = (0, 0)) -> Outline:
    """The outline, rotated clockwise about a point."""
    c, s = COS[degrees % 360] / ONE, SIN[degrees % 360] / ONE
    x0, y0 = about
    return [
        (x0 + c * (x - x0) - s * (y - y0), y0 + s * (x - x0) + c * (y - y0))
        for x, y in outline
    ]


def moved(outline: Sequence[Point], dx: float, dy: float) -> Outline:
    """The outline, shifted."""
    return [(x + dx, y + dy) for x, y in outline]


def mirrored(outline: Sequence[Point]) -> Outline:
    """The outline, left and right exchanged."""
    return [(-x, y) for x, y in outline]


def box(left: float, top: float, right: float, bottom: float) -> Outline:
    """A rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def ellipse(x: float, y: float, rx: float, ry: float | None = None) -> Outline:
    """An ellipse about (x, y); a circle if it has one radius only."""
    ry = rx if ry is None else ry
    step = 10 if max(rx, ry) > 40 else 15 if max(rx, ry) > 12 else 30
    return [(x + rx * COS[k] / ONE, y + ry * SIN[k] / ONE) for k in range(0, 360, step)]


def arc(x: float, y: float, radius: float, start: int, stop: int) -> Outline:
    """Points of a circle from one angle to another, in degrees, clockwise."""
    steps = max(2, abs(stop - start) // 12)
    angles = [start + (stop - start) * k // steps for k in range(steps + 1)]
    return [
        (x + radius * COS[a % 360] / ONE, y + radius * SIN[a % 360] / ONE)
        for a in angles
    ]


def band(
    x: float, y: float, inner: float, outer: float, start: int, stop: int
) -> Outline:
    """A piece of a ring, from one angle to another."""
    return arc(x, y, outer, start, stop) + arc(x, y, inner, stop, start)


def stroke(start: Point, stop: Point, width: float) -> Outline:
    """A straight line of some width."""
    (x0, y0), (x1, y1) = start, stop
    length = sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    dx, dy = (y0 - y1) * width / length / 2, (x1 - x0) * width / length / 2
    return [
        (x0 + dx, y0 + dy),
        (x1 + dx, y1 + dy),
        (x1 - dx, y1 - dy),
        (x0 - dx, y0 - dy),
    ]


def rounded(outline: Sequence[Point], radius: float) -> Outline:
    """The outline with its corners rounded off, at most to the middle of its sides."""
    points = []
    for k, corner in enumerate(outline):
        start = _towards(corner, outline[k - 1], radius)
        stop = _towards(corner, outline[(k + 1) % len(outline)], radius)
        for t in (0, 0.2, 0.4, 0.6, 0.8, 1):
            a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t**2
            points.append(
                (
                    a * start[0] + b * corner[0] + c * stop[0],
                    a * start[1] + b * corner[1] + c * stop[1],
                )
            )
    return points


def _towards(corner: Point, other: Point, distance: float) -> Point:
    (x0, y0), (x1, y1) = corner, other
    length = sqrt((x1 - x0) ** 2 + (y1 - y0) ** 2)
    share = min(0.5, distance / length)
    return (x0 + (x1 - x0) * share, y0 + (y1 - y0) * share)


def clipped(outline: Sequence[Point], window: Sequence[Point]) -> Outline:
    """What of an outline lies within a convex window given clockwise (y down).

    Source: Sutherland and Hodgman, "Reentrant Polygon Clipping", 1974.
    """
    points = list(outline)
    for k, (x0, y0) in enumerate(window):
        x1, y1 = window[(k + 1) % len(window)]
        sides = [(x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) for x, y in points]
        kept = []
        for j, (point, side) in enumerate(zip(points, sides, strict=True)):
            before, side_before = points[j - 1], sides[j - 1]
            if (side < 0) != (side_before < 0):
                share = side_before / (side_before - side)
                kept.append(
                    (
                        before[0] + (point[0] - before[0]) * share,
                        before[1] + (point[1] - before[1]) * share,
                    )
                )
            if side >= 0:
                kept.append(point)
        points = kept
    return points


def contains(outline: Sequence[Point], point: Point) -> bool:
    """Whether a point lies within an outline."""
    x, y = point
    inside = False
    for k, (x1, y1) in enumerate(outline):
        x0, y0 = outline[k - 1]
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside


def extent(outline: Sequence[Point]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of an outline."""
    xs, ys = zip(*outline, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
