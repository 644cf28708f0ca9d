"""Scenes with and without mosaic, seen several times in an epoch."""

import torch
from torch import Tensor
from torch.utils.data import ConcatDataset, Dataset

from edulib.data import Mosaic, RandomZoom, detection_scenes
from edulib.data.splits import Split

SIDE = 96
VIEW = RandomZoom((0.5, 1.5), 0.1)
"""Scaled by half to one and a half and shifted by a tenth, as YOLOv5 does."""


def seen_often(
    train: int = 800, val: int = 500, times: int = 3, mosaic: bool = False
) -> Split:
    """Return scenes of 96 x 96 pixels, each several times an epoch, each time anew.

    Args:
        train: number of training scenes.
        val: number of validation scenes, which are not varied.
        times: how often an epoch shows each.
        mosaic: whether an example is a view of four scenes together, or of one.
    """
    plain = training_scenes(train)
    one = Mosaic(plain, VIEW) if mosaic else Viewed(plain)
    return ConcatDataset([one] * times), detection_scenes(val, SIDE, seed=1).cached()


def training_scenes(count: int) -> Dataset:
    """Return training scenes as they are."""
    return detection_scenes(count, SIDE, seed=0).cached()


class Viewed(Dataset):
    """A set, each example in another view each time."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        return VIEW(*self.dataset[index])


def sizes_of(dataset: Dataset) -> Tensor:
    """Return width and height (N, 2) of all objects of a set.

    Args:
        dataset: of (image, target) with ``boxes``.
    """
    boxes = torch.cat([dataset[i][1]["boxes"] for i in range(len(dataset))])
    boxes = boxes.as_subclass(Tensor)
    return boxes[:, 2:] - boxes[:, :2]
