"""Who reads whom: the weight that each layer gives to each layer before it.

Huang et al., "Densely Connected Convolutional Networks", 2016, section 5, figure 5.

``python -m edulib.chapters.densenet.reuse`` measures the checkpoint ``densenet-scenes``
and two twins from other seeds, each before and after training, and writes
``results/densenet-reuse.json``.
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from edulib.experiments.checkpoints import list_recipes
from edulib.experiments.experiment import use_one_thread
from edulib.experiments.rows import load_rows, save_rows
from edulib.models.classification.densenet import CifarDenseNet
from edulib.training import evaluate, fit
from edulib.weights.checkpoint import build, load_checkpoint

RESULTS = Path(__file__).parent / "results" / "densenet-reuse.json"
CHECKPOINT = "densenet-scenes"
SEEDS = (0, 1, 2)


def readers(network: CifarDenseNet, block: int) -> dict[str, tuple[Tensor, Tensor]]:
    """Return what reads the maps of a dense block: its layers and what follows it.

    Args:
        network: of :class:`DenseLayer` layers.
        block: 1, 2 or 3.

    Returns:
        For each reader, first to last, the mean absolute weight that it gives to each
        channel, and the scale of the normalisation in front, |gamma|, of each channel.
    """
    found = {}
    for number, layer in enumerate(getattr(network, f"block{block}").layers, 1):
        found[f"layer {number}"] = layer.layers[2], layer.layers[0]
    if block < 3:
        after = getattr(network, f"transition{block}")
        found["transition"] = after[2], after[0]
    else:
        found["classifier"] = network.head[4], network.head[0]
    return {
        name: (per_channel(reader.weight), norm.weight.detach().abs())
        for name, (reader, norm) in found.items()
    }


def per_channel(weight: Tensor) -> Tensor:
    """Return the mean absolute weight of each input channel (of dim 1)."""
    return weight.detach().abs().transpose(0, 1).flatten(1).mean(1)


def shares(values: Tensor, growth: int, first: int) -> list[float]:
    """Return the mean of each source's channels, over the mean of all channels.

    Args:
        values: one for each channel that a layer reads.
        growth: channels of each source but the first.
        first: channels of the block's input, the first source.

    Returns:
        1 for a source that is read like the average channel, more for one that is
        read more.
    """
    later = values[first:]
    parts = [values[:first], *(later.split(growth) if len(later) else ())]
    return [float(part.mean() / values.mean()) for part in parts]


def heat_map(network: CifarDenseNet, block: int, scaled: bool = False) -> list:
    """Return figure 5's triangle for one block: a list for each reader.

    Args:
        network: of :class:`DenseLayer` layers.
        block: 1, 2 or 3.
        scaled: whether weights are multiplied by |gamma| of the normalisation in front.
    """
    layers = getattr(network, f"block{block}").layers
    growth, first = layers[0].layers[2].out_channels, layers[0].layers[2].in_channels
    return [
        shares(weights * gammas if scaled else weights, growth, first)
        for weights, gammas in readers(network, block).values()
    ]


def heat_maps(network: CifarDenseNet) -> dict[str, list]:
    """Return the triangles of all blocks, rounded, of weights and of scaled ones."""
    return {
        name: [_rounded(heat_map(network, block, scaled)) for block in (1, 2, 3)]
        for name, scaled in (("weights", False), ("scaled", True))
    }


def observe(maps: list) -> dict[str, float]:
    """Return in numbers what the paper observes in its figure 5.

    Args:
        maps: triangles of the three blocks, as :func:`heat_maps` returns them.

    Returns:
        The least share that a layer (of those that have a choice) and a transition
        give to any source; the share of layers of blocks 2 and 3 that read the block's
        input least; how much more the classifier reads of the second half of the
        layers than of the first.
    """
    layers = [row for block in maps for row in block[1:-1]]
    later = [row for block in maps[1:] for row in block[1:-1]]
    last = maps[2][-1][1:]
    half = len(last) // 2
    return {
        "layers": min(min(row) for row in layers),
        "transitions": min(min(block[-1]) for block in maps[:2]),
        "input least": sum(row[0] == min(row) for row in later) / len(later),
        "late": (sum(last[-half:]) / sum(last[:half])),
    }


def measure(seed: int) -> dict:
    """Measure one network before and after training; seed 0's is the checkpoint."""
    row = list_recipes()[CHECKPOINT]
    train, test = row.data()
    torch.manual_seed(seed)
    network = build(row.builder, row.arguments)
    start = heat_maps(network)
    if seed == row.recipe.seed:
        network = load_checkpoint(CHECKPOINT)
    else:
        fit(network, train, recipe=replace(row.recipe, seed=seed))
    error = 100 * (1 - evaluate(network, test).accuracy)
    after = heat_maps(network)
    return {"seed": seed, "error": round(error, 2), "start": start, "trained": after}


def load_reuse() -> list[dict]:
    """Return what was measured, one row a seed."""
    return load_rows(RESULTS)


def _rounded(rows: list) -> list:
    return [[round(value, 3) for value in row] for row in rows]


def main() -> None:
    """Measure what is missing and store each seed as it ends."""
    use_one_thread()
    rows = load_reuse() if RESULTS.exists() else []
    for seed in SEEDS[len(rows) :]:
        rows.append(measure(seed))
        save_rows(RESULTS, "edulib.chapters.densenet.reuse", rows, indent=None)
        print(f"seed {seed}: {rows[-1]['error']} % error", flush=True)


if __name__ == "__main__":
    main()
