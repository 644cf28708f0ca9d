"""Visibility: objects of which little can be seen are taken out of a scene."""

from dataclasses import replace

import numpy as np

from edulib.data.scenes.drawing import STRIDE, draw_map
from edulib.data.scenes.layout import Plan

SIZE = 32  # pixels at which visibility is judged, whatever the picture's size
ENOUGH = 40  # per cent of an object's pixels that must be seen


def without_hidden(plan: Plan) -> Plan:
    """The plan without objects of which less than ENOUGH can be seen.

    The main object always stays. Taking an object out uncovers others, so one pass
    is enough.
    """
    if len(plan.things) == 1:
        return plan
    seen = np.bincount(draw_map(plan, SIZE).ravel() // STRIDE, minlength=99)
    kept = [0]
    for k in range(1, len(plan.things)):
        alone = replace(plan, depth=[k], front=[])
        whole = np.count_nonzero(draw_map(alone, SIZE))
        if seen[k + 1] * 100 >= ENOUGH * whole > 0:
            kept.append(k)
    things = [plan.things[k] for k in kept]
    depth = [kept.index(k) for k in plan.depth if k in kept]
    return replace(plan, things=things, depth=depth)
