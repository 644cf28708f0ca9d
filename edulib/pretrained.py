"""Weights by name: the book's own small checkpoints, and torchvision's published ones.

    model = load("lenet5-digits")          # ours: in the package, works offline
    model = load_published("resnet50")     # torchvision's, fetched once, then cached

Ours are safetensors, never pickle, each with a JSON file that says which builder makes
its model, with which arguments, on which data and by which recipe it was trained, and
what it measured. ``edulib.training.recipes`` remakes them.
"""

import importlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as read_tensors
from safetensors.torch import save as write_tensors
from torch import Tensor, nn

from edulib.downloads import fetch
from edulib.registry import get_builder, suggest
from edulib.training.files import check_writable, write_whole
from edulib.training.recipe import Recipe
from edulib.training.resume import clone_shared

FOLDER = Path(__file__).parent / "checkpoints"


@dataclass(frozen=True)
class Card:
    """What stands beside a checkpoint.

    Args:
        builder: dotted path of the function that builds the model, in ``edulib``.
        arguments: keyword arguments of the builder.
        data: what it was trained on, in words.
        recipe: how it was trained.
        result: what was measured afterwards, such as {"val_accuracy": 0.978}.
    """

    builder: str
    arguments: dict
    data: str
    recipe: Recipe
    result: dict


def save(model: nn.Module, name: str, card: Card, folder: str | Path = FOLDER) -> Path:
    """Write a checkpoint, ``name.safetensors``, and its card, ``name.json``.

    The card holds the weights' SHA-256, so that a damaged file is known as one.

    Returns:
        Path of the weights.

    Raises:
        ValueError: if the card's builder does not make this model.
        OSError: if the folder cannot be written.
    """
    path = Path(folder) / f"{name}.safetensors"
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    put_into(build(card.builder, card.arguments), weights, name)
    content = write_tensors(clone_shared(weights))
    about = {**asdict(card), "sha256": sha256(content).hexdigest()}
    check_writable(path)
    write_whole(path, content)
    text = json.dumps(about, indent=2, sort_keys=True) + "\n"
    write_whole(path.with_suffix(".json"), text.encode())
    return path


def load(name: str, folder: str | Path = FOLDER) -> nn.Module:
    """One of the book's own checkpoints, as a model in evaluation mode.

    Raises:
        ValueError: if there is none of that name, or its file is damaged or holds
            weights of another architecture.
    """
    about = describe(name, folder)
    path = Path(folder) / f"{name}.safetensors"
    content = path.read_bytes()
    if sha256(content).hexdigest() != about["sha256"]:
        raise ValueError(
            f"{path} is damaged: its {len(content)} bytes do not have the SHA-256 "
            f"that {name}.json states; {restore(path)}"
        )
    try:
        weights = read_tensors(content)
    except SafetensorError as error:
        raise ValueError(
            f"{path} is no safetensors file: {error}; {restore(path)}"
        ) from error
    model = build(about["builder"], about["arguments"])
    return put_into(model, weights, name).eval()


def describe(name: str, folder: str | Path = FOLDER) -> dict:
    """Card of a checkpoint: builder, arguments, data, recipe, result and SHA-256.

    Raises:
        ValueError: if there is no checkpoint of that name, or its card is damaged.
    """
    path = Path(folder) / f"{name}.json"
    if not path.exists() or not path.with_suffix(".safetensors").exists():
        raise ValueError(
            f"no checkpoint {name!r}: {suggest(name, list_checkpoints(folder))}"
        )
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is damaged ({error}); {restore(path)}") from error


def restore(path: Path) -> str:
    """Ending of an error message: how to get a damaged file back."""
    return f"restore it with git checkout -- {path.name}, or reinstall the package"


def list_checkpoints(folder: str | Path = FOLDER) -> list[str]:
    """Names of the book's own checkpoints."""
    return sorted(path.stem for path in Path(folder).glob("*.safetensors"))


def build(builder: str, arguments: Mapping) -> nn.Module:
    """Model that a builder of this package makes.

    Raises:
        ValueError: if the builder is not in ``edulib``.
    """
    module, _, function = builder.rpartition(".")
    if not module.startswith("edulib."):
        raise ValueError(f"expected a builder in edulib, got {builder!r}")
    return getattr(importlib.import_module(module), function)(**arguments)


def put_into(model: nn.Module, weights: Mapping[str, Tensor], name: str) -> nn.Module:
    """The model with these weights.

    Raises:
        ValueError: if names or shapes differ; the first difference is named.
    """
    own = model.state_dict()
    for key in sorted(own.keys() | weights.keys()):
        mine = tuple(own[key].shape) if key in own else "nothing"
        theirs = tuple(weights[key].shape) if key in weights else "nothing"
        if mine != theirs:
            raise ValueError(
                f"the weights {name!r} belong to another architecture than "
                f"{type(model).__name__}: for {key} the model expects {mine}, the "
                f"weights hold {theirs}"
            )
    model.load_state_dict(weights)
    return model


def load_published(name: str, weights: str = "IMAGENET1K_V1") -> nn.Module:
    """A model of this package with torchvision's published weights, in evaluation mode.

    Both define their layers in the same order, so that the tensors only have to be
    renamed one after the other.

    Args:
        name: a model in the registry that torchvision has too, such as "resnet50".
        weights: which of torchvision's weights; the first are those of the paper's
            recipe.

    Raises:
        ValueError: if either has no such model or weights, or the two differ.
        ConnectionError: without a network, unless the file is in the cache.
        OSError: if the cache cannot be written.
    """
    model = get_builder(name)()
    theirs = published_weights(name, weights)
    ours = model.state_dict()
    if len(ours) != len(theirs):
        raise ValueError(
            f"our {name} has {len(ours)} tensors and torchvision's {len(theirs)}: "
            "the two are built differently; use torchvision.models for its weights"
        )
    renamed = dict(zip(ours, theirs.values(), strict=True))
    return put_into(model, renamed, name).eval()


def published_weights(name: str, weights: str = "IMAGENET1K_V1") -> dict[str, Tensor]:
    """Torchvision's published weights, under its own names and in its layers' order.

    The file is kept in the folder of ``torch.hub``, where torchvision looks for it.

    Raises:
        ValueError: if torchvision has no such model or weights.
        ConnectionError: without a network, unless the file is in the cache.
        OSError: if the cache cannot be written.
    """
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise ValueError(f"torchvision has no model {name!r}: {suggest(name, known)}")
    published = models.get_model_weights(name)
    if weights not in published.__members__:
        raise ValueError(
            f"torchvision has no weights {weights!r} of {name}: "
            f"{suggest(weights, published.__members__)}"
        )
    url = published[weights].url
    digits = url.rsplit("-", 1)[-1].split(".")[0]
    path = fetch(url, Path(torch.hub.get_dir()) / "checkpoints", digits)
    with torch.device("meta"):
        reference = models.get_model(name)
    stored = torch.load(path, map_location="cpu", weights_only=True)
    reference.load_state_dict(stored, assign=True)
    return reference.state_dict()
