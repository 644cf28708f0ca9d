"""Designs of things that carry people: car, bicycle and boat."""

from edulib.data.scenes.geometry import (
    Outline,
    arc,
    band,
    box,
    ellipse,
    rounded,
    stroke,
)
from edulib.data.scenes.sketch import Sketch
from edulib.data.scenes.stream import Stream

# For each kind of car: the cabin, and where its glass is parted.
CABINS = (
    ([(-58, -12), (-40, -50), (22, -50), (52, -12)], -8),
    ([(-92, -12), (-78, -52), (10, -52), (46, -12)], -16),
    ([(-94, -12), (-90, -62), (42, -62), (64, -12)], -2),
)


def car(sketch: Sketch, pick: Stream) -> None:
    """A car seen from its side, driving to the right."""
    cabin, middle = pick.choice(CABINS)
    body = [(-96, 32), (-96, -10), (-60, -16), (50, -16), (92, -4), (97, 32)]
    sketch.add("bodywork", "main", rounded(cabin, 12))
    sketch.textured("bodywork", rounded(body, 16))
    sketch.shade("dark", rounded(body, 16), box(-120, 17, 120, 60))
    _car_glass(sketch, cabin, middle)
    sketch.decorate("dark", stroke((middle, -10), (middle, 26), 2.5))
    sketch.decorate("light", rounded(box(middle - 19, -3, middle - 7, 1), 2))
    sketch.add("lamp", "lamp", rounded(box(83, -1, 98, 11), 5))
    sketch.add("lamp", "red", rounded(box(-98, -6, -89, 8), 4))
    radius = pick.between(19, 22)
    for x in (-54, 54):
        sketch.decorate("dark", arc(x, 32, radius + 5, 180, 360))
        car_wheel(sketch, x, 34, radius)


def _car_glass(sketch: Sketch, cabin: Outline, middle: float) -> None:
    """Two panes, parted by a pillar, a little inside the cabin."""
    (x0, low), (x1, top), (x2, _), (x3, _) = cabin
    top, low = top + 8, low - 2
    rear = [(x0 + 13, low), (x1 + 6, top), (middle - 3, top), (middle - 3, low)]
    front = [(middle + 3, low), (middle + 3, top), (x2 - 4, top), (x3 - 12, low)]
    for pane in (rear, front):
        sketch.add("window", "glass", rounded(pane, 5))
    shine = [(x2 - 16, top), (x2 - 8, top), (x2 - 16, low), (x2 - 24, low)]
    sketch.decorate("glass_light", shine)


def car_wheel(sketch: Sketch, x: float, y: float, radius: float) -> None:
    """A tyre with its rim."""
    sketch.add("wheel", "tyre", ellipse(x, y, radius))
    sketch.add("wheel", "metal", ellipse(x, y, radius * 0.55))
    sketch.add("wheel", "metal_dark", ellipse(x, y, radius * 0.2))


def bicycle(sketch: Sketch, pick: Stream) -> None:
    """A bicycle seen from its side, riding to the right."""
    radius = pick.between(38, 42)
    rear, crank, front = (-55, 32), (-10, 34), (55, 32)
    seat, head = (-25, -20), (32, -24)
    sketch.fill("frame", [rear, seat, head, crank])
    for x in (-55, 55):
        sketch.fill("wheel", arc(x, 32, radius, 0, 360))
    for x in (-55, 55):
        _bicycle_wheel(sketch, x, radius, pick.choice((0, 20)))
    tubes = [(rear, crank), (rear, seat), (crank, seat), (crank, head), (seat, head)]
    for start, stop in [*tubes, (head, front)]:
        sketch.add("frame", "main", stroke(start, stop, 7.5))
    for joint in (rear, crank, seat, head, front):
        sketch.add("frame", "main", ellipse(*joint, 3.8))
    sketch.add("frame", "dark", ellipse(*crank, 9))
    sketch.add("frame", "metal", ellipse(*crank, 4))
    sketch.add("frame", "dark", stroke(seat, (-29, -36), 6))
    _saddle_and_handlebar(sketch, pick)
    if pick.chance(50):
        basket = [(40, -42), (72, -42), (66, -18), (44, -18)]
        sketch.add("basket", "wood", rounded(basket, 4))
        sketch.decorate("wood_dark", box(41, -36, 70, -33))
        sketch.decorate("wood_dark", box(43, -28, 68, -25))


def _bicycle_wheel(sketch: Sketch, x: float, radius: float, turn: int) -> None:
    """A thin tyre, spokes and a hub; what is between the spokes shows through."""
    for angle in (0, 60, 120):
        (start,), (stop,) = (
            arc(x, 32, radius - 3, angle + turn + half, angle + turn + half)[:1]
            for half in (0, 180)
        )
        sketch.add("wheel", "metal", stroke(start, stop, 2))
    for start in (0, 180):
        tyre = band(x, 32, radius - 6, radius, start, start + 180)
        sketch.add("wheel", "tyre", tyre)
    sketch.add("wheel", "tyre", ellipse(x, 32, 6))


def _saddle_and_handlebar(sketch: Sketch, pick: Stream) -> None:
    saddle = [(-50, -42), (-12, -40), (-14, -34), (-34, -31), (-50, -33)]
    sketch.add("saddle", "tyre", rounded(saddle, 5))
    sketch.add("handlebar", "metal_dark", stroke((32, -24), (27, -46), 6))
    if pick.chance(50):
        sketch.add("handlebar", "metal_dark", stroke((27, -46), (44, -50), 6))
        sketch.add("handlebar", "tyre", stroke((36, -48), (46, -51), 7.5))
    else:
        sketch.add("handlebar", "metal_dark", stroke((8, -52), (30, -46), 6))
        sketch.add("handlebar", "tyre", stroke((6, -53), (17, -50), 7.5))


def boat(sketch: Sketch, pick: Stream) -> None:
    """A sailing boat."""
    low = pick.between(48, 54)
    sketch.add("mast", "wood", box(-4, -92, 2, low))
    if pick.chance(65):
        _two_sails(sketch, low)
    else:
        _square_sail(sketch)
    flag = [(2, -98), (30, -92), (2, -84)]
    sketch.add("flag", "accent", flag)
    hull = [(-84, low), (88, low - 6), (62, 84), (-60, 84)]
    sketch.add("hull", "main", rounded(hull, 14))
    sketch.shade("dark", rounded(hull, 14), box(-100, 72, 100, 100))
    sketch.shade("trim", rounded(hull, 14), box(-100, 40, 100, low + 7))
    for x in (-40, -6, 28):
        sketch.decorate("trim", ellipse(x, low + 17, 5))
        sketch.decorate("glass", ellipse(x, low + 17, 3.2))


def _two_sails(sketch: Sketch, low: float) -> None:
    main = rounded([(6, -84), (72, low - 20), (6, low - 10)], 6)
    fore = rounded([(-10, -72), (-10, low - 10), (-68, low - 14)], 6)
    sketch.textured("sail", main, "sail")
    sketch.add("sail", "sail_dark", fore)


def _square_sail(sketch: Sketch) -> None:
    sail = [(-58, -72), (54, -72), (66, 26), (0, 38), (-68, 26)]
    sketch.textured("sail", rounded(sail, 14), "sail")
    sketch.add("mast", "wood", box(-62, -77, 58, -70))
