"""Designs of plants: tree and flower."""

from edulib.data.scenes.geometry import (
    Outline,
    Point,
    arc,
    box,
    ellipse,
    mirrored,
    moved,
    rounded,
    turned,
)
from edulib.data.scenes.sketch import Sketch
from edulib.data.scenes.stream import Stream


def tree(sketch: Sketch, pick: Stream) -> None:
    """A tree: round, tall or a fir."""
    trunk = [(-9, -10), (9, -10), (12, 70), (22, 96), (-22, 96), (-12, 70)]
    sketch.add("trunk", "wood", trunk)
    sketch.shade("wood_dark", trunk, box(2, -20, 40, 100))
    pick.choice((_round_crown, _round_crown, _tall_crown, _fir_crown))(sketch, pick)


def _round_crown(sketch: Sketch, pick: Stream) -> None:
    lobes = [(-38, -8, 34), (38, -8, 34), (-26, -46, 36), (28, -46, 36), (0, -20, 44)]
    lobes = [(x, y + pick.between(-6, 4), r) for x, y, r in lobes]
    for x, y, r in lobes:
        sketch.add("crown", "dark", ellipse(x, y + 5, r))
    for x, y, r in lobes:
        sketch.add("crown", "main", ellipse(x - 3, y - 3, r - 3))
    for x, y, r in lobes[2:4]:
        sketch.decorate("light", _leaf_arc(x - 6, y - 6, r - 14))
    spots = [(-40, -2), (-12, -30), (36, -4), (24, -44), (-30, -58), (4, 6), (50, -24)]
    if pick.chance(55):
        for x, y in spots[: pick.between(4, 7)]:
            _fruit(sketch, (x, y))


def _leaf_arc(x: float, y: float, radius: float) -> Outline:
    """A thin crescent of light on the upper left."""
    return arc(x, y, radius, 170, 290) + arc(x + 3, y + 4, radius, 290, 170)


def _fruit(sketch: Sketch, at: Point) -> None:
    sketch.add("fruit", "accent", ellipse(*at, 7.5))
    sketch.decorate("white", ellipse(at[0] - 2.5, at[1] - 2.5, 2))


def _tall_crown(sketch: Sketch, pick: Stream) -> None:
    width = pick.between(40, 50)
    right = [(0, -104), (width, -30), (width - 6, 40)]
    crown = rounded(right + mirrored(right)[:0:-1], 40)
    sketch.add("crown", "main", crown)
    sketch.shade("dark", crown, [(8, -120), (80, -120), (80, 80), (16, 80)])
    for x, y in ((-18, -40), (-24, -8), (-10, 16), (-8, -68)):
        sketch.decorate("light", _leaf_arc(x, y, 11))


def _fir_crown(sketch: Sketch, pick: Stream) -> None:
    wide = pick.between(58, 66)
    tiers = ((wide, 62, 2), (wide - 12, 24, -34), (wide - 26, -16, -98))
    for half, low, top in tiers:
        tier = rounded([(0, top - 16), (half, low), (0, low + 8), (-half, low)], 9)
        sketch.add("crown", "main", tier)
        sketch.shade("dark", tier, [(0, -140), (90, -140), (90, 100), (10, 100)])


def flower(sketch: Sketch, pick: Stream) -> None:
    """A flower: a daisy, a round blossom or a tulip."""
    sketch.add("stem", "green", rounded([(-4, -20), (4, -20), (8, 98), (-2, 98)], 2))
    leaf = rounded([(2, 82), (20, 40), (58, 34), (40, 74)], 22)
    sketch.add("leaf", "green", leaf)
    sketch.shade("green_dark", leaf, [(0, 96), (60, 34), (80, 34), (80, 120)])
    if pick.chance(60):
        sketch.add("leaf", "green_dark", moved(mirrored(leaf), 2, 10))
    pick.choice((_daisy, _blossom, _tulip))(sketch, pick)


def _daisy(sketch: Sketch, pick: Stream) -> None:
    count = pick.between(8, 11)
    for k in range(count):
        petal = ellipse(0, -76, 12.5, 25)
        role = "main" if k % 2 else "light"
        sketch.add("petal", role, turned(petal, 360 * k // count, (0, -38)))
    _disc(sketch, 19)


def _blossom(sketch: Sketch, pick: Stream) -> None:
    count = pick.between(5, 6)
    for k in range(count):
        petal = turned(ellipse(0, -70, 25, 27), 360 * k // count, (0, -38))
        rim = turned(ellipse(0, -72, 28, 28), 360 * k // count, (0, -38))
        sketch.add("petal", "dark", rim)
        sketch.textured("petal", petal)
    _disc(sketch, 16)


def _disc(sketch: Sketch, radius: float) -> None:
    sketch.add("disc", "yellow", ellipse(0, -38, radius))
    sketch.decorate("orange", arc(0, -38, radius, -30, 150))
    sketch.decorate("yellow", ellipse(-1, -39, radius - 4))


def _tulip(sketch: Sketch, pick: Stream) -> None:
    top = pick.between(-98, -90)
    side = rounded([(-44, top + 6), (-8, -40), (0, 4), (-26, 4), (-46, -30)], 16)
    back = [(-14, top), (0, top - 6), (14, top), (20, 0), (-20, 0)]
    sketch.add("petal", "dark", rounded(back, 8))
    for outline in (side, mirrored(side)):
        sketch.add("petal", "main", outline)
    front = rounded([(0, top + 16), (26, -34), (18, 6), (-18, 6), (-26, -34)], 18)
    sketch.textured("petal", front, "light")
