"""Experiments too long for a page: ``python -m edulib.training.experiments NAME``.

Each trains many networks in the same way and keeps the curves in a small JSON file
beside this one, which a chapter draws and compares with what it trains itself. The file
is saved after each network; started again, an experiment goes on where it stopped.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from edulib.pretrained import build
from edulib.registry import get_builder, list_models, suggest
from edulib.training.augmentation import scene_windows
from edulib.training.files import check_writable, write_whole
from edulib.training.loop import fit
from edulib.training.narrow import narrow_model
from edulib.training.recipe import Recipe
from edulib.training.recipes import (
    Split,
    crops,
    digits,
    in_words,
    scenes,
    use_two_cores,
)
from edulib.training.transfer import few_scenes

FOLDER = Path(__file__).parent / "results"


def build_named(builder: str, arguments: dict) -> nn.Module:
    """Build a network of the registry or of a dotted path."""
    if "." in builder:
        return build(builder, arguments)
    return get_builder(builder)(**arguments)


def build_narrow(builder: str, arguments: dict) -> nn.Module:
    """Build a narrow copy of a network of the registry."""
    return narrow_model(builder, **arguments)


@dataclass(frozen=True)
class Experiment:
    """Networks that are trained in the same way.

    Args:
        builders: names in the registry, or dotted paths of what is not in it.
        arguments: keyword arguments of all builders.
        data: returns the training and the validation set.
        recipe: how each is trained; its seed is replaced.
        seeds: each network is trained once with each.
        build: makes a network of a builder's name and the arguments.
    """

    builders: tuple[str, ...]
    arguments: dict
    data: Callable[[], Split]
    recipe: Recipe
    seeds: tuple[int, ...]
    build: Callable[[str, dict], nn.Module] = build_named


_FEW_IMAGES = Recipe(
    epochs=40, batch_size=32, optimizer="adamw", lr=0.002, clip_norm=1.0
)

EXPERIMENTS: dict[str, Experiment] = {
    "resnet-degradation": Experiment(
        builders=(
            *(f"plain{depth}" for depth in (20, 32, 56, 110)),
            *(f"resnet{depth}_cifar" for depth in (20, 32, 56, 110)),
        ),
        arguments={"in_channels": 1, "width": 8},
        data=partial(digits, image_size=16),
        recipe=Recipe(epochs=10, lr=0.1),
        seeds=(0, 1, 2),
    ),
    "nin-heads": Experiment(
        builders=(
            "edulib.classification.nin.nin_small",
            "edulib.classification.nin.nin_small_dense",
        ),
        arguments={},
        data=partial(scenes, train=600, val=500, image_size=32, scale="large"),
        recipe=_FEW_IMAGES,
        seeds=(0, 1, 2),
    ),
    **{
        f"alexnet-activation-{lr}": Experiment(
            builders=tuple(
                f"edulib.classification.alexnet.four_layers_{name}"
                for name in ("relu", "tanh")
            ),
            arguments={},
            data=partial(crops, train=6144, val=64),
            recipe=Recipe(epochs=12, lr=lr, schedule="constant", weight_decay=0.0),
            seeds=(0, 1, 2),
        )
        for lr in (0.001, 0.003, 0.01, 0.03)
    },
    **{
        f"alexnet-overfitting-{name}": Experiment(
            builders=("edulib.classification.alexnet.alexnet_tiny",),
            arguments={"pool_size": pool_size, "dropout": dropout},
            data=partial(scene_windows, train=300, val=500, **varied),
            recipe=_FEW_IMAGES,
            seeds=(0, 1, 2),
        )
        for name, pool_size, dropout, varied in (
            ("plain", 2, 0.0, {}),
            ("overlapping", 3, 0.0, {}),
            ("dropout", 2, 0.5, {}),
            ("crops", 2, 0.0, {"crops": True}),
            ("colors", 2, 0.0, {"crops": True, "colors": 1.0}),
            ("together", 3, 0.0, {"crops": True, "colors": 1.0}),
        )
    },
    "vgg-filters": Experiment(
        builders=(
            "edulib.classification.vgg.vgg_small_pairs",
            "edulib.classification.vgg.vgg_small_5x5",
        ),
        arguments={},
        data=partial(scenes, train=2000, val=500, image_size=32, scale="large"),
        recipe=replace(_FEW_IMAGES, epochs=20, lr=0.001),
        seeds=(0, 1, 2),
    ),
    **{
        f"vgg-transfer-{per_class}": Experiment(
            builders=tuple(
                f"edulib.training.transfer.{start}"
                for start in ("from_nothing", "fine_tuned", "frozen")
            ),
            arguments={},
            data=partial(few_scenes, per_class=per_class),
            recipe=replace(_FEW_IMAGES, epochs=12, batch_size=25, lr=0.001),
            seeds=(0, 1, 2),
        )
        for per_class in (5, 20, 100)
    },
    **{
        name: Experiment(
            builders=builders,
            arguments={"factor": 8, "dropout": dropout},
            data=partial(scenes, train=600, val=300, image_size=72, scale="large"),
            recipe=replace(_FEW_IMAGES, epochs=10, batch_size=20, lr=0.001),
            seeds=(0, 1),
            build=build_narrow,
        )
        for name, builders, dropout in (
            ("era1", tuple(list_models(era=1)), False),
            ("era1-dropout", ("vgg16_bn",), True),
        )
    },
}


def load_experiment(name: str, folder: str | Path = FOLDER) -> list[dict]:
    """Return what an experiment measured.

    Returns:
        One row a network: "builder", "seed", and for each epoch "train_error" and
        "val_error", both between 0 and 1.

    Raises:
        ValueError: if there is no such experiment, or it has not been run.
    """
    path = _path(name, folder)
    if not path.exists():
        raise ValueError(
            f"{name!r} has not been run: python -m edulib.training.experiments {name}"
        )
    return json.loads(path.read_text(encoding="utf-8"))["runs"]


def make(name: str, folder: str | Path = FOLDER) -> list[dict]:
    """Train what is not in the experiment's file yet and save after each network.

    Raises:
        ValueError: if there is no such experiment.
        OSError: if the folder cannot be written; said before training begins.
    """
    path = _path(name, folder)
    experiment = EXPERIMENTS[name]
    check_writable(path)
    runs = load_experiment(name, folder) if path.exists() else []
    done = {(run["builder"], run["seed"]) for run in runs}
    data = experiment.data()
    for seed in experiment.seeds:
        for builder in experiment.builders:
            if (builder, seed) not in done:
                runs.append(train(experiment, builder, seed, data))
                _save(path, name, experiment, runs)
    return runs


def train(experiment: Experiment, builder: str, seed: int, data: Split) -> dict:
    """Train one network; return its errors in each epoch."""
    torch.manual_seed(seed)
    model = experiment.build(builder, experiment.arguments)
    recipe = Recipe(**{**asdict(experiment.recipe), "seed": seed})
    history = fit(model, *data, recipe=recipe)
    return {
        "builder": builder,
        "seed": seed,
        "train_error": [round(1 - a, 4) for a in history.train_accuracy],
        "val_error": [round(1 - a, 4) for a in history.val_accuracy],
    }


def _path(name: str, folder: str | Path) -> Path:
    if name not in EXPERIMENTS:
        raise ValueError(f"no experiment {name!r}: {suggest(name, EXPERIMENTS)}")
    return Path(folder) / f"{name}.json"


def _save(path: Path, name: str, experiment: Experiment, runs: list[dict]) -> None:
    about = {
        "remake": f"python -m edulib.training.experiments {name}",
        "arguments": experiment.arguments,
        "data": in_words(experiment.data),
        "recipe": asdict(experiment.recipe),
        "runs": runs,
    }
    write_whole(path, (json.dumps(about, indent=1) + "\n").encode())


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m edulib.training.experiments",
        description="Remake the results of an experiment, or finish it.",
    )
    parser.add_argument("name", choices=sorted(EXPERIMENTS), metavar="NAME")
    parser.add_argument("--folder", default=str(FOLDER), help="where to save")
    options = parser.parse_args(arguments)
    use_two_cores()
    for run in make(options.name, options.folder):
        error = run["train_error"][-1]
        print(f"{run['builder']}, seed {run['seed']}: training error {error:.1%}")


if __name__ == "__main__":
    main()
