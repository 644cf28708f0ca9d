"""What the page's card says of the stored results."""

from collections.abc import Sequence
from statistics import fmean

from edulib.notebook.claims import Verdict

LEAST = 1.0
"""Points of mean IoU below which a difference counts as none."""


def final(runs: dict, variant: str, measure: str) -> list[float]:
    """Return what each seed of a variant reached in its last epoch, in percent.

    Args:
        runs: of the experiment ``pixels-skips``.
        variant: its name.
        measure: "val_mean_iou" or "val_edge_iou".
    """
    return [100 * values[-1] for values in runs[variant][measure]]


def gains(runs: dict, measure: str) -> list[float]:
    """Return by how many points two skips are better than none, seed by seed."""
    pairs = (final(runs, variant, measure) for variant in ("no skip", "two skips"))
    return [after - before for before, after in zip(*pairs, strict=True)]


def skips_verdict(points: Sequence[float]) -> Verdict:
    """Judge "skips improve mean IoU" by the gains of the seeds.

    It holds if each seed gains more than ``LEAST``, holds in part if the mean does.
    """
    if min(points) > LEAST:
        return Verdict.HOLDS
    if max(points) < -LEAST:
        return Verdict.OPPOSITE
    return Verdict.IN_PART if fmean(points) > LEAST else Verdict.UNTESTED
