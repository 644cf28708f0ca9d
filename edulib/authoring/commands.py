"""The command line of those who write the book."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from edulib.authoring.notebooks import chapter_of, find_notebooks, find_root

Run = Callable[[argparse.Namespace], int]


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options)
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; nothing half-written is kept", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m edulib.authoring", description=__doc__
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Run, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    execute = add("execute", _execute, "run chapters and store their outputs")
    _add_paths(execute)
    lint = add("lint", _lint, "hold notebooks to the rules of the book")
    _add_paths(lint, runs=False)
    timing = add("time", _time, "measure how long chapters take, for their cards")
    _add_paths(timing)
    timing.add_argument("--gpu", action="store_true", help="at full scale")
    others = add("processors", _processors, "run chapters as other processors would")
    _add_paths(others)
    assets = add("assets", _assets, "build graphs, their viewer and MathJax")
    assets.add_argument("destination", type=Path)
    alone = add("alone", _alone, "run a command, none of its kind beside it")
    alone.add_argument("lock", type=Path, help="file that all of its kind lock")
    alone.add_argument("command", nargs=argparse.REMAINDER)
    add("lists", _lists, "renew _toc.yml and README.md from chapters.toml")
    address = add("address", _address, "change the repository's address everywhere")
    address.add_argument("url", help="https://github.com/owner/name")
    edition = add("edition", _edition, "write a version into code and set-up cells")
    edition.add_argument("version", help="0.1.0, or 0.2.0.dev0 before it")
    release = add("release", _release, "commit and tag a release, begin the next")
    release.add_argument("version", help="such as 0.1.0")
    student = add("student", _student, "write notebooks without solutions")
    student.add_argument("--into", type=Path, help="default: build/student")
    return parser


def _add_paths(command: argparse.ArgumentParser, *, runs: bool = True) -> None:
    command.add_argument(
        "paths", nargs="*", type=Path, help="notebooks or folders; without any, all"
    )
    if runs:
        command.add_argument(
            "--timeout", type=int, default=300, help="seconds a cell may take"
        )


def _lint(options: argparse.Namespace) -> int:
    from edulib.authoring.lint import lint

    root = _root(options.paths)
    notebooks = find_notebooks(options.paths, root)
    pages = [] if options.paths else sorted((root / "book").rglob("*.md"))
    problems = lint([*notebooks, *pages], root)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(notebooks)} notebooks, {len(pages)} pages, {len(problems)} problems")
    return min(len(problems), 1)


def _time(options: argparse.Namespace) -> int:
    from edulib.authoring.timings import measure

    root = _root(options.paths)
    for path in find_notebooks(options.paths, root):
        if chapter_of(path):
            line = measure(path, on_gpu=options.gpu, timeout=options.timeout)
            print(f"{path.relative_to(root)}: {line}", flush=True)
    return 0


def _processors(options: argparse.Namespace) -> int:
    from edulib.authoring.processors import differences, processors

    root, found = _root(options.paths), 0
    for path in find_notebooks(options.paths, root):
        for processor in processors():
            lines = differences(path, processor, timeout=options.timeout)
            found += len(lines)
            for line in lines:
                name = path.relative_to(root) if path.is_relative_to(root) else path
                print(f"{name}, {processor.name}: {line}", flush=True)
    return min(found, 1)


def _lists(options: argparse.Namespace) -> int:
    from edulib.authoring.lists import write_lists

    for path in write_lists(root := _root([])):
        print(path.relative_to(root))
    return 0


def _address(options: argparse.Namespace) -> int:
    from edulib.authoring.repository_url import move_address

    for path in move_address(options.url, root := _root([])):
        print(path.relative_to(root))
    return 0


def _edition(options: argparse.Namespace) -> int:
    from edulib.authoring.edition import set_edition

    for path in set_edition(options.version, root := _root([])):
        print(path.relative_to(root))
    return 0


def _release(options: argparse.Namespace) -> int:
    from edulib.authoring.edition import release

    command = release(options.version, _root([]))
    print(f"Committed and tagged. To publish both at once:\n{command}")
    return 0


def _student(options: argparse.Namespace) -> int:
    from edulib.authoring.student_notebooks import write_branch

    root = _root([])
    for path in write_branch(root, options.into or root / "build" / "student"):
        print(path)
    return 0


def _assets(options: argparse.Namespace) -> int:
    from edulib.authoring.assets import build_assets

    graphs = build_assets(options.destination, _root([]))
    print(f"{options.destination}: Netron, MathJax and {len(graphs)} graphs")
    return 0


def _alone(options: argparse.Namespace) -> int:
    from edulib.authoring.alone import run_alone

    return run_alone(options.lock, options.command)


def _execute(options: argparse.Namespace) -> int:
    from edulib.authoring.execute import ExecutionError, execute

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
