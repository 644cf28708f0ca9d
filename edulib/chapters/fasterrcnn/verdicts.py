"""When a difference of two recalls counts."""

from collections.abc import Sequence
from statistics import fmean

from edulib.notebook import Verdict

LEAST = 0.03
"""A smaller mean difference counts for nothing."""


def judge_recall(worse: Sequence[float], better: Sequence[float]) -> Verdict:
    """Return the verdict on "one of two numbers from 0 to 1 is below the other".

    Args:
        worse: one for each seed, of what the paper calls worse.
        better: those of the other, of the same seeds.

    Returns:
        HOLDS if the mean difference is at least 0.03 and all seeds agree on its sign,
        OPPOSITE if so the other way, IN_PART if only one of the two shows, else
        UNTESTED.

    Raises:
        ValueError: if the seeds do not pair, or there are none.
    """
    if len(worse) != len(better) or not worse:
        raise ValueError(
            f"expected as many seeds of both, got {len(worse)} and {len(better)}"
        )
    gaps = [high - low for low, high in zip(worse, better, strict=True)]
    mean = fmean(gaps)
    if mean <= -LEAST and max(gaps) < 0:
        return Verdict.OPPOSITE
    shown = mean >= LEAST, min(gaps) > 0
    if all(shown):
        return Verdict.HOLDS
    return Verdict.IN_PART if any(shown) else Verdict.UNTESTED
