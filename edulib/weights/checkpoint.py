"""The book's own small checkpoints: in the package, so that they work offline.

    model = load_checkpoint("resnet56-digits")

They are safetensors, never pickle, each with a JSON file that says which builder makes
its model, with which arguments, on which data and by which recipe it was trained, and
what it measured. ``python -m edulib.experiments checkpoint NAME`` remakes them.
"""

import importlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.files import atomic_write, check_writable
from edulib.registry import suggest
from edulib.training.recipe import Recipe
from edulib.weight_files import explain_difference

FOLDER = Path(__file__).parent / "checkpoints"
CARD = {"builder": str, "arguments": dict, "sha256": str}  # what a card must hold


@dataclass(frozen=True)
class CheckpointInfo:
    """Metadata of a checkpoint.

    Args:
        builder: dotted path of the function that builds the model, in ``edulib``.
        arguments: keyword arguments of the builder.
        data: what it was trained on, in words.
        recipe: how it was trained.
        result: what was measured afterwards, such as {"val_accuracy": 0.978}.
        base: checkpoint whose weights the model holds unchanged, under the same names:
            they are not stored a second time. None if there is none.
    """

    builder: str
    arguments: dict
    data: str
    recipe: Recipe
    result: dict
    base: str | None = None


def save_checkpoint(
    model: nn.Module,
    name: str,
    info: CheckpointInfo,
    folder: str | Path = FOLDER,
    *,
    half: bool = False,
) -> Path:
    """Write a checkpoint, ``name.safetensors``, and its card, ``name.json``.

    The card holds the weights' SHA-256, so that a damaged file is known as one.

    Args:
        model: whose weights are kept.
        name: of the checkpoint.
        info: what the card says.
        folder: where both files go.
        half: whether to store float16; the model is loaded in float32 all the same.

    Returns:
        Path of the weights.

    Raises:
        ValueError: if the card's builder does not make this model, or the card cannot
            be written as JSON, or the weights of its base are not all in the model.
        OSError: if the folder cannot be written.
    """
    from safetensors.torch import save

    path = Path(folder) / f"{name}.safetensors"
    weights = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
    put_weights(build(info.builder, info.arguments), weights, name)
    if half:
        weights = half_weights(weights)
    about = asdict(info)
    about["base"] = info.base and _card_of_base(info.base, folder)
    content = save(clone_shared(_without(weights, info.base, folder)))
    about["sha256"] = sha256(content).hexdigest()
    try:
        text = json.dumps(about, indent=2, sort_keys=True, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"expected a card of words and finite numbers, got {info.result} and "
            f"{info.arguments}: {error}"
        ) from error
    check_writable(path)
    atomic_write(path, content)
    atomic_write(path.with_suffix(".json"), text.encode())
    return path


def half_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights whose floating-point numbers are of float16."""
    return {k: v.half() if v.is_floating_point() else v for k, v in weights.items()}


def load_checkpoint(name: str, folder: str | Path = FOLDER) -> nn.Module:
    """One of the book's own checkpoints, as a model in evaluation mode.

    Args:
        name: of the checkpoint, as `list_checkpoints` gives it.
        folder: where it lies; by default, in the package.

    Raises:
        ValueError: if there is none of that name, or its file is damaged or holds
            weights of another architecture, or its base is not what it was.
    """
    about, weights = _read(name, folder)
    model = build(about["builder"], about["arguments"])
    return put_weights(model, weights, name).eval()


def _read(name: str, folder: str | Path) -> tuple[dict, dict[str, Tensor]]:
    """Return a checkpoint's card, and what it and its base store, as it is stored."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    about = checkpoint_info(name, folder)
    path = Path(folder) / f"{name}.safetensors"
    content = path.read_bytes()
    if sha256(content).hexdigest() != about["sha256"]:
        raise ValueError(
            f"{path} is damaged: its {len(content)} bytes do not have the SHA-256 "
            f"that {name}.json states; {restore(path)}"
        )
    try:
        weights = load(content)
    except SafetensorError as error:
        raise ValueError(
            f"{path} is no safetensors file: {error}; {restore(path)}"
        ) from error
    base = about.get("base")
    if base and _card_of_base(base["name"], folder) != base:
        raise ValueError(
            f"{name} holds weights of {base['name']}, which is another file by now "
            f"than the one of SHA-256 {base['sha256'][:12]}...: train {name} again"
        )
    return about, weights | (_read(base["name"], folder)[1] if base else {})


def _card_of_base(base: str, folder: str | Path) -> dict[str, str]:
    return {"name": base, "sha256": checkpoint_info(base, folder)["sha256"]}


def _without(
    weights: dict[str, Tensor], base: str | None, folder: str | Path
) -> dict[str, Tensor]:
    """Return the weights that a base does not have.

    Raises:
        ValueError: if the model does not hold all that the base has.
    """
    known = _read(base, folder)[1] if base else {}
    for name, value in known.items():
        if name not in weights or not torch.equal(weights[name], value):
            raise ValueError(
                f"expected a model that holds the weights of {base} unchanged, got "
                f"another {name!r}, or none"
            )
    return {name: value for name, value in weights.items() if name not in known}


def clone_shared(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors that share memory with others, which safetensors does not store."""
    seen: set[int] = set()
    result = {}
    for name, value in tensors.items():
        place = value.untyped_storage().data_ptr()
        result[name] = value.clone() if place in seen else value
        seen.add(place)
    return result


def checkpoint_info(name: str, folder: str | Path = FOLDER) -> dict:
    """Card of a checkpoint: builder, arguments, data, recipe, result and SHA-256.

    Args:
        name: of the checkpoint.
        folder: where it lies; by default, in the package.

    Raises:
        ValueError: if there is no checkpoint of that name, or its card is damaged.
    """
    path = Path(folder) / f"{name}.json"
    if not path.is_file() or not path.with_suffix(".safetensors").is_file():
        raise ValueError(
            f"no checkpoint {name!r}: {suggest(name, list_checkpoints(folder))}"
        )
    try:
        about = json.loads(path.read_text())
    except ValueError as error:  # of JSON, or of letters
        raise ValueError(f"{path} is damaged ({error}); {restore(path)}") from error
    for key, kind in CARD.items():
        value = about.get(key) if isinstance(about, dict) else None
        if not isinstance(value, kind):
            raise ValueError(
                f"{path} is damaged: expected {key!r} as {kind.__name__}, "
                f"got {value!r}; {restore(path)}"
            )
    return about


def restore(path: Path) -> str:
    """Ending of an error message: how to get a damaged file back."""
    return f"restore it with git checkout -- {path.name}, or reinstall the package"


def list_checkpoints(folder: str | Path = FOLDER) -> list[str]:
    """Names of the book's own checkpoints.

    Args:
        folder: where they lie; by default, in the package.
    """
    return sorted(path.stem for path in Path(folder).glob("*.safetensors"))


def build(builder: str, arguments: Mapping) -> nn.Module:
    """Model that a builder of this package makes.

    Raises:
        ValueError: if the builder is not in ``edulib``, or does not take these.
    """
    module, _, function = builder.rpartition(".")
    if not module.startswith("edulib."):
        raise ValueError(f"expected a builder in edulib, got {builder!r}")
    try:
        make = getattr(importlib.import_module(module), function)
        inspect.signature(make).bind(**arguments)
    except (ImportError, AttributeError, TypeError) as error:
        raise ValueError(
            f"expected a builder in edulib and its arguments, got {builder!r} and "
            f"{dict(arguments)}: {error}"
        ) from error
    return make(**arguments)


def put_weights(
    model: nn.Module, weights: Mapping[str, Tensor], name: str
) -> nn.Module:
    """The model with these weights.

    Raises:
        ValueError: if names or shapes differ; says how.
    """
    difference = explain_difference(model.state_dict(), weights)
    if difference:
        raise ValueError(
            f"the weights {name!r} belong to another architecture than "
            f"{type(model).__name__}: {difference}"
        )
    model.load_state_dict(weights)
    return model
