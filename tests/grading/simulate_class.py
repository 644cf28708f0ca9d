"""Hand in for a whole class, kill the grader twice, say how long each step took.

`make class STUDENTS=200`. The folder of the course is removed at the end.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

from graded_class import NAME, Class, assign
from submissions import CHEATS, write_class

KINDS = {  # how many of each in a class of 200
    "right": 130,
    "mean": 25,
    "stub": 20,
    "stripped": 5,
    "duplicated": 5,
    "loops": 3,
    "exits": 4,
    "kills_itself": 3,
    **dict.fromkeys(list(CHEATS)[:5], 1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--students", type=int, default=200)
    students = parser.parse_args().students
    with tempfile.TemporaryDirectory() as folder:
        group = assign(Path(folder))
        write_class(group.release, group.downloads, mix(students))
        timed("collect", group, "collect", NAME, group.downloads)
        killed_when(group, "runs/*/*.json", 0.45 * students, "running")
        before = times_of_runs(group)
        killed_when(group, "runs/*/*.recorded", 0.2 * students, "recording")
        timed("grade the rest", group, "grade", NAME)
        timed("grade again", group, "grade", NAME)
        timed("feedback", group, "feedback", NAME)
        report(group, students, before)


def mix(students: int) -> dict[str, str]:
    """Return what each student hands in, the kinds mixed."""
    kinds = list(Counter(KINDS).elements())
    return {f"s{k:03d}": kinds[k * 37 % len(kinds)] for k in range(students)}


def timed(step: str, group: Class, *words: object) -> None:
    started = time.perf_counter()
    quiet = subprocess.DEVNULL
    subprocess.run(group.command(*words), check=True, stdout=quiet, stderr=quiet)
    print(f"{step}: {time.perf_counter() - started:.0f} s", flush=True)


def killed_when(group: Class, pattern: str, count: float, what: str) -> None:
    """Start grading, and kill it when so many files are there."""
    started = time.perf_counter()
    quiet = subprocess.DEVNULL
    grader = group.command("grade", NAME)
    with subprocess.Popen(grader, stdout=quiet, stderr=quiet) as process:
        while process.poll() is None and len(files(group, pattern)) < count:
            time.sleep(0.05)
        process.kill()
    done = len(files(group, pattern))
    seconds = time.perf_counter() - started
    print(f"killed while {what}, {done} done: {seconds:.0f} s", flush=True)


def files(group: Class, pattern: str) -> list[Path]:
    return list(group.course.root.glob(pattern))


def times_of_runs(group: Class) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in files(group, "runs/*/*.json")}


def report(group: Class, students: int, before: dict[Path, int]) -> None:
    """Say what each took and got; stop if anything was lost or run twice."""
    after = times_of_runs(group)
    assert all(after[path] == when for path, when in before.items()), "run twice"
    marks = group.marks()
    assert len(marks) == students, f"{students - len(marks)} lost"
    seconds = [json.loads(path.read_text())["seconds"] for path in after]
    print(f"one submission: {statistics.median(seconds):.2f} s (median)")
    print("the slowest:", ", ".join(f"{s:.0f} s" for s in sorted(seconds)[-5:]))
    print(f"all submissions: {sum(seconds):.0f} s of checking")
    points = Counter(points for points, _, _ in marks.values())
    print("marks:", ", ".join(f"{k:g} x {n}" for k, n in sorted(points.items())))
    print("flagged:", sum(flagged for _, _, flagged in marks.values()))


if __name__ == "__main__":
    main()
