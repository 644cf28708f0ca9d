"""Things: the objects of a scene, how each one looks and where it may be."""

from dataclasses import dataclass, replace

from edulib.data.scenes.objects import PARTS, TEXTURES, VARIANTS, template
from edulib.data.scenes.palette import COLORS, HAIRS, NAMES, SKINS, inks, mix
from edulib.data.scenes.placing import SHEET, UNIT, Placed, Pose
from edulib.data.scenes.settings import Backdrop
from edulib.data.scenes.sketch import Template
from edulib.data.scenes.stream import Stream

SWIMMERS = ("boat", "fish")
TILTS = {"fish": 24, "bird": 14, "butterfly": 40, "boat": 7, "flower": 10}
# Neighbours in a crowd: half a side in thousandths of the first one's, and by how many
# per cent of half a side they are shifted sideways, of their height up or down.
ALIKE, ASIDE, BELOW = (850, 1150), (15, 45), (12, 25)
LEG = PARTS.index("leg")
MAIN_COLORS = {
    "tree": ("green", "green", "green", "orange", "yellow", "pink", "red"),
    "face": ("red", "yellow", "green", "blue", "purple", "pink", "white"),
    "flower": tuple(name for name in NAMES if name != "green"),
}
ACCENTS = {"tree": ("red", "yellow")}  # of fruit


@dataclass(frozen=True)
class Thing:
    """One object of a scene.

    Attributes:
        kind: one of ``KINDS``.
        color: name of its main colour.
        texture: "plain", "striped", "dotted" or "brick".
        stands: whether it touches the ground.
        placed: its design in its place.
    """

    kind: str
    color: str
    texture: str
    stands: bool
    placed: Placed

    @property
    def swims(self) -> bool:
        """Whether it has to be in the water."""
        return self.kind in SWIMMERS

    @property
    def foot(self) -> int:
        """Height of its lower edge, in units of the picture's side / 65,536."""
        pose = self.placed.pose
        return pose.y + pose.half * self.placed.template.low // SHEET


def make_thing(
    kind: str,
    stream: Stream,
    sizes: tuple[int, int],
    behind: Backdrop,
    others: list[Thing],
) -> Thing:
    """Choose how an object looks and where it is.

    Args:
        kind: one of ``KINDS``.
        stream: chooses.
        sizes: smallest and largest half side, in thousandths of the picture's side.
        behind: the scenery.
        others: things which it should not cover.
    """
    name = stream.choice(MAIN_COLORS.get(kind, NAMES))
    accents = [a for a in ACCENTS.get(kind, NAMES) if a != name]
    colors = (
        mix(*COLORS[name], 25 * stream.below(5)),
        COLORS[stream.choice(accents)][0],
        stream.choice(SKINS),
        stream.choice(HAIRS),
    )
    texture = stream.choice(TEXTURES[kind])
    design = template(kind, stream.below(VARIANTS), texture)
    flies = kind == "butterfly" or (kind == "bird" and not design.has(LEG))
    span = None if flies else _feet(kind, behind)
    tries = range(8 if others else 1)
    poses = [_pose(kind, design, stream, sizes, span) for _ in tries]
    taken = [other.placed.pose for other in others]
    pose = min(poses, key=lambda pose: sum(_overlap(pose, t) for t in taken))
    placed = Placed(design, pose, inks(kind, colors, texture, behind.night))
    return Thing(kind, name, texture, not flies and kind not in SWIMMERS, placed)


def make_neighbour(
    other: Thing, stream: Stream, behind: Backdrop, first: Thing
) -> Thing:
    """Make an object so close to another of its kind that the boxes of both overlap.

    It is shifted sideways, and up or down: a box is tight around what is visible, and
    of an object of which a side and an upper or lower edge are seen it stays whole.

    Args:
        other: the other object.
        stream: chooses.
        behind: the scenery.
        first: of the crowd: the others are about as large, in a row towards the middle.
    """
    sizes = tuple(first.placed.pose.half * n // UNIT for n in ALIKE)
    thing = make_thing(other.kind, stream, sizes, behind, [])
    while thing.stands != other.stands:  # a bird stands or flies
        thing = make_thing(other.kind, stream, sizes, behind, [])
    near, placed = other.placed.pose, thing.placed
    high = near.half * (placed.template.low - placed.template.top) // SHEET
    dx = near.half * stream.between(*ASIDE) // 100
    dy = high * stream.between(*BELOW) // 100
    left = first.placed.pose.x > UNIT // 2
    top = _feet(other.kind, behind)[0] if other.stands or other.swims else high
    free = other.foot - dy >= top
    up = free and (stream.chance(50) or other.foot + dy > UNIT)
    x, y = near.x + (-dx if left else dx), near.y + (-dy if up else dy)
    return replace(thing, placed=replace(placed, pose=replace(placed.pose, x=x, y=y)))


def _feet(kind: str, behind: Backdrop) -> tuple[int, int]:
    """Between which heights an object's lower edge may lie."""
    if kind in SWIMMERS:
        return behind.horizon + UNIT // 12, UNIT * 88 // 100
    return min(behind.ground_level + UNIT // 20, UNIT * 96 // 100), UNIT * 97 // 100


def _pose(
    kind: str,
    design: Template,
    stream: Stream,
    sizes: tuple[int, int],
    span: tuple[int, int] | None,
) -> Pose:
    """A random pose with the feet within a span, or in the air; whole if possible."""
    half = UNIT * stream.between(*sizes) // 1000
    room = max(UNIT // 2 - half * 9 // 10, UNIT // 25)
    x = UNIT // 2 + stream.between(-room, room)
    high, low = -half * design.top // SHEET, half * design.low // SHEET
    if span is None:
        y = stream.between(half * 9 // 10, max(UNIT * 9 // 10 - half, half))
    else:
        y = max(stream.between(*span) - low, high)
    tilt = TILTS.get(kind, 4)
    return Pose(
        x,
        y,
        half,
        stream.between(-tilt, tilt),
        stream.chance(50),
        stream.between(88, 112),
    )


def _overlap(first: Pose, second: Pose) -> int:
    """Area that two objects' squares share, in (UNIT / 256) squared."""
    wide, high = (
        min(a + first.half, b + second.half) - max(a - first.half, b - second.half)
        for a, b in ((first.x, second.x), (first.y, second.y))
    )
    return max(wide, 0) * max(high, 0) >> 16
