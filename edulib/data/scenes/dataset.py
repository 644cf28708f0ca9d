"""Scenes as a data set."""

import operator
from collections.abc import Callable
from copy import copy
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from edulib.checks import check_whole
from edulib.data.scenes.drawing import draw_picture
from edulib.data.scenes.language import ANSWERS
from edulib.data.scenes.objects import KINDS, PARTS
from edulib.data.scenes.options import Options
from edulib.data.scenes.scene import Scene, scene_of
from edulib.data.scenes.store import Store
from edulib.data.scenes.stuff import STUFF
from edulib.data.scenes.visibility import visible_plan

TARGETS = (
    *("label", "boxes", "masks", "semantic", "stuff", "parts"),
    *("caption", "question", "scene"),
)


class Scenes(Dataset):
    """Made pictures of ten kinds of object, with every kind of annotation.

    An endless illustrated world that needs no download. Scene number ``index`` of a
    ``seed`` has the same bytes on every machine, in any order and any process, and the
    same content at every image size. Take another seed for validation.

    Every ten scenes in a row hold each kind once as their main object, the label.

    An item is drawn when it is asked for, each time; :meth:`cached` draws all of them
    once, for training.

    Args:
        length: number of scenes.
        image_size: side of the square pictures, in pixels: 32 to 256.
        seed: which world; scenes of two seeds have nothing in common.
        target: what an item's second half is, one of

            - ``"label"``: position of the main object's kind in ``Scenes.classes``, int
            - ``"boxes"``: a dict of ``boxes`` (N, 4), ``BoundingBoxes`` in pixels, xyxy
              (right and lower edge excluded), tight around what is visible, and
              ``labels`` (N,) int64
            - ``"masks"``: the same with ``masks`` (N, H, W), ``Mask`` of bool
            - ``"semantic"``: ``Mask`` (H, W) int64: 0 for the background, otherwise
              1 + the label
            - ``"stuff"``: ``Mask`` (H, W) int64 without background: the label of the
              object, 0 to 9, or 10 + the position of the scenery's in ``Scenes.stuff``
            - ``"parts"``: ``Mask`` (H, W) int64: positions in ``Scenes.parts``; 0 for
              the background
            - ``"caption"``: one sentence
            - ``"question"``: a pair (question, answer), the answer one of
              ``Scenes.answers``
            - ``"scene"``: a dict of all of these under these names (``label``,
              ``labels``, ``boxes``, ..., ``question``, ``answer``), with ``domain``
              and ``instances``, ``Mask`` (H, W) int64 of 1 + an object's position
        domain: "day", "night" or "both". It changes the light and nothing else, so that
            scene k by day and scene k by night are a pair.
        objects: how many objects a scene may hold: a number, or (fewest, most), at most
            8. Objects of which little can be seen are taken out, so that there may be
            fewer; the main object stays. It is number 0 and stands before all others
            (in ``detection_scenes`` it takes its place among them).
        scale: size of the objects: "small" (about a quarter of the picture's side),
            "medium" (0.4), "large" (0.75), "any" or, for each object of a picture
            another, "mixed". ``detection_scenes`` mixes them and makes crowds, too.
        transforms: called as ``transforms(image, target)``, as torchvision's v2
            transforms are.

    Shape:
        - image: ``Image`` (3, H, W) float32 in [0, 1]

    Raises:
        ValueError: if an argument is outside its range.
        IndexError: if there is no such scene.

    Example:
        >>> scenes = Scenes(100, image_size=64)
        >>> image, label = scenes[7]
        >>> tuple(image.shape), Scenes.classes[label]
        ((3, 64, 64), 'fish')
    """

    classes = KINDS
    stuff = STUFF
    parts = PARTS
    answers = ANSWERS

    def __init__(
        self,
        length: int,
        image_size: int = 64,
        *,
        seed: int = 0,
        target: str = "label",
        domain: str = "both",
        objects: int | tuple[int, int] = 1,
        scale: str = "any",
        transforms: Callable | None = None,
    ) -> None:
        check_whole("a length", length, 1)
        check_whole("a seed", seed)
        if target not in TARGETS:
            raise ValueError(f"expected a target out of {TARGETS}, got {target!r}")
        self.length = length
        self.options = Options(image_size, domain, objects, scale)
        self.seed = seed
        self.target = target
        self.transforms = transforms
        self._store: Store | None = None

    def __len__(self) -> int:
        """Number of scenes."""
        return self.length

    def __getitem__(self, index: int) -> tuple[Tensor, Any]:
        """One picture and its target, transformed."""
        from torchvision import tv_tensors

        index = self._position(index)
        if self.target == "label":
            picture, target = self._labeled(index)
        else:
            scene = self.scene(index)
            picture, target = scene.image, target_of(scene, self.target)
        image = tv_tensors.Image(torch.from_numpy(_unit_range(picture)))
        return self.transforms(image, target) if self.transforms else (image, target)

    def _position(self, index: int) -> int:
        """Number of a scene, counted from the end if negative."""
        index = operator.index(index)
        if not -self.length <= index < self.length:
            raise IndexError(f"no scene {index} among {self.length}")
        return index % self.length

    def _labeled(self, index: int) -> tuple[np.ndarray, int]:
        """Picture (H, W, 3) uint8 and label of one scene: all that is quick to make."""
        if self._store:
            return self._store.labeled(index)
        plan = visible_plan(self.options, self.seed, index)
        picture = draw_picture(plan, self.options.image_size)
        return picture, KINDS.index(plan.things[0].kind)

    def scene(self, index: int) -> Scene:
        """One scene with everything that is known about it.

        Raises:
            IndexError: if there is no such scene.
        """
        index = self._position(index)
        if self._store:
            return self._store.scene(index)
        plan = visible_plan(self.options, self.seed, index)
        return scene_of(plan, self.seed, index, self.options.image_size)

    def cached(self) -> Self:
        """The same data set, all of it drawn once and held in memory.

        Train on this: an annotated scene of 96 pixels takes 3 ms to draw and 0.2 ms
        to take out again, which counts beside a small network or a GPU. Items are
        equal to those of the set that draws, for every target. All targets of the
        same options and seed share what is kept in the user's cache folder
        (``edulib.data.cache.cache_folder``), so that the next call reads instead of
        drawing; where nothing can be written there, it draws each time.

        5,000 such scenes take 22 s to draw or 1 s to read, and 190 MB of memory.

        Example::

            train = Scenes(5000, 96, target="masks", objects=(1, 4)).cached()
        """
        kept = copy(self)
        kept._store = Store(self.options, self.seed, self.length)
        return kept

    def as_tensors(self) -> tuple[Tensor, Tensor]:
        """All pictures (N, 3, H, W) float32 and labels (N,) int64, untransformed.

        Raises:
            ValueError: if the target is not the label.
        """
        if self.target != "label":
            raise ValueError(
                f"expected the target 'label', got {self.target!r}: only labels "
                "fit into one tensor"
            )
        size = self.options.image_size
        images = torch.empty(self.length, 3, size, size)
        labels = torch.empty(self.length, dtype=torch.int64)
        for k in range(self.length):
            picture, labels[k] = self._labeled(k)
            images[k] = torch.from_numpy(_unit_range(picture))
        return images, labels


def _unit_range(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 as (3, H, W) float32 in [0, 1]."""
    channels = picture.transpose(2, 0, 1)
    return np.divide(channels, np.float32(255), dtype=np.float32, order="C")


def target_of(scene: Scene, name: str) -> Any:
    """What the target of a name is for a scene, in torch's and torchvision's types."""
    from torchvision import tv_tensors

    height, width = scene.parts.shape
    boxes = tv_tensors.BoundingBoxes(
        torch.from_numpy(scene.boxes).float(),
        format="XYXY",
        canvas_size=(height, width),
    )
    found = {"boxes": boxes, "labels": torch.from_numpy(scene.labels)}
    masks = tv_tensors.Mask(torch.from_numpy(scene.masks))
    targets = {
        "boxes": found,
        "masks": {**found, "masks": masks},
        "semantic": tv_tensors.Mask(torch.from_numpy(scene.semantic)),
        "stuff": tv_tensors.Mask(torch.from_numpy(scene.stuff)),
        "parts": tv_tensors.Mask(torch.from_numpy(scene.parts)),
        "caption": scene.caption,
        "question": (scene.question, scene.answer),
    }
    if name != "scene":
        return targets[name]
    return {
        **targets["masks"],
        "label": scene.label,
        **{name: targets[name] for name in ("semantic", "stuff", "parts")},
        "instances": tv_tensors.Mask(torch.from_numpy(scene.instances)),
        "caption": scene.caption,
        "question": scene.question,
        "answer": scene.answer,
        "domain": scene.domain,
    }
