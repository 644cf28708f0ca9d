"""A piece of a long work: stopped when its time is over, without loss.

The time's end interrupts as Ctrl-C does, because ``fit`` already makes a saved state of
that: training needs no second way to be stopped, and a piece ends on time in whatever
it is doing, drawing its data, say. It costs the epoch that was under way.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

UNFINISHED = 75  # exit status of a piece that leaves something: EX_TEMPFAIL


class OutOfTime(KeyboardInterrupt):
    """The time of a piece is over."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise ``OutOfTime`` in the main thread after these seconds (not on Windows).

    Raises:
        ValueError: if there is no second left.
        OutOfTime: when they are over.
    """
    if seconds <= 0:
        raise ValueError(f"expected a time above 0, got {seconds} s")

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
