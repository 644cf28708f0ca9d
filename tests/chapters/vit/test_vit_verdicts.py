"""The verdicts on the page's cards, computed anew from the stored results."""

from statistics import fmean

import torch
import torch.nn.functional as F
from cards import stored_ends, stored_verdict

from edulib.chapters.vit.measures import position_structure
from edulib.experiments import load_experiment
from edulib.notebook import Verdict, judge, judge_means, resolution
from edulib.weights import checkpoint_info

TEST_IMAGES = 2000
STRUCTURE = ("nearness", "row", "column")


def errors(name, scenes):
    return stored_ends("vit-data", f"{name}, {scenes}", "val_error")


def test_data():
    few = judge(errors("ViT", 250), errors("CNN", 250), TEST_IMAGES)
    many = judge(errors("CNN", 16_000), errors("ViT", 16_000), TEST_IMAGES)
    verdict = Verdict.of(
        few is Verdict.HOLDS,
        many is Verdict.HOLDS,
        opposite={few, many} == {Verdict.OPPOSITE},
    )
    assert stored_verdict("vit", "data") == verdict.value


def test_the_sentences_about_more_scenes_and_longer_training():
    gaps = [fmean(errors("ViT", n)) - fmean(errors("CNN", n)) for n in (250, 16_000)]
    assert min(gaps) > 0  # "ahead with 250 and with 16,000 scenes", says the quiz
    longer = load_experiment("vit-longer")
    after = 100 * longer["ViT, 250"]["val_error"][0][-1]
    assert longer["ViT, 250"]["seeds"] == [0]
    many = 100 * (1 - checkpoint_info("vit-small-scenes")["result"]["val_accuracy"])
    allowed = resolution(many, TEST_IMAGES)
    # "More training helps the ViT where there are many scenes to train on"
    assert fmean(errors("ViT", 16_000)) - many > allowed
    assert fmean(errors("ViT", 16_000)) - many > fmean(errors("ViT", 250)) - after


def test_positions():
    generator = torch.Generator().manual_seed(0)
    chance = []
    for _ in range(200):
        vectors = F.normalize(torch.randn(64, 48, generator=generator), dim=1)
        chance.append(position_structure(vectors @ vectors.T))
    shows, contrary = [], []
    for key in STRUCTURE:
        limit = sorted(one[key] for one in chance)[194]
        found = stored_ends("vit-data", "ViT, 16000", f"val_{key}")
        shows.append(min(found) > limit)
        contrary.append(max(found) < -limit)
    verdict = Verdict.of(*shows, opposite=all(contrary))
    assert stored_verdict("vit", "positions") == verdict.value


def test_distance():
    first, last = (
        [value / 32 for value in stored_ends("vit-data", "ViT, 16000", key)]
        for key in ("val_distance1", "val_distance4")
    )
    verdict = judge_means(first, last, least=0.03)
    assert stored_verdict("vit", "distance") == verdict.value


def test_the_sentence_about_the_cnn_that_got_worse():
    before, after = errors("CNN", 250)[0], load_experiment("vit-longer")["CNN, 250"]
    assert after["seeds"] == [0]
    late = 100 * after["val_error"][0][-1]
    assert late - before > resolution(late, TEST_IMAGES)  # "the CNN's rose"
    assert after["train_error"][0][-1] < 0.005  # "both know these by heart"
