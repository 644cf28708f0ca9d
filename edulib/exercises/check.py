"""Run the parts of an exercise on an answer: separately, safely, repeatably."""

import contextlib
import functools
import io
import linecache
import random
import signal
import sysconfig
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import numpy as np
import torch

from edulib.exercises.answer import Answer
from edulib.exercises.registry import Part, books_own, parts
from edulib.exercises.result import Result, Row, Status
from edulib.exercises.values import NotAttemptedError, WrongAnswerError

Ask = Callable[[], Answer]

_OURS = (str(Path(__file__).parents[1]), sysconfig.get_paths()["stdlib"])
_INSTALLED = ("site-packages", "dist-packages")
_SHOWN = 200


class _TooLong(BaseException):
    """Raised by the alarm; no `except Exception` of an answer can catch it."""


def check(
    exercise_id: str,
    answer: object,
    *,
    hidden: bool = False,
    seed: int = 0,
    timeout: float = 10,
) -> Result:
    """Check an answer to an exercise.

    Every part runs separately on inputs drawn with the seed and is compared with the
    reference in this package, so that reading the check does not help. It gets the
    answer behind a border that only plain values pass (`Answer`). What the answer
    prints or warns about is caught, a loop without end is stopped, and the state of
    all random generators is as before.

    Args:
        exercise_id: `<chapter>-<name>`.
        answer: the function, class or value that the exercise asks for.
        hidden: whether to run the parts for graders, too.
        seed: of the random inputs; a grader takes its own.
        timeout: seconds for all parts together (where the system has alarms: on
            Windows and outside the main thread nothing is stopped).

    Raises:
        ValueError: if no exercise has this id.
    """
    chosen = [
        (k, p) for k, p in enumerate(parts(exercise_id)) if hidden or not p.hidden
    ]
    if answer is ... or answer is None:
        rows = [Row(p.name, p.points, Status.NOT_ATTEMPTED) for _, p in chosen]
        return Result(exercise_id, tuple(rows))
    ask = functools.partial(Answer, answer, books_own(exercise_id))
    deadline = time.monotonic() + timeout
    rows = []
    for index, checked in chosen:
        seconds = max(deadline - time.monotonic(), 1.0)
        rows.append(_run(checked, ask, 1000 * seed + index, seconds))
    return Result(exercise_id, tuple(rows))


def _run(checked: Part, ask: Ask, seed: int, seconds: float) -> Row:
    heard = io.StringIO()
    with _same_random_state(), _caught(heard):
        _seed_all(seed)
        status, message = _outcome(checked, ask, seed, seconds)
    output = " ".join(heard.getvalue().split())
    if len(output) > _SHOWN:
        output = output[:_SHOWN] + " ..."
    hint = checked.hint if status == Status.FAILED else ""
    return Row(checked.name, checked.points, status, message, hint, output)


def _outcome(checked: Part, ask: Ask, seed: int, seconds: float) -> tuple[Status, str]:
    generator = torch.Generator().manual_seed(seed)
    try:
        with _time_limit(seconds):
            checked.run(ask(), generator)
    except NotImplementedError as error:
        if _is_of_answer(traceback.extract_tb(error.__traceback__)[-1]):
            return Status.NOT_ATTEMPTED, ""
        return Status.FAILED, _friendly(error)
    except NotAttemptedError:
        return Status.NOT_ATTEMPTED, ""
    except WrongAnswerError as error:
        return Status.FAILED, str(error)
    except _TooLong:
        return (
            Status.FAILED,
            "Stopped: this takes too long. Is there a loop without end?",
        )
    except (Exception, SystemExit) as error:
        return Status.FAILED, _friendly(error)
    return Status.PASSED, ""


def _friendly(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}".splitlines()[0]
    frame = _frame_of_answer(error)
    if frame is None:
        return text
    line = linecache.getline(frame.filename, frame.lineno or 0).strip()
    return f"{text} (line {frame.lineno} of your code{': ' if line else ''}{line})"


def _frame_of_answer(error: BaseException) -> traceback.FrameSummary | None:
    frames = traceback.extract_tb(error.__traceback__)
    return next(filter(_is_of_answer, reversed(frames)), None)


def _is_of_answer(frame: traceback.FrameSummary) -> bool:
    """Whether neither this package nor an installed one holds the line."""
    name = frame.filename
    return not (name.startswith(_OURS) or any(part in name for part in _INSTALLED))


@contextlib.contextmanager
def _caught(heard: io.StringIO) -> Iterator[None]:
    with (
        contextlib.redirect_stdout(heard),
        contextlib.redirect_stderr(heard),
        warnings.catch_warnings(record=True) as given,
    ):
        warnings.simplefilter("always")
        yield
    for warning in given:
        heard.write(f" {warning.category.__name__}: {warning.message}")


@contextlib.contextmanager
def _same_random_state() -> Iterator[None]:
    state, numpy_state = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(state)
        np.random.set_state(numpy_state)


def _seed_all(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    main = threading.current_thread() is threading.main_thread()
    if not main or not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    started = time.monotonic()
    waiting, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if waiting:
            left = max(waiting - (time.monotonic() - started), 0.01)
            signal.setitimer(signal.ITIMER_REAL, left, interval)
