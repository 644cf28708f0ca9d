"""VOC and COCO as torchvision reads them, their targets in the form of Scenes'."""

import importlib.util
import os
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL.Image import Image
from torch import Tensor
from torch.utils.data import Dataset
from torchvision import datasets, tv_tensors

VOC_CLASSES = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair"),
    *("cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant"),
    *("sheep", "sofa", "train", "tvmonitor"),
)


class AnnotatedSet(Dataset):
    """A set of torchvision's with other targets.

    Args:
        dataset: whose items are (PIL image, annotation).
        classes: names of its classes.
        target_of: called with the annotation and the image's (height, width).
    """

    def __init__(
        self,
        dataset: Dataset,
        classes: tuple[str, ...],
        target_of: Callable[[Any, tuple[int, int]], Any],
    ) -> None:
        self.dataset, self.classes, self.target_of = dataset, classes, target_of
        self.transforms: Callable | None = None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """One image and its target, transformed."""
        image, annotation = self.dataset[index]
        target = self.target_of(annotation, (image.height, image.width))
        return self.transforms(image, target) if self.transforms else (image, target)


def voc_boxes(dataset: datasets.VOCDetection) -> AnnotatedSet:
    """Give VOC's objects as boxes, labels 0 to 19, and whether they are difficult."""
    return AnnotatedSet(dataset, VOC_CLASSES, _voc_objects)


def voc_maps(dataset: datasets.VOCSegmentation) -> AnnotatedSet:
    """Give VOC's maps of classes as (H, W) int64."""
    return AnnotatedSet(dataset, ("background", *VOC_CLASSES), _map_of)


def pets_maps(dataset: datasets.OxfordIIITPet) -> AnnotatedSet:
    """Give maps of pet, background and border as (H, W) int64."""
    return AnnotatedSet(dataset, dataset.classes, _map_of)


def coco_boxes(dataset: datasets.CocoDetection) -> AnnotatedSet:
    """Give COCO's objects as boxes, labels 0 to 79, crowd and area."""
    return _coco(dataset, masks=False)


def coco_masks(dataset: datasets.CocoDetection) -> AnnotatedSet:
    """Give the same with masks."""
    return _coco(dataset, masks=True)


def read_coco(root: Path, split: str) -> datasets.CocoDetection:
    """Read COCO as it is when its archives are unpacked in one folder.

    Args:
        root: folder that holds ``coco/train2017`` and so on.
        split: "train2017" or "val2017".

    Raises:
        FileNotFoundError: if the annotations or one of their images is missing.
        ModuleNotFoundError: if pycocotools is not installed.
    """
    if importlib.util.find_spec("pycocotools") is None:
        raise ModuleNotFoundError(
            "COCO is read by the package pycocotools: pip install pycocotools"
        )
    folder = root / "coco"
    annotations = folder / "annotations" / f"instances_{split}.json"
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere):
        dataset = datasets.CocoDetection(folder / split, annotations)
    missing = {image["file_name"] for image in dataset.coco.imgs.values()}
    missing -= set(os.listdir(folder / split))
    if missing or not dataset.ids:
        raise FileNotFoundError(f"{len(missing)} images are not in {folder / split}")
    return dataset


def _coco(dataset: datasets.CocoDetection, masks: bool) -> AnnotatedSet:
    numbers = sorted(dataset.coco.cats)  # 1 to 90, with gaps
    classes = tuple(dataset.coco.cats[number]["name"] for number in numbers)

    def target_of(annotations: list[dict], size: tuple[int, int]) -> dict[str, Tensor]:
        corners = [
            (x, y, x + width, y + height)
            for x, y, width, height in (one["bbox"] for one in annotations)
        ]
        labels = [numbers.index(one["category_id"]) for one in annotations]
        target = {
            **_objects(corners, labels, [one["iscrowd"] for one in annotations], size),
            "area": torch.tensor([float(one["area"]) for one in annotations]),
        }
        if masks:
            drawn = [dataset.coco.annToMask(one) for one in annotations]
            stacked = np.stack(drawn) if drawn else np.zeros((0, *size))
            target["masks"] = tv_tensors.Mask(torch.from_numpy(stacked > 0))
        return _without_flat(target)

    return AnnotatedSet(dataset, classes, target_of)


def _voc_objects(annotation: dict, size: tuple[int, int]) -> dict[str, Tensor]:
    """VOC counts pixels from 1 and includes the last one of a box."""
    found = annotation["annotation"]["object"]
    edges = [
        [float(one["bndbox"][edge]) for edge in ("xmin", "ymin", "xmax", "ymax")]
        for one in found
    ]
    corners = [(x0 - 1, y0 - 1, x1, y1) for x0, y0, x1, y1 in edges]
    labels = [VOC_CLASSES.index(one["name"]) for one in found]
    difficult = [one.get("difficult") == "1" for one in found]
    return _without_flat(_objects(corners, labels, difficult, size))


def _objects(
    corners: list, labels: list[int], crowd: list, size: tuple[int, int]
) -> dict[str, Tensor]:
    """Boxes, cut off at the image's edges, labels, and what may be found or not."""
    height, width = size
    boxes = torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)
    limits = torch.tensor([width, height, width, height])
    boxes = boxes.clamp(min=0).minimum(limits)
    return {
        "boxes": tv_tensors.BoundingBoxes(boxes, format="XYXY", canvas_size=size),
        "labels": torch.tensor(labels, dtype=torch.int64),
        "crowd": torch.tensor(crowd, dtype=torch.bool),
    }


def _without_flat(target: dict[str, Tensor]) -> dict[str, Tensor]:
    """The target without boxes that have no area: a few in COCO have none."""
    boxes = target["boxes"].as_subclass(Tensor)
    kept = (boxes[:, 2:] > boxes[:, :2]).all(1)
    if kept.all():
        return target
    return {
        name: tv_tensors.wrap(value.as_subclass(Tensor)[kept], like=value)
        for name, value in target.items()
    }


def _map_of(annotation: Image, size: tuple[int, int]) -> Tensor:
    return tv_tensors.Mask(torch.from_numpy(np.array(annotation)).long())
