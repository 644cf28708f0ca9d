"""Layout: which objects a scene holds, and where."""

from dataclasses import dataclass
from functools import lru_cache

from edulib.data.scenes.objects import KINDS
from edulib.data.scenes.placing import UNIT, Placed, Pose
from edulib.data.scenes.scenery import scenery
from edulib.data.scenes.settings import DRY, SETTINGS, WET, Backdrop, backdrop, prop
from edulib.data.scenes.stream import Stream
from edulib.data.scenes.things import SWIMMERS, Thing, make_thing

# Half of an object's side, in thousandths of the picture's side.
SCALES = {"small": (90, 140), "medium": (170, 240), "large": (330, 440)}
ALONE, AMONG = (270, 440), (120, 250)  # without a scale: one object, several


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
        things.append(make_thing(kind, own, sizes, behind, things))
    depth = sorted(range(1, len(things)), key=lambda k: things[k].foot)
    front = _props(setting, scenery_stream, things[0], night)
    return Plan(setting, night, behind, things, [*depth, 0], front)


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
