"""How each checkpoint of the book is made.

A chapter lists its own in ``edulib/chapters/<chapter>/experiments.py``:

    CHECKPOINTS = {
        "resnet56-digits": CheckpointRecipe(
            builder="edulib.models.classification.resnet.resnet56_cifar",
            arguments={"in_channels": 1, "width": 8},
            data=partial(digits, image_size=16),
            recipe=Recipe(epochs=10, lr=0.1),
            minimum=0.97,
        ),
    }

``python -m edulib.experiments checkpoint resnet56-digits`` trains it on one thread,
refuses an accuracy below ``minimum``, and writes the weights and a JSON file that
describes them to ``edulib/weights/checkpoints/``. Keep a file under 2 MB.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from edulib.data.splits import Split
from edulib.experiments.experiment import call_text
from edulib.experiments.walk import collect
from edulib.registry import suggest
from edulib.training.loop import CLASSIFICATION, evaluate, fit
from edulib.training.metrics import Metrics
from edulib.training.objectives import Objective
from edulib.training.recipe import Recipe
from edulib.weights.checkpoint import (
    FOLDER,
    CheckpointInfo,
    build,
    half_weights,
    save_checkpoint,
)


@dataclass(frozen=True)
class CheckpointRecipe:
    """A checkpoint that comes with the package.

    Args:
        builder: dotted path of the function that builds the model.
        arguments: keyword arguments of the builder.
        data: returns the training and the validation set.
        recipe: how it is trained.
        minimum: of ``measure`` on the validation set, below which it is not kept.
        half: whether the file holds float16, for half the size; what is measured is
            measured after rounding.
        objective: what it is trained for, such as ``Detection()``.
        measure: one of the objective's, such as "AP50".
        base: checkpoint whose weights stay in the model as they are, and are not stored
            again.
    """

    builder: str
    arguments: dict
    data: Callable[[], Split]
    recipe: Recipe
    minimum: float
    half: bool = False
    objective: Objective = CLASSIFICATION
    measure: str = "accuracy"
    base: str | None = None


def list_recipes() -> dict[str, CheckpointRecipe]:
    """Return the checkpoint recipes of all chapters, by name."""
    return collect("CHECKPOINTS")


def train_checkpoint(name: str, folder: str | Path = FOLDER) -> Metrics:
    """Train and save a checkpoint.

    Returns:
        What was measured on the validation set.

    Raises:
        ValueError: if there is no recipe of that name.
        RuntimeError: if the measure is below what the recipe promises.
    """
    known = list_recipes()
    if name not in known:
        raise ValueError(f"no recipe for {name!r}: {suggest(name, known)}")
    row = known[name]
    train, val = row.data()
    torch.manual_seed(row.recipe.seed)
    model = build(row.builder, row.arguments)
    fit(model, train, recipe=row.recipe, objective=row.objective)
    if row.half:
        model.load_state_dict(half_weights(model.state_dict()))  # rounds them
    result = evaluate(model, val, objective=row.objective)
    if not result[row.measure] >= row.minimum:
        raise RuntimeError(
            f"{name} reached {result}, below the promised {row.measure} "
            f"{row.minimum:.3f}: nothing was saved; change the recipe"
        )
    measured = {f"val_{measure}": value for measure, value in result.items()}
    data = call_text(row.data)
    info = CheckpointInfo(
        row.builder, row.arguments, data, row.recipe, measured, row.base
    )
    save_checkpoint(model, name, info, folder, half=row.half)
    return result
