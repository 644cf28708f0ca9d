"""Layout: which objects a scene holds, and where."""

from dataclasses import dataclass
from functools import lru_cache

from edulib.data.scenes.objects import KINDS
from edulib.data.scenes.options import Options
from edulib.data.scenes.placing import UNIT, Placed, Pose
from edulib.data.scenes.scenery import scenery
from edulib.data.scenes.settings import DRY, SETTINGS, WET, Backdrop, backdrop, prop
from edulib.data.scenes.stream import Stream
from edulib.data.scenes.things import SWIMMERS, Thing, make_neighbour, make_thing

CROWD = (2, 4)  # objects of one kind that stand close together
ENOUGH, ENOUGH_IN_CROWDS = 40, 25  # per cent of an object that must be seen


@dataclass(frozen=True)
class Plan:
    """All of a scene but its pixels.

    Attributes:
        setting: one of ``SETTINGS``.
        night: whether it is night.
        backdrop: sky and scenery behind the objects.
        things: the objects; the main one first.
        depth: order in which things are drawn, back to front.
        front: scenery before the objects.
        filled: whether the map fills what a thing surrounds.
        enough: per cent of an object that must be seen.
    """

    setting: str
    night: bool
    backdrop: Backdrop
    things: list[Thing]
    depth: list[int]
    front: list[Placed]
    filled: bool
    enough: int


def make_plan(seed: int, index: int, options: Options) -> Plan:
    """Decide everything about a scene.

    Args:
        seed: of the collection of scenes.
        index: number of the scene.
        options: which scenes; the size in pixels does not matter.
    """
    stream = Stream(seed, index)
    night = stream.chance(50)
    night = night if options.domain == "both" else options.domain == "night"
    kinds = [main_kind(seed, index)]
    kinds += [stream.choice(KINDS) for _ in range(stream.between(*options.span) - 1)]
    crowd = _crowd(Stream(seed, index, "crowd"), options)
    kinds[:crowd] = kinds[:1] * crowd
    wet = any(kind in SWIMMERS for kind in kinds)
    setting = stream.choice(WET if wet else DRY)
    scenery_stream = Stream(seed, index, "scenery")
    behind = backdrop(SETTINGS[setting], scenery_stream, night)
    sizes = Stream(seed, index, "sizes")
    things: list[Thing] = []
    for k, kind in enumerate(kinds):
        own = Stream(seed, index, "object", k)
        size = sizes.choice(options.sizes)
        if 0 < k < crowd:
            things.append(make_neighbour(things[-1], own, behind, things[0]))
        else:
            things.append(make_thing(kind, own, size, behind, things))
    depth = sorted(range(len(things)), key=lambda k: things[k].foot)
    if not options.in_depth:
        depth.remove(0)
        depth.append(0)
    front = _props(setting, scenery_stream, things[0], night)
    enough = ENOUGH if crowd == 1 else ENOUGH_IN_CROWDS
    return Plan(setting, night, behind, things, depth, front, options.filled, enough)


def _crowd(stream: Stream, options: Options) -> int:
    """How many of the first objects stand close together; 1 if there is no crowd."""
    if not stream.chance(options.crowds):
        return 1
    return min(stream.between(*CROWD), options.span[1])


def main_kind(seed: int, index: int) -> str:
    """Kind of a scene's main object: each occurs once in every ten scenes."""
    block, place = divmod(index, len(KINDS))
    return _block(seed, block)[place]


@lru_cache(maxsize=64)
def _block(seed: int, block: int) -> list[str]:
    """The main kinds of ten scenes in a row."""
    return Stream(seed, "block", block).shuffled(KINDS)


def _props(setting: str, stream: Stream, main: Thing, night: bool) -> list[Placed]:
    """Scenery in the foreground; now and then it hides a corner of the main object."""
    names, pose = SETTINGS[setting].props, main.placed.pose
    poses = []
    for _ in range(stream.choice((0, 1, 1, 2, 3))):
        half = min(UNIT * stream.between(60, 110) // 1000, pose.half // 2)
        x, low = stream.between(0, 100), stream.between(91, 99)
        poses.append(Pose(UNIT * x // 100, UNIT * low // 100 - half // 2, half))
    if main.stands and stream.chance(45):
        half = pose.half * stream.between(24, 40) // 100
        x = pose.x + pose.half * stream.between(-70, 70) // 100
        poses.append(Pose(x, main.foot + UNIT // 50 - half * 6 // 10, half))
    return [prop(stream.choice(names), stream, one, night) for one in poses]


def shadow_of(thing: Thing, ground: tuple[int, int, int]) -> Placed:
    """The shadow of a thing that stands on the ground."""
    pose = thing.placed.pose
    flat = Pose(pose.x, thing.foot, pose.half * 9 // 10)
    return Placed(scenery("shadow", 0), flat, {"dark": ground})
