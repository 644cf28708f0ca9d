"""Experiments too long for a page: variants of a network, trained from several seeds.

A chapter lists its own in ``edulib/chapters/<chapter>/experiments.py`` as
``EXPERIMENTS = {"nin-ends": Experiment(...)}``, trained on one thread, and those meant
for one GPU as ``LARGER``. What each variant reached from each seed, where and when,
stands in one small JSON file, ``results/<experiment>.json`` beside it. The file is
saved after each network; an experiment that was stopped goes on where it was.
"""

import json
import platform
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import partial
from inspect import isfunction
from pathlib import Path

import torch
from torch import nn

from edulib.data.splits import Split
from edulib.experiments.walk import collect, folder_of
from edulib.files import atomic_write, check_writable
from edulib.registry import suggest
from edulib.training.loop import CLASSIFICATION, fit
from edulib.training.metrics import History
from edulib.training.objectives import Objective
from edulib.training.recipe import Recipe


@dataclass(frozen=True)
class Variant:
    """One way to train in an experiment.

    Args:
        build: returns the network, without arguments.
        data: returns the training and the validation set, without arguments.
        recipe: how it is trained; its seed is replaced.
        objective: what for.
    """

    build: Callable[[], nn.Module]
    data: Callable[[], Split]
    recipe: Recipe
    objective: Objective = CLASSIFICATION

    def describe(self) -> dict:
        """Return what decides the result, as it is stored beside it."""
        recipe = {k: v for k, v in asdict(self.recipe).items() if k != "seed"}
        about = {
            "network": call_text(self.build),
            "data": call_text(self.data),
            "recipe": recipe,
        }
        if self.objective != CLASSIFICATION:
            about["objective"] = repr(self.objective)
        return about


@dataclass(frozen=True)
class Experiment:
    """Variants that are compared.

    Args:
        variants: by the name under which their results are kept.
        seeds: each variant is trained once from each.
    """

    variants: Mapping[str, Variant]
    seeds: tuple[int, ...]


def list_experiments() -> dict[str, Experiment]:
    """Return the experiments of all chapters, by name."""
    return collect("EXPERIMENTS")


def list_larger() -> dict[str, Experiment]:
    """Return the experiments of all chapters that are meant for a GPU, by name."""
    return collect("LARGER")


def get_experiment(name: str) -> Experiment:
    """Return an experiment.

    Raises:
        ValueError: if there is none of that name; the nearest is named.
    """
    known = {**list_experiments(), **list_larger()}
    if name not in known:
        raise ValueError(f"no experiment {name!r}: {suggest(name, known)}")
    return known[name]


def load_experiment(name: str, folder: Path | None = None) -> dict[str, dict]:
    """Return what an experiment measured.

    Args:
        name: the experiment.
        folder: of the result file; by default the chapter's.

    Returns:
        For each variant "seeds", and under "train_error" and "val_error" a list for
        each seed, with a number between 0 and 1 for each epoch. Where the objective
        measures no accuracy, its measures stand there instead: "train_loss", "val_AP".

    Raises:
        ValueError: if there is no such experiment, or it has not been run.
    """
    runs = read_runs(name, folder)
    if not runs:
        raise ValueError(
            f"{name!r} has not been run: make {_target(name)} NAMES={name}, or "
            f"{_remake(name)}"
        )
    found: dict[str, dict] = {}
    for run in sorted(runs, key=lambda run: run["seed"]):
        row = found.setdefault(run["variant"], {"seeds": []})
        row["seeds"].append(run["seed"])
        for measure in filter(is_measure, run):
            row.setdefault(measure, []).append(run[measure])
    return found


def is_measure(name: str) -> bool:
    """Say whether an entry of a run is one of its measures, a number an epoch."""
    return name.startswith(("train_", "val_"))


def missing(name: str, folder: Path | None = None) -> list[tuple[str, int]]:
    """Return the pairs of variant and seed that have not been trained, in order."""
    experiment = get_experiment(name)
    done = {(run["variant"], run["seed"]) for run in read_runs(name, folder)}
    pairs = [(v, seed) for seed in experiment.seeds for v in experiment.variants]
    return [pair for pair in pairs if pair not in done]


def run_experiment(
    name: str,
    folder: Path | None = None,
    device: str = "cpu",
    checkpoints: Path | None = None,
) -> Iterator[dict]:
    """Train what is missing, one network after the other, each saved as it ends.

    Args:
        name: the experiment.
        folder: of the result file; by default the chapter's.
        device: "cpu" or "cuda".
        checkpoints: folder of trainings that are under way. One that was stopped goes
            on from there; without, it begins again.

    Yields:
        Each new run, when it stands in the file.

    Raises:
        ValueError: if there is no such experiment, or the stored runs of a variant
            were made with another network, recipe or other data.
        OSError: if the folder cannot be written; said before training begins.
    """
    path = results_path(name, folder)
    check_writable(path)
    experiment = get_experiment(name)
    datasets: dict[str, Split] = {}
    for variant, seed in missing(name, folder):
        row = experiment.variants[variant]
        words = call_text(row.data)
        if words not in datasets:
            datasets = {words: row.data()}  # one at a time: they can be large
        state = checkpoints and checkpoints / _file_name(name, variant, seed)
        run = {"variant": variant, **train(row, seed, datasets[words], device, state)}
        _save(path, name, [*read_runs(name, folder), run])
        if state:
            state.unlink()
        yield run


def train(
    variant: Variant,
    seed: int,
    data: Split,
    device: str = "cpu",
    checkpoint: Path | None = None,
) -> dict:
    """Train one network, or go on from its checkpoint.

    Returns:
        Its errors (or other measures) in each epoch, the machine, the date, and, of a
        training in one piece, the seconds it took.
    """
    in_one_piece = not (checkpoint and checkpoint.exists())
    started = time.perf_counter()
    torch.manual_seed(seed)
    recipe = replace(variant.recipe, seed=seed)
    history = fit(
        variant.build(),
        *data,
        recipe,
        objective=variant.objective,
        device=device,
        checkpoint=checkpoint,
    )
    seconds = round(time.perf_counter() - started)
    return {
        "seed": seed,
        "machine": machine(device),
        "date": date.today().isoformat(),
        **({"seconds": seconds} if in_one_piece else {}),
        **measured(history),
    }


def measured(history: History) -> dict[str, list[float]]:
    """Return what is kept of a training, of each measure one number an epoch.

    The errors of a classifier; of what measures no accuracy, all measures.
    """
    splits = {"train": history.train, "val": history.val}
    if all("accuracy" in measures for measures in splits.values()):
        splits = {
            split: {"error": [1 - accuracy for accuracy in measures["accuracy"]]}
            for split, measures in splits.items()
        }
    return {
        f"{split}_{name}": [round(value, 4) for value in values]
        for split, measures in splits.items()
        for name, values in measures.items()
    }


def machine(device: str) -> str:
    """Return what trains, in words: "NVIDIA H100, torch 2.9.0"."""
    on_gpu = torch.device(device).type == "cuda"
    processor = torch.cuda.get_device_name(device) if on_gpu else platform.machine()
    return f"{processor}, torch {torch.__version__}"


def read_runs(name: str, folder: Path | None = None) -> list[dict]:
    """Return the stored runs of an experiment, none where there is no file.

    Raises:
        ValueError: if a stored variant is not the one that the chapter lists now.
    """
    path = results_path(name, folder)
    if not path.exists():
        return []
    stored = json.loads(path.read_text(encoding="utf-8"))
    for variant, row in get_experiment(name).variants.items():
        was, now = stored["variants"].get(variant), _plain(row.describe())
        if was is not None and was != now:
            changed = [k for k in {**was, **now} if was.get(k) != now.get(k)]
            raise ValueError(
                f"{path.name} holds {variant!r} with another {' and '.join(changed)}: "
                "give the variant a new name, or delete its runs"
            )
    return stored["runs"]


def results_path(name: str, folder: Path | None = None) -> Path:
    """Return the file of an experiment's results.

    Raises:
        ValueError: if there is no such experiment.
    """
    get_experiment(name)
    table = "LARGER" if name in list_larger() else "EXPERIMENTS"
    return (folder or folder_of(table, name) / "results") / f"{name}.json"


def call_text(call: Callable) -> str:
    """Return a call without arguments as it would be written: ``digits(size=16)``."""
    if not isinstance(call, partial):
        return f"{call.__name__}()"
    arguments = [_value_text(value) for value in call.args]
    arguments += [f"{key}={_value_text(v)}" for key, v in call.keywords.items()]
    return f"{call.func.__name__}({', '.join(arguments)})"


def _value_text(value: object) -> str:
    """Return a value as it would be written; a function by its name, not its place."""
    if isinstance(value, partial):
        return call_text(value)
    return value.__name__ if isfunction(value) else repr(value)


def use_one_thread() -> None:
    """Train on one thread and flush denormals to zero: the same on any machine."""
    torch.set_flush_denormal(True)  # first: new threads take it over
    torch.set_num_threads(1)


def _save(path: Path, name: str, runs: list[dict]) -> None:
    variants = get_experiment(name).variants
    about = {
        "remake": _remake(name),
        "variants": {key: row.describe() for key, row in variants.items()},
        "runs": runs,
    }
    atomic_write(path, (json.dumps(about, indent=1) + "\n").encode())


def _remake(name: str) -> str:
    command = "larger" if name in list_larger() else "run"
    return f"python -m edulib.experiments {command} {name}"


def _target(name: str) -> str:
    return "gpu" if name in list_larger() else "experiments"


def _file_name(name: str, variant: str, seed: int) -> str:
    return f"{name}-{variant}-{seed}.pt".replace(" ", "-")


def _plain(value: dict) -> dict:
    return json.loads(json.dumps(value))
