"""What a small DETR is asked while it is validated: every layer, and where it looks."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from edulib.chapters.detr.networks import DECODER_DEPTH, GRID
from edulib.explanation import attention_maps
from edulib.models.detection.detr import DETR
from edulib.models.detection.detr.network import image_sizes
from edulib.models.ops.boxes import box_area, clip_boxes, cxcywh_to_xyxy
from edulib.training import Detection
from edulib.training.batches import Batch
from edulib.training.measures import match_detections
from edulib.training.metrics import Statistics
from edulib.training.objectives.detection import joined

THRESHOLD = 0.5
"""IoU above which the less sure of two boxes of a kind is suppressed, Detectron2's."""
SURE = 0.5
"""Least score of a detection whose attention is measured."""
LARGE = 44**2
"""Square pixels from which an object is large, as in SSD's experiment."""
ZONES = ("box", "outer")
STRIDE = 16
LAST_LOOK = f"transformer.decoder.{DECODER_DEPTH - 1}.cross_attention"


@dataclass(frozen=True)
class EachLayer(Detection):
    """Detection; validation also asks each layer of the decoder, and where it looks.

    Measures of validation: ``AP`` and ``AP50`` of the last layer, and of layer k
    ``layer<k>_AP``, ``layer<k>_AP50`` and, after suppression, ``layer<k>_NMS_AP`` and
    ``layer<k>_NMS_AP50``; of the last layer's cross-attention ``box``, the share within
    the box of what was found, ``outer``, the share of that in the outer half of the
    box's area, and ``looked``, how many boxes these are means of. Large boxes alone.
    """

    def validate(self, model: DETR, batch: Batch) -> Statistics:
        """Compare the detections of each layer with the objects."""
        statistics: dict[str, list] = {}
        for images, targets in joined(batch, len(batch.inputs)):
            sizes = image_sizes(images, None)
            with torch.no_grad():
                found = model(images)
            for k in range(DECODER_DEPTH):
                read = model.read(found, sizes, layer=k)
                for name, detections in (
                    (f"layer{k + 1}", read),
                    (f"layer{k + 1}_NMS", [suppressed(one) for one in read]),
                ):
                    compared = self.compare(detections, targets)["boxes"]
                    statistics.setdefault(name, []).extend(compared)
            for name, values in looks(model, images, targets).items():
                statistics.setdefault(name, []).extend(values)
        statistics["boxes"] = statistics[f"layer{DECODER_DEPTH}"]
        return statistics

    def measures(self, totals: Statistics) -> dict[str, float]:
        """Return the losses of an epoch, or what was measured of a set."""
        found = super().measures(totals)
        for name, compared in totals.items():
            if name.startswith("layer"):
                summary = self.summary(compared)
                found |= {f"{name}_{key}": summary[key] for key in ("AP", "AP50")}
        if "outer" in totals:
            many = len(totals["outer"])
            means = {zone: sum(totals[zone]) / max(many, 1) for zone in ZONES}
            found |= {**means, "looked": float(many)}
        return found


def suppressed(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return what non-maximum suppression leaves, kind by kind.

    Args:
        found: ``boxes``, ``scores`` and ``labels`` of an image.
    """
    parts = (found[name] for name in ("boxes", "scores", "labels"))
    kept = batched_nms(*parts, THRESHOLD)
    return {name: value[kept] for name, value in found.items()}


@torch.no_grad()
def slots_of(model: DETR, images: Tensor) -> list[dict[str, Tensor]]:
    """Return what each slot says in the end, in the order of the slots.

    Args:
        model: a small DETR, in evaluation mode.
        images: (B, 3, 128, 128).

    Returns:
        For each image ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,) and ``labels``
        (N,).
    """
    logits, boxes = (part[-1] for part in model(images))
    scores, labels = logits.softmax(-1)[..., :-1].max(-1)
    pixels = cxcywh_to_xyxy(boxes) * image_sizes(images, None)[:, None]
    pixels = clip_boxes(pixels, images.shape[-2:])
    names = ("boxes", "scores", "labels")
    rows = zip(pixels, scores, labels, strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def looks(
    model: DETR, images: Tensor, targets: list[dict[str, Tensor]]
) -> dict[str, list[float]]:
    """Return where the slots look that found a large object, in the last layer.

    Args:
        model: a small DETR, in evaluation mode.
        images: (B, 3, 128, 128).
        targets: of each image.

    Returns:
        ``box`` and ``outer`` of each such slot: see `zone_shares`.
    """
    found: dict[str, list[float]] = {zone: [] for zone in ZONES}
    weights = attention_maps(model, images, LAST_LOOK)[0].weights.mean(1)
    for where, slots, target in zip(
        weights, slots_of(model, images), targets, strict=True
    ):
        right = match_detections(slots, target, 0.5).right
        chosen = right & (slots["scores"] >= SURE) & (box_area(slots["boxes"]) >= LARGE)
        for slot in chosen.nonzero().flatten().tolist():
            shares = zone_shares(where[slot].view(GRID), slots["boxes"][slot])
            for zone, share in zip(ZONES, shares, strict=True):
                found[zone].append(share)
    return found


def zone_shares(weights: Tensor, box: Tensor) -> tuple[float, float]:
    """Return how much of an attention lies in a box, and how much of that far outside.

    The attention of a cell is spread evenly over its pixels. The inner half of a box
    has its middle, and sides shorter by the root of two: attention spread evenly over
    the box has half of itself in the outer half.

    Args:
        weights: (rows, columns), which add up to 1.
        box: (4,), xyxy in pixels.

    Returns:
        The share of the box, and of that the share of its outer half.
    """
    middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2
    inner = torch.cat([middle - half / 2**0.5, middle + half / 2**0.5])
    whole, core = (_mass(weights, one) for one in (box, inner))
    return whole, 1 - core / max(whole, 1e-12)


def _mass(weights: Tensor, box: Tensor) -> float:
    """Return the attention within a box."""
    rows, columns = weights.shape
    left, upper, right, lower = (box / STRIDE).unbind()
    across = _covered(columns, left, right)
    down = _covered(rows, upper, lower)
    return (down @ weights @ across).item()


def _covered(count: int, start: Tensor, end: Tensor) -> Tensor:
    """Return which part of each of the unit steps lies between two points."""
    steps = torch.arange(count, dtype=start.dtype)
    return (torch.minimum(steps + 1, end) - torch.maximum(steps, start)).clamp(0, 1)
