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
from torch import Tensor, nn

from edulib.checks import describe, output_of_one, told
from edulib.data.padding import pad_images, pad_maps
from edulib.training.batches import Batch
from edulib.training.measures import Comparison, coco_summary, compare
from edulib.training.metrics import Statistics
from edulib.training.objectives.detection_checks import (
    Objects,
    check_masks_of,
    check_objects,
    check_same_channels,
    known_classes,
    losses_of_one,
    total_loss,
)
from edulib.training.objectives.objective import Objective
from edulib.training.update import Update

AT_ONCE = 16  # images that a detector is given in validation: they can be large
SHOWN = ("AP", "AP50")


@runtime_checkable
class Detector(Protocol):
    """What a model has in order to be trained for detection.

    One that also has ``num_classes``, its kinds of object, is never given a label
    beyond them; another has to refuse it in ``losses``.
    """

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
    are. What a target calls a crowd is not learnt, and may be found or not. There is no
    label smoothing.

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
        sizes: classes of size, each a name, the least and the greatest area in square
            pixels; the AP of the objects in each is measured as ``AP_<name>``.
    """

    masks: bool = False
    sizes: tuple[tuple[str, float, float], ...] = ()

    def check(self, model: nn.Module, batch: Batch) -> None:
        """Refuse targets that are none, and a model that is no detector.

        The example with the highest label goes through the model, its losses and its
        detections.
        """
        if not isinstance(model, Detector):
            raise ValueError(
                "expected a detector, a model with losses(images, targets) and "
                f"detect(images), got {type(model).__name__}"
            )
        check_same_channels(batch.inputs)
        self.check_targets(model, batch)
        labels = [target["labels"].tolist() for target in batch.targets]
        at = max(range(len(labels)), key=lambda k: max(labels[k], default=-1))
        chosen = batch.inputs[at : at + 1], batch.targets[at : at + 1]
        images, targets = next(joined(Batch(*chosen, batch.number, 1.0), 1))
        output_of_one(model, images)
        singles = [without_crowds(target) for target in targets]
        total_loss(losses_of_one(model, images, singles))
        with told(f"expected inputs that detect takes, got {describe(images)}"):
            found = model.detect(images)
        self.compare(found, targets)

    def step(self, model: nn.Module, batch: Batch, update: Update) -> Statistics:
        """Take one step down the sum of the losses."""
        images, targets = next(joined(batch, len(batch.inputs)))
        targets = [without_crowds(target) for target in targets]
        if update.looks:  # at all of them at once, which augmentation may have changed
            parts = {n: [one[n] for one in targets] for n in ("boxes", "labels")}
            together = {name: torch.cat(part) for name, part in parts.items()}
            check_objects(together, known_classes(model))
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
        """Return the measures of a set of compared images: AP, AP50, AP by size."""
        areas = {name: (least, greatest) for name, least, greatest in self.sizes}
        found = coco_summary(compared, areas=areas)
        return {name: found[name] for name in (*SHOWN, *(f"AP_{n}" for n in areas))}

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
                check_objects(target, known_classes(model))
                if self.masks:
                    check_masks_of(target, image)
            except ValueError as error:
                raise ValueError(f"image {number} of the batch: {error}") from error


def joined(batch: Batch, size: int) -> Iterator[tuple[Tensor, Objects]]:
    """Yield a batch in parts: images as one tensor (B, C, H, W), and their targets."""
    for start in range(0, len(batch.inputs), size):
        images = batch.inputs[start : start + size]
        targets = [plain(one) for one in batch.targets[start : start + size]]
        if not isinstance(images, Tensor):
            images = pad_images(images)
        for target in targets:
            if "masks" in target:
                target["masks"] = pad_maps(target["masks"], *images.shape[-2:])
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
