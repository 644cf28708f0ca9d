"""The state of a training in one safetensors file, and back."""

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from edulib.files import atomic_write
from edulib.training.metrics import History
from edulib.training.recipe import Recipe

REMEDY = "delete the file to start afresh, or name another one"


def save_state(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    history: History,
    recipe: Recipe,
) -> None:
    """Write weights, optimizer, history and recipe: all that a training needs.

    No random state is among them, because every epoch draws its numbers from the
    recipe's seed and its own number.
    """
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for number, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            if value is not None:
                tensors[f"optimizer.{number}.{name}"] = value
    tensors = {name: value.detach().contiguous() for name, value in tensors.items()}
    about = {"history": asdict(history), "recipe": asdict(recipe)}
    atomic_write(path, save(unshared(tensors), {"training": json.dumps(about)}))


def unshared(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies where two names hold one memory, which safetensors does not store."""
    seen: set[int] = set()
    result = {}
    for name, value in tensors.items():
        result[name] = value.clone() if value.data_ptr() in seen else value
        seen.add(value.data_ptr())
    return result


def load_state(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, recipe: Recipe
) -> History:
    """Put a saved training back into model and optimizer.

    Returns:
        The history so far; its length is the number of epochs that are done.

    Raises:
        ValueError: if the file is damaged, or belongs to another recipe or model.
    """
    tensors, about = read(path)
    check_recipe(path, about["recipe"], recipe)
    put_weights(path, tensors, model)
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in under("optimizer.", tensors).items():
        number, name = key.split(".")
        state.setdefault(int(number), {})[name] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return History(**about["history"])


def load_weights(model: nn.Module, path: str | Path) -> nn.Module:
    """Put the weights of a training's checkpoint into a model.

    Returns:
        The same model, in evaluation mode.

    Raises:
        ValueError: if the file is missing or damaged, or belongs to another model.
    """
    path = Path(path)
    if not path.exists():
        raise ValueError(f"there is no checkpoint {path}")
    put_weights(path, read(path)[0], model)
    return model.eval()


def read(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Tensors of a checkpoint, and what is written about them."""
    try:
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()["training"])
            names = file.keys()
            return {name: file.get_tensor(name) for name in names}, about
    except (SafetensorError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is no whole checkpoint of a training ({error}): {REMEDY}"
        ) from error


def put_weights(path: Path, tensors: dict[str, Tensor], model: nn.Module) -> None:
    """Load the model's part of a checkpoint."""
    try:
        model.load_state_dict(under("model.", tensors))
    except RuntimeError as error:
        raise ValueError(
            f"{path} holds the weights of another model: {REMEDY}\n{error}"
        ) from error


def check_recipe(path: Path, saved: dict, recipe: Recipe) -> None:
    """Refuse to go on with a training that began with another recipe."""
    for name, value in asdict(recipe).items():
        if saved.get(name) != value:
            raise ValueError(
                f"{path} was begun with {name}={saved.get(name)!r}, now it is "
                f"{value!r}: use the same recipe to go on, or {REMEDY}"
            )


def under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Entries whose names start with a prefix, without it."""
    start = len(prefix)
    return {k[start:]: v for k, v in tensors.items() if k.startswith(prefix)}
