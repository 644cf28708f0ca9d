"""Print the table of a model and write its diagram: ``python -m edulib.anatomy``."""

import argparse
import importlib
import inspect
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.anatomy.table import stage_table
from edulib.anatomy.trace import trace_graph
from edulib.anatomy.unknowns import not_known
from edulib.checks import describe

_IMAGE = (3, 224, 224)
_OWN = "any model is found that a function build() in my.py returns: give my:build"


def main(arguments: list[str] | None = None) -> int:
    """Print the table of a model, write its diagram, and say what is not known.

    Returns:
        0, or 2 if there is no such model or it cannot read its inputs.
    """
    options = _parser().parse_args(arguments)
    try:
        _report(options)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m edulib.anatomy", description=(__doc__ or "").split(":")[0] + "."
    )
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a builder of this package (resnet50), or package.module:builder",
    )
    parser.add_argument(
        "--input",
        metavar="SHAPE",
        action="append",
        help="shape without the batch, such as 3x224x224; 77:long for token ids; once "
        "for each argument. By default the size that the model says it was made for, "
        "else 3x224x224",
    )
    parser.add_argument(
        "--depth",
        type=int,
        default=1,
        help="levels of modules that the table opens; by default 1",
    )
    parser.add_argument(
        "--svg",
        type=Path,
        metavar="FILE",
        help="where the diagram is written; by default MODEL.svg, over an old one",
    )
    return parser


def _report(options: argparse.Namespace) -> None:
    from edulib.drawing import diagram

    build, inputs = find_builder(options.model)
    if options.input:
        inputs = tuple(map(read_input, options.input))
    model = make_model(build, options.model)
    assumed = not options.input and ":" in options.model
    if assumed:
        inputs = (_own_size(model) or _IMAGE,)
    title = options.model.rpartition(":")[2]
    try:
        table = stage_table(model, *inputs, depth=options.depth, title=title)
    except ValueError as error:
        more = f"; {inputs[0]} was assumed, give another one with --input"
        more += ", once for each argument"
        is_read = "cannot read an input" not in str(error)
        raise ValueError(f"{error}{'' if is_read or not assumed else more}") from error
    print(table)
    file = options.svg or Path(f"{title}.svg")
    try:
        diagram(model, *inputs, title=title).save(file)
    except OSError as error:
        raise ValueError(f"cannot write the diagram to {file}: {error}") from error
    print(f"\nDiagram: {file}")
    if assumed:
        print(f"Input: {inputs[0]} was assumed; give another one with --input.")
    for sentence in not_known(trace_graph(model, *inputs)):
        print(f"Not known: {sentence}")


def _own_size(model: nn.Module) -> tuple[int, ...] | None:
    """Return the shape of an image that a model says it was made for, as timm's do."""
    said = getattr(model, "default_cfg", None)
    size = said.get("input_size") if isinstance(said, dict) else None
    return tuple(size) if size else None


def find_builder(name: str) -> tuple[Callable[[], nn.Module], tuple]:
    """Find what makes a model, and the inputs that it takes.

    Args:
        name: a builder of the book's list, or "package.module:builder".

    Returns:
        The builder, and one shape: the list's, or that of an image of 224 pixels.

    Raises:
        ValueError: if there is no such module or builder.
    """
    from edulib.registry import get_builder, get_model_info

    module, colon, attribute = name.partition(":")
    if not colon and "." in name:
        before, _, last = name.rpartition(".")
        raise ValueError(
            "expected a builder of this package or package.module:builder, got "
            f"{name!r}: did you mean {before}:{last}?"
        )
    if not colon:
        return get_builder(name), (get_model_info(name).image_shape,)
    sys.path.insert(0, "")  # modules of the folder where one is
    try:
        found = importlib.import_module(module)
    except Exception as error:
        raise ValueError(
            f"expected a module before the colon that can be imported, got {name!r}: "
            f"{type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove("")
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ValueError(
                f"expected a builder or a module after the colon; {module} has no such "
                f"{attribute!r}: {_OWN}"
            )
        found = getattr(found, part)
    if isinstance(found, nn.Module):
        return lambda: found, (_IMAGE,)
    if not callable(found):
        raise ValueError(
            f"expected a builder or a torch.nn.Module after the colon, got {name!r}, "
            f"{describe(found)}: {_OWN}"
        )
    return found, (_IMAGE,)


def _without_weights(build: Callable[..., nn.Module]) -> Callable[[], nn.Module]:
    """Ask for no weights where a builder would fetch some, as torchvision's may."""
    try:
        names = inspect.signature(build).parameters
    except ValueError:  # of a class written in C
        return build
    fetched = {"weights", "weights_backbone"} & set(names)
    return partial(build, **dict.fromkeys(fetched))


def make_model(build: Callable[[], nn.Module], name: str) -> nn.Module:
    """Call a builder, without memory for weights if it lets itself be called so.

    Raises:
        ValueError: if it needs arguments, or gives no module.
    """
    build = _without_weights(build)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            try:
                with torch.device("meta"):
                    model = build()
            except (NotImplementedError, RuntimeError):  # it computes with values
                model = build()
        except TypeError as error:
            raise ValueError(
                f"expected a builder that can be called without arguments, got "
                f"{name!r}: {error}; {_OWN}"
            ) from error
        except Exception as error:
            kind = type(error).__name__
            raise ValueError(f"{name!r} makes no model: {kind}: {error}") from error
    if not isinstance(model, nn.Module):
        kind = type(model).__name__
        raise ValueError(f"expected {name!r} to make a torch.nn.Module, got {kind}")
    return model


def read_input(text: str) -> tuple[int, ...] | Tensor:
    """Read a shape: "3x224x224" of an image, "77:long" of 77 token ids.

    Raises:
        ValueError: if it is none.
    """
    shape, _, kind = text.replace("×", "x").partition(":")
    sides = [side.strip() for side in shape.replace(",", "x").split("x")]
    dtype = getattr(torch, kind or "float32", None)
    whole = all(side.isdecimal() and int(side) > 0 for side in sides)
    if not whole or not isinstance(dtype, torch.dtype):
        raise ValueError(
            "expected a shape such as 3x224x224, or 77:long with a type of torch, got "
            f"{text!r}"
        )
    numbers = tuple(map(int, sides))
    return torch.zeros((1, *numbers), dtype=dtype) if kind else numbers


if __name__ == "__main__":
    sys.exit(main())
