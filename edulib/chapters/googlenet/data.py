"""Scenes of three sizes for the branches of an inception block."""

import torch

from edulib.data.splits import Split, scenes


def scenes_of_sizes(train: int = 700, val: int = 200) -> Split:
    """Scenes of 64 pixels, so many each with small, medium and large objects."""
    sizes = ("small", "medium", "large")
    pairs = [scenes(train, val, scale=size) for size in sizes]
    return tuple(
        (torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts]))
        for parts in zip(*pairs, strict=True)
    )
