"""Measuring two things in turns, and what their ratio is worth."""

import time
from collections.abc import Callable
from statistics import median, quantiles

import torch


def in_turns(
    ours: Callable[[], object], theirs: Callable[[], object], budget: float = 20.0
) -> dict[str, float]:
    """Time two functions in turns.

    Each round runs both, and the rounds alternate in which comes first; a round
    before them warms both up.

    Args:
        ours: what is measured.
        theirs: what it is measured against.
        budget: seconds to spend; there are 5 to 40 rounds.

    Returns:
        Medians in seconds (``ours``, ``theirs``), the quartiles of the rounds' ratios
        (``ratio`` is the middle one; half of all rounds lie between ``low`` and
        ``high``) and the number of ``rounds``.
    """
    once = seconds(ours) + seconds(theirs)
    rounds = min(40, max(5, round(budget / once)))
    pairs = []
    for number in range(rounds):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        times = {function: seconds(function) for function in order}
        pairs.append((times[ours], times[theirs]))
    mine, other = (median(side) for side in zip(*pairs, strict=True))
    low, middle, high = quantiles([a / b for a, b in pairs], n=4)
    result = {"ours": mine, "theirs": other, "ratio": middle}
    return {**result, "low": low, "high": high, "rounds": rounds}


def seconds(function: Callable[[], object]) -> float:
    """Wall-clock seconds of one call, the GPU's work included."""
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.synchronize()
    start = time.perf_counter()
    function()
    if on_gpu:
        torch.cuda.synchronize()
    return time.perf_counter() - start
