"""Designs of people and their houses: face and house."""

from edulib.data.scenes.geometry import (
    Outline,
    arc,
    band,
    box,
    ellipse,
    mirrored,
    rounded,
    stroke,
)
from edulib.data.scenes.objects.animals import eye
from edulib.data.scenes.sketch import Sketch
from edulib.data.scenes.stream import Stream


def face(sketch: Sketch, pick: Stream) -> None:
    """A face and the shirt below it."""
    style = pick.choice(("short", "long", "bun", "curly"))
    _hair_behind(sketch, style)
    shirt = [(-88, 100), (-74, 66), (-26, 54), (26, 54), (74, 66), (88, 100)]
    sketch.textured("shirt", rounded(shirt, 26))
    sketch.add("head", "skin_dark", rounded(box(-18, 30, 18, 68), 16))
    for x in (-52, 52):
        sketch.add("ear", "skin_dark", ellipse(x, -10, 11, 14))
    head = [(-52, -70), (52, -70), (50, 20), (22, 54), (-22, 54), (-50, 20)]
    head = rounded(head, 34)
    sketch.add("head", "skin", head)
    _hair_in_front(sketch, style, head)
    for x in (-22, 22):
        eye(sketch, x, -12, 10.5)
        sketch.decorate("hair", rounded(box(x - 11, -32, x + 11, -27), 3))
        sketch.decorate("blush", ellipse(x * 1.5, 10, 9, 7))
    sketch.add("nose", "skin_dark", rounded([(-1, -8), (3, -8), (9, 10), (-7, 10)], 5))
    if pick.chance(50):
        sketch.add("mouth", "mouth", arc(0, 20, 18, 0, 180))
        sketch.add("mouth", "white", box(-13, 21, 13, 26))
    else:
        sketch.add("mouth", "mouth", band(0, 14, 17, 22, 20, 160))


def _hair_behind(sketch: Sketch, style: str) -> None:
    if style == "long":
        sketch.add("hair", "hair", rounded(box(-66, -92, 66, 62), 50))
    if style == "bun":
        sketch.add("hair", "hair", ellipse(0, -88, 22))
    if style == "curly":
        for angle in range(150, 400, 25):
            (center,) = arc(0, -26, 56, angle, angle)[:1]
            sketch.add("hair", "hair", ellipse(*center, 23))


def _hair_in_front(sketch: Sketch, style: str, head: Outline) -> None:
    top = [(-58, -10), (-62, -56), (-34, -92), (34, -92), (62, -56), (58, -10)]
    fringe = {
        "short": [(48, -30), (30, -48), (-10, -44), (-46, -50), (-48, -28)],
        "long": [(46, -20), (34, -46), (0, -60), (-34, -46), (-46, -20)],
        "bun": [(50, -30), (24, -58), (-24, -58), (-50, -30)],
        "curly": [(46, -40), (20, -52), (-20, -52), (-46, -40)],
    }
    sketch.add("hair", "hair", rounded(top + fringe[style], 14))
    sketch.decorate("hair_light", band(-6, -36, 44, 49, 215, 275))


def house(sketch: Sketch, pick: Stream) -> None:
    """A house from the front."""
    if pick.chance(50):
        half, top = 74, -8
        roof = [(-92, top + 4), (0, -88), (92, top + 4)]
    else:
        half, top = pick.between(54, 64), -34
        slope = [(half * 0.6, -90), (half + 16, top + 4)]
        roof = mirrored(slope)[::-1] + slope
    if pick.chance(70):
        sketch.add("chimney", "brick", box(34, -96, 52, -30))
        sketch.add("chimney", "brick_dark", box(31, -98, 55, -90))
    wall = box(-half, top, half, 92)
    if len(roof) == 3:
        wall = [(-half, top), (0, -80), (half, top), (half, 92), (-half, 92)]
    sketch.textured("wall", wall)
    sketch.decorate("dark", box(-half, 84, half, 92))
    _roof(sketch, roof, top)
    _door_and_windows(sketch, half, top, pick)


def _roof(sketch: Sketch, roof: Outline, top: float) -> None:
    if len(roof) == 3:
        for start, stop in ((roof[0], roof[1]), (roof[2], roof[1])):
            sketch.add("roof", "accent", stroke(start, stop, 20))
        sketch.add("roof", "accent", ellipse(*roof[1], 10))
        window(sketch, -13, -46, 13, -20)
        return
    sketch.add("roof", "accent", rounded(roof, 6))
    for y in (-74, -58, -42):
        sketch.shade("accent_dark", rounded(roof, 6), box(-120, y, 120, y + 4))
    sketch.add(
        "roof", "accent_dark", box(roof[0][0] + 16, top + 4, roof[3][0] - 16, top + 9)
    )


def _door_and_windows(sketch: Sketch, half: float, top: float, pick: Stream) -> None:
    place = pick.choice((-1, 0, 1))
    x = place * half * 0.5
    sketch.add("door", "trim", rounded(box(x - 19, 30, x + 19, 96), 4))
    sketch.add("door", "door", rounded(box(x - 15, 34, x + 15, 93), 3))
    sketch.add("door", "door_dark", rounded(box(x - 9, 42, x + 9, 58), 2))
    sketch.add("door", "yellow", ellipse(x + 9, 66, 3))
    lower = {-1: (0.12, 0.62), 0: (-0.62, 0.62), 1: (-0.62, -0.12)}[place]
    for share in lower:
        center = share * half
        window(sketch, center - 13, 34, center + 13, 62)
    if top < -20:
        for center in (-half * 0.5, half * 0.5):
            window(sketch, center - 13, -18, center + 13, 10)


def window(
    sketch: Sketch, left: float, top: float, right: float, bottom: float
) -> None:
    """A window: frame, panes and a sill."""
    x, y = (left + right) / 2, (top + bottom) / 2
    sketch.add("window", "trim", box(left - 4, top - 4, right + 4, bottom + 4))
    sketch.add("window", "glass", box(left, top, right, bottom))
    sketch.decorate("glass_light", [(left, y), (x, top), (x + 6, top), (left, y + 8)])
    sketch.decorate("trim", box(x - 1.5, top, x + 1.5, bottom))
    sketch.decorate("trim", box(left, y - 1.5, right, y + 1.5))
