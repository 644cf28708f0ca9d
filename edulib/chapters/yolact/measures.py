"""One network, measured in three ways: as in the paper, without crop, with NMS."""

from copy import copy
from dataclasses import replace

from torch import Tensor

from edulib.chapters.yolact.networks import everywhere, greedy_nms
from edulib.models.detection.yolact import Yolact
from edulib.training import Detection
from edulib.training.batches import Batch
from edulib.training.measures import coco_summary
from edulib.training.metrics import Statistics
from edulib.training.objectives.detection import AT_ONCE, joined

SIZES = (("small", 0, 14**2), ("medium", 14**2, 23**2), ("large", 23**2, 96**2))
"""By area of the mask; each holds about a third of the objects."""
WAYS = {
    "": {},
    "uncropped_": {"crop": everywhere},
    "nms_": {"suppress": greedy_nms},
}
"""Prefix of the measures -> what is replaced in the paper's detections."""

LIMITS = {"candidates": 100, "max_detections": 30}
"""Of boxes of a kind, and of an image; no scene has more than six objects."""


def changed(network: Yolact, way: dict) -> Yolact:
    """Return a network with the same weights that detects in another way.

    Args:
        network: the network, which stays as it is.
        way: what is replaced in its `Detections`.
    """
    other = copy(network)
    other.detections = replace(network.detections, **way)
    return other


class ThreeWays(Detection):
    """Detection with masks, measured in each of the three ways.

    Measures: AP, AP50 and AP75 of boxes (``AP``) and masks (``mask_AP``), and AP by
    size; all once more as ``nms_...``, and those of masks as ``uncropped_...``.
    """

    def validate(self, model: Yolact, batch: Batch) -> Statistics:
        """Compare the detections of each image with its objects.

        Args:
            model: the network.
            batch: images and their objects.
        """
        statistics: dict[str, list] = {}
        for images, targets in joined(batch, AT_ONCE):
            for prefix, way in WAYS.items():
                found = changed(model, way).detect(images, **LIMITS)
                compared = self.compare(found, targets)
                if "crop" in way:  # boxes are not cropped
                    del compared["boxes"]
                for kind, some in compared.items():
                    statistics.setdefault(prefix + kind, []).extend(some)
        return statistics

    def measures(self, totals: dict[str, Tensor | list]) -> dict[str, float]:
        """Return the losses of an epoch, or the average precisions of a set.

        Args:
            totals: sums, or compared images by way and kind.
        """
        if "count" in totals:
            return super().measures(totals)
        areas = {name: (least, greatest) for name, least, greatest in SIZES}
        found = {}
        for key, compared in totals.items():
            prefix = key.removesuffix("boxes").replace("masks", "mask_")
            summary = coco_summary(compared, areas=areas)
            names = ("AP", "AP50", "AP75", *(f"AP_{name}" for name in areas))
            found |= {prefix + name: summary[name] for name in names}
        return found
