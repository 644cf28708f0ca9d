"""The verdicts on the page's cards, computed anew from the stored results."""

from math import log2
from statistics import fmean, linear_regression

import torch
from cards import stored_ends, stored_verdict

from edulib.anatomy import count_macs
from edulib.chapters.mobilenet.experiments import BEST
from edulib.chapters.mobilenet.networks import full_mobilenet, small_mobilenet
from edulib.experiments import get_experiment, load_experiment
from edulib.models.classification.mobilenet_v1 import mobilenet_v1
from edulib.notebook import Verdict, judge, resolution

TEST_IMAGES = 1500


def last(experiment, variant):
    return stored_ends(experiment, variant, "val_error")


def test_each_form_has_the_best_of_its_rates():
    found = {}
    for name, runs in load_experiment("mobilenet-rates").items():
        form, _, rate = name.partition(", rate ")
        (errors,) = runs["val_error"]
        found.setdefault(form, {})[float(rate)] = errors[-1]
    assert {form: min(row, key=row.get) for form, row in found.items()} == BEST
    twins = get_experiment("mobilenet-twins").variants
    assert twins["shallow"].recipe.lr == BEST["shallow"]
    assert twins["full, width 0.5"].recipe.lr == BEST["full"]


def test_cost():
    with torch.device("meta"):
        networks = full_mobilenet(), mobilenet_v1()
        full, separable = (count_macs(net, (3, 224, 224)) for net in networks)
    split = last("mobilenet-tuned", "split")
    whole = last("mobilenet-twins", "full, width 0.5")
    small = 1.1 + resolution(fmean([*split, *whole]), TEST_IMAGES)
    verdict = Verdict.of(
        8 <= full / separable <= 9, fmean(split) - fmean(whole) <= small
    )
    assert stored_verdict("mobilenet", "cost") == verdict.value


def test_log_linear():
    means, costs = {}, {}
    for width in (1, 0.5, 0.25):
        for size in (64, 32):
            with torch.device("meta"):
                network = small_mobilenet("separable", width)[1]
                macs = count_macs(network, (3, size, size))
            costs[width, size] = log2(macs)
            means[width, size] = fmean(last("mobilenet-dials", f"{width:g} at {size}"))
    wide = [setting for setting in means if setting[0] > 0.25]
    slope, start = linear_regression([costs[s] for s in wide], [means[s] for s in wide])
    off = {s: means[s] - start - slope * costs[s] for s in means}
    allowed = resolution(fmean(means.values()), TEST_IMAGES)
    jump = fmean(off[s] for s in off if s not in wide)
    verdict = Verdict.of(
        max(abs(off[s]) for s in wide) <= allowed, jump > allowed, opposite=slope >= 0
    )
    assert stored_verdict("mobilenet", "loglinear") == verdict.value


def test_thin():
    thin = last("mobilenet-tuned", "thin")
    shallow = last("mobilenet-twins", "shallow")
    assert (
        stored_verdict("mobilenet", "thin") == judge(shallow, thin, TEST_IMAGES).value
    )
