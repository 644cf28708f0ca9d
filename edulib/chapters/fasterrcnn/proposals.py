"""How well proposals cover the objects of the validation scenes, three ways.

``python -m edulib.chapters.fasterrcnn.proposals`` measures for about a minute and a
half and stores ``results/proposals.json``: of the shipped detector's first stage, of
sliding windows and of regions that grow together, recall by number of proposals and by
the least IoU that counts. Rivals have a random part in their order: three seeds. They
are measured also on scenes of 96 pixels, on which ``fasterrcnn-anchors`` is trained.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from edulib.chapters.fasterrcnn.recall import average_recall, best_of, recall
from edulib.chapters.fasterrcnn.rivals import grow_regions, sliding_windows
from edulib.data.splits import annotated_scenes
from edulib.experiments.experiment import use_one_thread
from edulib.files import atomic_write
from edulib.models.detection.faster_rcnn import FasterRCNN, Keep
from edulib.weights import load_checkpoint

FILE = Path(__file__).parent / "results" / "proposals.json"
NUMBERS = (1, 3, 10, 30, 50, 100, 300)  # of proposals an image
LEAST = tuple(k / 100 for k in range(50, 101, 5))  # IoU that counts
SEEDS = (0, 1, 2)
FEW = 20  # scenes, for the test


def load_proposals(path: Path = FILE) -> dict:
    """Return what was measured.

    Returns:
        ``all`` and ``few``, of 500 and of 20 scenes: see `measure`; ``small``, of the
        rivals on 500 scenes of 96 pixels: see `measure_rivals`.
    """
    return json.loads(path.read_text(encoding="utf-8"))


def measure(scenes: int) -> dict[str, list[dict]]:
    """Return the recall of each way, for each seed.

    Args:
        scenes: how many validation scenes, the first.

    Returns:
        Of each way for each seed ``average``, the average recall by number of
        proposals, ``half``, that at an IoU of 0.5, and ``curves``, recall by the least
        IoU for each number.
    """
    images, boxes = _validation_scenes(scenes, image_size=128)
    detector = load_checkpoint("fasterrcnn-small-scenes").eval()
    network = [_recalls(propose(detector, images), boxes)]
    return {"network": network} | measure_rivals(images, boxes)


def measure_rivals(images: list[Tensor], boxes: list[Tensor]) -> dict[str, list[dict]]:
    """Return the recall of the two ways that learn nothing, for each seed.

    Args:
        images: (3, H, W) each.
        boxes: (N, 4), xyxy in pixels, of the objects of each.

    Returns:
        ``regions`` and ``windows``, as in `measure`.
    """
    found = {}
    for name, rival in (("regions", grow_regions), ("windows", _windows)):
        found[name] = []
        for seed in SEEDS:
            generator = torch.Generator().manual_seed(seed)
            proposed = (rival(image, generator) for image in images)
            found[name].append(_recalls(proposed, boxes))
    return found


def propose(
    detector: FasterRCNN, images: list[Tensor], most: int = 300
) -> Iterator[Tensor]:
    """Yield the proposals (N, 4) of each image, the surest first.

    Args:
        detector: a small Faster R-CNN, in evaluation mode.
        images: (3, H, W) each.
        most: how many of each image, where the detector itself keeps 50.
    """
    for image in images:
        with torch.no_grad():
            scored = detector.rpn.score(detector.backbone(image[None]))
        size, keep = tuple(image.shape[-2:]), Keep(len(scored.anchors), most)
        yield detector.rpn.propose(scored, size, keep)[0]["boxes"]


def _validation_scenes(
    scenes: int, image_size: int
) -> tuple[list[Tensor], list[Tensor]]:
    chosen = annotated_scenes(train=1, val=500, image_size=image_size)[1]
    pairs = [chosen[k] for k in range(scenes)]
    images = [image.as_subclass(Tensor) for image, _ in pairs]
    return images, [target["boxes"].as_subclass(Tensor) for _, target in pairs]


def _windows(image: Tensor, generator: torch.Generator) -> Tensor:
    return sliding_windows(tuple(image.shape[-2:]), generator)


def _recalls(proposed: Iterator[Tensor], boxes: list[Tensor]) -> dict:
    pairs = zip(proposed, boxes, strict=True)
    best = torch.cat([best_of(*pair, NUMBERS) for pair in pairs], dim=1)
    curves = [[round(recall(row, least), 4) for least in LEAST] for row in best]
    return {
        "average": [round(average_recall(row), 4) for row in best],
        "half": [curve[0] for curve in curves],
        "curves": curves,
    }


def main() -> None:
    """Measure and store."""
    use_one_thread()
    found = {
        "remake": "python -m edulib.chapters.fasterrcnn.proposals",
        "all": measure(500),
        "few": measure(FEW),
        "small": measure_rivals(*_validation_scenes(500, image_size=96)),
    }
    atomic_write(FILE, (json.dumps(found) + "\n").encode())


if __name__ == "__main__":
    main()
