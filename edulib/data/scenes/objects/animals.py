"""Designs of animals: fish, bird and butterfly."""

from edulib.data.scenes.geometry import (
    Outline,
    band,
    box,
    ellipse,
    mirrored,
    rounded,
    stroke,
    turned,
)
from edulib.data.scenes.sketch import Sketch
from edulib.data.scenes.stream import Stream


def eye(sketch: Sketch, x: float, y: float, radius: float) -> None:
    """An eye: white, iris and a glint."""
    sketch.add("eye", "white", ellipse(x, y, radius))
    sketch.add("eye", "black", ellipse(x + radius * 0.15, y, radius * 0.62))
    glint = ellipse(x - radius * 0.1, y - radius * 0.25, radius * 0.22)
    sketch.decorate("white", glint)


def fish(sketch: Sketch, pick: Stream) -> None:
    """A fish that swims to the right."""
    tall = pick.between(38, 54)
    tail = [(-52, 0), (-96, -tall * 0.8), (-84, 0), (-96, tall * 0.8)]
    sketch.add("tail", "accent", rounded(tail, 14))
    back = [(-40, -tall * 0.4), (-28, -tall - 22), (10, -tall - 18), (44, -tall * 0.5)]
    sketch.add("fin", "accent", rounded(back, 14))
    belly = [(-20, tall * 0.5), (-26, tall + 20), (12, tall * 0.8)]
    sketch.add("fin", "accent", rounded(belly, 10))
    body = _fish_body(tall)
    sketch.textured("body", body)
    head = [(46, -90), (110, -90), (110, 90), (46, 90), (38, 0)]
    sketch.shade("main", body, head)
    sketch.decorate("dark", band(14, 0, 32, 35, -48, 48))
    side = rounded([(-6, 8), (-40, 14), (-30, 34), (-8, 24)], 10)
    sketch.add("fin", "accent_dark", side)
    eye(sketch, 62, -tall * 0.22, 12)
    sketch.add("mouth", "shadow", rounded([(98, 10), (76, 15), (78, 20), (94, 18)], 3))


def _fish_body(tall: float) -> Outline:
    """Two arches that meet at the mouth and before the tail."""
    upper = [(-70, -4), (-34, -tall * 0.95), (44, -tall * 1.05), (98, 2)]
    lower = [(98, 8), (44, tall * 1.05), (-34, tall * 0.95), (-70, 4)]
    return rounded(upper + lower, 48)


FOLDED_WING = [(-8, 6), (34, 4), (26, 34), (-26, 40), (-58, 30)]
RAISED_WING = [
    *((32, 14), (20, -20), (-30, -84), (-62, -92)),
    *((-46, -40), (-30, 12), (0, 30)),
]


def bird(sketch: Sketch, pick: Stream) -> None:
    """A bird that looks to the right, standing or with its wings raised."""
    flying = pick.chance(40)
    tail = [(-38, 14), (-98, 10), (-92, 26), (-98, 40), (-30, 42)]
    sketch.add("tail", "dark", rounded(tail, 8))
    if not flying:
        for x in (-4, 16):
            sketch.add("leg", "orange", stroke((x, 52), (x + 2, 84), 5))
            sketch.add("leg", "orange", stroke((x - 5, 85), (x + 15, 85), 5))
    corners = [(-58, 20), (-10, -18), (40, -30), (58, 20), (26, 64), (-28, 62)]
    body = rounded(corners, 40)
    sketch.add("beak", "orange", rounded([(70, -46), (99, -33), (70, -24)], 4))
    sketch.add("body", "main", body)
    sketch.shade("light", body, turned(box(-90, 34, 120, 120), -14))
    sketch.add("head", "main", ellipse(48, -36, 31))
    if pick.chance(40):
        crest = [(38, -60), (22, -88), (44, -80), (52, -92), (60, -62)]
        sketch.add("head", "accent", rounded(crest, 5))
    wing = RAISED_WING if flying else FOLDED_WING
    sketch.textured("wing", rounded(wing, 18), "accent")
    eye(sketch, 56, -42, 9.5)


def butterfly(sketch: Sketch, pick: Stream) -> None:
    """A butterfly from above, its wings spread."""
    tip, low = pick.between(-86, -72), pick.between(62, 78)
    upper = [(4, -12), (52, tip), (94, tip + 6), (92, -16), (48, 10), (4, 8)]
    upper = rounded(upper, 24)
    lower = rounded([(4, 0), (50, 2), (74, 26), (50, low), (20, 58), (4, 24)], 20)
    for flip in (list, mirrored):
        _wing(sketch, flip(lower), "accent", flip([(36, 32), (48, 18)]))
        _wing(sketch, flip(upper), "main", flip([(64, -44), (40, -26)]))
    for flip in (list, mirrored):
        start, bend, end = flip([(2, -40), (16, -66), (28, -76)])
        sketch.add("antenna", "black", stroke(start, bend, 3.5))
        sketch.add("antenna", "black", stroke(bend, end, 3.5))
        sketch.add("antenna", "black", ellipse(*end, 4.5))
    sketch.add("body", "black", ellipse(0, 6, 6.5, 42))
    sketch.add("head", "black", ellipse(0, -40, 9))
    for y in (-8, 8, 24):
        sketch.decorate("brown_light", box(-5, y, 5, y + 4))


def _wing(sketch: Sketch, outline: Outline, role: str, spots: Outline) -> None:
    """A wing with a dark rim and two bright spots."""
    middle = [sum(c) / len(outline) for c in zip(*outline, strict=True)]
    inner = [
        tuple(m + (v - m) * 0.84 for v, m in zip(point, middle, strict=True))
        for point in outline
    ]
    sketch.add("wing", "rim", outline)
    sketch.textured("wing", inner, role)
    for (x, y), radius in zip(spots, (9, 5), strict=True):
        sketch.decorate("spot", ellipse(x, y, radius))
