"""Suppression, hard and soft, of one detector's boxes on three sets of scenes.

``python -m edulib.chapters.boxes.suppression`` lets the small SSD look at 300 scenes
of each of three seeds that it was not trained on, suppresses what it finds at several
thresholds and softly, and writes ``results/boxes-suppression.json``.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torchvision.ops import nms

from edulib.data import detection_scenes
from edulib.experiments.experiment import use_one_thread
from edulib.experiments.rows import load_rows, save_rows
from edulib.models.detection.ssd import SSD
from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.nms import gaussian_decay, soft_nms
from edulib.training.measures import coco_ap, match_detections
from edulib.weights import load_checkpoint

RESULTS = Path(__file__).parent / "results" / "boxes-suppression.json"
THRESHOLDS = (0.3, 0.45, 0.6, 0.7, 0.8)
SEEDS = (1, 2, 3)
SCENES, SIGMA, LEAST_SCORE, SHOWN, CROWDED = 300, 0.5, 0.05, 0.5, 0.3
MEASURES = ("AP", "AP50", "AP75")

Objects = Mapping[str, Tensor]
Rule = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


def hard(threshold: float) -> Rule:
    """Return the rule that keeps some boxes and leaves their scores."""

    def rule(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        kept = nms(boxes, scores, threshold)
        return kept, scores[kept]

    return rule


def soft(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Lower the scores of boxes that overlap better ones, as soft-NMS does.

    Args:
        boxes: (N, 4), xyxy.
        scores: (N,).

    Returns:
        Indices and new scores of those kept, by falling score.
    """
    return soft_nms(boxes, scores, gaussian_decay(SIGMA))


def candidates(
    network: SSD, images: Tensor, score: float = LEAST_SCORE
) -> list[dict[str, Tensor]]:
    """Return all boxes of a detector over a score, nothing suppressed.

    Args:
        network: a small SSD, in evaluation mode.
        images: (B, 3, 128, 128).
        score: what a score has to exceed.
    """
    boxes = len(network.boxes) * network.num_classes
    return network.detect(images, score, nms_threshold=1.0, max_detections=boxes)


def suppress(found: Objects, rule: Rule) -> dict[str, Tensor]:
    """Apply a rule to the boxes of each kind.

    Args:
        found: ``boxes`` (N, 4), ``scores`` (N,) and ``labels`` (N,) of one image.
        rule: takes boxes and scores of one kind, returns which are kept and their
            scores.

    Returns:
        What is kept, by falling score.
    """
    boxes, scores, labels = [found["boxes"][:0]], [found["scores"][:0]], []
    for label in found["labels"].unique():
        own = found["labels"] == label
        kept, new = rule(found["boxes"][own], found["scores"][own])
        boxes.append(found["boxes"][own][kept])
        scores.append(new)
        labels.append(found["labels"][own][kept])
    order = torch.cat(scores).argsort(descending=True, stable=True)
    return {
        "boxes": torch.cat(boxes)[order],
        "scores": torch.cat(scores)[order],
        "labels": torch.cat([found["labels"][:0], *labels])[order],
    }


def is_crowded(target: Objects) -> bool:
    """Say whether two objects of a kind overlap by an IoU above 0.3."""
    same = target["labels"][:, None] == target["labels"]
    overlaps = pairwise_iou(target["boxes"], target["boxes"]) * same
    return bool((overlaps.fill_diagonal_(0) > CROWDED).any())


def measure(seed: int, network: SSD) -> list[dict]:
    """Measure each rule on all scenes of a seed, and on those with a crowd.

    Args:
        seed: of the scenes.
        network: a small SSD, in evaluation mode.

    Returns:
        One row a rule: average precisions and, of the boxes with a score of at least
        0.5, how many are wrong; how many objects they miss, and how many there are.
    """
    pairs = [detection_scenes(SCENES, seed=seed)[i] for i in range(SCENES)]
    found = candidates(network, torch.stack([image for image, _ in pairs]))
    targets = [target for _, target in pairs]
    crowded = [i for i, target in enumerate(targets) if is_crowded(target)]
    rules = {f"hard {threshold}": hard(threshold) for threshold in THRESHOLDS}
    rows = []
    for name, rule in {**rules, "soft": soft}.items():
        kept = [suppress(one, rule) for one in found]
        row = {"rule": name, "seed": seed, "crowded_scenes": len(crowded)}
        row["all"] = _measures(kept, targets)
        some = [kept[i] for i in crowded], [targets[i] for i in crowded]
        rows.append({**row, "crowded": _measures(*some)})
    return rows


def _measures(found: Sequence[Objects], targets: Sequence[Objects]) -> dict:
    measured = coco_ap(found, targets)
    return {
        **{name: round(measured[name], 4) for name in MEASURES},
        **count_errors(found, targets),
    }


def count_errors(found: Sequence[Objects], targets: Sequence[Objects]) -> dict:
    """Count what is wrong and what is missed at a score of at least 0.5.

    Args:
        found: of each image ``boxes``, ``scores`` and ``labels``.
        targets: of each image ``boxes`` and ``labels``.

    Returns:
        ``wrong`` boxes, ``missed`` objects, and all ``objects``.
    """
    wrong = missed = objects = 0
    for one, target in zip(found, targets, strict=True):
        shown = one["scores"] >= SHOWN
        sure = {name: value[shown] for name, value in one.items()}
        matches = match_detections(sure, target)
        wrong += int(matches.wrong.sum())
        missed += int((~matches.found).sum())
        objects += len(matches.found)
    return {"wrong": wrong, "missed": missed, "objects": objects}


def load_suppressions() -> dict[str, list[dict]]:
    """Return what was measured: for each rule, one row a seed."""
    rows = load_rows(RESULTS)
    return {
        rule: [row for row in rows if row["rule"] == rule]
        for rule in dict.fromkeys(row["rule"] for row in rows)
    }


def main() -> None:
    """Measure three sets of scenes and store the result."""
    use_one_thread()
    network = load_checkpoint("ssd-small-scenes").eval()
    rows = [row for seed in SEEDS for row in measure(seed, network)]
    save_rows(RESULTS, "edulib.chapters.boxes.suppression", rows)


if __name__ == "__main__":
    main()
