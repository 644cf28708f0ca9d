"""Designs of what lies behind and before the objects: hills, clouds, grass, ...

Scenery belongs to no object and no part. Layers (hills, water, ground) span the whole
sheet, their upper edge at 0; props (clouds, stones, bushes) are placed like objects.
"""

from functools import cache

from edulib.data.scenes.geometry import (
    COS,
    ONE,
    Outline,
    arc,
    box,
    ellipse,
    moved,
    rounded,
    stroke,
)
from edulib.data.scenes.sketch import Sketch, Template
from edulib.data.scenes.stream import Stream

VARIANTS = 6  # designs of each piece of scenery


def _waves(pick: Stream, height: int, depth: float) -> Outline:
    """A wavy upper edge, closed some way below."""
    phases = [pick.below(360) for _ in range(3)]
    edge = [(-110.0, depth)]
    for x in range(-110, 111, 5):
        parts = zip(phases, (1, 2, 3), (5, 3, 2), strict=True)
        swing = sum(COS[(p + x * n * 2) % 360] * share for p, n, share in parts)
        edge.append((x, -height * swing / ONE / 10))
    return [*edge, (110.0, depth)]


def hills(sketch: Sketch, pick: Stream) -> None:
    """Rolling hills."""
    sketch.decorate("main", _waves(pick, 26, 12))


def ground(sketch: Sketch, pick: Stream) -> None:
    """Slightly uneven ground, with a lighter edge."""
    edge = _waves(pick, 5, 100)
    sketch.decorate("main", edge)
    for _ in range(5):
        x, y = pick.between(-95, 95), pick.between(14, 90)
        sketch.decorate("dark", ellipse(x, y, pick.between(8, 26), 1.6))


def mountains(sketch: Sketch, pick: Stream) -> None:
    """Peaks with snow on them."""
    for middle in (-90, -35, 30, 85):
        x, top = middle + pick.between(-14, 14), pick.between(-62, -34)
        peak = rounded([(x, top), (x + 62, 20), (x - 62, 20)], 6)
        sketch.decorate("main", peak)
        right = [(x, -90), (x + 99, -90), (x + 99, 99), (x + 12, 99)]
        sketch.shade("dark", peak, right)
        cap = [(0, 1), (13, 17), (5, 13), (-2, 20), (-13, 17)]
        sketch.decorate("white", moved(rounded(cap, 3), x, top))


def skyline(sketch: Sketch, pick: Stream) -> None:
    """Roofs of a town far away."""
    x = -112
    while x < 110:
        width, top = pick.between(14, 28), -pick.between(12, 52)
        role = pick.choice(("main", "dark"))
        sketch.decorate(role, box(x, top, x + width, 12))
        x += width - 1


def water(sketch: Sketch, pick: Stream) -> None:
    """Water with lines of waves, denser towards the horizon."""
    sketch.decorate("main", box(-110, 0, 110, 80))
    sketch.decorate("light", box(-110, 0, 110, 2))
    for k in range(16):
        y, half = 5 + k * k * 0.42, pick.between(5, 9) + k
        x = pick.between(-100, 100)
        sketch.decorate("light", ellipse(x, y, half, 0.7 + k * 0.05))


def shore(sketch: Sketch, pick: Stream) -> None:
    """Ground with a line of foam before it."""
    edge = _waves(pick, 7, 40)
    sketch.decorate("white", [(x, y - 3) for x, y in edge])
    sketch.decorate("main", edge)


def stars(sketch: Sketch, pick: Stream) -> None:
    """Stars all over the sheet."""
    for k in range(30):
        x, y = pick.between(-99, 99), pick.between(-99, 10)
        star = _star(x, y, 2.6) if k % 4 == 0 else arc(x, y, 1.3, 0, 270)
        sketch.decorate("main", star)


def _star(x: float, y: float, radius: float) -> Outline:
    """A star with four points."""
    points = []
    for k in range(8):
        points += arc(x, y, radius if k % 2 == 0 else radius * 0.35, 45 * k, 45 * k)[:1]
    return points


def sun(sketch: Sketch, pick: Stream) -> None:
    """The sun with two halos."""
    for role, radius in (("halo", 100), ("halo2", 78), ("sun", 58)):
        sketch.decorate(role, ellipse(0, 0, radius))


def moon(sketch: Sketch, pick: Stream) -> None:
    """The moon with two halos: full or a crescent."""
    sketch.decorate("halo", ellipse(0, 0, 100))
    sketch.decorate("halo2", ellipse(0, 0, 78))
    sketch.decorate("moon", ellipse(0, 0, 56))
    if pick.chance(50):
        sketch.decorate("halo2", ellipse(26, -12, 46))
    else:
        for x, y, radius in ((-18, -14, 12), (16, 12, 9), (-8, 26, 7)):
            sketch.decorate("crater", ellipse(x, y, radius))


def cloud(sketch: Sketch, pick: Stream) -> None:
    """A cloud."""
    lobes = [(-52, 6, 24), (-22, -12, 34), (20, -6, 30), (54, 8, 22)]
    lobes = [(x, y + pick.between(-5, 5), r) for x, y, r in lobes]
    base = rounded(box(-80, 2, 80, 32), 16)
    for x, y, radius in lobes:
        sketch.decorate("shade", ellipse(x + 3, y + 4, radius))
    sketch.decorate("shade", base)
    for x, y, radius in lobes:
        sketch.decorate("cloud", ellipse(x, y - 2, radius - 2))
    sketch.decorate("cloud", rounded(box(-76, 0, 74, 24), 13))


def tuft(sketch: Sketch, pick: Stream) -> None:
    """Blades of grass."""
    for x in range(-70, 71, 28):
        lean, top = pick.between(-22, 22), pick.between(-90, -40)
        blade = [(x - 13, 60), (x + lean, top), (x + 13, 60)]
        sketch.decorate(pick.choice(("leaf", "leaf_dark")), blade)


def bush(sketch: Sketch, pick: Stream) -> None:
    """A low bush."""
    lobes = [(-56, 22, 38), (-16, -6, 46), (36, 2, 42), (66, 28, 30)]
    for x, y, radius in lobes:
        sketch.decorate("leaf_dark", ellipse(x, y + pick.between(2, 6), radius))
    for x, y, radius in lobes:
        sketch.decorate("leaf", ellipse(x - 5, y - 6, radius - 7))
    sketch.decorate("leaf_dark", rounded(box(-92, 34, 94, 62), 14))


def stone(sketch: Sketch, pick: Stream) -> None:
    """A stone."""
    top = pick.between(-52, -32)
    outline = [(-84, 56), (-70, 2), (-20, top), (44, -30), (86, 56)]
    sketch.decorate("stone", rounded(outline, 26))
    right = [(30, -90), (120, -90), (120, 90), (-6, 90)]
    sketch.shade("stone_dark", rounded(outline, 26), right)


def fence(sketch: Sketch, pick: Stream) -> None:
    """A piece of wooden fence."""
    for y in (-12, 26):
        rail = stroke((-98, y), (98, y + pick.between(-3, 3)), 11)
        sketch.decorate("wood_dark", rail)
    for x in (-78, -26, 26, 78):
        post = [(-11, 62), (-11, -38), (0, -52), (11, -38), (11, 62)]
        sketch.decorate("wood", moved(rounded(post, 3), x, 0))


def cactus(sketch: Sketch, pick: Stream) -> None:
    """A cactus with two arms."""
    for x, low, top in ((-38, 4, -46), (40, -12, -62)):
        sketch.decorate("leaf_dark", rounded(box(x - 11, top, x + 11, low + 11), 11))
        arm = box(min(x, 0) - 11, low - 11, max(x, 0), low + 11)
        sketch.decorate("leaf_dark", rounded(arm, 9))
    sketch.decorate("leaf", rounded(box(-17, -94, 17, 94), 17))
    sketch.decorate("leaf_dark", box(-3, -70, 1, 94))


def shadow(sketch: Sketch, pick: Stream) -> None:
    """What an object keeps from the light on the ground."""
    sketch.decorate("dark", ellipse(0, 0, 100, 14))


SCENERY = {
    design.__name__: design
    for design in (
        *(hills, ground, mountains, skyline, water, shore, stars, sun, moon, cloud),
        *(tuft, bush, stone, fence, cactus, shadow),
    )
}


@cache
def scenery(name: str, variant: int) -> Template:
    """The finished design of a piece of scenery.

    Args:
        name: one of ``SCENERY``.
        variant: which of its designs: 0 to ``VARIANTS`` - 1.
    """
    sketch = Sketch(("background",))
    SCENERY[name](sketch, Stream("scenery", name, variant))
    return sketch.finish()
