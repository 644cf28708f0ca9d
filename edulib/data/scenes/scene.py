"""One scene: its picture and all that is known about it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from edulib.checks import check_whole
from edulib.data.scenes.annotations import (
    boxes_of,
    labels_of,
    masks_of,
    semantic_of,
    split_map,
)
from edulib.data.scenes.drawing import draw_map, draw_picture
from edulib.data.scenes.language import caption, question
from edulib.data.scenes.layout import SCALES, Plan, make_plan
from edulib.data.scenes.objects import PARTS
from edulib.data.scenes.stream import Stream
from edulib.data.scenes.visibility import without_hidden

DOMAINS = ("both", "day", "night")
SIZES = (32, 256)  # smallest and largest side of a picture, in pixels
MOST = 8  # objects in a scene


@dataclass(frozen=True)
class Options:
    """Which scenes: all that decides about a picture but seed and index.

    Attributes:
        image_size: side of the square picture in pixels: 32 to 256.
        domain: "day", "night" or "both".
        objects: how many objects: a number, or (fewest, most), at most 8.
        scale: size of the objects: "small", "medium", "large" or "any".

    Raises:
        ValueError: if one is outside its range.
    """

    image_size: int = 64
    domain: str = "both"
    objects: int | tuple[int, int] = 1
    scale: str = "any"

    def __post_init__(self) -> None:
        check_whole("an image size in pixels", self.image_size, *SIZES)
        if self.domain not in DOMAINS:
            raise ValueError(f"expected a domain out of {DOMAINS}, got {self.domain!r}")
        if self.scale not in ("any", *SCALES):
            raise ValueError(
                f"expected a scale out of {('any', *SCALES)}, got {self.scale!r}"
            )
        pair = self.objects if isinstance(self.objects, tuple | list) else self.span
        whole = len(pair) == 2 and all(type(number) is int for number in pair)
        if not whole or not 1 <= pair[0] <= pair[1] <= MOST:
            raise ValueError(
                f"expected objects as a number or as (fewest, most), from 1 to {MOST}, "
                f"got {self.objects!r}"
            )

    @property
    def span(self) -> tuple[int, int]:
        """Fewest and most objects."""
        if isinstance(self.objects, tuple | list):
            return tuple(self.objects)
        return self.objects, self.objects

    def plan(self, seed: int, index: int) -> Plan:
        """All of a scene but its pixels."""
        scale = None if self.scale == "any" else self.scale
        return without_hidden(make_plan(seed, index, self.domain, self.span, scale))


@dataclass(frozen=True)
class Scene:
    """A picture and everything that is known about it.

    N objects, the main one first, which stands before all others. Every annotation
    tells what is visible in this picture.

    Attributes:
        image: (H, W, 3) uint8.
        kinds: of the objects: N of ``Scenes.classes``.
        labels: positions of the kinds in ``Scenes.classes``: (N,) int64.
        colors: names of the objects' main colours: N.
        textures: of the objects: N out of "plain", "striped", "dotted", "brick".
        boxes: (N, 4) int64, xyxy in pixels, right and lower edge excluded.
        masks: (N, H, W) bool.
        instances: 0 for the background, otherwise 1 + an object's position: (H, W)
            int64.
        semantic: 0 for the background, otherwise 1 + an object's label: (H, W) int64.
        parts: positions in ``Scenes.parts``, 0 for the background: (H, W) int64.
        caption: one sentence.
        question: about the scene.
        answer: to the question: one of ``Scenes.answers``.
        domain: "day" or "night".
        setting: the place: "meadow", "sea", ...
    """

    image: np.ndarray
    kinds: tuple[str, ...]
    labels: np.ndarray
    colors: tuple[str, ...]
    textures: tuple[str, ...]
    boxes: np.ndarray
    masks: np.ndarray
    instances: np.ndarray
    semantic: np.ndarray
    parts: np.ndarray
    caption: str
    question: str
    answer: str
    domain: str
    setting: str

    @property
    def label(self) -> int:
        """Position of the main object's kind in ``Scenes.classes``."""
        return int(self.labels[0])

    def parts_of(self, position: int) -> dict[str, np.ndarray]:
        """Masks (H, W) bool of the visible parts of one object, by name."""
        own = np.where(self.masks[position], self.parts, 0)
        return {PARTS[n]: own == n for n in np.unique(own) if n}


def make_scene(
    seed: int,
    index: int,
    image_size: int = 64,
    *,
    domain: str = "both",
    objects: int | tuple[int, int] = 1,
    scale: str = "any",
) -> Scene:
    """Make one scene with all its annotations.

    Args:
        seed: of the collection of scenes.
        index: number of the scene, from 0.
        image_size: side of the picture in pixels: 32 to 256.
        domain: "day", "night" or "both"; it changes the light and nothing else.
        objects: how many: a number, or (fewest, most), at most 8.
        scale: size of the objects: "small", "medium", "large" or "any".

    Raises:
        ValueError: if an argument is outside its range.

    Example:
        >>> make_scene(0, 7).caption
        'a striped brown fish at a lake at night'
    """
    check_whole("a seed", seed)
    check_whole("an index", index, 0)
    plan = Options(image_size, domain, objects, scale).plan(seed, index)
    return scene_of(plan, seed, index, image_size)


def scene_of(plan: Plan, seed: int, index: int, image_size: int) -> Scene:
    """Draw and annotate a plan."""
    picture, numbers = draw_picture(plan, image_size), draw_map(plan, image_size)
    return assemble(picture, numbers, words_of(plan, seed, index))


def words_of(plan: Plan, seed: int, index: int) -> dict[str, Any]:
    """Return what is told of a plan in words: strings and sequences of strings."""
    asked, answer = question(plan, Stream(seed, index, "question"))
    return {
        "kinds": tuple(thing.kind for thing in plan.things),
        "colors": tuple(thing.color for thing in plan.things),
        "textures": tuple(thing.texture for thing in plan.things),
        "caption": caption(plan),
        "question": asked,
        "answer": answer,
        "domain": "night" if plan.night else "day",
        "setting": plan.setting,
    }


def assemble(picture: np.ndarray, numbers: np.ndarray, words: dict[str, Any]) -> Scene:
    """Make a scene of all that cannot be computed of the rest.

    Args:
        picture: what ``draw_picture`` returns: (H, W, 3) uint8.
        numbers: what ``draw_map`` returns: (H, W) int32.
        words: what ``words_of`` returns.
    """
    words = {k: tuple(v) if isinstance(v, list) else v for k, v in words.items()}
    instances, parts = split_map(numbers)
    labels = labels_of(words["kinds"])
    masks = masks_of(instances, len(labels))
    return Scene(
        image=picture,
        labels=labels,
        boxes=boxes_of(masks),
        masks=masks,
        instances=instances,
        semantic=semantic_of(instances, labels),
        parts=parts,
        **words,
    )
