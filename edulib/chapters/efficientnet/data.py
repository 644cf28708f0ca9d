"""Scenes with labels to train on, and with maps of their object to be tested on."""

import torch
from torch import Tensor

from edulib.data.splits import Split


def scenes_with_objects(
    train: int = 2400, val: int = 1500, image_size: int = 32
) -> Split:
    """Scenes and labels; of the validation scenes the map of classes instead.

    A map (H, W) holds 0 and, where the one object is seen, 1 + its label.

    Args:
        train: training scenes.
        val: validation scenes, of another seed.
        image_size: side in pixels.
    """
    from edulib.data import Scenes, as_tensors

    seen = Scenes(train, image_size, seed=0, scale="large")
    new = Scenes(val, image_size, seed=1, scale="large", target="semantic").cached()
    pairs = [new[index] for index in range(val)]
    images, maps = (
        torch.stack([one.as_subclass(Tensor) for one in column])
        for column in zip(*pairs, strict=True)
    )
    return as_tensors(seen.cached()), (images, maps)
