"""What label smoothing does to accuracy, to calibration and to the logits.

``python -m edulib.chapters.inceptionv3.smoothing`` trains the network "3x3, 3x3" of the
experiment ``inceptionv3-window`` with smoothed labels, and writes
``results/inceptionv3-smoothing.json`` after each network; it goes on where it was.
"""

import argparse
import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.chapters.inceptionv3.calibration import (
    calibration_error,
    gaps,
    reliability,
)
from edulib.data.splits import Split
from edulib.experiments import get_experiment
from edulib.experiments.experiment import use_one_thread
from edulib.files import atomic_write
from edulib.training import fit

RESULTS = Path(__file__).parent / "results" / "inceptionv3-smoothing.json"
SMOOTHINGS = (0.0, 0.1, 0.3)
SEEDS = (0, 1, 2)
NETWORK = "3x3, 3x3"


def measure(smoothing: float, seed: int, data: Split) -> dict:
    """Train one network, and measure it on its own and on new images.

    Args:
        smoothing: the share of each label that is spread over all classes.
        seed: of the training.
        data: training and validation set.
    """
    variant = get_experiment("inceptionv3-window").variants[NETWORK]
    torch.manual_seed(seed)
    network = variant.build()
    recipe = replace(variant.recipe, seed=seed, label_smoothing=smoothing)
    fit(network, data[0], recipe=recipe)
    found = {
        name: _describe(_logits(network, images), labels)
        for name, (images, labels) in zip(("training", "new"), data, strict=True)
    }
    return {"smoothing": smoothing, "seed": seed, **found}


def load_smoothing() -> dict[float, list[dict]]:
    """Return what was measured: for each strength one row a seed, in order."""
    rows = sorted(_read(), key=lambda row: row["seed"])
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
    if not RESULTS.exists():
        return []
    return json.loads(RESULTS.read_text(encoding="utf-8"))["runs"]


def main() -> None:
    """Measure what is missing, each network stored as it ends."""
    parser = argparse.ArgumentParser(prog="edulib.chapters.inceptionv3.smoothing")
    parser.add_argument("--at-most", type=int, help="networks, then stop")
    count = parser.parse_args().at_most
    use_one_thread()
    done = {(row["smoothing"], row["seed"]) for row in _read()}
    pairs = [(s, seed) for seed in SEEDS for s in SMOOTHINGS]
    pairs = [pair for pair in pairs if pair not in done]
    if not pairs:
        return
    data = get_experiment("inceptionv3-window").variants[NETWORK].data()
    for smoothing, seed in islice(pairs, count):
        rows = [*_read(), measure(smoothing, seed, data)]
        remake = "python -m edulib.chapters.inceptionv3.smoothing"
        about = {"remake": remake, "runs": rows}
        atomic_write(RESULTS, (json.dumps(about, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
