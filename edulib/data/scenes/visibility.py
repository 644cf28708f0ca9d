"""Visibility: objects of which little can be seen are taken out of a scene."""

from dataclasses import replace

import numpy as np

from edulib.data.scenes.drawing import STRIDE, draw_map
from edulib.data.scenes.layout import Plan, make_plan
from edulib.data.scenes.options import Options

SIZE = 32  # pixels at which visibility is judged, whatever the picture's size


def visible_plan(options: Options, seed: int, index: int) -> Plan:
    """Plan a scene of which all objects can be seen.

    Args:
        options: which scenes.
        seed: of the collection of scenes.
        index: number of the scene.
    """
    return without_hidden(make_plan(seed, index, options))


def without_hidden(plan: Plan) -> Plan:
    """The plan without objects of which too little can be seen.

    The main object always stays; where too little of it can be seen, it is drawn
    before the others. Taking an object out uncovers others, so one pass is enough.
    """
    if len(plan.things) == 1:
        return plan
    numbers = range(len(plan.things))
    whole = [_pixels(replace(plan, depth=[k], front=[]))[k] for k in numbers]
    seen = _pixels(plan)
    if plan.depth[-1] != 0 and not _enough(plan, seen[0], whole[0]):
        plan = replace(plan, depth=[*(k for k in plan.depth if k), 0])
        seen = _pixels(plan)
    kept = [k for k in numbers if k == 0 or _enough(plan, seen[k], whole[k])]
    things = [plan.things[k] for k in kept]
    depth = [kept.index(k) for k in plan.depth if k in kept]
    return replace(plan, things=things, depth=depth)


def _pixels(plan: Plan) -> np.ndarray:
    """How many pixels show each object."""
    backdrop = replace(plan.backdrop, behind=[])
    numbers = draw_map(replace(plan, backdrop=backdrop), SIZE).ravel() // STRIDE
    return np.bincount(numbers, minlength=len(plan.things) + 1)[1:]


def _enough(plan: Plan, seen: int, whole: int) -> bool:
    return seen * 100 >= plan.enough * whole > 0
