"""Fingerprint: what a training was begun with, so that no other goes on from it."""

import json
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedTensorMixin
from torch.utils.data import DataLoader, Dataset, TensorDataset

from edulib.data.splits import Examples
from edulib.training.batches import Reader, count, ended_clearly, read_example
from edulib.training.modes import frozen_modules
from edulib.training.objectives.objective import Objective
from edulib.training.recipe import Recipe

SAMPLE = 64  # examples of a set that are read, at most
AT_ONCE = 256  # examples that are read together


def fingerprint(
    model: nn.Module,
    objective: Objective,
    recipe: Recipe,
    train_set: Examples,
    val_set: Examples | None,
) -> dict[str, Any]:
    """Return what decides the result of a training, as JSON can hold it.

    Of a set, the number of examples, shapes and types, a hash of at most 64 examples
    spread over it, and one of all targets. No global random state is disturbed.
    """
    return {
        **asdict(recipe),
        "objective": without_addresses(repr(objective)),
        "model": describe_model(model),
        "training set": describe_examples(train_set, recipe.workers),
        "validation set": (
            None if val_set is None else describe_examples(val_set, recipe.workers)
        ),
    }


def describe_model(model: nn.Module) -> str:
    """Return class, number of parameters and a hash of the structure of a model.

    Raises:
        ValueError: if a lazy layer has not seen an input yet.
    """
    for name, value in model.named_parameters():
        if isinstance(value, UninitializedTensorMixin):
            raise ValueError(f"{name} has no shape yet: run the model once before")
    tensors = [
        (name, *value.shape, str(value.dtype), value.requires_grad)
        for name, value in (*model.named_parameters(), *model.named_buffers())
    ]
    count = sum(parameter.numel() for parameter in model.parameters())
    structure = without_addresses(repr(model)) + json.dumps(tensors)
    if frozen := frozen_modules(model):
        structure += json.dumps(list(frozen))
    code = sha256(structure.encode()).hexdigest()[:16]
    return f"{type(model).__name__} of {count:,} parameters, structure {code}"


def describe_examples(examples: Examples, workers: int = 0) -> str:
    """Return number, shapes, types and hashes of a set of examples.

    Hashed are at most 64 examples, read; beyond so many all tensors, of a dataset all
    labels and the names and sizes of its files; where it has no such lists, all its
    examples are read for their targets. What differs when it is read twice under the
    same random state is left out.

    Args:
        examples: the set.
        workers: processes that read a dataset without lists.
    """
    length = count(examples)
    places = torch.linspace(0, length - 1, min(length, SAMPLE)).long().tolist()
    first = read_in_turn(examples, places[:1])
    described = f"{length} examples {', '.join(map(outline, first))}"
    code = hash_of(read_in_turn(examples, places))
    again = read_in_turn(examples, places[:1])
    if hash_of(first) == hash_of(again):
        described += f", content {code}"
    whole = known_of_all(examples) if length > SAMPLE else []
    target, same = (hash_of(read[0][1:]) for read in (first, again))
    if length > SAMPLE and not whole and len(first[0]) > 1 and target == same:
        whole = targets_of_all(examples, workers)
    return f"{described}, all of it {hash_of(whole)}" if whole else described


def known_of_all(examples: Examples) -> list:
    """Return what a set tells of all its examples without reading them one by one."""
    if isinstance(examples, tuple):
        return list(examples)
    if type(examples) is TensorDataset:
        return list(examples.tensors)
    known = [getattr(examples, name, None) for name in ("targets", "labels")]
    samples = getattr(examples, "samples", None)  # of an ImageFolder
    if isinstance(samples, list):
        known += [file_outline(*sample) for sample in samples]
    return [part for part in known if part is not None]


def targets_of_all(examples: Dataset, workers: int) -> list[str]:
    """Return a hash of each target of a dataset, which is read once from end to end."""
    targets = _Targets(examples)
    loader = DataLoader(targets, AT_ONCE, num_workers=workers, collate_fn=list)
    found: list[str] = []
    with fixed_random_state():  # a loader draws a number of its own
        for codes in ended_clearly(loader):
            for code in codes:
                if isinstance(code, Exception):
                    raise code
                found.append(code)
    return found


class _Targets(Reader):
    """The hash of each target of a dataset, read under the same random state."""

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> str | Exception:
        with fixed_random_state():
            example = super().__getitem__(index)
        return example if isinstance(example, Exception) else hash_of(example[1:])


def file_outline(path: str | Path, label: int) -> tuple:
    """Return folder and name of a file, its size (-1: not there), and its label."""
    path = Path(path)
    size = path.stat().st_size if path.is_file() else -1
    return *path.parts[-2:], size, label


def read_in_turn(examples: Examples, places: list[int]) -> list:
    """Read examples, always under the same random state, which is put back."""
    with fixed_random_state():
        return [
            tuple(column[place] for column in examples)
            if isinstance(examples, tuple)
            else read_example(examples, place)
            for place in places
        ]


@contextmanager
def fixed_random_state() -> Iterator[None]:
    """Seed the random numbers of torch, NumPy and Python; put their states back."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng([]):
        random.seed(0)
        np.random.seed(0)
        torch.default_generator.manual_seed(0)
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)


def outline(value: Any) -> str:
    """Return shapes and types of an example, without its values."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {outline(value[key])}" for key in value) + "}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(map(outline, value)) + ")"
    return type(value).__name__


def hash_of(value: Any) -> str:
    """Return the first 16 digits of a hash of a value, tensors in it by their bytes."""
    digest = sha256()
    _add_to(digest, value)
    return digest.hexdigest()[:16]


def _add_to(digest: Any, value: Any) -> None:
    if isinstance(value, Tensor):
        digest.update(outline(value).encode())
        digest.update(tensor_bytes(value))
    elif isinstance(value, dict):
        _add_to(digest, list(value.items()))
    elif isinstance(value, list | tuple):
        digest.update(f"{len(value)} of".encode())
        for part in value:
            _add_to(digest, part)
    elif isinstance(value, np.ndarray):
        _add_to(digest, torch.from_numpy(value))
    else:
        digest.update(without_addresses(repr(value)).encode())


def tensor_bytes(value: Tensor) -> np.ndarray:
    """Return the bytes of a tensor, row by row, (N,) uint8."""
    flat = value.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy()


def without_addresses(text: str) -> str:
    """Return a ``repr`` without places in memory, which differ in each run."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)
