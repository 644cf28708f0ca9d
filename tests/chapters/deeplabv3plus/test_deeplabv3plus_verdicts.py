"""The verdicts on the page's cards, computed anew from the stored results."""

from statistics import fmean

from cards import stored_ends, stored_verdict

from edulib.notebook import Verdict, judge_means


def values(variant, measure):
    return stored_ends("deeplabv3plus-borders", variant, f"val_{measure}")


def gains(measure):
    pair = (values(f"16, {name}", measure) for name in ("no decoder", "decoder"))
    return [high - low for low, high in zip(*pair, strict=True)]


def test_borders():
    pair = (values(f"16, {name}", "band_1") for name in ("no decoder", "decoder"))
    narrow = judge_means(*pair)
    sharper = zip(gains("band_1"), gains("mean_iou"), strict=True)
    places = (*(f"band_{width}" for width in (1, 2, 4, 8)), "mean_iou")
    means = [fmean(gains(place)) for place in places]
    verdict = Verdict.of(
        narrow is Verdict.HOLDS,
        all(near > whole for near, whole in sharper)
        and means == sorted(means, reverse=True),
        opposite=narrow is Verdict.OPPOSITE,
    )
    assert stored_verdict("deeplabv3plus", "borders") == verdict.value


def test_trade():
    """The paper's rows: all trained at 16, the one without decoder used at 8."""
    plain, plus = values("16, no decoder", "finer"), values("16, decoder", "mean_iou")
    assert stored_verdict("deeplabv3plus", "trade") == judge_means(plain, plus).value
