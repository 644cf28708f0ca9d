"""Drawing: from a plan to pixels, and to the map of which pixel is what."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from edulib.data.scenes.layout import Plan, shadow_of
from edulib.data.scenes.outlines import outlines
from edulib.data.scenes.palette import Color
from edulib.data.scenes.placing import Placed
from edulib.data.scenes.sketch import UNPAINTED
from edulib.data.scenes.stuff import STUFF

FINE = 4  # each pixel is drawn as FINE x FINE and averaged
STRIDE = 64  # of an object's number in the map; parts have smaller numbers


def draw_picture(plan: Plan, image_size: int) -> np.ndarray:
    """The picture of a plan: (H, W, 3) uint8."""
    canvas = image_size * FINE
    image = _sky(*plan.backdrop.sky, canvas).copy()
    polygon = ImageDraw.Draw(image).polygon
    layers = list(_layers(plan))
    roles = ((p.inks, role) for p in layers for _, _, role, _ in p.template.shapes)
    for outline, (inks, role) in zip(outlines(layers, canvas), roles, strict=True):
        if role != UNPAINTED:
            polygon(outline, inks[role])
    return np.asarray(image.reduce(FINE))


def _layers(plan: Plan) -> Iterable[Placed]:
    """All that is drawn, back to front."""
    yield from plan.backdrop.behind
    for k in plan.depth:
        thing = plan.things[k]
        if thing.stands:
            yield shadow_of(thing, plan.backdrop.ground[1])
        yield thing.placed
    yield from plan.front


@lru_cache(maxsize=8)
def _sky(top: Color, low: Color, canvas: int) -> Image.Image:
    """A vertical gradient from the top of the picture to its usual horizon."""
    end = canvas * 6 // 10
    rows = np.minimum(np.arange(canvas), end)[:, None]
    colors = (np.array(top) * (end - rows) + np.array(low) * rows) // end
    column = Image.fromarray(colors.astype(np.uint8)[:, None])
    return column.resize((canvas, canvas), Image.Resampling.NEAREST)


def draw_map(plan: Plan, image_size: int) -> np.ndarray:
    """What each pixel shows: (H, W) int32.

    A pixel shows what lies at its centre: of an object STRIDE times its number (its
    position among the things, plus 1) plus the part's number; otherwise the position
    of the scenery's stuff in ``STUFF``.
    """
    canvas = image_size * FINE
    image = Image.new("I", (canvas, canvas), STUFF.index("sky"))
    polygon = ImageDraw.Draw(image).polygon
    layers = [(p, STUFF.index(p.stuff)) for p in plan.backdrop.behind if p.stuff]
    layers += [(plan.things[k].placed, STRIDE * (k + 1)) for k in plan.depth]
    layers += [(p, STUFF.index(p.stuff)) for p in plan.front]
    shapes = ((n, shape) for p, n in layers for shape in p.template.shapes)
    drawn = outlines([placed for placed, _ in layers], canvas)
    for outline, (number, (*_, role, part)) in zip(drawn, shapes, strict=True):
        shown = part and (plan.filled or role != UNPAINTED)
        if shown or number < STRIDE:
            polygon(outline, number + part)
    return np.asarray(image)[FINE // 2 :: FINE, FINE // 2 :: FINE]
