"""Drawing: from a plan to pixels, and to the map of which pixel is what."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from edulib.data.scenes.layout import Plan, shadow_of
from edulib.data.scenes.outlines import outlines
from edulib.data.scenes.palette import Color
from edulib.data.scenes.placing import Placed

FINE = 4  # each pixel is drawn as FINE x FINE and averaged
STRIDE = 64  # of an object's number in the map; parts have smaller numbers


def draw_picture(plan: Plan, image_size: int) -> np.ndarray:
    """The picture of a plan: (H, W, 3) uint8."""
    canvas = image_size * FINE
    image = _sky(*plan.backdrop.sky, canvas).copy()
    polygon = ImageDraw.Draw(image).polygon
    layers = list(_layers(plan))
    colors = (p.inks[role] for p in layers for _, _, role, _ in p.template.shapes)
    for outline, color in zip(outlines(layers, canvas), colors, strict=True):
        polygon(outline, color)
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

    A pixel shows what lies at its centre: 0 for scenery, otherwise STRIDE times the
    object's number (its position among the things, plus 1) plus the part's number.
    """
    canvas = image_size * FINE
    image = Image.new("I", (canvas, canvas))
    polygon = ImageDraw.Draw(image).polygon
    layers = [(plan.things[k].placed, STRIDE * (k + 1)) for k in plan.depth]
    layers += [(placed, 0) for placed in plan.front]
    shapes = ((number, part) for p, number in layers for *_, part in p.template.shapes)
    drawn = outlines([placed for placed, _ in layers], canvas)
    for outline, (number, part) in zip(drawn, shapes, strict=True):
        if part or not number:
            polygon(outline, number + part)
    return np.asarray(image)[FINE // 2 :: FINE, FINE // 2 :: FINE]
