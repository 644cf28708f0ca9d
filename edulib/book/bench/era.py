"""Measure the networks of an era for its review: ``python -m edulib.book.bench.era 1``.

Each model of the registry is timed on one image, and one or more for each paper are
trained on the same few scenes, all widths divided by eight. Results go to
``edulib/book/eraN.json``, with machine and date, from where the review reads them.
"""

import argparse
import json
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import nn

from edulib.book.bench.clock import seconds
from edulib.book.bench.project import machine
from edulib.registry import get_builder, get_model, get_paper, list_models
from edulib.training.files import write_whole
from edulib.training.loop import evaluate, fit
from edulib.training.narrow import narrow_model
from edulib.training.recipe import Recipe
from edulib.training.recipes import Split, scenes

FOLDER = Path(__file__).parent.parent
FACTOR, SIZE, TRAIN, VAL = 8, 72, 600, 300
BUDGET = Recipe(epochs=6, batch_size=20, optimizer="adamw", lr=0.001, clip_norm=1.0)
TRAINED = {
    1: (
        *("alexnet_one_tower", "zfnet", "nin_imagenet", "vgg11"),
        *("vgg16", "vgg16_bn", "googlenet_bn"),
    )
}


def era_models(era: int) -> list[str]:
    """Names of the models whose papers belong to an era, in order of their papers."""
    return [
        name for name in list_models() if get_paper(get_model(name).paper).era == era
    ]


def load_era(era: int, folder: str | Path = FOLDER) -> dict:
    """Return what was measured on the models of an era.

    Returns:
        "date", "machine" and its "load" (of what else ran); "milliseconds", by model,
        for one image of the registry's size; "budget", in words; "accuracy", by model,
        on new scenes.

    Raises:
        ValueError: if the era has not been measured.
    """
    path = Path(folder) / f"era{era}.json"
    if not path.exists():
        raise ValueError(
            f"era {era} has not been measured: python -m edulib.book.bench.era {era}"
        )
    return json.loads(path.read_text(encoding="utf-8"))


@torch.inference_mode()
def milliseconds(
    model: nn.Module, image_shape: tuple[int, ...], runs: int = 5
) -> float:
    """Median time of one image, in evaluation mode, after one run to warm up."""
    model.eval()
    image = torch.rand(1, *image_shape)
    model(image)
    found = [seconds(partial(model, image)) for _ in range(runs)]
    return round(1000 * median(found), 1)


def train(name: str, data: Split, recipe: Recipe) -> float:
    """Train a narrow copy of a model; return its accuracy on new scenes."""
    train_set, val_set = data
    torch.manual_seed(recipe.seed)
    model = narrow_model(name, FACTOR)
    fit(model, train_set, recipe=recipe)
    return round(evaluate(model, val_set).accuracy, 4)


def measure(era: int) -> dict:
    """Time all models of an era and train those of ``TRAINED``."""
    load, times, accuracies = os.getloadavg()[0], {}, {}
    for name in era_models(era):
        times[name] = milliseconds(get_builder(name)(), get_model(name).image_shape)
        print(f"{name}: {times[name]} ms", flush=True)
    data = scenes(TRAIN, VAL, SIZE, "large")
    for name in TRAINED[era]:
        accuracies[name] = train(name, data, BUDGET)
        print(f"{name}: {accuracies[name]}", flush=True)
    return {
        "remake": f"python -m edulib.book.bench.era {era}",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine(), "threads": torch.get_num_threads()},
        "milliseconds": times,
        "load": round(load, 1),
        "budget": f"widths divided by {FACTOR}, {TRAIN} scenes of {SIZE} pixels, "
        f"{BUDGET.epochs} epochs",
        "accuracy": accuracies,
    }


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m edulib.book.bench.era", description="Measure an era's networks."
    )
    parser.add_argument("era", type=int, choices=sorted(TRAINED), help="its number")
    parser.add_argument("--folder", default=str(FOLDER), help="where to save")
    options = parser.parse_args(arguments)
    torch.set_num_threads(2)
    text = json.dumps(measure(options.era), indent=1) + "\n"
    write_whole(Path(options.folder) / f"era{options.era}.json", text.encode())


if __name__ == "__main__":
    main()
