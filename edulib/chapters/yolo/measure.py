"""What three small detectors find of neighbours, and how they err.

``python -m edulib.chapters.yolo.measure`` measures the shipped checkpoints and stores
``results/measures.json``; it takes half a minute.
"""

import json
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.chapters.yolo.neighbours import (
    look_for_objects,
    matched_gap,
    recall_by_group,
)
from edulib.data import detection_scenes
from edulib.data.scenes import Scenes
from edulib.data.splits import annotated_scenes
from edulib.experiments.experiment import use_one_thread
from edulib.files import atomic_write
from edulib.training.measures import detection_errors
from edulib.weights import load_checkpoint

FILE = Path(__file__).parent / "results" / "measures.json"
DETECTORS = {
    "YOLO": "yolo-small-scenes",
    "SSD": "ssd-small-scenes",
    "Faster R-CNN": "fasterrcnn-small-scenes",
}
SETS, CROWDED = (2, 3, 4), 200  # worlds that no network has seen, scenes of each
PARTS = ((0, 167), (167, 334), (334, 500))  # of the validation scenes
ALIKE = ((1, 5, 8), (3, 4, 7, 9), (2, 6))
"""Kinds that are alike: car, boat and bicycle; face, fish, bird and butterfly, since
Hoiem and others count persons among the animals; tree and flower."""


def load_measures(path: Path = FILE) -> dict:
    """Return what `measure` found."""
    return json.loads(path.read_text(encoding="utf-8"))


def crowded_scenes(seed: int, count: int = CROWDED) -> tuple[Tensor, list[dict]]:
    """Return images and targets of scenes in which each holds a crowd."""
    return _stack(detection_scenes(count, 128, seed=seed, crowds=100), range(count))


def detect(network: nn.Module, images: Tensor) -> list[dict[str, Tensor]]:
    """Return the detections of all images, 50 at a time."""
    return [one for batch in images.split(50) for one in network.detect(batch)]


def measure() -> dict:
    """Measure each detector.

    Returns:
        "neighbours": of each detector for each set of crowded scenes the share of
        objects found and their number, by group; "matched": what a shared cell costs
        beside objects that are as near and as large; "errors": of each detector for
        each part of the validation scenes the share of each kind of error.
    """
    networks = {name: load_checkpoint(file).eval() for name, file in DETECTORS.items()}
    neighbours = {name: [] for name in networks}
    matched = {name: [] for name in networks}
    for seed in SETS:
        images, targets = crowded_scenes(seed)
        for name, network in networks.items():
            objects = look_for_objects(detect(network, images), targets)
            neighbours[name].append(recall_by_group(objects))
            matched[name].append(matched_gap(objects))
    errors = {name: [] for name in networks}
    for first, end in PARTS:
        scenes = annotated_scenes(train=1, val=500, image_size=128)[1]
        images, targets = _stack(scenes, range(first, end))
        for name, network in networks.items():
            found = detect(network, images)
            errors[name].append(detection_errors(found, targets, ALIKE))
    return {
        "remake": "python -m edulib.chapters.yolo.measure",
        "neighbours": neighbours,
        "matched": matched,
        "errors": errors,
    }


def _stack(scenes: Scenes, chosen: range) -> tuple[Tensor, list[dict]]:
    pairs = [scenes[k] for k in chosen]
    return torch.stack([image for image, _ in pairs]), [target for _, target in pairs]


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return (
        [_rounded(one) for one in value] if isinstance(value, list | tuple) else value
    )


def main() -> None:
    """Measure and store."""
    use_one_thread()
    text = json.dumps(_rounded(measure()), indent=1) + "\n"
    atomic_write(FILE, text.encode())


if __name__ == "__main__":
    main()
