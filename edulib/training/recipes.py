"""How each shipped checkpoint is made: ``python -m edulib.training.recipes NAME``.

To ship a checkpoint, add a row to ``SHIPPED``:

    "lenet5-digits": Shipped(
        builder="edulib.classification.lenet.lenet5",
        arguments={"in_channels": 1},
        data=partial(digits, image_size=32),
        recipe=Recipe(epochs=10, lr=0.05),
        at_least=0.97,
    ),

and run the command with its name: it trains on two CPU threads, refuses a result below
``at_least``, and writes ``edulib/checkpoints/NAME.safetensors`` and ``NAME.json``. A
chapter then calls ``load("lenet5-digits")``. ``data`` is a function without arguments
that returns the training and the validation set, as tensors or as datasets. Keep a file
under 2 MB: half a million parameters.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from edulib.pretrained import FOLDER, Card, build, save
from edulib.registry import suggest
from edulib.training.batches import Examples
from edulib.training.loop import evaluate, fit
from edulib.training.recipe import Recipe

Split = tuple[Examples, Examples]


@dataclass(frozen=True)
class Shipped:
    """A checkpoint that comes with the package.

    Args:
        builder: dotted path of the function that builds the model.
        arguments: keyword arguments of the builder.
        data: returns the training and the validation set.
        recipe: how it is trained.
        at_least: validation accuracy below which it is not shipped.
    """

    builder: str
    arguments: dict
    data: Callable[[], Split]
    recipe: Recipe
    at_least: float


def digits(image_size: int = 8) -> Split:
    """Scikit-learn's handwritten digits, grey, ``image_size`` pixels wide."""
    from edulib.data import Digits, as_tensors

    sets = (Digits(split, image_size) for split in ("train", "test"))
    return tuple(as_tensors(one) for one in sets)


def scenes(train: int = 4000, val: int = 1000, image_size: int = 64) -> Split:
    """Scenes, labelled with their main object; validation scenes have another seed."""
    from edulib.data import Scenes, as_tensors

    sets = (Scenes(train, image_size, seed=0), Scenes(val, image_size, seed=1))
    return tuple(as_tensors(one) for one in sets)


SHIPPED: dict[str, Shipped] = {}


def make(name: str, folder: str = str(FOLDER)) -> float:
    """Train and save a shipped checkpoint.

    Returns:
        Its accuracy on the validation set.

    Raises:
        ValueError: if there is no recipe of that name.
        RuntimeError: if the accuracy is below what the recipe promises.
    """
    if name not in SHIPPED:
        raise ValueError(f"no recipe for {name!r}: {suggest(name, SHIPPED)}")
    row = SHIPPED[name]
    train, val = row.data()
    torch.manual_seed(row.recipe.seed)
    model = build(row.builder, row.arguments)
    fit(model, train, recipe=row.recipe)
    result = evaluate(model, val)
    if result.accuracy < row.at_least:
        raise RuntimeError(
            f"{name} reached {result}, below the promised {row.at_least:.1%}: "
            "nothing was saved; change the recipe"
        )
    measured = {"val_loss": result.loss, "val_accuracy": result.accuracy}
    card = Card(row.builder, row.arguments, in_words(row.data), row.recipe, measured)
    save(model, name, card, folder)
    return result.accuracy


def in_words(data: Callable[[], Split]) -> str:
    """A data function and its arguments, as they stand in the card."""
    if not isinstance(data, partial):
        return f"{data.__name__}()"
    arguments = ", ".join(f"{key}={value!r}" for key, value in data.keywords.items())
    return f"{data.func.__name__}({arguments})"


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m edulib.training.recipes",
        description="Remake a checkpoint that comes with the package.",
    )
    parser.add_argument("name", nargs="+", choices=sorted(SHIPPED), metavar="NAME")
    parser.add_argument("--folder", default=str(FOLDER), help="where to save")
    options = parser.parse_args(arguments)
    torch.set_num_threads(2)
    for name in options.name:
        print(f"{name}: validation accuracy {make(name, options.folder):.2%}")


if __name__ == "__main__":
    main()
