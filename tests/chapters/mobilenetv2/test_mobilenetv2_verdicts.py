"""The verdicts on the page's cards, computed anew from the stored results."""

from cards import stored_verdict

from edulib.chapters.mobilenetv2.experiments import BEST, THIN
from edulib.experiments import load_experiment
from edulib.notebook import Verdict, judge

TEST_IMAGES = 1500


def last(form):
    name = "thin" if form in THIN else "wide"
    runs = load_experiment(f"mobilenetv2-{name}")[form]["val_error"]
    assert len(runs) == 3
    return [100 * errors[-1] for errors in runs]


def test_each_form_has_the_better_of_its_rates():
    found = {}
    for name, runs in load_experiment("mobilenetv2-rates").items():
        form, _, rate = name.partition(", rate ")
        (errors,) = runs["val_error"]
        found.setdefault(form, {})[float(rate)] = errors[-1]
    assert {form: min(row, key=row.get) for form, row in found.items()} == BEST


def test_linear():
    verdicts = [
        judge(last(f"ReLU6 {place} the sum"), last("linear"), TEST_IMAGES)
        for place in ("before", "after")
    ]
    shows = {Verdict.HOLDS, Verdict.IN_PART} & set(verdicts)
    verdict = Verdict.IN_PART if shows else Verdict.UNTESTED
    if verdicts[0] == verdicts[1]:
        verdict = verdicts[0]
    assert stored_verdict("mobilenetv2", "linear") == verdict.value


def test_shortcut():
    verdict = judge(last("wide"), last("linear"), TEST_IMAGES)
    assert stored_verdict("mobilenetv2", "shortcut") == verdict.value


def test_hard():
    soft, hard = last("swish"), last("h-swish")
    ways = {judge(soft, hard, TEST_IMAGES), judge(hard, soft, TEST_IMAGES)}
    if ways == {Verdict.UNTESTED}:
        verdict = Verdict.HOLDS
    else:
        counts = Verdict.IN_PART in ways
        verdict = Verdict.IN_PART if counts else Verdict.OPPOSITE
    assert stored_verdict("mobilenetv2", "hard") == verdict.value
