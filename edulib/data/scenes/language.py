"""Language: a sentence about a scene, a question and its answer."""

from collections import Counter
from collections.abc import Callable

from edulib.data.scenes.layout import Plan
from edulib.data.scenes.objects import KINDS
from edulib.data.scenes.palette import NAMES
from edulib.data.scenes.settings import SETTINGS
from edulib.data.scenes.sketch import TEXTURES
from edulib.data.scenes.stream import Stream
from edulib.data.scenes.things import Thing

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
PLURALS = {"fish": "fish", "butterfly": "butterflies"}
ANSWERS = (
    *("yes", "no", "day", "night"),
    *(str(number) for number in range(len(NUMBERS))),
    *KINDS,
    *NAMES,
    *TEXTURES,
    *SETTINGS,
)
QA = tuple[str, str]


def caption(plan: Plan) -> str:
    """One true sentence: "a striped red car beside two birds in a town at night"."""
    main, *others = plan.things
    text = described(main)
    if others:
        k = min(range(1, len(plan.things)), key=lambda k: _distance(plan, k))
        nearest = plan.things[k]
        before = plan.depth.index(0) > plan.depth.index(k)
        text += f" {relation(main, nearest, before)} {described(nearest)}"
        rest = Counter(thing.kind for thing in others if thing is not nearest)
        if rest:
            text += ", with " + _listed([counted(k, n) for k, n in rest.items()]) + ","
    return f"{text} {SETTINGS[plan.setting].phrase} {_time(plan)}"


def _time(plan: Plan) -> str:
    return "at night" if plan.night else "by day"


def described(thing: Thing) -> str:
    """An object with its texture and colour: "a dotted blue fish"."""
    if thing.kind == "face":
        return f"a face above {_with_article(_adjectives(thing) + ' shirt')}"
    return _with_article(f"{_adjectives(thing)} {thing.kind}")


def _adjectives(thing: Thing) -> str:
    if thing.texture == "brick":
        return f"{thing.color} brick"
    return f"{thing.texture} {thing.color}".removeprefix("plain ")


def _with_article(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def counted(kind: str, number: int) -> str:
    """A number of objects: "a tree", "two fish"."""
    if number == 1:
        return _with_article(kind)
    return f"{NUMBERS[number]} {plural(kind)}"


def plural(kind: str) -> str:
    """More than one of a kind."""
    return PLURALS.get(kind, f"{kind}s")


def _listed(phrases: list[str]) -> str:
    *first, last = phrases
    return f"{', '.join(first)} and {last}" if first else last


def relation(first: Thing, second: Thing, before: bool) -> str:
    """Where the first of two objects is, seen from the second.

    Args:
        first: an object.
        second: another one.
        before: whether the first is drawn over the second.
    """
    a, b = first.placed.pose, second.placed.pose
    dx, dy, near = a.x - b.x, a.y - b.y, (a.half + b.half) * 2 // 3
    if abs(dx) < near and abs(dy) < near:
        if abs(dx) >= near // 2:
            return "beside"
        return "in front of" if before else "behind"
    if abs(dx) >= abs(dy):
        return "to the left of" if dx < 0 else "to the right of"
    return "above" if dy < 0 else "below"


def _distance(plan: Plan, k: int) -> int:
    """How far an object is from the main one."""
    a, b = plan.things[0].placed.pose, plan.things[k].placed.pose
    return abs(a.x - b.x) + abs(a.y - b.y)


def question(plan: Plan, stream: Stream) -> QA:
    """A question about a scene that has one answer, and the answer.

    Args:
        plan: the scene.
        stream: chooses the question.

    Returns:
        question: a sentence.
        answer: one of ``ANSWERS``.
    """
    askers: list[Callable[[Plan, Stream], QA]] = [_when, _where, _count, _exists]
    if len(plan.things) == 1:
        askers.append(_what)
    if _single(plan):
        askers += [_color, _texture]
    if len(_single(plan)) > 1:
        askers += [_left, _left]
    return stream.choice(askers)(plan, stream)


def _single(plan: Plan) -> list[Thing]:
    """Objects that are the only ones of their kind."""
    counts = Counter(thing.kind for thing in plan.things)
    return [thing for thing in plan.things if counts[thing.kind] == 1]


def _when(plan: Plan, stream: Stream) -> QA:
    return "Is it day or night?", "night" if plan.night else "day"


def _where(plan: Plan, stream: Stream) -> QA:
    return "What kind of place is this?", plan.setting


def _what(plan: Plan, stream: Stream) -> QA:
    return "What is in the picture?", plan.things[0].kind


def _count(plan: Plan, stream: Stream) -> QA:
    present = [thing.kind for thing in plan.things]
    kind = stream.choice(present if stream.chance(75) else KINDS)
    return f"How many {plural(kind)} are there?", str(present.count(kind))


def _exists(plan: Plan, stream: Stream) -> QA:
    present = [thing.kind for thing in plan.things]
    absent = [kind for kind in KINDS if kind not in present]
    there = stream.chance(50)
    kind = stream.choice(present if there else absent)
    return f"Is there {_with_article(kind)}?", "yes" if there else "no"


def _color(plan: Plan, stream: Stream) -> QA:
    thing = stream.choice(_single(plan))
    noun = "shirt" if thing.kind == "face" else thing.kind
    return f"What colour is the {noun}?", thing.color


def _texture(plan: Plan, stream: Stream) -> QA:
    thing = stream.choice(_single(plan))
    noun = "shirt" if thing.kind == "face" else thing.kind
    return f"Is the {noun} plain, striped, dotted or of brick?", thing.texture


def _left(plan: Plan, stream: Stream) -> QA:
    first, second = stream.shuffled(_single(plan))[:2]
    dx = first.placed.pose.x - second.placed.pose.x
    if abs(dx) < (first.placed.pose.half + second.placed.pose.half) // 2:
        return _count(plan, stream)
    text = f"Is the {first.kind} to the left of the {second.kind}?"
    return text, "yes" if dx < 0 else "no"
