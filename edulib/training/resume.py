"""The state of a training in one file that ``torch.save`` writes, and back."""

import io
import json
import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from edulib.files import atomic_write, check_writable, remove_leftovers
from edulib.training.distributed import barrier, rank
from edulib.training.fingerprint import hash_of
from edulib.training.metrics import History

REMEDY = "name another file, or delete this one to start afresh"
UNREADABLE = (
    *(RuntimeError, pickle.UnpicklingError, EOFError, OSError),  # torch.load's
    *(KeyError, TypeError, ValueError, AttributeError, IndexError),
)
WRAPPERS = ("module.", "_orig_mod.")  # DataParallel's and torch.compile's prefixes


@dataclass
class TrainingState:
    """All that a training needs to go on.

    No random state is a part of it, because every epoch draws its numbers from the
    recipe's seed and its own number.

    Args:
        model: with its weights; averaged weights are a part of it.
        optimizers: by name.
        history: its length is the number of epochs that are done.
        origin: what the training was begun with (see ``fingerprint``).
    """

    model: nn.Module
    optimizers: dict[str, Optimizer]
    history: History
    origin: dict[str, Any] = field(default_factory=dict)


def start_state(path: Path, state: TrainingState) -> None:
    """Load a checkpoint if there is one; otherwise make sure that one can be written.

    Raises:
        ValueError: if the file is damaged or of another training, or the model's state
            is not made of tensors.
        OSError: if the file cannot be written.
    """
    if path.is_dir():
        raise ValueError(f"expected a file as checkpoint, got the folder {path}")
    check_writable(path)
    if rank() == 0:
        remove_leftovers(path)
    barrier()
    if path.exists():
        load_state(path, state)
    else:
        to_bytes(state)  # what cannot be stored is found now, not after an epoch


def save_state(path: Path, state: TrainingState) -> None:
    """Write a checkpoint."""
    atomic_write(path, to_bytes(state))


def to_bytes(state: TrainingState) -> bytes:
    """Return a checkpoint as a file, with a hash of all that is in it."""
    tensors = {f"model.{k}": value for k, value in state.model.state_dict().items()}
    for name, optimizer in state.optimizers.items():
        for number, values in optimizer.state_dict()["state"].items():
            for key, value in values.items():
                if value is not None:
                    tensors[f"optimizer.{name}.{number}.{key}"] = value
    for name, value in tensors.items():
        if not isinstance(value, Tensor):
            raise ValueError(
                f"a checkpoint holds tensors only, got {name} of type "
                f"{type(value).__name__}: train without checkpoint, or keep it as a "
                "buffer"
            )
    tensors = {
        name: value.detach().cpu().contiguous() for name, value in tensors.items()
    }
    about = {"history": asdict(state.history), "origin": state.origin}
    about["checksum"] = checksum(tensors, about)
    file = io.BytesIO()
    torch.save({"training": json.dumps(about), "tensors": tensors}, file)
    return file.getvalue()


def checksum(tensors: dict[str, Tensor], about: dict[str, Any]) -> str:
    """Return a hash of a checkpoint's tensors and of what is written about them."""
    return hash_of([about, sorted(tensors.items())])


def load_state(path: Path, state: TrainingState) -> None:
    """Put a saved training back into a state of the same origin.

    Raises:
        ValueError: if the file is damaged, or belongs to another training.
    """
    try:
        tensors, about = read(path)
    except ValueError as error:
        raise ValueError(f"{error}: {REMEDY}") from error
    check_origin(path, about["origin"], state.origin)
    state.model.load_state_dict(strip_prefix("model.", tensors))
    for optimizer_name, optimizer in state.optimizers.items():
        values: dict[int, dict[str, Tensor]] = {}
        saved = strip_prefix(f"optimizer.{optimizer_name}.", tensors)
        for key, value in saved.items():
            number, name = key.split(".", 1)
            values.setdefault(int(number), {})[name] = value
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": values, "param_groups": groups})
    state.history = History(**about["history"])


def check_origin(path: Path, saved: dict, now: dict) -> None:
    """Refuse to go on with a training that was begun with something else."""
    for name in (*now, *saved):
        if saved.get(name) != now.get(name):
            raise ValueError(
                f"{path} was begun with {name} {saved.get(name)!r}, now it is "
                f"{now.get(name)!r}: use the same to go on, or {REMEDY}"
            )


def load_weights(model: nn.Module, path: str | Path) -> nn.Module:
    """Put the weights of a training's checkpoint into a model.

    Returns:
        The same model, in evaluation mode.

    Raises:
        ValueError: if the file is missing or damaged, or belongs to another model.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no checkpoint {path}")
    weights = strip_prefix("model.", read(path)[0])
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        prefix = next((p for p in WRAPPERS if next(iter(weights)).startswith(p)), None)
        advice = "build the model with the same arguments"
        if prefix:
            advice = f"its names begin with {prefix!r}: give the wrapped model"
        raise ValueError(
            f"{path} holds the weights of another model than {type(model).__name__}: "
            f"{advice}\n{error}"
        ) from error
    return model.eval()


def read(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Return the tensors of a checkpoint, and what is written about them.

    Nothing but tensors, text and what holds them is ever unpickled.

    Raises:
        ValueError: if it is no checkpoint of a training, or its checksum is wrong.
    """
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        about, tensors = json.loads(stored["training"]), stored["tensors"]
        code = about.pop("checksum")
    except UNREADABLE as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(
            f"{path} is no whole checkpoint of a training ({reason}); where it holds "
            "weights alone: model.load_state_dict(torch.load(path, weights_only=True))"
        ) from error
    if checksum(tensors, about) != code:
        raise ValueError(f"{path} is damaged: its content does not have its checksum")
    return tensors, about


def strip_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the entries whose names start with a prefix, without it."""
    start = len(prefix)
    return {k[start:]: v for k, v in tensors.items() if k.startswith(prefix)}


def resume_hint(history: History, checkpoint: str | Path | None) -> str:
    """Return what Ctrl-C leaves, and how to continue."""
    if checkpoint is None:
        return (
            f"training stopped after {len(history)} whole epoch(s); nothing is saved: "
            "next time give fit(..., checkpoint='run.pt')"
        )
    return (
        f"training stopped after {len(history)} whole epoch(s), saved in {checkpoint}: "
        "call fit again with the same arguments to go on"
    )
