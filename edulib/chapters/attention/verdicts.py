"""What the trainings say of the three claims of the chapter on attention."""

from collections.abc import Mapping, Sequence
from statistics import fmean

from edulib.experiments import last_epochs
from edulib.notebook.claims import Verdict, judge, resolution

TESTS = 355  # test digits

Runs = Mapping[str, Mapping[str, Sequence]]


def scale_verdict(runs: Runs) -> Verdict:
    """Return the verdict on "without the root of d a wide head learns less".

    It holds if the wide head's error is higher without the root, beyond chance, and
    if it loses more than the narrow one's, with every seed; in part if one of the two
    shows; the opposite if the wide head's error is lower without it, beyond chance.
    """
    wide = last_epochs(runs["scaled 256"]), last_epochs(runs["unscaled 256"])
    narrow = last_epochs(runs["scaled 4"]), last_epochs(runs["unscaled 4"])
    lost = [
        [without - with_root for with_root, without in zip(*pair, strict=True)]
        for pair in (wide, narrow)
    ]
    verdict = judge(wide[1], wide[0], TESTS)
    more = all(w > n for w, n in zip(*lost, strict=True))
    if verdict is Verdict.OPPOSITE:
        return verdict
    return Verdict.of(verdict is Verdict.HOLDS, more)


def order_verdict(runs: Runs) -> Verdict:
    """Return the verdict on "without positions the network cannot use the order".

    It holds if the error without them is higher, beyond chance and with every seed,
    than with sines and than with learned ones.
    """
    none = last_epochs(runs["none"])
    kinds = [last_epochs(runs[kind]) for kind in ("sines", "learned")]
    found = [judge(none, errors, TESTS) for errors in kinds]
    return Verdict.of(
        *(verdict is Verdict.HOLDS for verdict in found),
        opposite=all(verdict is Verdict.OPPOSITE for verdict in found),
    )


def kind_verdict(runs: Runs) -> Verdict:
    """Return the verdict on "sines and learned ones give nearly identical results".

    It holds if no seed's difference exceeds chance, in part if their mean does not,
    and the opposite shows if every seed's does, in one direction.
    """
    sines, learned = last_epochs(runs["sines"]), last_epochs(runs["learned"])
    least = resolution(fmean([*sines, *learned]), TESTS)
    gaps = [s - f for s, f in zip(sines, learned, strict=True)]
    each = max(abs(gap) for gap in gaps) <= least
    apart = min(gaps) > least or max(gaps) < -least
    return Verdict.of(each, abs(fmean(gaps)) <= least, opposite=apart)
