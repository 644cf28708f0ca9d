"""What a trained network answers when one of its blocks is taken out.

Veit, Wilber and Belongie, "Residual Networks Behave Like Ensembles of Relatively
Shallow Networks", 2016, section 4.1. https://arxiv.org/abs/1605.06431

``python -m edulib.chapters.resnet.deletion`` trains the networks of 20 layers of the
experiment ``resnet-degradation`` anew, takes each block out of each of them, and
writes ``results/resnet-deletion.json``.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from edulib.data.splits import Examples
from edulib.experiments import get_experiment
from edulib.experiments.experiment import use_one_thread
from edulib.experiments.rows import load_rows, save_rows
from edulib.models.classification.resnet import CifarResNet
from edulib.training import evaluate, fit

RESULTS = Path(__file__).parent / "results" / "resnet-deletion.json"
NETWORKS = ("plain20", "resnet20_cifar")


def removable(network: CifarResNet) -> list[str]:
    """Return the paths of the blocks that keep the shape of their input.

    These are all but the first of stages 2 and 3.
    """
    depth = len(network.stage1)
    names = [f"stage{n}.{k}" for n in (1, 2, 3) for k in range(depth)]
    return [name for name in names if name not in ("stage2.0", "stage3.0")]


def without(network: CifarResNet, blocks: Sequence[str]) -> CifarResNet:
    """Return a copy of a network in which these blocks hand on what they receive."""
    damaged = deepcopy(network)
    for block in blocks:
        damaged.set_submodule(block, nn.Identity())
    return damaged


def error(network: nn.Module, images: Examples) -> float:
    """Return the share of images that a network answers wrong, in percent."""
    return 100 * (1 - evaluate(network, images).accuracy)


def measure(name: str, seed: int) -> dict:
    """Train one network and take out each of its blocks in turn.

    Args:
        name: a network of the experiment ``resnet-degradation``.
        seed: of its training.

    Returns:
        Its test error in percent, whole and without each removable block.
    """
    variant = get_experiment("resnet-degradation").variants[name]
    train, test = variant.data()
    torch.manual_seed(seed)
    network = variant.build()
    fit(network, train, recipe=replace(variant.recipe, seed=seed))
    damaged = {b: error(without(network, [b]), test) for b in removable(network)}
    return {
        "network": name,
        "seed": seed,
        "whole": round(error(network, test), 2),
        "without": {block: round(value, 2) for block, value in damaged.items()},
    }


def load_deletions() -> dict[str, list[dict]]:
    """Return what was measured: for each network, one row a seed."""
    rows = load_rows(RESULTS)
    return {name: [r for r in rows if r["network"] == name] for name in NETWORKS}


def main() -> None:
    """Measure both networks from three seeds and store the result."""
    use_one_thread()
    seeds = get_experiment("resnet-degradation").seeds
    rows = [measure(name, seed) for seed in seeds for name in NETWORKS]
    save_rows(RESULTS, "edulib.chapters.resnet.deletion", rows)


if __name__ == "__main__":
    main()
