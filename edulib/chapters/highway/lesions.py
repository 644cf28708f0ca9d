"""What the gates of trained highway networks do, and which layers are missed.

Srivastava et al., "Training Very Deep Networks", 2015, section 4.

``python -m edulib.chapters.highway.lesions`` trains the networks of 50 layers of the
experiment ``highway-depth`` anew, closes the gates of each layer in turn, and writes
``results/highway-lesions.json``.
"""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.experiments import get_experiment
from edulib.experiments.experiment import use_one_thread
from edulib.experiments.rows import load_rows, save_rows
from edulib.models.classification.highway import DenseHighway
from edulib.training import evaluate, fit

RESULTS = Path(__file__).parent / "results" / "highway-lesions.json"
VARIANT = "highway 50"
BEHIND = range(14, 45)  # "layers 15-45 seem to have close to no effect", section 4.2


@torch.no_grad()
def gate_activity(network: DenseHighway, images: Tensor) -> Tensor:
    """Return how far each gate opens for each image: (layers, B, width)."""
    x, gates = network.stem(images), []
    for layer in network.layers:
        gates.append(torch.sigmoid(layer.gate(x)))
        x = layer(x)
    return torch.stack(gates)


def class_means(gates: Tensor, labels: Tensor) -> Tensor:
    """Return each gate's mean over the images of each class: (classes, layers, width).

    Args:
        gates: (layers, B, width), what `gate_activity` returns.
        labels: (B,) integers, each class with at least one image.
    """
    classes = range(int(labels.max()) + 1)
    return torch.stack([gates[:, labels == one].mean(1) for one in classes])


def without_layers(network: DenseHighway, indices: Iterable[int]) -> DenseHighway:
    """Return a copy of a network in which the gates of layers are 0: they copy.

    Args:
        network: any network of highway layers.
        indices: of the highway layers, from 0.
    """
    lesioned = deepcopy(network)
    for index in indices:
        lesioned.layers[index] = nn.Identity()
    return lesioned


def measure(seed: int) -> dict:
    """Train one network, look at its gates, and close each layer in turn.

    Args:
        seed: of its training.

    Returns:
        Its error on the training images in percent: whole, without each layer, and
        without all of those of which the paper says that they have no effect; how far
        the gates of each layer open, on average; by how much they differ from that for
        the ten digits, on average without the sign; and the mean of their biases.
    """
    variant = get_experiment("highway-depth").variants[VARIANT]
    train, _ = variant.data()
    torch.manual_seed(seed)
    network = variant.build()
    fit(network, train, recipe=replace(variant.recipe, seed=seed))
    gates = gate_activity(network, train[0])
    apart = (class_means(gates, train[1]) - gates.mean(1)).abs().mean((0, 2))
    return {
        "seed": seed,
        "whole": _error(network, train),
        "without": [
            _error(without_layers(network, [k]), train)
            for k in range(len(network.layers))
        ],
        "without_behind": _error(without_layers(network, BEHIND), train),
        "opening": [round(value, 4) for value in gates.mean((1, 2)).tolist()],
        "apart": [round(value, 4) for value in apart.tolist()],
        "bias": [round(layer.gate.bias.mean().item(), 3) for layer in network.layers],
    }


def load_lesions() -> list[dict]:
    """Return what `measure` found, one row a seed."""
    return load_rows(RESULTS)


def _error(network: nn.Module, images: tuple[Tensor, Tensor]) -> float:
    return round(100 * (1 - evaluate(network, images).accuracy), 2)


def main() -> None:
    """Measure the networks of all seeds and store the result."""
    use_one_thread()
    rows = [measure(seed) for seed in get_experiment("highway-depth").seeds]
    save_rows(RESULTS, "edulib.chapters.highway.lesions", rows)


if __name__ == "__main__":
    main()
