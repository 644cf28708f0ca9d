"""What label smoothing does to accuracy, to calibration and to the logits.

``python -m edulib.chapters.inceptionv3.smoothing`` trains a small network with smoothed
labels, and writes ``results/inceptionv3-smoothing.json`` after each; it goes on where
it was.
"""

import argparse
from dataclasses import replace
from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.chapters.inceptionv3.calibration import (
    calibration_error,
    gaps,
    reliability,
)
from edulib.chapters.inceptionv3.networks import three_layers
from edulib.data.splits import Split, scenes
from edulib.experiments.experiment import use_one_thread
from edulib.experiments.rows import load_rows, save_rows
from edulib.training import Recipe, fit

RESULTS = Path(__file__).parent / "results" / "inceptionv3-smoothing.json"
SMOOTHINGS = (0.0, 0.1, 0.3)
SEEDS = (0, 1, 2)
RECIPE = Recipe(optimizer="adamw", lr=0.005, clip_norm=1.0)
TEST = 2000  # images
EPOCHS = {100: 120, 800: 15}  # by training images: 12,000 are seen in each case


def measure(images: int, smoothing: float, seed: int, data: Split) -> dict:
    """Train one network, and measure it on its own and on new images.

    Args:
        images: of the training set, a key of ``EPOCHS``.
        smoothing: the share of each label that is spread over all classes.
        seed: of the training.
        data: training and validation set.
    """
    torch.manual_seed(seed)
    network = three_layers()
    recipe = replace(
        RECIPE, epochs=EPOCHS[images], seed=seed, label_smoothing=smoothing
    )
    fit(network, data[0], recipe=recipe)
    training, new = (_describe(_logits(network, x), labels) for x, labels in data)
    del training["bins"]  # nearly all in the last one
    about = {"images": images, "smoothing": smoothing, "seed": seed}
    return {**about, "training": training, "new": new}


def load_smoothing(images: int) -> dict[float, list[dict]]:
    """Return what was measured: for each strength one row a seed, in order.

    Args:
        images: of the training set, a key of ``EPOCHS``.
    """
    rows = [row for row in _read() if row["images"] == images]
    rows.sort(key=lambda row: row["seed"])
    return {s: [row for row in rows if row["smoothing"] == s] for s in SMOOTHINGS}


@torch.no_grad()
def _logits(network: nn.Module, images: Tensor) -> Tensor:
    network.eval()
    return torch.cat([network(batch) for batch in images.split(250)])


def _describe(logits: Tensor, labels: Tensor) -> dict:
    rows = reliability(logits, labels)
    found = {
        "error": (logits.argmax(1) != labels).float().mean().item(),
        "confidence": logits.softmax(1).amax(1).mean().item(),
        "calibration_error": calibration_error(rows),
        "gap": gaps(logits, labels).mean().item(),
        "gap_deviation": gaps(logits, labels).std().item(),
    }
    found = {key: round(value, 4) for key, value in found.items()}
    rows = [{key: round(value, 4) for key, value in row.items()} for row in rows]
    return {**found, "bins": rows}


def _read() -> list[dict]:
    return load_rows(RESULTS) if RESULTS.exists() else []


def main() -> None:
    """Measure what is missing, each network stored as it ends."""
    parser = argparse.ArgumentParser(prog="edulib.chapters.inceptionv3.smoothing")
    parser.add_argument("--at-most", type=int, help="networks, then stop")
    count = parser.parse_args().at_most
    use_one_thread()
    done = {(row["images"], row["smoothing"], row["seed"]) for row in _read()}
    cases = product(EPOCHS, SEEDS, SMOOTHINGS)
    cases = [(n, s, seed) for n, seed, s in cases if (n, s, seed) not in done]
    cases = cases[:count]
    data = {n: scenes(n, TEST, image_size=32) for n in {case[0] for case in cases}}
    for images, smoothing, seed in cases:
        rows = [*_read(), measure(images, smoothing, seed, data[images])]
        save_rows(RESULTS, "edulib.chapters.inceptionv3.smoothing", rows)


if __name__ == "__main__":
    main()
