"""Files of weights: what one is, how it differs from a model, what to do.

Good weights of another origin are never called damaged, and nobody is told to delete
them: what is known about the file is said, with the line that helps.
"""

import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from edulib.checks import describe

Shapes = Mapping[str, tuple[int, ...]]
WRAPPERS = {
    "module.": "nn.DataParallel and DistributedDataParallel",
    "_orig_mod.": "torch.compile",
}
SAVE = "where it was made, torch.save(model.state_dict(), ...)"
BEGINNINGS = {  # of files that are no weights of torch.save
    b"version https://git-lfs": "is a pointer of Git LFS, not the file: git lfs pull",
    b"<": "is a web page: open its address in a browser to see what is wrong",
    b"\x89HDF": "is an HDF5 file, as Keras writes it: convert it where Keras is",
}
PICKLE = b"\x80"  # its first byte
UNREADABLE = "failed reading zip archive"  # says torch, of a table of contents
COUNTERS = ".num_batches_tracked"  # that files of 2017 lack
NAMED = 3  # names in a message


class DamagedFileError(ValueError):
    """A file that was cut off or changed: nothing in it is worth keeping."""


def read_stored(path: Path) -> Any:
    """Read what ``torch.save`` wrote: tensors, text, and what holds them.

    Nothing else is ever unpickled.

    Raises:
        DamagedFileError: if the file was cut off or changed.
        ValueError: if it is something else; says what, and what to do.
        OSError: if it cannot be opened.
    """
    with open(path, "rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the error below says
        try:  # of the open file, because a path would be read by its ending
            return torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # torch and pickle raise a dozen kinds
            kind, what = _what_it_is(path, str(error))
            raise kind(f"{path} {what}") from error


def _what_it_is(path: Path, reason: str) -> tuple[type[ValueError], str]:
    with open(path, "rb") as file:
        head = file.read(32)
    if not head:
        return DamagedFileError, "is empty"
    if head.startswith(b"PK"):
        return _what_is_packed(path, reason)
    if head[8:9] == b"{":
        load = "load_state_dict(safetensors.torch.load_file(path))"
        return ValueError, f"is a safetensors file: model.{load}"
    for beginning, what in BEGINNINGS.items():
        if head.startswith(beginning):
            return ValueError, what
    if head[:1] != PICKLE:
        return ValueError, "is no file of torch.save"
    if "global" in reason.lower():
        return ValueError, f"holds a pickled model, whose code is not run: {SAVE}"
    return DamagedFileError, "is cut off or damaged"


def _what_is_packed(path: Path, reason: str) -> tuple[type[ValueError], str]:
    names = names_of_intact(path)
    if not names or UNREADABLE in reason:
        return DamagedFileError, "is cut off or damaged"
    if any(name.endswith("constants.pkl") for name in names):
        return ValueError, "is a TorchScript archive: torch.jit.load(path).state_dict()"
    if any(name.endswith("data.pkl") for name in names):
        return ValueError, f"holds a pickled model, whose code is not run: {SAVE}"
    return ValueError, f"is an archive with {names[0]}, no file of torch.save"


def names_of_intact(path: Path) -> list[str]:
    """Return what an archive holds; nothing of one that was cut off or changed."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist() if archive.testzip() is None else []
    except Exception:  # zipfile, too, raises a dozen kinds
        return []


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict.

    Raises:
        ValueError: if the file is damaged or holds something else; says what.
        OSError: if it cannot be opened.
    """
    stored = read_stored(path)
    if not is_state_dict(stored):
        raise ValueError(f"{path} {explain_stored(stored)}")
    return stored


def is_state_dict(stored: Any) -> bool:
    """Tell whether something is tensors by name."""
    return (
        isinstance(stored, dict)
        and bool(stored)
        and all(isinstance(value, Tensor) for value in stored.values())
    )


def explain_stored(stored: Any, model: Mapping[str, Tensor] | None = None) -> str:
    """Say what a file of ``torch.save`` holds.

    Args:
        stored: what was read.
        model: the ``state_dict`` of the model that it was meant for, if that is known:
            weights that differ from it are explained.
    """
    if is_state_dict(stored):
        kinds = sorted({str(value.dtype)[6:] for value in stored.values()})
        return (
            f"holds weights alone, {len(stored)} tensors of {' and '.join(kinds)}: "
            "model.load_state_dict(torch.load(path, weights_only=True))"
            + _and_differ(stored, model)
        )
    parts = stored.items() if isinstance(stored, dict) else ()
    inside = next((key for key, value in parts if is_state_dict(value)), None)
    if inside is not None:
        return (
            f"holds {describe(stored)}, the weights under {inside!r}: "
            f"torch.load(path, weights_only=True)[{inside!r}]"
            + _and_differ(stored[inside], model)
        )
    return f"holds {describe(stored)}, no tensors by name: {SAVE}"


def _and_differ(
    weights: Mapping[str, Tensor], model: Mapping[str, Tensor] | None
) -> str:
    """Go on about weights that differ from a model's, or are wrapped by their names."""
    if model is not None:
        difference = explain_difference(model, weights)
    else:
        wrapped = [part for part in _prefixes(weights) if part in WRAPPERS]
        difference = _unwrap(wrapped[0]) if wrapped else None
    return f"; {difference}" if difference else ""


def explain_difference(
    model: Mapping[str, Tensor], weights: Mapping[str, Tensor]
) -> str | None:
    """Say how weights differ from those of a model, and what to do.

    Args:
        model: the model's own ``state_dict``.
        weights: tensors by name.

    Returns:
        None if names and shapes are the same.
    """
    mine, theirs = (
        {name: tuple(value.shape) for name, value in tensors.items()}
        for tensors in (model, weights)
    )
    return _difference(mine, theirs)


def _difference(mine: Shapes, theirs: Shapes) -> str | None:
    if mine == theirs:
        return None
    wrapped = _wrapped(mine, theirs)
    if wrapped is not None:
        return wrapped
    if mine.keys() == theirs.keys():
        return _other_shapes(mine, theirs)
    lacks = [key for key in mine if key not in theirs and not key.endswith(COUNTERS)]
    more = [key for key in theirs if key not in mine]
    same = all(mine[key] == theirs[key] for key in mine.keys() & theirs.keys())
    if same and more and not lacks:
        some = _some(more)
        return (
            f"they hold more than the model, {some}: build the larger model, or take "
            "that out"
        )
    if same and lacks and not more:
        return f"they lack {_some(lacks)}: load what is there with strict=False"
    if list(mine.values()) == list(theirs.values()):
        return (
            f"the shapes are the model's, the names are not ({_some(more)}): "
            "dict(zip(model.state_dict(), weights.values()))"
        )
    return _first_difference(mine, theirs)


def _wrapped(mine: Shapes, theirs: Shapes) -> str | None:
    """Explain a prefix of all names, on one side only."""
    for prefix in _prefixes(theirs):
        inner = _cut(theirs, prefix)
        if inner.keys() == mine.keys():
            rest = _difference(mine, inner)
            return _unwrap(prefix) + (f"; then {rest}" if rest else "")
    for prefix in _prefixes(mine):
        if _cut(mine, prefix).keys() == theirs.keys():
            part = prefix.removesuffix(".")
            return (
                f"the model is wrapped, its names begin with {prefix!r}: load them "
                f"into model.{part}"
            )
    return None


def _unwrap(prefix: str) -> str:
    by = f" ({WRAPPERS[prefix]})" if prefix in WRAPPERS else ""
    return (
        f"their names begin with {prefix!r}{by}: take that off, "
        f"{{k.removeprefix({prefix!r}): v for k, v in weights.items()}}"
    )


def _prefixes(shapes: Mapping) -> list[str]:
    """Return what all names begin with, up to a dot."""
    first = next(iter(shapes), "")
    found = [first[: k + 1] for k, letter in enumerate(first) if letter == "."]
    return [part for part in found if all(name.startswith(part) for name in shapes)]


def _cut(shapes: Shapes, prefix: str) -> dict[str, tuple[int, ...]]:
    return {name.removeprefix(prefix): shape for name, shape in shapes.items()}


def _other_shapes(mine: Shapes, theirs: Shapes) -> str:
    """Explain differences in shape alone: of the number of classes, or any."""
    other = [key for key in mine if mine[key] != theirs[key]]
    counts = {(mine[key][:1], theirs[key][:1]) for key in other}
    same_inputs = all(mine[key][1:] == theirs[key][1:] for key in other)
    if (
        same_inputs
        and len(counts) == 1
        and all(len(mine[key]) in (1, 2) for key in other)
    ):
        ((own,), (given,)) = counts.pop()
        return (
            f"they are for {given} classes, the model for {own} ({_some(other)}): "
            f"build it with num_classes={given}, or leave these out"
        )
    return _first_difference(mine, theirs)


def _first_difference(mine: Shapes, theirs: Shapes) -> str:
    keys = sorted(mine.keys() | theirs.keys())
    key = next(key for key in keys if mine.get(key) != theirs.get(key))
    own, given = mine.get(key, "nothing"), theirs.get(key, "nothing")
    return (
        f"for {key} the model expects {own}, the weights hold {given}: build the model "
        "with the arguments that these were made with"
    )


def _some(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
