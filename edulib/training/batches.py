"""Batches: images and labels, cut and shuffled, from memory or from a dataset."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from edulib.training.distributed import rank, world_size

Examples = Dataset | tuple[Tensor, Tensor]


class Batch(NamedTuple):
    """This process's share of one batch.

    Args:
        images: (B, C, H, W).
        labels: class numbers, (B,).
        weight: what the mean loss of the share counts for, so that the average over
            the processes is the mean over the whole batch; 1 when alone.
    """

    images: Tensor
    labels: Tensor
    weight: float


class Batches:
    """Batches of a map-style dataset, or of a pair of tensors kept on the device.

    Indexing tensors is many times faster than a DataLoader, which fetches, copies
    and stacks image by image: what fits in memory should come as tensors.

    Args:
        examples: dataset of (image, label), or tensors (images (N, C, H, W), labels
            (N,)), as ``edulib.data.as_tensors`` makes them.
        size: images to a batch, at most; the N images are cut into equal batches.
        device: where the batches are needed.
        workers: processes that load a dataset.

    Raises:
        ValueError: if there are no images, not as many labels as images, or fewer
            images than processes.
    """

    def __init__(
        self, examples: Examples, size: int, device: torch.device, workers: int = 0
    ) -> None:
        self.tensors = None
        if isinstance(examples, tuple):
            check_tensors(*examples)
            self.tensors = tuple(tensor.to(device) for tensor in examples)
        self.examples = examples
        self.length = len(examples[0] if self.tensors else examples)
        if self.length < world_size():
            raise ValueError(
                f"expected at least {world_size()} image(s), one for each process, "
                f"got {self.length}"
            )
        self.size, self.device, self.workers = size, device, workers

    def __len__(self) -> int:
        return math.ceil(self.length / max(self.size, world_size()))

    def in_order(self) -> Iterator[Batch]:
        """Every image once, in the order of the set."""
        return self._cut(torch.arange(self.length), torch.Generator())

    def shuffled(self, seed: int) -> Iterator[Batch]:
        """Every image once, in an order that follows from the seed."""
        generator = torch.Generator().manual_seed(seed)
        return self._cut(torch.randperm(self.length, generator=generator), generator)

    def _cut(self, order: Tensor, generator: torch.Generator) -> Iterator[Batch]:
        whole = order.tensor_split(len(self))
        shares = [part.tensor_split(world_size())[rank()] for part in whole]
        weights = [
            len(share) * world_size() / len(part)
            for share, part in zip(shares, whole, strict=True)
        ]
        pairs = self._index(shares) if self.tensors else self._load(shares, generator)
        for (images, labels), weight in zip(pairs, weights, strict=True):
            yield Batch(images, labels, weight)

    def _index(self, shares: list[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        images, labels = self.tensors
        for share in shares:
            chosen = share.to(self.device)
            yield images[chosen], labels[chosen]

    def _load(
        self, shares: list[Tensor], generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        loader = DataLoader(
            self.examples,
            batch_sampler=[share.tolist() for share in shares],
            num_workers=self.workers,
            generator=generator,  # of the seeds of the workers
            pin_memory=self.device.type == "cuda",
        )
        for images, labels in loader:
            yield (
                images.to(self.device, non_blocking=True),
                labels.to(self.device, non_blocking=True),
            )


def check_tensors(images: Tensor, labels: Tensor) -> None:
    """Refuse tensors that are not images (N, C, H, W) and their N labels."""
    if images.ndim != 4 or labels.shape != images.shape[:1]:
        raise ValueError(
            "expected images (N, C, H, W) and labels (N,), got "
            f"{tuple(images.shape)} and {tuple(labels.shape)}"
        )
    if labels.dtype != torch.int64:
        raise ValueError(
            f"expected labels of type torch.int64, got {labels.dtype}: "
            "use labels.long()"
        )
