"""Numbers of stored trainings as pages and verdicts read them: one for each seed."""

from collections.abc import Mapping, Sequence

PERCENT = 100

Run = Mapping[str, Sequence[Sequence[float]]]


def last_epochs(run: Run, measure: str = "val_error") -> list[float]:
    """Return what each seed reached in its last epoch; errors in percent.

    Args:
        run: a variant of what `load_experiment` gives.
        measure: the name of a curve; those that end in "_error" are shares of 1.

    Example:
        >>> last_epochs({"val_error": [[0.5, 0.25], [0.5, 0.125]]})
        [25.0, 12.5]
    """
    unit = PERCENT if measure.endswith("_error") else 1
    return [unit * curve[-1] for curve in run[measure]]


def gains(worse: Run, better: Run, measure: str) -> list[float]:
    """Return by how much each seed of one run ends higher than that of another.

    Args:
        worse: the run that is subtracted.
        better: a run of the same seeds.
        measure: the name of a curve, as in `last_epochs`.

    Raises:
        ValueError: if one has more seeds than the other.
    """
    ends = zip(last_epochs(worse, measure), last_epochs(better, measure), strict=True)
    return [high - low for low, high in ends]
