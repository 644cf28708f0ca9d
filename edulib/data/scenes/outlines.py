"""Outlines on the canvas, cut so that every machine fills them alike.

Pillow fills a polygon with 32-bit floating-point numbers: an edge crosses a row at
x0 + (y - y0) * slope. Processors that multiply and add in one step round that
otherwise than those that take two, and a pixel in some millions differs. So edges are
cut, at whole subpixels, into pieces whose height is a power of two. Their slopes, and
with them all crossings, are exact: there is nothing to round.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from edulib.data.scenes.placing import Placed


def outlines(layers: Sequence[Placed], canvas: int) -> list[list[int]]:
    """Outlines of all shapes of all layers, in pixels of a canvas: x, y, x, y, ..."""
    nexts, starts, first = [], [], 0
    for placed in layers:
        nexts.append(placed.template.nexts + first)
        starts.append(placed.template.starts + first)
        first += len(placed.template.nexts)
    corners = np.concatenate([placed.corners(canvas) for placed in layers])
    points, places = cut(corners, np.concatenate(nexts))
    starts = np.concatenate([*starts, [first]])
    stops = 2 * (starts + np.searchsorted(places, starts))
    flat, stops = points.ravel().tolist(), stops.tolist()
    return [flat[start:stop] for start, stop in pairwise(stops)]


def cut(corners: np.ndarray, nexts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut the edges of polygons into pieces with exact slopes.

    Args:
        corners: of all polygons: (P, 2) int64.
        nexts: for each corner the position of the next one of its polygon: (P,) int64.

    Returns:
        points: where the pieces of the edges end; each edge goes from a corner to the
            next, in which its last piece ends: (P + Q, 2) int64.
        edges: for each of the Q cuts, in order, the corner whose edge it cuts: (Q,).
    """
    goals = corners.take(nexts, axis=0)
    steps = goals - corners
    height = np.abs(steps[:, 1])
    rest = height & (height - 1)  # the height without its last binary digit
    inexact = steps[:, 0] % np.maximum(height, 1) != 0
    edges = np.flatnonzero((rest != 0) & inexact)
    digits = np.arange(12, 0, -1)
    row, column = np.nonzero(rest[edges, None] >> digits & 1)
    edges, digit = edges[row], digits[column]
    height = height[edges, None]
    done = height >> digit[:, None] << digit[:, None]  # rows before the cut
    cuts = corners[edges] + (2 * steps[edges] * done + height) // (2 * height)
    points = np.empty((len(goals) + len(edges), 2), np.int64)
    old = np.ones(len(points), bool)
    new = edges + np.arange(len(edges))
    old[new] = False
    points[new], points[old] = cuts, goals
    return points, edges
