"""The verdicts on the page's cards, computed anew from the stored results."""

from cards import stored_ends, stored_verdict

from edulib.experiments import load_experiment
from edulib.notebook import Verdict, judge_means

LEAST = 0.03
PAIR = "softmax", "aligned"


def last(variant, measure="mask_AP"):
    return stored_ends("maskrcnn-branches", variant, f"val_{measure}")


FINE = "pooled", "aligned"
COARSE = "pooled, stride 16", "aligned, stride 16"


def test_the_card_of_two_maps():
    """In part: it counts on one of them, as the text says, the fine one."""
    parts = [judge_means(*map(last, pair)) is Verdict.HOLDS for pair in (FINE, COARSE)]
    assert parts == [True, False]
    assert stored_verdict("maskrcnn", "align") == Verdict.of(*parts).value


def test_the_card_of_the_softmax():
    assert stored_verdict("maskrcnn", "sigmoid") == judge_means(*map(last, PAIR)).value


def test_the_card_of_two_gains():
    """The gain at stride 16 against the gain at stride 4, with each seed."""
    fine, coarse = (zip(*map(last, pair), strict=True) for pair in (FINE, COARSE))
    more = [
        (c_high - c_low) - (f_high - f_low)
        for (f_low, f_high), (c_low, c_high) in zip(fine, coarse, strict=True)
    ]
    mean = sum(more) / len(more)
    if mean >= LEAST:
        expected = "holds" if min(more) > 0 else "in_part"
    else:
        expected = "opposite" if mean <= -LEAST and max(more) < 0 else "untested"
    assert stored_verdict("maskrcnn", "order") == expected


def test_all_variants_have_the_same_boxes():
    runs = load_experiment("maskrcnn-branches")
    reached = {last(variant, "AP")[k] for variant in runs for k in range(3)}
    assert len(reached) == 1
