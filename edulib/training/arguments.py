"""What is given to a training beside its examples, looked at before all else."""

import os
from itertools import chain
from pathlib import Path
from typing import Any

from torch import nn

from edulib.checks import describe
from edulib.training.objectives.objective import Objective
from edulib.training.recipe import Recipe


def check_arguments(model: Any, objective: Any, recipe: Any) -> None:
    """Refuse what is no model with values, no objective or no recipe."""
    for value, kind, name in (
        (model, nn.Module, "a model, an nn.Module"),
        (objective, Objective, "an objective, such as Classification()"),
        (recipe, Recipe, "a recipe, such as Recipe(epochs=10)"),
    ):
        if not isinstance(value, kind):
            is_class = isinstance(value, type)
            got = f"the class {value.__name__}" if is_class else describe(value)
            raise ValueError(f"expected {name}, got {got}")
    for name, value in chain(model.named_parameters(), model.named_buffers()):
        if value.is_meta:
            raise ValueError(
                f"expected a model with values, got {name} on the meta device: build "
                "the model outside of torch.device('meta')"
            )


def checkpoint_path(value: str | os.PathLike[str]) -> Path:
    """Return the path of a checkpoint.

    Raises:
        ValueError: if the value is no path of a file.
    """
    path = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(path, str) or "\0" in path:
        raise ValueError(
            "expected the path of a file as checkpoint, str or Path without the "
            f"character 0, got {value!r}"
        )
    return Path(path)
