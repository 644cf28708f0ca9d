"""Masks measured by what removes duplicates, of the same candidates."""

from copy import copy

import torch
from torch import nn

from edulib.chapters.solov2.suppression import WAYS
from edulib.models.detection.solov2 import Limits, SOLOv2, matrix_nms
from edulib.training import Detection
from edulib.training.batches import Batch
from edulib.training.measures import coco_summary
from edulib.training.metrics import Statistics
from edulib.training.objectives.detection import AT_ONCE, joined

LIMITS = Limits(score=0.05, final=0.02)
SHOWN = ("AP", "AP50", "AP75")
ALL = "all "  # in front of a way whose candidates are all cells, not only peaks


def all_cells(network: SOLOv2) -> SOLOv2:
    """Return a network with the same weights in which all cells are candidates.

    Args:
        network: the network, which stays as it is.
    """
    other = copy(network)
    other._modules = {**network._modules, "peaks": nn.Identity()}
    return other


class Ways(Detection):
    """Detection with masks, decided in each of the ways to remove duplicates.

    Measures: AP, AP50 and AP75 of boxes, and of masks (``mask_AP``), by Matrix NMS;
    those of masks also as ``all hard_AP`` and so on for each way, where cells that are
    no peak among their neighbours are candidates, too.
    """

    @torch.no_grad()
    def validate(self, model: SOLOv2, batch: Batch) -> Statistics:
        """Compare the detections of each image with its objects.

        Args:
            model: the network.
            batch: images and their objects.
        """
        statistics: dict[str, list] = {}
        everywhere = all_cells(model)
        ways = {"matrix": (model, matrix_nms)}
        ways |= {ALL + way: (everywhere, suppress) for way, suppress in WAYS.items()}
        for images, targets in joined(batch, AT_ONCE):
            predictions, size = model(images), images.shape[-2:]
            for way, (network, suppress) in ways.items():
                found = network.decide(predictions, size, suppress, LIMITS)
                compared = self.compare(found, targets)
                if way == "matrix":
                    statistics.setdefault("boxes", []).extend(compared["boxes"])
                statistics.setdefault(way, []).extend(compared["masks"])
        return statistics

    def measures(self, totals: dict) -> dict[str, float]:
        """Return the losses of an epoch, or the average precisions of a set.

        Args:
            totals: sums, or compared images by way.
        """
        if "count" in totals:
            return super().measures(totals)
        found = {}
        for way, compared in totals.items():
            prefix = {"boxes": "", "matrix": "mask_"}.get(way, f"{way}_")
            summary = coco_summary(compared)
            found |= {prefix + name: summary[name] for name in SHOWN}
        return found
