"""Fingerprint: what a training was begun with, so that no other goes on from it."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedTensorMixin
from torch.utils.data import DataLoader, Dataset, TensorDataset

from edulib.data.reading import listed_files
from edulib.data.splits import Examples
from edulib.training.batches import Reader, count, ended_clearly, read_example
from edulib.training.hashing import hash_of, outline, without_addresses
from edulib.training.held import held_settings
from edulib.training.modes import frozen_modules
from edulib.training.objectives.objective import Objective
from edulib.training.random_state import fixed_random_state
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
    spread over it, and one of all targets. Of model and objective, what
    :func:`~edulib.training.held.held_settings` can read. Not known are code, as of
    ``forward`` and ``step``, and objects of other kinds that they hold. No global
    random state is disturbed.
    """
    return {
        **asdict(recipe),
        "objective": without_addresses(repr(objective)),
        "model": describe_model(model),
        "training set": describe_examples(train_set, recipe.workers),
        "validation set": (
            None if val_set is None else describe_examples(val_set, recipe.workers)
        ),
        **held_settings(model, objective),
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

    Hashed are at most 64 examples, read; and, where these are not all or not the same
    each time, all tensors, of a dataset all targets, which are read, and the names and
    sizes of its files. What differs when it is read twice under the same random state
    is left out; in the place of such targets stand the lists that the dataset has.

    Args:
        examples: the set.
        workers: processes that read all targets of a dataset.
    """
    length = count(examples)
    places = torch.linspace(0, length - 1, min(length, SAMPLE)).long().tolist()
    once, again = (_look_at(examples, places) for _ in range(2))
    described = f"{length} examples {once.shapes}"
    if once.content == again.content:
        described += f", content {once.content}"
        if length <= SAMPLE:
            return described
    whole = columns_of(examples)
    if whole is None:
        names = [name for name in once.parts if once.parts[name] == again.parts[name]]
        targets = targets_of_all(examples, names, workers) if names else None
        whole = files_of(examples) + (targets or lists_of(examples))
    return f"{described}, all of it {hash_of(whole)}" if whole else described


class _Look(NamedTuple):
    """What is seen of some examples: shapes, a hash, and one of each target."""

    shapes: str
    content: str
    parts: dict[str, list[str]]


def _look_at(examples: Examples, places: list[int]) -> _Look:
    read = read_in_turn(examples, places)
    parts: dict[str, list[str]] = {}
    for example in read:
        for name, part in targets_of(example).items():
            parts.setdefault(name, []).append(hash_of(part))
    return _Look(", ".join(map(outline, read[:1])), hash_of(read), parts)


def targets_of(example: tuple) -> dict[Any, Any]:
    """Return the target of an example; of one that is a dict, all that is in it."""
    if len(example) > 1:
        return {"target": example[1]}
    return dict(example[0]) if isinstance(example[0], Mapping) else {}


def columns_of(examples: Examples) -> list | None:
    """Return all inputs and targets of a set that holds them as columns."""
    if isinstance(examples, tuple):
        return list(examples)
    return list(examples.tensors) if type(examples) is TensorDataset else None


def files_of(examples: Dataset) -> list[tuple]:
    """Return folder, name, size (-1: not there) and label of each file of a dataset."""
    return [
        (*Path(path).parts[-2:], size_of(path), *label)
        for path, *label in listed_files(examples)
    ]


def size_of(path: str | Path) -> int:
    """Return the size of a file; -1 if there is none."""
    return os.path.getsize(path) if os.path.isfile(path) else -1


def lists_of(examples: Dataset) -> list:
    """Return the lists of targets that a dataset has, which hold one each."""
    known = (getattr(examples, name, None) for name in ("targets", "labels"))
    return [
        part
        for part in known
        if isinstance(part, list | tuple | np.ndarray | Tensor)
        and getattr(part, "ndim", 1)
        and len(part) == len(examples)
    ]


def targets_of_all(examples: Dataset, names: list, workers: int) -> list[str]:
    """Return a hash of the targets of each example; a dataset is read to its end.

    No list of its own is trusted: what a dataset returns may differ from it.

    Args:
        examples: the set.
        names: which of the targets, as :func:`targets_of` calls them.
        workers: processes that read.
    """
    targets = _Targets(examples, names)
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
    """The hash of the targets of each example, under the same random state."""

    def __init__(self, examples: Dataset, names: list) -> None:
        super().__init__(examples)
        self.names = names

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> str | Exception:
        with fixed_random_state():
            example = super().__getitem__(index)
        if isinstance(example, Exception):
            return example
        targets = targets_of(example)
        return hash_of(tuple(targets.get(name) for name in self.names))


def read_in_turn(examples: Examples, places: list[int]) -> list:
    """Read examples, always under the same random state, which is put back."""
    with fixed_random_state():
        return [
            tuple(column[place] for column in examples)
            if isinstance(examples, tuple)
            else read_example(examples, place)
            for place in places
        ]
