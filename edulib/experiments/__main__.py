"""The queue of experiments: ``python -m edulib.experiments --help``."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from edulib.data.cache import cache_folder
from edulib.experiments.checkpoints import list_recipes, train_checkpoint
from edulib.experiments.experiment import (
    is_measure,
    list_experiments,
    list_larger,
    missing,
    read_runs,
    run_experiment,
    use_one_thread,
)
from edulib.experiments.piece import UNFINISHED, OutOfTime, time_limit
from edulib.registry import suggest
from edulib.training.metrics import Metrics


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    use_one_thread()
    try:
        return options.run(options)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; every network that had ended is kept", file=sys.stderr)
        return 130


def left(name: str) -> tuple[int, int | None]:
    """Return how many networks an experiment still has to train, and the seconds.

    The time is the median of what its networks took; None while none was timed.
    """
    timed = [run["seconds"] for run in read_runs(name) if "seconds" in run]
    count = len(missing(name))
    return count, round(count * median(timed)) if timed else None


def describe(count: int, seconds: int | None) -> str:
    """Return in words what is left: "3 networks to train, about 2 min"."""
    if not count:
        return "complete"
    time = "time not known yet" if seconds is None else f"about {-(-seconds // 60)} min"
    return f"{count} network{'s' * (count > 1)} to train, {time}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edulib.experiments")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, known, text in (
        ("status", _status, list_experiments(), "say what is left to train"),
        ("run", _run, list_experiments(), "train what is missing, on one thread"),
        ("larger", _larger, list_larger(), "train what is missing on a GPU, a piece"),
        ("checkpoint", _checkpoint, list_recipes(), "train and save checkpoints"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        many = "+" if name == "checkpoint" else "*"
        command.add_argument("names", nargs=many, metavar="NAME", help=", ".join(known))
        command.set_defaults(run=run, known=known)
    larger = commands.choices["larger"]
    larger.description = (
        "Train the experiments that are meant for a GPU. Ends with status 0 when all "
        f"are complete, {UNFINISHED} when the time is over and something is left."
    )
    larger.add_argument(
        "--minutes", type=float, default=7.5, help="of this piece (7.5)"
    )
    larger.add_argument("--device", default="cuda", help="cuda (the default) or cpu")
    return parser


def _status(options: argparse.Namespace) -> int:
    for name in options.names or list_experiments():
        print(f"{name}: {describe(*left(name))}")
    return 0


def _run(options: argparse.Namespace) -> int:
    _train(_chosen(options))
    return 0


def _larger(options: argparse.Namespace) -> int:
    folder = cache_folder() / "trainings"
    names, before = _chosen(options), _progress(options.known, folder)
    try:
        with time_limit(60 * options.minutes):
            _train(names, options.device, folder)
    except OutOfTime as stop:
        if _progress(options.known, folder) == before:
            raise RuntimeError(
                f"not one epoch ended in {options.minutes:g} minutes: give more"
            ) from None
        print(f"the time is over: {stop or 'between two networks'}", flush=True)
        return UNFINISHED
    return 0


def _chosen(options: argparse.Namespace) -> Iterable[str]:
    for name in options.names:
        if name not in options.known:
            raise ValueError(f"no experiment {name!r}: {suggest(name, options.known)}")
    return options.names or options.known


def _train(
    names: Iterable[str], device: str = "cpu", checkpoints: Path | None = None
) -> None:
    for name in names:
        print(f"{name}: {describe(*left(name))}", flush=True)
        for run in run_experiment(name, device=device, checkpoints=checkpoints):
            time = f"{run['seconds']} s" if "seconds" in run else "in several pieces"
            last = Metrics({key: run[key][-1] for key in filter(is_measure, run)})
            print(
                f"  {run['variant']}, seed {run['seed']}: {last}, {time}; "
                f"{describe(*left(name))}",
                flush=True,
            )


def _progress(names: Iterable[str], folder: Path) -> list:
    """Return what changes with every epoch that is saved, every network that ends."""
    trainings = sorted((file, file.stat().st_mtime_ns) for file in folder.glob("*.pt"))
    return [trainings, *map(left, names)]


def _checkpoint(options: argparse.Namespace) -> int:
    for name in options.names:
        print(f"{name}: validation {train_checkpoint(name)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
