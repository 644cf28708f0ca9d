"""Detection: boxes, classes and, where asked, masks of the objects in an image.

An object is described by a dict of tensors. In a target: ``boxes`` (N, 4), xyxy in
pixels, right and lower edge excluded; ``labels`` (N,) int64, from 0, objects only;
where asked ``masks`` (N, H, W) bool; and where known ``crowd`` (N,) bool and ``area``
(N,). In a detection: ``boxes``, ``labels``, ``masks``, and ``scores`` (N,) in [0, 1].
N may be 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.checks import describe, output_of_one
from edulib.training.batches import Batch
from edulib.training.measures import Comparison, coco_summary, compare
from edulib.training.measures.inputs import check_masks, check_target
from edulib.training.metrics import Statistics
from edulib.training.objectives.objective import Objective
from edulib.training.update import Update

Objects = list[dict[str, Tensor]]  # one dict an image

AT_ONCE = 16  # images that a detector is given in validation: they can be large
SHOWN = ("AP", "AP50")


@runtime_checkable
class Detector(Protocol):
    """What a model has in order to be trained for detection.

    Attributes:
        num_classes: kinds of object; a background is no kind.
    """

    num_classes: int

    def losses(self, images: Tensor, targets: Objects) -> dict[str, Tensor]:
        """Return the parts of the loss by name, each a single number.

        Args:
            images: (B, 3, H, W).
            targets: of each image.
        """

    def detect(self, images: Tensor) -> Objects:
        """Return the detections of each image, the most confident first."""


@dataclass(frozen=True)
class Detection(Objective):
    """Train a :class:`Detector` on the sum of its losses; measure its detections.

    Images of one size are stacked; of several sizes, they are filled with zeros on the
    right and below, and their masks too. Images without objects are examples as others
    are. What a target calls a crowd is not learnt, and may be found or not.

    Measures of training: ``loss``, the sum, and each of its parts, means over the
    images. Of validation: ``AP`` and ``AP50`` of the boxes, in [0, 1], as
    :func:`~edulib.training.measures.coco_ap` has them; NaN where there are no objects.

    Where several processes train together, each gives its share the weight of its
    images. So the step is that of the whole batch if the losses are means over the
    images; what a model divides by the objects it has seen is divided by those of the
    share, as is usual.

    Args:
        masks: whether targets and detections have masks, which are measured as
            ``mask_AP`` and ``mask_AP50``.
    """

    masks: bool = False

    def check(self, model: nn.Module, batch: Batch) -> None:
        """Refuse targets that are none, and a model that is no detector.

        The first example goes through the model, its losses and its detections.
        """
        if not isinstance(model, Detector):
            raise ValueError(
                "expected a detector, a model with num_classes, losses(images, "
                f"targets) and detect(images), got {type(model).__name__}"
            )
        shapes = dict.fromkeys(tuple(image.shape[:-2]) for image in batch.inputs)
        if len(shapes) > 1:
            raise ValueError(
                "expected images (C, H, W) of as many channels, got "
                f"{' and '.join(map(str, shapes))} before height and width"
            )
        self.check_targets(model, batch)
        images, targets = next(joined(batch, 1))
        output_of_one(model, images)
        total_loss(model.losses(images, targets))
        self.compare(model.detect(images), targets)

    def step(self, model: nn.Module, batch: Batch, update: Update) -> Statistics:
        """Take one step down the sum of the losses."""
        images, targets = next(joined(batch, len(batch.inputs)))
        targets = [without_crowds(target) for target in targets]
        if update.looks:  # at all of them at once, which augmentation may have changed
            parts = {n: [one[n] for one in targets] for n in ("boxes", "labels")}
            together = {name: torch.cat(part) for name, part in parts.items()}
            check_objects(together, model.num_classes)
        losses = model.losses(images, targets)
        total = total_loss(losses)
        update(total)
        sums = {
            name: value.detach() * len(images)
            for name, value in {"loss": total, **losses}.items()
        }
        return {**sums, "count": len(images)}

    def validate(self, model: nn.Module, batch: Batch) -> Statistics:
        """Compare the detections of each image with its objects."""
        statistics: dict[str, list] = {}
        for images, targets in joined(batch, AT_ONCE):
            for name, found in self.compare(model.detect(images), targets).items():
                statistics.setdefault(name, []).extend(found)
        return statistics

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return the losses of an epoch, or the average precision of a set."""
        if "count" in totals:
            return super().measures(totals)
        found = {}
        for kind, prefix in (("boxes", ""), ("masks", "mask_")):
            if kind in totals:
                summary = self.summary(totals[kind])
                found |= {prefix + name: value for name, value in summary.items()}
        return found

    def summary(self, compared: list[Comparison]) -> dict[str, float]:
        """Return the measures of a set of compared images; AP and AP50.

        Override it to have others, such as AP by the size of objects.
        """
        found = coco_summary(compared)
        return {name: found[name] for name in SHOWN}

    def compare(self, detections: Objects, targets: Objects) -> dict[str, list]:
        """Return what is kept of each image: far less than its masks."""
        if not isinstance(detections, list) or len(detections) != len(targets):
            raise ValueError(
                f"expected detections of {len(targets)} image(s), a list of a dict for "
                f"each, got {describe(detections)}"
            )
        pairs = list(zip(detections, targets, strict=True))
        compared = {"boxes": [compare(*pair) for pair in pairs]}
        if self.masks:
            compared["masks"] = [compare(*pair, masks=True) for pair in pairs]
        return compared

    def check_targets(self, model: nn.Module, batch: Batch) -> None:
        """Refuse what are no targets of these images."""
        if not isinstance(batch.targets, list):
            raise ValueError(
                "expected a dict of boxes and labels as the target of each image, got "
                f"{describe(batch.targets)}"
            )
        pairs = zip(batch.inputs, batch.targets, strict=True)
        for number, (image, target) in enumerate(pairs):
            try:
                check_objects(target, model.num_classes)
                if self.masks:
                    check_masks_of(target, image)
            except ValueError as error:
                raise ValueError(f"image {number} of the batch: {error}") from error


def joined(batch: Batch, size: int) -> Iterator[tuple[Tensor, Objects]]:
    """Yield a batch in parts: images as one tensor (B, C, H, W), and their targets."""
    for start in range(0, len(batch.inputs), size):
        images = batch.inputs[start : start + size]
        height, width = (max(x.shape[axis] for x in images) for axis in (-2, -1))
        targets = [plain(one) for one in batch.targets[start : start + size]]
        if not isinstance(images, Tensor):
            images = torch.stack([fill(image, height, width) for image in images])
        for target in targets:
            if "masks" in target:
                target["masks"] = fill(target["masks"], height, width)
        yield images, targets


def plain(target: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a target without torchvision's types, which would follow every step."""
    return {
        name: value.as_subclass(Tensor) if isinstance(value, Tensor) else value
        for name, value in target.items()
    }


def without_crowds(target: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the boxes, labels and masks of single objects."""
    crowd = target.get("crowd")
    names = [name for name in ("boxes", "labels", "masks") if name in target]
    return {n: target[n] if crowd is None else target[n][~crowd] for n in names}


def fill(maps: Tensor, height: int, width: int) -> Tensor:
    """Add zeros to the right of maps (..., H, W) and below."""
    return F.pad(maps, (0, width - maps.shape[-1], 0, height - maps.shape[-2]))


def total_loss(losses: dict[str, Tensor]) -> Tensor:
    """Return the sum of a detector's losses.

    Raises:
        ValueError: if they are no single numbers by name.
    """
    kept = ("loss", "count")
    if not isinstance(losses, dict) or not losses or not losses.keys().isdisjoint(kept):
        raise ValueError(
            "expected losses(images, targets) to return the parts of the loss by name, "
            f"none of them called {' or '.join(map(repr, kept))}, got "
            f"{describe(losses)}"
        )
    for name, value in losses.items():
        if not isinstance(value, Tensor) or value.ndim:
            raise ValueError(
                f"expected a loss {name!r} of one number, got {describe(value)}"
            )
    return sum(losses.values())


def check_objects(target: dict[str, Tensor], num_classes: int) -> None:
    """Refuse a target without boxes and labels that can be learnt."""
    check_target(target, masks=False)
    boxes, labels = target["boxes"], target["labels"]
    flat = ~(boxes[:, 2:] > boxes[:, :2]).all(1)
    if flat.any():
        raise ValueError(
            "expected boxes x1, y1, x2, y2 with x1 < x2 and y1 < y2, got "
            f"{[round(edge, 4) for edge in boxes[flat][0].tolist()]}"
        )
    if len(labels) and labels.max() >= num_classes:
        highest = labels.max().item()
        raise ValueError(
            "expected labels from 0 to below the number of classes, "
            f"{num_classes}, got {highest}: build the model with "
            f"num_classes={highest + 1} or more"
        )


def check_masks_of(target: dict[str, Tensor], image: Tensor) -> None:
    """Refuse a target without a mask of the image's size for each of its boxes."""
    masks = target.get("masks")
    if not isinstance(masks, Tensor):
        raise ValueError(f"expected a target with masks, got {describe(target)}")
    check_masks(masks)
    wanted = (len(target["boxes"]), *image.shape[-2:])
    if masks.shape != wanted:
        raise ValueError(
            f"expected masks {wanted} of {wanted[0]} boxes in an image "
            f"{tuple(image.shape)}, got {tuple(masks.shape)}"
        )
