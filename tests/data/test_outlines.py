"""Edges are cut so that no processor has anything to round when it fills them."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edulib.data.scenes.layout import make_plan
from edulib.data.scenes.options import Options
from edulib.data.scenes.outlines import cut, outlines

corner = st.tuples(st.integers(-900, 900), st.integers(-900, 900))


def edges(outline):
    """Pairs of corners, the last one with the first."""
    return pairwise([*outline, outline[0]])


def is_exact(start, stop):
    """Whether 32-bit numbers hold every crossing of an edge with a row."""
    if start[1] == stop[1]:
        return True
    slope = Fraction(int(stop[0] - start[0]), int(stop[1] - start[1]))
    return slope.denominator & (slope.denominator - 1) == 0


@given(st.lists(corner, min_size=3, max_size=9))
def test_all_pieces_are_exact_and_lie_on_their_edge(polygon):
    corners = np.array(polygon)
    points, places = cut(corners, np.roll(np.arange(len(corners)), -1))
    first = 0
    for k, (start, stop) in enumerate(edges(polygon)):
        last = first + 1 + np.count_nonzero(places == k)
        pieces = [start, *map(tuple, points[first:last].tolist())]
        first = last
        assert pieces[-1] == stop
        for before, after in pairwise(pieces):
            assert is_exact(before, after)
        for x, y in pieces[1:-1]:
            share = Fraction(y - start[1], stop[1] - start[1])
            assert 0 < share < 1
            assert abs(start[0] + share * (stop[0] - start[0]) - x) <= Fraction(1, 2)
    assert first == len(points)


def test_every_outline_of_scenes_is_exact():
    for index in range(12):
        plan = make_plan(0, index, Options(objects=(1, 3)))
        layers = [*plan.backdrop.behind, *(thing.placed for thing in plan.things)]
        drawn = outlines(layers, 256)
        assert len(drawn) == sum(len(placed.template.shapes) for placed in layers)
        for outline in drawn:
            corners = list(zip(outline[::2], outline[1::2], strict=True))
            assert all(is_exact(*edge) for edge in edges(corners))


def test_an_outline_keeps_all_corners_of_its_shape():
    plan = make_plan(0, 0, Options(domain="day"))
    placed = plan.things[0].placed
    drawn = outlines([placed], 256)
    corners = placed.corners(256)
    for (start, stop, _, _), outline in zip(placed.template.shapes, drawn, strict=True):
        points = set(zip(outline[::2], outline[1::2], strict=True))
        assert set(map(tuple, corners[start:stop].tolist())) <= points
