"""Layout: which objects a scene holds, and where."""

from dataclasses import dataclass
from functools import lru_cache

from edulib.data.scenes.objects import KINDS, TEXTURES, VARIANTS, template
from edulib.data.scenes.palette import COLOURS, HAIRS, NAMES, SKINS, inks, mix
from edulib.data.scenes.placing import SHEET, UNIT, Placed, Pose
from edulib.data.scenes.scenery import scenery
from edulib.data.scenes.settings import DRY, SETTINGS, WET, Backdrop, backdrop, prop
from edulib.data.scenes.stream import Stream

# Half of an object's side, in thousandths of the picture's side.
SCALES = {"small": (90, 140), "medium": (170, 240), "large": (330, 440)}
ALONE, AMONG = (270, 440), (120, 250)  # without a scale: one object, several
FLIERS = ("bird", "butterfly")
SWIMMERS = ("boat", "fish")
TILTS = {"fish": 24, "bird": 14, "butterfly": 40, "boat": 7, "flower": 10}
TREE_COLOURS = ("green", "green", "green", "orange", "yellow", "pink", "red")


@dataclass(frozen=True)
class Thing:
    """One object of a scene.

    Attributes:
        kind: one of ``KINDS``.
        colour: name of its main colour.
        texture: "plain", "striped", "dotted" or "brick".
        placed: its design in its place.
    """

    kind: str
    colour: str
    texture: str
    placed: Placed


@dataclass(frozen=True)
class Plan:
    """All of a scene but its pixels.

    Attributes:
        setting: one of ``SETTINGS``.
        night: whether it is night.
        backdrop: sky and scenery behind the objects.
        things: the objects; the main one first. It stands before all others.
        depth: order in which things are drawn, back to front.
        front: scenery before the objects.
    """

    setting: str
    night: bool
    backdrop: Backdrop
    things: list[Thing]
    depth: list[int]
    front: list[Placed]


def make_plan(
    seed: int, index: int, domain: str, objects: tuple[int, int], scale: str | None
) -> Plan:
    """Decide everything about a scene.

    Args:
        seed: of the collection of scenes.
        index: number of the scene.
        domain: "day", "night" or "both"; it changes the light and nothing else.
        objects: fewest and most objects.
        scale: size of the objects: one of ``SCALES``, or None for all sizes.
    """
    stream = Stream(seed, index)
    night = stream.chance(50)
    night = night if domain == "both" else domain == "night"
    kinds = [main_kind(seed, index)]
    kinds += [stream.choice(KINDS) for _ in range(stream.between(*objects) - 1)]
    wet = any(kind in SWIMMERS for kind in kinds)
    setting = stream.choice(WET if wet else DRY)
    scenery_stream = Stream(seed, index, "scenery")
    behind = backdrop(SETTINGS[setting], scenery_stream, night)
    sizes = SCALES[scale] if scale else ALONE if objects[1] == 1 else AMONG
    things: list[Thing] = []
    for k, kind in enumerate(kinds):
        own = Stream(seed, index, "object", k)
        pose = _free_pose(kind, own, sizes, behind, things)
        things.append(_thing(kind, own, pose, night))
    depth = sorted(range(1, len(things)), key=lambda k: _base(things[k].placed.pose))
    front = _props(setting, scenery_stream, things[0].placed.pose, night)
    return Plan(setting, night, behind, things, [*depth, 0], front)


def main_kind(seed: int, index: int) -> str:
    """Kind of a scene's main object: each occurs once in every ten scenes."""
    block, place = divmod(index, len(KINDS))
    return _block(seed, block)[place]


@lru_cache(maxsize=64)
def _block(seed: int, block: int) -> list[str]:
    """The main kinds of ten scenes in a row."""
    return Stream(seed, "block", block).shuffled(KINDS)


def _base(pose: Pose) -> int:
    """Height in the picture of an object's lower edge."""
    return pose.y + pose.half


def _thing(kind: str, stream: Stream, pose: Pose, night: bool) -> Thing:
    names = TREE_COLOURS if kind == "tree" else NAMES
    name = stream.choice(names)
    accent = stream.choice([other for other in NAMES if other != name])
    if kind == "tree":
        accent = stream.choice([fruit for fruit in ("red", "yellow") if fruit != name])
    main = mix(*COLOURS[name], 25 * stream.below(5))
    colours = (main, COLOURS[accent][0], stream.choice(SKINS), stream.choice(HAIRS))
    texture = stream.choice(TEXTURES[kind])
    design = template(kind, stream.below(VARIANTS), texture)
    placed = Placed(design, pose, inks(kind, colours, texture, night))
    return Thing(kind, name, texture, placed)


def _free_pose(
    kind: str,
    stream: Stream,
    sizes: tuple[int, int],
    behind: Backdrop,
    things: list[Thing],
) -> Pose:
    """Of some random poses, the one that covers least of the things so far."""
    tries = 1 if not things else 8
    poses = [_pose(kind, stream, sizes, behind) for _ in range(tries)]
    others = [thing.placed.pose for thing in things]
    return min(poses, key=lambda pose: sum(_overlap(pose, o) for o in others))


def _pose(kind: str, stream: Stream, sizes: tuple[int, int], behind: Backdrop) -> Pose:
    half = UNIT * stream.between(*sizes) // 1000
    room = max(UNIT // 2 - half * 9 // 10, UNIT // 25)
    x = UNIT // 2 + stream.between(-room, room)
    sky = stream.between(half * 9 // 10, max(UNIT - half, half))
    near = behind.horizon if kind in SWIMMERS else behind.ground_level
    far = UNIT * (88 if kind in SWIMMERS else 98) // 100
    foot = stream.between(near + UNIT // 16, far) if near + UNIT // 16 < far else far
    stand = max(foot - half, half * 95 // 100)
    y = sky if kind in FLIERS else stand
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


def _props(setting: str, stream: Stream, main: Pose, night: bool) -> list[Placed]:
    """Scenery in the foreground; it covers no more than a corner of the main object."""
    names = SETTINGS[setting].props
    placed = []
    for _ in range(stream.choice((0, 1, 1, 2, 3))):
        half = min(UNIT * stream.between(60, 110) // 1000, main.half // 2)
        x = UNIT * stream.between(0, 100) // 100
        y = UNIT * stream.between(91, 99) // 100 - half // 2
        pose = Pose(x, y, half, 0, stream.chance(50))
        placed.append(prop(stream.choice(names), stream, pose, night))
    return placed


def shadow_of(thing: Thing, ground: tuple[int, int, int]) -> Placed:
    """The shadow of a thing that stands on the ground."""
    pose = thing.placed.pose
    low = int(thing.placed.template.corners[:, 1].max())
    y = pose.y + pose.half * low // SHEET
    flat = Pose(pose.x, y, pose.half * 9 // 10)
    return Placed(scenery("shadow", 0), flat, {"dark": ground})
