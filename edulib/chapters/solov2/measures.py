"""Masks measured by what removes duplicates, of the same candidates."""

from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from edulib.chapters.solov2.suppression import WAYS
from edulib.models.detection.solov2 import RELEASED, Predictions, SOLOv2, mask_ious
from edulib.models.detection.solov2.network import enlarged
from edulib.training import Detection
from edulib.training.batches import Batch
from edulib.training.measures import Comparison, coco_summary, compare
from edulib.training.metrics import Statistics
from edulib.training.objectives.detection import AT_ONCE, joined

SHOWN = ("AP", "AP50", "AP75")


def all_cells(network: SOLOv2) -> SOLOv2:
    """Return a network with the same weights in which all cells are candidates.

    Args:
        network: the network, which stays as it is.
    """
    other = copy(network)
    other._modules = {**network._modules, "peaks": nn.Identity()}
    return other


def compare_ways(
    network: SOLOv2, said: Predictions, number: int, target: dict[str, Tensor]
) -> dict[str, Comparison]:
    """Compare what is left of an image's candidates in each way with its objects.

    All cells are candidates, not only those that are a peak among their neighbours.

    Args:
        network: the network.
        said: its predictions of a batch, of images that were not filled up.
        number: of the image in the batch.
        target: its objects.
    """
    found = all_cells(network).candidates(said, number, RELEASED)
    ious = mask_ious(found.masks > RELEASED.mask, found.labels)
    masks = enlarged(found.masks, said.size, said.size) > RELEASED.mask
    detections = {"masks": masks, "scores": found.scores, "labels": found.labels}
    everything = compare(detections, target, masks=True)
    ways = {}
    for way, suppress in WAYS.items():
        scores = suppress(ious, found.scores)
        best = scores.argsort(descending=True, stable=True)
        best = best[scores[best] >= RELEASED.final][: RELEASED.detections].cpu().numpy()
        best = best[everything.areas[best] > 0]
        ways[way] = everything._replace(
            scores=scores.double().cpu().numpy()[best],
            labels=everything.labels[best],
            areas=everything.areas[best],
            intersections=everything.intersections[best],
        )
    return ways


@dataclass(frozen=True)
class Ways(Detection):
    """Detection with masks, and masks decided in each of the ways.

    Measures: AP, AP50 and AP75 of boxes, and of masks (``mask_AP``), as the network
    detects; those of masks also as ``hard_AP`` and so on for each way, of all cells.
    """

    masks: bool = True

    @torch.no_grad()
    def validate(self, model: SOLOv2, batch: Batch) -> Statistics:
        """Compare the detections of each image with its objects.

        Args:
            model: the network.
            batch: images and their objects.
        """
        statistics = super().validate(model, batch)
        for images, targets in joined(batch, AT_ONCE):
            said = model(images)
            for number, target in enumerate(targets):
                for way, one in compare_ways(model, said, number, target).items():
                    statistics.setdefault(way, []).append(one)
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
            prefix = {"boxes": "", "masks": "mask_"}.get(way, f"{way}_")
            summary = coco_summary(compared)
            found |= {prefix + name: summary[name] for name in SHOWN}
        return found
