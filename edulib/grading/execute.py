"""One submission: run it in a process of its own, and write down what came out."""

import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from nbformat import NotebookNode

from edulib.exercises.result import Result
from edulib.grading.answers import needed_cells
from edulib.grading.channel import Channel
from edulib.grading.failures import describe
from edulib.grading.fork_server import ForkServer
from edulib.grading.replies import read_outputs, read_result
from edulib.grading.score import nothing

T = TypeVar("T")
_GRACE = 2
_STYLE = (
    "<style>.eov-check th, .eov-check td { padding: 0.2em 0.8em 0.2em 0; "
    "text-align: left; vertical-align: top; }</style>"
)
_DIED = "The process of this submission ended while this ran."
_TAMPERED = "Your code writes where only the grader writes."
_SLOW = "Stopped: this takes too long. Is there a loop without end?"


@dataclass(frozen=True)
class Limits:
    """How long things may take, and how a process is confined.

    Attributes:
        cell: seconds for each cell of a submission.
        check: seconds for all parts of an exercise.
        sandboxed: whether Landlock confines the process.
        isolated: whether it also has no network and sees no other process.
    """

    cell: float = 30
    check: float = 20
    sandboxed: bool = True
    isolated: bool = False


@dataclass
class Run:
    """What came out of a submission.

    Attributes:
        outputs: of its cells, by number.
        scores: by exercise.
        flags: what a person should look at, by exercise.
    """

    outputs: dict[int, list[dict]] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    flags: dict[str, list[str]] = field(default_factory=dict)


class _StoppedError(Exception):
    """The process had to be ended, or ended by itself; the text is for the student."""


def execute(
    notebook: NotebookNode,
    release: NotebookNode,
    fork_server: ForkServer,
    seed: int,
    limits: Limits,
) -> Run:
    """Run the answers of a collected submission and check them, hidden parts too.

    An exercise whose code stops the process gets no points, and the next one a new
    process. Whatever an answer is or does, and whatever error that leads to here, is
    the result of its own exercise, for a person to look at.

    Args:
        notebook: a submission merged into the release.
        release: with the stubs.
        fork_server: starts the processes.
        seed: of the random inputs.
        limits: how long things may take.

    Raises:
        GraderError: if processes cannot be started.
    """
    run, child = Run(), None
    stubs = _cells_by_exercise(release, "exercise")
    answers = _cells_by_exercise(notebook, "exercise")
    for exercise_id, number in _cells_by_exercise(notebook, "check").items():
        child = child or _Child(fork_server, seed, limits)
        try:
            answer = answers[exercise_id]
            for place in [*_own_cells(notebook, answer), answer]:
                run.outputs[place] = child.run(place, notebook.cells[place].source)
            check = notebook.cells[number].source
            stub = release.cells[stubs[exercise_id]].source
            result, flags = child.check(exercise_id, check, stub)
        except Exception as error:
            reason = _reason(error)
            result, flags = nothing(exercise_id, reason), [reason]
            child = child.close()
        run.outputs[number] = [_table(result)]
        run.scores[exercise_id] = result.score
        if flags:
            run.flags[exercise_id] = flags
    if child:
        child.close()
    return run


class _Child:
    """The process of a submission, with a scratch folder that goes when it goes."""

    def __init__(self, fork_server: ForkServer, seed: int, limits: Limits) -> None:
        self._limits = limits
        self._done: set[int] = set()
        self._scratch = tempfile.mkdtemp(prefix="answer-")
        settings = {
            "scratch": self._scratch,
            "sandboxed": limits.sandboxed,
            "isolated": limits.isolated,
            "seed": seed,
            "seconds": limits.check,
        }
        try:
            self._channel, self._id = fork_server.start_child(settings)
        except BaseException:
            self._remove_scratch()
            raise

    def run(self, place: int, source: str) -> list[dict]:
        """Run a cell, unless it has run; return its outputs."""
        if place in self._done:
            return []
        self._done.add(place)
        return self._ask({"run": source}, self._limits.cell, read_outputs)

    def check(self, exercise_id: str, source: str, stub: str) -> tuple[Result, list]:
        """Check an answer; return the result, and what a person should look at."""
        request = {"exercise": exercise_id, "check": source, "stub": stub}
        read = partial(read_result, exercise_id)
        return self._ask(request, self._limits.check + 10, read)

    def close(self) -> None:
        """End the process and all that it has started; remove its scratch folder."""
        with contextlib.suppress(OSError):
            os.killpg(self._id, signal.SIGKILL)
        self._channel.close()
        self._remove_scratch()

    def _remove_scratch(self) -> None:
        # Not shutil.rmtree, which gives up on folders nested a thousand deep.
        subprocess.run(["rm", "-rf", self._scratch], check=False, capture_output=True)

    def _ask(self, request: dict, seconds: float, read: Callable[[dict], T]) -> T:
        """Send a request and read the reply.

        A reply counts only with the token of this very request. It comes from where
        the student's code runs: an error of any kind in reading it is tampering.
        """
        token = secrets.token_hex(16)
        try:
            self._channel.send({**request, "token": token})
            reply = _receive(self._channel, self._id, seconds)
            if "failed" in reply:
                raise EOFError
            return read(_with_token(reply, token))
        except TimeoutError:
            raise _StoppedError(_SLOW) from None
        except (EOFError, OSError):
            raise _StoppedError(_DIED) from None
        except Exception:
            raise _StoppedError(_TAMPERED) from None


def _reason(error: Exception) -> str:
    """Return what a student and a grader are told."""
    if isinstance(error, _StoppedError):
        return str(error)
    return f"This could not be checked. {describe(error)}"


def _with_token(reply: dict, token: str) -> dict:
    if reply.pop("token") != token:
        raise ValueError("expected the token of the request")
    return reply


def _receive(channel: Channel, process: int, seconds: float) -> dict:
    """Wait; interrupt the process as Ctrl-C would; wait a little longer."""
    try:
        return channel.receive(seconds)
    except TimeoutError:
        os.killpg(process, signal.SIGINT)
        return channel.receive(_GRACE)


def _cells_by_exercise(notebook: NotebookNode, kind: str) -> dict[str, int]:
    found = {}
    for number, cell in enumerate(notebook.cells):
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        word, _, exercise_id = grade_id.partition("-")
        if word == {"exercise": "answer"}.get(kind, kind):
            found[exercise_id] = number
    return found


def _own_cells(notebook: NotebookNode, answer: int) -> list[int]:
    own = [
        number
        for number, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and "own" in cell.metadata
    ]
    sources = [notebook.cells[number].source for number in own]
    return [own[k] for k in needed_cells(notebook.cells[answer].source, sources)]


def _table(result: Result) -> dict:
    """Return what nbgrader takes for partial credit, and people for an explanation."""
    data = {"text/plain": str(result.score), "text/html": _STYLE + result._repr_html_()}
    return {
        "output_type": "execute_result",
        "data": data,
        "metadata": {},
        "execution_count": None,
    }
