"""Batches: examples, cut and shuffled, from memory or from a dataset."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset, default_collate

from edulib.checks import check_whole, describe, is_dense
from edulib.data.reading import read_item
from edulib.data.splits import Examples
from edulib.training.distributed import rank, world_size

NAMES = ("inputs", "targets")


class Batch(NamedTuple):
    """This process's share of one batch.

    Args:
        inputs: what the model is given: a tensor (B, ...), or a list of B tensors where
            their shapes differ, or of B dicts or tuples.
        targets: what it is compared with: a tensor (B, ...), or a list of B tensors,
            dicts or tuples; None where the examples have none.
        number: of the batch, from 0.
        weight: what the mean loss of the share counts for, so that the average over
            the processes is the mean over the whole batch; 1 when alone.
    """

    inputs: Tensor | list
    targets: Tensor | list | None
    number: int
    weight: float


class Batches:
    """Batches of a map-style dataset, or of tensors kept on the device.

    Indexing tensors is many times faster than a DataLoader, which fetches, copies
    and stacks image by image: what fits in memory should come as tensors.

    Args:
        examples: dataset of (input, target), or of inputs alone; or a tuple of them:
            (inputs, targets) or (inputs,), each a tensor (N, ...) or a list of N.
        size: examples to a batch, at most; the N examples are cut into equal batches.
            One more where otherwise a process would have none.
        device: where the batches are needed.
        workers: processes that load a dataset.

    Raises:
        ValueError: if they are no examples, not as many targets as inputs, or fewer
            than processes; or if ``size`` is below 1.
    """

    def __init__(
        self, examples: Examples, size: int, device: torch.device, workers: int = 0
    ) -> None:
        check_examples(examples)
        check_whole("a batch size", size, 1)
        self.columns = None
        if isinstance(examples, tuple):
            self.columns = tuple(move(column, device) for column in examples)
        self.examples = examples
        self.length = count(examples)
        if self.length < world_size():
            raise ValueError(
                f"expected at least {world_size()} example(s), one for each process, "
                f"got {self.length}"
            )
        self.size, self.device, self.workers = size, device, workers

    def __len__(self) -> int:
        cut = math.ceil(self.length / max(self.size, world_size()))
        return min(cut, self.length // world_size())  # an example for each process

    def in_order(self) -> Iterator[Batch]:
        """Yield every example once, in the order of the set."""
        return self._cut(torch.arange(self.length), torch.Generator())

    def shuffled(self, seed: int) -> Iterator[Batch]:
        """Yield every example once, in an order that follows from the seed."""
        generator = torch.Generator().manual_seed(seed)
        return self._cut(torch.randperm(self.length, generator=generator), generator)

    def _cut(self, order: Tensor, generator: torch.Generator) -> Iterator[Batch]:
        whole = order.tensor_split(len(self))
        shares = [part.tensor_split(world_size())[rank()] for part in whole]
        loaded = self._index(shares) if self.columns else self._load(shares, generator)
        for number, columns in enumerate(loaded):
            inputs, targets = columns if len(columns) == 2 else (*columns, None)
            weight = len(shares[number]) * world_size() / len(whole[number])
            yield Batch(inputs, targets, number, weight)

    def _index(self, shares: list[Tensor]) -> Iterator[Sequence]:
        for share in shares:
            chosen = share.to(self.device)
            yield [
                column[chosen]
                if isinstance(column, Tensor)
                else move(_join([column[k] for k in share.tolist()], name), self.device)
                for column, name in zip(self.columns, NAMES, strict=False)
            ]

    def _load(
        self, shares: list[Tensor], generator: torch.Generator
    ) -> Iterator[Sequence]:
        loader = DataLoader(
            Reader(self.examples),
            batch_sampler=[share.tolist() for share in shares],
            num_workers=self.workers,
            collate_fn=collate,
            generator=generator,  # of the seeds of the workers
            pin_memory=self.device.type == "cuda",
        )
        for columns in ended_clearly(loader):
            if isinstance(columns, Exception):
                raise columns
            yield [move(column, self.device) for column in columns]


def ended_clearly(loader: DataLoader) -> Iterator:
    """Yield what a loader gives; say in one line that one of its processes ended."""
    batches = iter(loader)
    while True:
        try:
            columns = next(batches)
        except StopIteration:
            return
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise OSError(
                "a process that loads examples was ended from outside, for want of "
                "memory, say: take fewer workers, or smaller examples"
            ) from error
        yield columns


class Reader(Dataset):
    """A dataset that returns an error where an example cannot be read.

    Raised in another process, it would come back with pages of that one's history.
    """

    def __init__(self, examples: Dataset) -> None:
        self.examples = examples

    def __getitem__(self, index: int) -> Any:
        try:
            return read_example(self.examples, index)
        except (OSError, ValueError) as error:
            return error


def read_example(examples: Dataset, index: int) -> tuple:
    """Return an example, (input, target) or (input,).

    Raises:
        OSError: if it cannot be read; says which one, of which file.
        ValueError: if it is none; says which one.
    """
    example = read_item(examples, index)
    if not isinstance(example, tuple | list):
        return (example,)
    if len(example) not in (1, 2):
        raise ValueError(
            f"expected examples (input, target) or inputs alone, got example {index} "
            f"of {len(example)} values"
        )
    return tuple(example)


def collate(items: list) -> list | Exception:
    """Join examples into a batch, one value for inputs and one for targets.

    Tensors and arrays of one shape, and numbers, become a tensor. Dicts, tuples, and
    what differs in shape, stay a list: two images seldom hold equally many boxes. An
    error among the examples is returned in their place.
    """
    for item in items:
        if isinstance(item, Exception):
            return item
    try:
        if len({len(item) for item in items}) > 1:
            raise ValueError("expected a target in all examples or in none, got both")
        columns = zip(*items, strict=True)
        return [
            _join(column, name) for column, name in zip(columns, NAMES, strict=False)
        ]
    except ValueError as error:
        return error


def _join(column: Sequence, name: str) -> Tensor | list:
    column = [as_tensor(value) for value in column]
    tensors = all(isinstance(value, Tensor) for value in column)
    ragged = tensors and len({value.shape for value in column}) > 1
    if ragged or isinstance(column[0], dict | tuple | list):
        return column
    try:
        return default_collate(column)
    except (TypeError, RuntimeError) as error:
        kinds = list(dict.fromkeys(map(describe, column)))
        raise ValueError(
            f"expected {name} that are tensors, arrays, numbers or dicts, got "
            f"{' and '.join(kinds[:2])}"
        ) from error


def as_tensor(value: Any) -> Any:
    """Return an array of numbers as a tensor, all else as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return torch.as_tensor(np.asarray(value, order="C"))  # no rows that run back
    return value


def move(value: Any, device: torch.device) -> Any:
    """Return a value whose tensors, in lists and dicts too, are on a device."""
    if isinstance(value, Tensor):
        return value.to(device, non_blocking=device.type == "cuda")
    if isinstance(value, dict):
        return {key: move(part, device) for key, part in value.items()}
    if isinstance(value, list | tuple):
        parts = [move(part, device) for part in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    return value


def count(examples: Examples) -> int:
    """Return the number of examples of a set."""
    return len(examples[0] if isinstance(examples, tuple) else examples)


def check_examples(examples: Examples) -> None:
    """Refuse what is neither a map-style dataset nor inputs and as many targets."""
    if isinstance(examples, tuple):
        check_columns(examples)
        return
    no_set = Tensor | np.ndarray | dict | str | DataLoader | IterableDataset
    methods = ("__getitem__", "__len__")
    if isinstance(examples, no_set) or not all(hasattr(examples, m) for m in methods):
        loader = isinstance(examples, DataLoader)
        raise ValueError(
            "expected a map-style dataset, or a tuple (inputs, targets) or (inputs,), "
            f"got {describe(examples)}{': give its dataset' if loader else ''}"
        )


def check_columns(columns: tuple) -> None:
    """Refuse what is not inputs and as many targets."""
    known = all(
        isinstance(column, list) or (is_dense(column) and column.ndim > 0)
        for column in columns
    )
    if not known or len(columns) not in (1, 2):
        raise ValueError(
            "expected dense tensors or lists (inputs, targets) or (inputs,), got "
            f"({', '.join(map(describe, columns))})"
        )
    if len({len(column) for column in columns}) > 1:
        raise ValueError(
            "expected as many targets as inputs, got "
            f"{' and '.join(map(describe, columns))}"
        )
