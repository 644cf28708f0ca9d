"""The random integers and the outlines that scenes are made of."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from edulib.data.scenes.geometry import (
    arc,
    box,
    clipped,
    contains,
    ellipse,
    extent,
    rounded,
    stroke,
    turned,
)
from edulib.data.scenes.sketch import bricks, dots, stripes
from edulib.data.scenes.stream import Stream


def area(outline):
    """Area of an outline, by the shoelace formula."""
    x, y = np.array(outline).T
    return abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2


def painted(outline):
    """Pixels (220, 220) within an outline of the sheet."""
    image = Image.new("L", (220, 220))
    if len(outline) > 2:
        ImageDraw.Draw(image).polygon([(x + 110, y + 110) for x, y in outline], 1)
    return np.asarray(image) > 0


def test_a_stream_is_known_by_its_key():
    first, again, other = Stream(1, "a"), Stream(1, "a"), Stream(1, "b")
    numbers = [first.below(1000) for _ in range(300)]
    assert numbers[:3] == [310, 650, 467]
    assert numbers == [again.below(1000) for _ in range(300)]
    assert numbers != [other.below(1000) for _ in range(300)]


def test_the_numbers_are_uniform():
    stream = Stream(0)
    counts = Counter(stream.below(10) for _ in range(20_000))
    assert sorted(counts) == list(range(10))
    assert 1800 < min(counts.values()) < max(counts.values()) < 2200


@given(st.integers(-50, 50), st.integers(0, 50), st.integers())
def test_between_reaches_both_ends_only(low, width, key):
    stream = Stream(key)
    numbers = {stream.between(low, low + width) for _ in range(60)}
    assert low <= min(numbers) <= max(numbers) <= low + width


def test_shuffling_keeps_all_and_reaches_every_order():
    stream = Stream(0)
    orders = Counter(tuple(stream.shuffled("abc")) for _ in range(600))
    assert len(orders) == 6
    assert min(orders.values()) > 60


def test_a_chance_in_a_hundred():
    stream = Stream(7)
    assert 200 < sum(stream.chance(25) for _ in range(1000)) < 300
    assert not any(stream.chance(0) for _ in range(100))
    assert all(stream.chance(100) for _ in range(100))


def test_a_quarter_turn_is_clockwise():
    np.testing.assert_allclose(turned([(10, 0)], 90), [(0, 10)], atol=1e-3)
    np.testing.assert_allclose(turned([(3, 5)], 180, (1, 1)), [(-1, -3)], atol=1e-3)


def test_areas_of_outlines():
    assert area(box(-10, -5, 10, 5)) == 200
    assert area(stroke((0, 0), (30, 40), 4)) == pytest.approx(200)
    assert area(ellipse(0, 0, 60, 50)) == pytest.approx(np.pi * 3000, rel=0.02)
    assert area(arc(0, 0, 50, 0, 180)) == pytest.approx(np.pi * 1250, rel=0.03)
    assert 380 < area(rounded(box(0, 0, 20, 20), 5)) < 400


boxes = st.tuples(*[st.integers(-90, 0)] * 2, *[st.integers(5, 90)] * 2)


@settings(max_examples=40)
@given(boxes, boxes, st.integers(0, 359))
def test_clipping_is_intersection(first, window, degrees):
    outline = turned(rounded(box(*first), 20), degrees)
    expected = painted(outline) & painted(box(*window))
    found = painted(clipped(outline, box(*window)))
    assert (found ^ expected).sum() <= 2 * sum(first[2:]) + 40


def test_clipping_outside_leaves_nothing():
    assert clipped(box(0, 0, 5, 5), box(10, 10, 20, 20)) == []


def test_points_inside_are_where_pixels_are_painted():
    outline = rounded([(-80, 60), (0, -90), (85, 40), (10, 20)], 15)
    inside = [
        [contains(outline, (x - 110, y - 110)) for x in range(220)] for y in range(220)
    ]
    assert (np.array(inside) ^ painted(outline)).mean() < 0.01
    assert 0.1 < np.mean(inside) < 0.3


@pytest.mark.parametrize("pattern", [stripes, dots, bricks])
def test_textures_stay_within_and_cover_a_part(pattern):
    outline = ellipse(10, -5, 70, 50)
    pieces = pattern(outline)
    whole = painted(outline)
    union = np.any([painted(piece) for piece in pieces], axis=0)
    assert (union & ~whole).sum() < 0.02 * whole.sum()
    assert 0.15 < union.sum() / whole.sum() < 0.65
    assert extent(outline) == pytest.approx((-60, -55, 80, 45))
