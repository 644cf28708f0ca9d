"""The command line of those who write the book."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from edulib.book.notebooks import find_notebooks, find_root

Run = Callable[[argparse.Namespace], int]


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m edulib.book", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    execute = add("execute", _execute, "run chapters and store their outputs")
    execute.add_argument("paths", nargs="*", type=Path, help="all without any")
    execute.add_argument("--timeout", type=int, default=300, help="seconds a cell")
    assets = add("assets", _assets, "build graphs, their viewer and MathJax")
    assets.add_argument("destination", type=Path)
    return parser


def _assets(options: argparse.Namespace) -> int:
    from edulib.book.assets import build_assets

    graphs = build_assets(options.destination, _root([]))
    print(f"{options.destination}: Netron, MathJax and {len(graphs)} graphs")
    return 0


def _execute(options: argparse.Namespace) -> int:
    from edulib.book.execute import ExecutionError, execute

    root, failed = _root(options.paths), 0
    for path in find_notebooks(options.paths, root):
        name = path.relative_to(root)
        try:
            seconds = execute(path, timeout=options.timeout)
        except (ExecutionError, ValueError) as error:
            failed += 1
            print(f"{name}: failed and left as it was: {error}", file=sys.stderr)
        else:
            print(f"{name}: {seconds:.0f} s")
    return min(failed, 1)


def _root(paths: list[Path]) -> Path:
    return find_root(paths[0] if paths else None)
