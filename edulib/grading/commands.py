"""The commands of those who teach a class."""

import argparse
import sys
from pathlib import Path

from edulib.grading.course import Course


def main(arguments: list[str]) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return options.run(options, Course(options.course.resolve()))
    except (ValueError, OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on where this was", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m edulib.grading", description=__doc__
    )
    course = {"type": Path, "default": Path("course"), "help": "default: course"}
    parser.add_argument("--course", **course)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: object, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    assign = add("assign", _assign, "make the release of an assignment")
    assign.add_argument("name")
    assign.add_argument("exercises", nargs="+", help="ids, or chapters")
    assign.add_argument("--seed", type=int, required=True, help="a secret number")
    assign.add_argument("--source", type=Path, default=Path("book"))
    assign.add_argument("--checks", type=Path, nargs="*", default=[])
    collect = add("collect", _collect, "take the answers out of what was handed in")
    collect.add_argument("name")
    collect.add_argument("folder", type=Path)
    grade = add("grade", _grade, "run and mark the submissions")
    grade.add_argument("name")
    grade.add_argument("--jobs", type=int, default=2, help="at the same time")
    grade.add_argument(
        "--isolate", action="store_true", help="no network, own processes"
    )
    grade.add_argument("--no-sandbox", action="store_true", help="trust the students")
    grade.add_argument("--cell-seconds", type=float, default=30, help="for each cell")
    grade.add_argument("--check-seconds", type=float, default=20, help="an exercise")
    add("feedback", _feedback, "write a page for each student").add_argument("name")
    add("grades", _grades, "write the table of all marks")
    scope = add("gradescope", _gradescope, "write the zip for Gradescope")
    scope.add_argument("name")
    return parser


def _assign(options: argparse.Namespace, course: Course) -> int:
    from edulib.grading.gradebook import make_assignment

    release = make_assignment(
        course,
        options.name,
        options.exercises,
        options.source,
        seed=options.seed,
        checks=tuple(options.checks),
    )
    for exercise_id in course.load(options.name).exercises:
        print(f"  {exercise_id}")
    print(f"hand out {release}")
    return 0


def _collect(options: argparse.Namespace, course: Course) -> int:
    from edulib.grading.collect import collect

    report = collect(course, options.name, options.folder)
    for note in report.notes:
        print(f"note: {note}")
    for file in report.unreadable:
        print(f"not collected, ask its author: {file}", file=sys.stderr)
    print(f"{len(report.students)} submissions collected")
    return 1 if report.unreadable else 0


def _grade(options: argparse.Namespace, course: Course) -> int:
    from edulib.grading.batch import run_all
    from edulib.grading.execute import Limits
    from edulib.grading.gradebook import read_marks, record_all
    from edulib.grading.sandbox import refuse_without_sandbox

    course.load(options.name)
    if not options.no_sandbox:
        refuse_without_sandbox()
    limits = Limits(
        options.cell_seconds,
        options.check_seconds,
        not options.no_sandbox,
        options.isolate,
    )
    ran, stuck = run_all(course, options.name, limits, jobs=options.jobs)
    failed = record_all(course, options.name)
    marks = read_marks(course, options.name)
    for reason in stuck:
        print(f"not run: {reason}", file=sys.stderr)
    for reason in failed:
        print(f"not recorded: {reason}", file=sys.stderr)
    flagged = [student for student, mark in sorted(marks.items()) if mark[2]]
    print(f"{len(ran)} run, {len(marks)} in the gradebook")
    if flagged:
        print(f"a person should look at: {', '.join(flagged)}")
    return 1 if stuck or failed else 0


def _feedback(options: argparse.Namespace, course: Course) -> int:
    from edulib.grading.gradebook import make_feedback

    pages, failed = make_feedback(course, options.name)
    for student in failed:
        print(f"no page: {student}", file=sys.stderr)
    print(f"{len(pages)} pages: {course.root / 'feedback'}")
    return 1 if failed else 0


def _grades(options: argparse.Namespace, course: Course) -> int:
    from edulib.grading.gradebook import export

    print(export(course))
    return 0


def _gradescope(options: argparse.Namespace, course: Course) -> int:
    from edulib.grading.gradescope import make_zip

    print(make_zip(course, options.name))
    return 0
