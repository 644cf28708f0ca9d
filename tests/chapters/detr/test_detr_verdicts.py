"""The verdicts on the page's cards, computed anew from the stored results."""

from cards import stored_ends, stored_verdict

from edulib.experiments import load_experiment
from edulib.notebook import Verdict, judge_means


def helped(measure):
    return stored_ends("detr-forms", "DETR", f"val_{measure}")


def gains(layer):
    pairs = zip(
        helped(f"layer{layer}_AP50"), helped(f"layer{layer}_NMS_AP50"), strict=True
    )
    return [0.5 + after - before for before, after in pairs]


def test_suppression():
    first = judge_means(helped("layer1_AP50"), helped("layer1_NMS_AP50"))
    shrinks = judge_means(gains(3), gains(1))
    verdict = Verdict.of(first is Verdict.HOLDS, shrinks is Verdict.HOLDS)
    assert stored_verdict("detr", "nms") == verdict.value


def test_schedule():
    ssd = stored_ends("ssd-parts", "three maps", "val_AP")
    assert stored_verdict("detr", "schedule") == judge_means(helped("AP"), ssd).value


def test_ssd_has_more_after_one_pass_than_detr_after_three():
    first = load_experiment("ssd-parts")["three maps"]["val_AP"]
    assert min(values[0] for values in first) > max(helped("AP"))


def test_ends():
    verdict = judge_means([0.5] * 3, helped("outer"))
    assert stored_verdict("detr", "ends") == verdict.value
