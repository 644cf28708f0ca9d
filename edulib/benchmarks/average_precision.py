"""Average precision by ours and by COCO's own code, of the same detections."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from edulib.benchmarks.clock import in_turns
from edulib.training.measures import COCO_AREAS, coco_ap

if TYPE_CHECKING:
    from pycocotools.coco import COCO

IMAGES, BOXES, CLASSES = 5000, 100_000, 80  # detected, in as many images as COCO has
OBJECTS = 7  # in the mean image
SIDE = 480  # pixels
Images = Sequence[Mapping[str, Tensor]]


def bench_average_precision() -> dict | None:
    """Measure boxes of as many images as COCO's validation set has; once they are read.

    Returns:
        What ``in_turns`` gives, with the numbers of ``images`` and ``boxes``; None
        without pycocotools.
    """
    if not find_spec("pycocotools"):
        return None
    detections, targets = made_detections(IMAGES, BOXES, CLASSES)
    truth, found = coco_sets(detections, targets)
    times = in_turns(
        lambda: coco_ap(detections, targets), lambda: coco_precision(truth, found)
    )
    return {"images": IMAGES, "boxes": BOXES, **times}


def made_detections(
    images: int, boxes: int, classes: int
) -> tuple[list[dict[str, Tensor]], list[dict[str, Tensor]]]:
    """Make objects of all sizes, and detections most of which are near one of them."""
    random = np.random.default_rng(0)
    places = random.integers(images, size=boxes)
    detections, targets = [], []
    for count in np.bincount(places, minlength=images):
        objects = 1 + random.poisson(OBJECTS - 1)
        corners = random.uniform(0, SIDE, (objects, 2))
        sides = random.lognormal(4, 0.8, (objects, 2))
        labels = random.integers(classes, size=objects)
        seen = random.integers(objects, size=count)
        guesses = np.where(
            random.random(count) < 0.8, labels[seen], random.integers(classes)
        )
        moved = corners[seen] + random.normal(0, 0.1, (count, 2)) * sides[seen]
        scaled = sides[seen] * random.lognormal(0, 0.1, (count, 2))
        scores = torch.from_numpy(random.random(count))
        detections.append({**_boxes(moved, scaled, guesses), "scores": scores})
        targets.append(_boxes(corners, sides, labels))
    return detections, targets


def coco_sets(
    detections: Images, targets: Images, masks: bool = False
) -> tuple["COCO", "COCO"]:
    """Return targets and detections as pycocotools reads them out of files.

    Args:
        detections: as ``coco_ap`` takes them.
        targets: as ``coco_ap`` takes them.
        masks: whether the sets are of masks.
    """
    from pycocotools.coco import COCO

    labels = [label for one in (*detections, *targets) for label in one["labels"]]
    images = [{"id": k, "height": SIDE, "width": SIDE} for k in range(len(targets))]
    made = []
    for several in (targets, detections):
        rows = [
            row for k, one in enumerate(several) for row in _annotations(k, one, masks)
        ]
        coco = COCO()
        coco.dataset = {
            "images": images,
            "annotations": [{"id": k, **row} for k, row in enumerate(rows, 1)],
            "categories": [{"id": k} for k in range(1 + int(max(labels, default=0)))],
        }
        with contextlib.redirect_stdout(io.StringIO()):
            coco.createIndex()
        made.append(coco)
    return made[0], made[1]


def coco_precision(
    truth: "COCO",
    found: "COCO",
    kind: str = "bbox",
    areas: Mapping[str, tuple[float, float]] = COCO_AREAS,
    max_detections: int = 100,
) -> np.ndarray:
    """Return the precision that pycocotools computes, NaN where there are no objects.

    Args:
        truth: the objects.
        found: the detections.
        kind: "bbox" or "segm".
        areas: as ``coco_ap`` takes them.
        max_detections: as ``coco_ap`` takes them.

    Returns:
        By threshold, recall, class and area, the first of them all areas: (T, R, K, A).
    """
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        test = COCOeval(truth, found, kind)
        test.params.maxDets = [max_detections]
        test.params.areaRng = [(0, 1e5**2), *areas.values()]
        test.evaluate()
        test.accumulate()
    precision = test.eval["precision"][..., 0]
    return np.where(precision < 0, np.nan, precision)


def _boxes(
    corners: np.ndarray, sides: np.ndarray, labels: np.ndarray
) -> dict[str, Tensor]:
    boxes = torch.from_numpy(np.concatenate([corners, corners + sides], 1)).float()
    return {"boxes": boxes, "labels": torch.from_numpy(labels)}


def _annotations(image: int, one: Mapping[str, Tensor], masks: bool) -> list[dict]:
    """Return what a file of COCO's says of the objects or detections of an image."""
    count = len(one["labels"])
    shapes = _masks(one["masks"]) if masks else _xywh(one["boxes"])
    areas = one["area"].tolist() if "area" in one else [area for area, _ in shapes]
    crowd = one["crowd"].tolist() if "crowd" in one else [False] * count
    scores = one["scores"].tolist() if "scores" in one else [None] * count
    return [
        {
            "image_id": image,
            "category_id": int(one["labels"][k]),
            "segmentation" if masks else "bbox": shapes[k][1],
            "area": areas[k],
            "iscrowd": int(crowd[k]),
            "score": scores[k],
        }
        for k in range(count)
    ]


def _masks(masks: Tensor) -> list[tuple[float, dict]]:
    """Return the area of each mask, and its runs of zeros and ones."""
    from pycocotools.mask import area, encode

    runs = [encode(np.asfortranarray(mask.numpy().astype(np.uint8))) for mask in masks]
    return [(float(area(one)), one) for one in runs]


def _xywh(boxes: Tensor) -> list[tuple[float, list[float]]]:
    """Return the area of each box, and its corner, width and height."""
    rows = [(x, y, x2 - x, y2 - y) for x, y, x2, y2 in boxes.double().tolist()]
    return [(width * height, [x, y, width, height]) for x, y, width, height in rows]
