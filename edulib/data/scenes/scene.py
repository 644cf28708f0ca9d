"""One scene: its picture and all that is known about it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from edulib.checks import check_whole
from edulib.data.scenes.annotations import (
    boxes_of,
    instances_of,
    labels_of,
    masks_of,
    part_map,
    semantic_of,
    stuff_map,
)
from edulib.data.scenes.drawing import draw_map, draw_picture
from edulib.data.scenes.language import caption, question
from edulib.data.scenes.layout import Plan
from edulib.data.scenes.objects import PARTS
from edulib.data.scenes.options import Options
from edulib.data.scenes.stream import Stream
from edulib.data.scenes.visibility import visible_plan


@dataclass(frozen=True)
class Scene:
    """A picture and everything that is known about it.

    N objects, the main one first. Every annotation tells what is visible in this
    picture.

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
        stuff: an object's label, or 10 + position in ``Scenes.stuff``: (H, W) int64.
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
    stuff: np.ndarray
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
        scale: size of the objects: "small", "medium", "large", "any" or "mixed".

    Raises:
        ValueError: if an argument is outside its range.

    Example:
        >>> make_scene(0, 7).caption
        'a striped brown fish at a lake at night'
    """
    check_whole("a seed", seed)
    check_whole("an index", index, 0)
    plan = visible_plan(Options(image_size, domain, objects, scale), seed, index)
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
    instances = instances_of(numbers)
    labels = labels_of(words["kinds"])
    masks = masks_of(instances, len(labels))
    return Scene(
        image=picture,
        labels=labels,
        boxes=boxes_of(masks),
        masks=masks,
        instances=instances,
        semantic=semantic_of(instances, labels),
        parts=part_map(numbers),
        stuff=stuff_map(numbers, labels),
        **words,
    )
