"""The verdicts on the page's cards, computed anew from the stored results."""

from cards import stored_ends, stored_verdict

from edulib.notebook import Verdict, judge, judge_means

TEST_IMAGES = 1500
SINGLE = ("width", "depth", "resolution")


def errors(name):
    return stored_ends("efficientnet-scaling", name, "val_error")


def test_alone():
    found = [judge(errors("base"), errors(name), TEST_IMAGES) for name in SINGLE]
    assert found == [Verdict.HOLDS, Verdict.OPPOSITE, Verdict.HOLDS]
    verdict = Verdict.of(
        *(one is Verdict.HOLDS for one in found),
        opposite=set(found) == {Verdict.OPPOSITE},
    )
    assert stored_verdict("efficientnet", "alone") == verdict.value


def test_together():
    found = [judge(errors(name), errors("all three"), TEST_IMAGES) for name in SINGLE]
    assert found == [Verdict.UNTESTED, Verdict.HOLDS, Verdict.OPPOSITE]
    verdict = Verdict.of(
        *(one is Verdict.HOLDS for one in found),
        opposite=set(found) == {Verdict.OPPOSITE},
    )
    assert stored_verdict("efficientnet", "together") == verdict.value


def test_focus():
    shares = {
        name: stored_ends("efficientnet-scaling", name, "val_inside")
        for name in (*SINGLE, "all three")
    }
    found = [
        judge_means(shares[name], shares["all three"], least=0.03) for name in SINGLE
    ]
    assert found == [Verdict.UNTESTED, Verdict.HOLDS, Verdict.OPPOSITE]
    verdict = Verdict.of(
        *(one is Verdict.HOLDS for one in found),
        opposite=set(found) == {Verdict.OPPOSITE},
    )
    assert stored_verdict("efficientnet", "focus") == verdict.value
