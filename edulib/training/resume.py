"""The state of a training in one file that ``torch.save`` writes, and back."""

import io
import json
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from edulib.checks import describe, is_dense
from edulib.files import atomic_write, check_writable, remove_leftovers
from edulib.training.arguments import checkpoint_path
from edulib.training.distributed import barrier, rank
from edulib.training.hashing import hash_of
from edulib.training.held import PLACES, held_settings
from edulib.training.metrics import History
from edulib.training.objectives.objective import Objective
from edulib.weight_files import (
    DamagedFileError,
    explain_difference,
    explain_stored,
    names_of_intact,
    read_stored,
)

CHANGING = "changed by the training"  # of a setting that is not compared


@dataclass
class TrainingState:
    """All that a training needs to go on.

    No random state is a part of it, because every epoch draws its numbers from the
    recipe's seed and its own number.

    Args:
        model: with its weights; averaged weights are a part of it.
        objective: what it is trained for.
        optimizers: by name.
        history: its length is the number of epochs that are done.
        origin: what the training was begun with (see ``fingerprint``).
    """

    model: nn.Module
    objective: Objective
    optimizers: dict[str, Optimizer]
    history: History = field(default_factory=History)
    origin: dict[str, Any] = field(default_factory=dict)

    def mark_changes(self) -> None:
        """Mark in the origin the settings that the training changes: a counter, say."""
        now = held_settings(self.model, self.objective)
        before = {k: v for k, v in self.origin.items() if k.startswith(PLACES)}
        for name in (*before, *now):
            if before.get(name) != now.get(name):
                self.origin[name] = CHANGING


def start_state(path: Path, state: TrainingState, origin: dict[str, Any]) -> None:
    """Load a checkpoint if there is one; otherwise make sure that one can be written.

    Args:
        path: of the checkpoint.
        state: of the training that begins, or goes on.
        origin: what it is begun with, or goes on with.

    Raises:
        ValueError: if the file is damaged or of another training, or the model's state
            is not made of tensors.
        OSError: if the file cannot be written.
    """
    if path.name:  # "." and "/" have none
        check_writable(path)
    if not path.name or (path.exists() and not path.is_file()):
        kind = "the folder" if path.is_dir() else "a pipe or device,"
        raise ValueError(f"expected a file as checkpoint, got {kind} {path}")
    state.origin = origin
    if rank() == 0:
        remove_leftovers(path)
    barrier()
    if path.exists():
        load_state(path, state)
    else:
        rehearse(path, state)


def rehearse(path: Path, state: TrainingState) -> None:
    """Write a checkpoint, read it and put it back, so that nothing of it fails later.

    Raises:
        ValueError: if the model's state cannot be stored or put back.
        OSError: if there is no room for it.
    """
    content = to_bytes(state)
    check_writable(path, content)
    tensors = torch.load(io.BytesIO(content), weights_only=True)["tensors"]
    try:
        put_back(state, tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise ValueError(
            f"a checkpoint of this model could not be put back: {reason}"
        ) from error


def save_state(path: Path, state: TrainingState) -> None:
    """Write a checkpoint."""
    state.mark_changes()
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
        check_storable(name, value)
    tensors = {
        name: value.detach().cpu().resolve_conj().resolve_neg().contiguous()
        for name, value in tensors.items()
    }
    about = json.dumps({"history": asdict(state.history), "origin": state.origin})
    file = io.BytesIO()
    code = checksum(tensors, about)
    torch.save({"training": about, "tensors": tensors, "checksum": code}, file)
    return file.getvalue()


def check_storable(name: str, value: Any) -> None:
    """Refuse what is no ordinary tensor.

    Raises:
        ValueError: if it is none; says which.
    """
    if not isinstance(value, Tensor):
        raise ValueError(
            f"a checkpoint holds tensors only, got {name} of type "
            f"{type(value).__name__}: train without checkpoint, or keep it as a buffer"
        )
    if value.layout != torch.strided:
        raise ValueError(f"a checkpoint holds dense tensors, got {name}, a sparse one")


def checksum(tensors: dict[str, Tensor], about: str) -> str:
    """Return a hash of a checkpoint's tensors and of what is written about them."""
    return hash_of([about, sorted(tensors.items())])


def load_state(path: Path, state: TrainingState) -> None:
    """Put a saved training back into a state of the same origin.

    Raises:
        ValueError: if the file is damaged, or belongs to another training.
    """
    try:
        tensors, about = read(path)
    except DamagedFileError as error:
        raise ValueError(f"{error}: name another file, or delete this one") from error
    except ValueError as error:
        raise ValueError(f"{error}; to train, name another file") from error
    if not about["origin"]:
        raise ValueError(
            f"{path} was written by an earlier edulib, which compared less: "
            "load_weights reads it, but no training goes on from it; name another file"
        )
    check_origin(path, about["origin"], state.origin)
    state.origin = about["origin"]
    warn_of_changes(path, state.origin)
    put_back(state, tensors)
    state.history = History(**about["history"])


def put_back(state: TrainingState, tensors: dict[str, Tensor]) -> None:
    """Give model and optimizers the values of a checkpoint."""
    state.model.load_state_dict(strip_prefix("model.", tensors))
    for optimizer_name, optimizer in state.optimizers.items():
        values: dict[int, dict[str, Tensor]] = {}
        saved = strip_prefix(f"optimizer.{optimizer_name}.", tensors)
        for key, value in saved.items():
            number, name = key.split(".", 1)
            values.setdefault(int(number), {})[name] = value
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": values, "param_groups": groups})


def check_origin(path: Path, saved: dict, now: dict) -> None:
    """Refuse to go on with a training that was begun with something else."""
    for name in (*now, *saved):
        if saved.get(name) not in (now.get(name), CHANGING):
            raise ValueError(
                f"{path} was begun with {name} {saved.get(name)!r}, now it is "
                f"{now.get(name)!r}: use the same to go on, or name another file to "
                "start afresh"
            )


def warn_of_changes(path: Path, origin: dict) -> None:
    """Say what begins anew: state that a training changed and no checkpoint holds."""
    changed = [name for name, value in origin.items() if value == CHANGING]
    if changed:
        warnings.warn(
            f"{path} does not hold {', '.join(changed)}, which the training changed: "
            "begun anew, so that the result may differ from that of one piece; a "
            "buffer (register_buffer) would be held",
            stacklevel=2,
        )


def load_weights(model: nn.Module, path: str | Path) -> nn.Module:
    """Put the weights of a training's checkpoint into a model.

    Args:
        model: built as the one that was trained.
        path: of the checkpoint that `fit` wrote.

    Returns:
        The same model, in evaluation mode.

    Raises:
        ValueError: if the file is missing or damaged, or belongs to another model.
    """
    path = checkpoint_path(path)
    if not path.is_file():
        raise ValueError(f"there is no checkpoint {path}")
    own = model.state_dict()
    weights = strip_prefix("model.", read(path, own)[0])
    difference = explain_difference(own, weights)
    if difference:
        raise ValueError(
            f"{path} holds the weights of another model than {type(model).__name__}: "
            f"{difference}; weights = edulib.training.resume.read_model({str(path)!r})"
        )
    model.load_state_dict(weights)
    return model.eval()


def read_model(path: str | Path) -> dict[str, Tensor]:
    """Return the state dict of the model in a training's checkpoint."""
    return strip_prefix("model.", read(checkpoint_path(path))[0])


def read(
    path: Path, model: dict[str, Tensor] | None = None
) -> tuple[dict[str, Tensor], dict]:
    """Return the tensors of a checkpoint, and what is written about them.

    Args:
        path: of the checkpoint.
        model: the state dict that other weights are compared with.

    Returns:
        Tensors and history; what it was begun with, its ``origin``, is empty in a file
        of an earlier edulib, which has its checksum at another place.

    Raises:
        ValueError: if it is no checkpoint of a training, or its checksum is wrong.
    """
    try:
        stored = read_stored(path)
    except ValueError as error:
        what = str(error).removeprefix(f"{path} ")
        raise type(error)(
            f"{path} is no whole checkpoint of a training: it {what}"
        ) from error
    try:
        tensors, written = stored["tensors"], stored["training"]
        about = json.loads(written)
        earlier = "checksum" in about
        code = None if earlier else stored["checksum"]
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(
            f"{path} is no whole checkpoint of a training: it "
            f"{explain_stored(stored, model)}"
        ) from error
    check_tensors(path, tensors)
    if not (names_of_intact(path) if earlier else checksum(tensors, written) == code):
        raise DamagedFileError(
            f"{path} is damaged: its content does not have its checksum"
        )
    return tensors, {**about, "origin": {}} if earlier else about


def check_tensors(path: Path, tensors: Any) -> None:
    """Refuse what stands in the place of a checkpoint's tensors."""
    parts = tensors.items() if isinstance(tensors, dict) else [("tensors", tensors)]
    for name, value in parts:
        if not isinstance(name, str) or not is_dense(value):
            raise ValueError(
                f"{path} is no checkpoint of a training: expected dense tensors by "
                f"name, got {name!r}: {describe(value)}"
            )


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
    if not len(history):
        return f"training stopped after 0 whole epochs; {checkpoint} is not written yet"
    return (
        f"training stopped after {len(history)} whole epoch(s), saved in {checkpoint}: "
        "call fit again with the same arguments to go on"
    )
