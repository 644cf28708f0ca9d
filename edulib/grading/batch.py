"""All submissions of an assignment: two at a time, and never one twice.

What came out of each is written as soon as it is there, in one step. A batch that is
interrupted, or killed, goes on where it was.
"""

import json
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from edulib.authoring.notebooks import read
from edulib.files import atomic_write
from edulib.grading.assignment import release_form
from edulib.grading.course import Assignment, Course
from edulib.grading.execute import Limits, execute
from edulib.grading.failures import GraderError, describe
from edulib.grading.fork_server import ForkServer
from edulib.grading.private import load_checks

Tell = Callable[[str], None]


def run_all(
    course: Course, name: str, limits: Limits, *, jobs: int = 2, tell: Tell = print
) -> tuple[list[str], list[str]]:
    """Run every submission that has not been run as it is now.

    A submission that cannot be run is named, and the others are run.

    Args:
        course: the folder.
        name: of the assignment.
        limits: for each submission.
        jobs: how many run at the same time.
        tell: called with a line for each.

    Returns:
        The students whose submission was run; those who have one that cannot be,
        with the reason.

    Raises:
        ValueError: if jobs < 1.
        GraderError: if no submission can be run.
    """
    if jobs < 1:
        raise ValueError(f"expected at least 1 job, got {jobs}")
    waiting = [s for s in course.students(name) if not course.read_run(name, s)]
    if not waiting:
        return [], []
    tasks: queue.Queue[str] = queue.Queue()
    for student in waiting:
        tasks.put(student)
    work = _Work(course, course.load(name), limits, tasks, tell)
    _work_off(work, min(jobs, len(waiting)))
    return sorted(work.ran), sorted(work.failed)


class _Work:
    """What the threads of a batch share."""

    def __init__(
        self,
        course: Course,
        assignment: Assignment,
        limits: Limits,
        tasks: "queue.Queue[str]",
        tell: Tell,
    ) -> None:
        load_checks(assignment.checks)
        self.course, self.assignment, self.limits = course, assignment, limits
        self.tasks, self.tell = tasks, tell
        self.release = release_form(course.source(assignment.name))
        self.stop = threading.Event()
        self.errors: list[BaseException] = []
        self.ran: list[str] = []
        self.failed: list[str] = []

    def run_next(self, fork_server: ForkServer) -> bool:
        """Run one submission; return whether there was one."""
        try:
            student = self.tasks.get_nowait()
        except queue.Empty:
            return False
        try:
            self.tell(f"{student}: {self._run(student, fork_server)}")
            self.ran.append(student)
        except GraderError:
            raise
        except Exception as error:
            self.failed.append(f"{student}: {describe(error)}")
        return True

    def _run(self, student: str, fork_server: ForkServer) -> str:
        """Run a submission, write down what came out, and say it in a line."""
        name, started = self.assignment.name, time.perf_counter()
        digest = self.course.digest(name, student)
        notebook = read(self.course.notebook("submitted", name, student))
        run = execute(
            notebook, self.release, fork_server, self.assignment.seed, self.limits
        )
        record = asdict(run) | {
            "digest": digest,
            "seconds": round(time.perf_counter() - started, 2),
        }
        path = self.course.run_file(name, student)
        atomic_write(path, json.dumps(record, indent=1).encode())
        flags = f"  flags: {run.flags}" if run.flags else ""
        return f"{sum(run.scores.values())} in {record['seconds']} s{flags}"


def _work_off(work: _Work, jobs: int) -> None:
    threads = [threading.Thread(target=_serve, args=(work,)) for _ in range(jobs)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        work.stop.set()
        for thread in threads:
            thread.join()
        raise
    if work.errors:
        raise work.errors[0]


def _serve(work: _Work) -> None:
    """Work in one thread, with a fork server of its own, made anew should it end."""
    fork_server = ForkServer([Path(path) for path in work.assignment.checks])
    try:
        while not work.stop.is_set() and work.run_next(fork_server):
            pass
    except Exception as error:
        work.errors.append(error)
        work.stop.set()
    finally:
        fork_server.close()
