"""The queue of experiments: ``python -m edulib.experiments --help``."""

import argparse
import sys
from statistics import median

from edulib.experiments.checkpoints import list_recipes, train_checkpoint
from edulib.experiments.experiment import (
    list_experiments,
    missing,
    read_runs,
    run_experiment,
    use_one_thread,
)


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
        ("checkpoint", _checkpoint, list_recipes(), "train and save checkpoints"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        many = "+" if name == "checkpoint" else "*"
        command.add_argument("names", nargs=many, metavar="NAME", help=", ".join(known))
        command.set_defaults(run=run)
    return parser


def _status(options: argparse.Namespace) -> int:
    for name in options.names or list_experiments():
        print(f"{name}: {describe(*left(name))}")
    return 0


def _run(options: argparse.Namespace) -> int:
    for name in options.names or list_experiments():
        print(f"{name}: {describe(*left(name))}", flush=True)
        for run in run_experiment(name):
            error, seconds = run["train_error"][-1], run["seconds"]
            print(
                f"  {run['variant']}, seed {run['seed']}: training error {error:.1%}, "
                f"{seconds} s; {describe(*left(name))}",
                flush=True,
            )
    return 0


def _checkpoint(options: argparse.Namespace) -> int:
    for name in options.names:
        accuracy = train_checkpoint(name)
        print(f"{name}: validation accuracy {accuracy:.2%}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
