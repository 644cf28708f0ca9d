import numpy as np
import pytest
import torch

from edulib.notebook import (
    Verdict,
    claim,
    judge,
    judge_means,
    mean_and_range,
    near,
    resolution,
    signed_range,
)

CARD = {
    "paper": "The error falls from 29.6 to 27.0 %.",
    "place": "table 3",
    "measured": ["11 layers: 31 %", "a < b"],
    "verdict": Verdict.IN_PART,
}


def test_a_card_says_paper_place_measurement_and_verdict():
    shown = claim("depth", **CARD)
    assert repr(shown).splitlines() == [
        "Claim 'depth'",
        "Paper: The error falls from 29.6 to 27.0 %. (table 3)",
        "Here: 11 layers: 31 %",
        "Here: a < b",
        "Verdict: Holds in part [in_part]",
    ]
    html = shown._repr_html_()
    assert 'class="eov-claim eov-in-part"' in html
    assert "<dd>11 layers: 31 %<br>a &lt; b</dd>" in html
    assert '<dd class="eov-mark">Holds in part</dd>' in html


@pytest.mark.parametrize(
    ("missing", "nothing"), [("paper", ""), ("place", ""), ("measured", [])]
)
def test_a_card_lacks_nothing(missing, nothing):
    with pytest.raises(ValueError, match=f"claim 'depth': expected '{missing}'"):
        claim("depth", **{**CARD, missing: nothing})


def test_a_verdict_is_computed_not_written():
    with pytest.raises(TypeError, match="expected a Verdict, got 'holds'"):
        claim("depth", **{**CARD, "verdict": "holds"})


@pytest.mark.parametrize(
    ("parts", "opposite", "verdict"),
    [
        ([True, True], False, Verdict.HOLDS),
        ([True, False], False, Verdict.IN_PART),
        ([False, False], False, Verdict.UNTESTED),
        ([False], True, Verdict.OPPOSITE),
        ([torch.tensor(3) > 2, np.float64(3) > 2], False, Verdict.HOLDS),
    ],
)
def test_parts_make_a_verdict(parts, opposite, verdict):
    assert Verdict.of(*parts, opposite=opposite) is verdict


def test_parts_must_be_able_to_fail():
    for parts, opposite in (((), False), ((True,), True)):
        with pytest.raises(ValueError, match="expected parts that may fail"):
            Verdict.of(*parts, opposite=opposite)
    for other in (1, "yes", None, torch.ones(2) > 0):
        with pytest.raises(TypeError, match="expected True or False, got"):
            Verdict.of(other)


@pytest.mark.parametrize(
    ("worse", "better", "verdict"),
    [
        ([35, 34, 36], [30, 30, 30], Verdict.HOLDS),
        ([30, 30, 30], [35, 34, 36], Verdict.OPPOSITE),
        ([40, 34, 31], [30, 30, 30], Verdict.IN_PART),
        ([31, 32, 30], [30, 30, 30], Verdict.UNTESTED),
        ([31, 30, 30], [40, 34, 31], Verdict.UNTESTED),
    ],
)
def test_a_difference_counts_beyond_chance(worse, better, verdict):
    assert judge(worse, better, test_images=2000) is verdict


def test_few_images_resolve_little():
    assert judge([33.0], [30.0], test_images=500) is Verdict.UNTESTED
    assert judge([33.0], [30.0], test_images=5000) is Verdict.HOLDS
    expected = 100 * 1.96 * (2 * 0.3 * 0.7 / 500) ** 0.5
    assert resolution(30, 500) == pytest.approx(expected)


def test_what_chance_gives_is_what_the_rule_says():
    """Of two equal networks, about five in a hundred pairs differ by more."""
    generator = np.random.default_rng(0)
    a, b = generator.binomial(2000, 0.3, (2, 20_000)) / 20.0
    share = (abs(a - b) > resolution(30, 2000)).mean()
    assert 0.04 < share < 0.06


def test_rates_pair_and_are_rates():
    with pytest.raises(ValueError, match="as many seeds"):
        judge([30, 31], [30], test_images=500)
    for wrong in ([130.0], [float("nan")], []):
        with pytest.raises(ValueError, match="error rates from 0 to 100 %"):
            judge(wrong, wrong, test_images=500)


def test_a_mean_stands_with_its_range():
    assert mean_and_range([1.04, 2.96], "times", 0) == "2 times (1 to 3; 2 seeds)"
    assert mean_and_range(torch.tensor([0.5]), "", 2) == "0.50 (0.50 to 0.50; 1 seed)"


def test_differences_have_a_sign():
    assert signed_range([0.0625, -0.0625, 0.25]) == "+0.083 (-0.062 to +0.250)"
    assert signed_range([-1.25, -0.75], digits=1) == "-1.0 (-1.2 to -0.8)"


def test_a_live_number_stands_as_on_the_page_while_it_is_near():
    assert near(torch.tensor(42.4), 43, 5) == "about 43 %"
    assert near(3.21, 3.2, 0.1, "times", 1) == "about 3.2 times"
    assert near(37.9, 43, 5) == "37.9 %, not about 43 % (within 5)"
    assert near(float("nan"), 43, 5).startswith("nan %, not about")


@pytest.mark.parametrize(
    ("worse", "better", "test_images", "message"),
    [
        ([30.0, 31.0], [20.0], 100, "as many seeds of both, got 2 and 1"),
        ([30.0], [20.0], 0, r"whole number of test images, got 25\.0 and 0"),
        ([30.0], [20.0], -5, "got 25.0 and -5"),
        ([30.0], [20.0], 2.5, r"got 25\.0 and 2\.5"),
    ],
)
def test_what_cannot_be_judged(worse, better, test_images, message):
    with pytest.raises(ValueError, match=message):
        judge(worse, better, test_images)


@pytest.mark.parametrize(
    ("worse", "better", "verdict"),
    [
        ([0.30, 0.31], [0.35, 0.36], Verdict.HOLDS),
        ([0.25], [0.28125], Verdict.HOLDS),
        ([0.35, 0.36], [0.30, 0.31], Verdict.OPPOSITE),
        ([0.30, 0.31], [0.32, 0.33], Verdict.UNTESTED),
        ([0.32, 0.33], [0.30, 0.31], Verdict.UNTESTED),
        ([0.30, 0.31], [0.40, 0.30], Verdict.IN_PART),
        ([0.40, 0.30], [0.30, 0.31], Verdict.UNTESTED),
    ],
)
def test_means_count_from_the_least_on_and_where_all_seeds_agree(
    worse, better, verdict
):
    assert judge_means(worse, better) is verdict
    assert judge_means(worse, better, least=1.0) is Verdict.UNTESTED


@pytest.mark.parametrize(
    ("worse", "better", "message"),
    [
        ([0.3], [], "as many seeds of both, got 1 and 0"),
        ([], [], r"measures from 0 to 1, got \[\]"),
        ([30.0], [32.0], r"measures from 0 to 1, got \[\(30.0, 32.0\)\]"),
        ([float("nan")], [0.5], "measures from 0 to 1, got"),
    ],
)
def test_means_that_cannot_be_judged(worse, better, message):
    with pytest.raises(ValueError, match=message):
        judge_means(worse, better)
