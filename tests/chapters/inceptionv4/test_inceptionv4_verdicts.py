"""The verdicts on the page's cards, computed anew from the stored results."""

from statistics import fmean

from cards import stored_verdict

from edulib.chapters.inceptionv4.dying import NARROW, WIDE, find
from edulib.experiments import load_experiment
from edulib.notebook import Verdict, judge, resolution

TEST = 2000


def errors(kind, epoch):
    runs = load_experiment("inceptionv4-twins")[kind]["val_error"]
    assert len(runs) == 3
    return [100 * run[epoch - 1] for run in runs]


def test_faster():
    verdict = judge(errors("pure", 4), errors("residual", 4), TEST)
    assert stored_verdict("inceptionv4", "faster") == verdict.value


def is_final(kind):
    """Whether the training error no longer fell by what would count."""
    runs = load_experiment("inceptionv4-twins")[kind]["train_error"]
    last = [[100 * error for error in run[-2:]] for run in runs]
    least = resolution(fmean(error for pair in last for error in pair), 3000)
    return max(before - after for before, after in last) <= least


def test_alike():
    pure, residual = errors("pure", 12), errors("residual", 12)
    gaps = [abs(p - r) for p, r in zip(pure, residual, strict=True)]
    signed = fmean(pure) - fmean(residual)
    least = resolution(fmean(pure + residual), TEST)
    final = is_final("pure")
    verdict = Verdict.of(
        final and abs(signed) <= least,
        final and max(gaps) <= least,
        opposite=final and min(gaps) > least,
    )
    assert stored_verdict("inceptionv4", "alike") == verdict.value


def test_what_the_page_says_of_the_end():
    assert not is_final("pure")
    assert judge(errors("pure", 12), errors("residual", 12), TEST) is Verdict.HOLDS


def test_what_the_curves_alternative_text_says():
    for epoch in range(1, 13):
        pure, residual = errors("pure", epoch), errors("residual", epoch)
        assert fmean(residual) < fmean(pure)
        assert epoch < 3 or max(residual) < min(pure)


def dead(*setting):
    shares = [row["dead"] for row in find(*setting)]
    assert len(shares) == 3
    return shares


def test_dying():
    verdict = Verdict.of(
        min(dead(WIDE, 1)) > 0.5,
        max(dead(WIDE, 0.3) + dead(WIDE, 0.1)) < 0.5,
        max(dead(NARROW, 1)) < 0.5,
        min(dead(WIDE, 1, 0.03)) > 0.5,
        min(dead(WIDE, 1, 0.1, True)) > 0.5,
    )
    assert stored_verdict("inceptionv4", "dying") == verdict.value


def test_what_the_page_says_of_dead_channels():
    assert min(dead(WIDE, 1)) > 0.5 > max(dead(NARROW, 1))
    assert max(dead(WIDE, 0.3) + dead(WIDE, 0.1)) < 0.02
    assert max(dead(WIDE, 1, 0.03) + dead(WIDE, 1, 0.1, True)) < 0.02
    assert min(dead(WIDE, 1, 0.3) + dead(WIDE, 0.1, 0.3)) > 0.85


def test_what_the_page_says_of_a_low_rate():
    low, small = (
        [100 * row["val_error"][-1] for row in find(WIDE, *setting)]
        for setting in ((1, 0.03), (0.1, 0.1))
    )
    assert judge(small, low, 1000) is Verdict.IN_PART
    between = [100 * row["val_error"][-1] for row in find(WIDE, 0.3)]
    assert fmean(low) < fmean(between) < fmean(small)


def test_what_the_page_says_of_a_normalised_sum():
    died, normed = (
        [100 * row["val_error"][-1] for row in find(WIDE, 1, 0.1, norm)]
        for norm in (False, True)
    )
    assert judge(died, normed, 1000) is Verdict.IN_PART
    assert max(normed) > max(died)


def test_what_the_page_says_of_the_start():
    for setting in ((WIDE, 1), (WIDE, 1, 0.03), (NARROW, 1)):
        rows = find(*setting)
        assert all(0.08 < row["dead_at_start"] < 0.13 for row in rows)
        if setting != (WIDE, 1):
            assert all(row["dead"] < row["dead_at_start"] for row in rows)


def test_what_the_page_says_of_the_control():
    (plain,) = load_experiment("inceptionv4-controls")["no shortcut"]["val_error"]
    assert 100 * plain[-1] > 2 * max(errors("pure", 12))
