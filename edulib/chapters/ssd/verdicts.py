"""When a difference of two average precisions counts."""

from collections.abc import Sequence
from statistics import fmean

from edulib.notebook import Verdict

LEAST = 0.03
"""A smaller difference of means counts only in part, and if all seeds agree."""
SIGN = 0.005
"""A smaller difference of one seed has no sign."""


def judge_ap(worse: Sequence[float], better: Sequence[float]) -> Verdict:
    """Return the verdict on "the average precision of one is below that of another".

    Args:
        worse: average precisions, one for each seed, of what the paper calls worse.
        better: those of the other, of the same seeds.

    Returns:
        HOLDS if the mean difference is at least 0.03 and all seeds agree on its sign,
        each by at least 0.005; OPPOSITE if so the other way; IN_PART if only one of
        the two shows; else UNTESTED.

    Raises:
        ValueError: if the seeds do not pair, or there are none.
    """
    if len(worse) != len(better) or not worse:
        raise ValueError(
            f"expected as many seeds of both, got {len(worse)} and {len(better)}"
        )
    gaps = [float(high) - float(low) for low, high in zip(worse, better, strict=True)]
    mean = fmean(gaps)
    if mean <= -LEAST and max(gaps) <= -SIGN:
        return Verdict.OPPOSITE
    shown = mean >= LEAST, min(gaps) >= SIGN
    if all(shown):
        return Verdict.HOLDS
    return Verdict.IN_PART if any(shown) else Verdict.UNTESTED
