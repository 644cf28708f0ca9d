"""Experiments: complete results in the package, nothing trained twice."""

import json
from functools import partial

import pytest
import torch

from edulib.registry import list_models
from edulib.training import experiments
from edulib.training.experiments import (
    EXPERIMENTS,
    Experiment,
    build_named,
    build_narrow,
    load_experiment,
    main,
    make,
)
from edulib.training.recipe import Recipe


def few_images() -> tuple:
    images = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    return (images, torch.arange(20) % 10), (images[:10], torch.arange(10))


@pytest.fixture
def tiny(monkeypatch):
    experiment = Experiment(
        builders=("plain20", "resnet20_cifar"),
        arguments={"in_channels": 1, "width": 1},
        data=partial(few_images),
        recipe=Recipe(epochs=2, lr=0.01),
        seeds=(0, 1),
    )
    monkeypatch.setitem(EXPERIMENTS, "tiny", experiment)
    return experiment


def last_errors(name: str, kind: str = "val_error") -> dict[tuple[str, int], float]:
    """The error after the last epoch, by the builder's own name and the seed."""
    return {
        (run["builder"].rpartition(".")[2], run["seed"]): run[kind][-1]
        for run in load_experiment(name)
    }


@pytest.mark.parametrize("name", list(EXPERIMENTS))
def test_shipped_results_are_complete(name):
    experiment = EXPERIMENTS[name]
    runs = load_experiment(name)
    expected = [(b, s) for b in experiment.builders for s in experiment.seeds]
    assert sorted((r["builder"], r["seed"]) for r in runs) == sorted(expected)
    for run in runs:
        for errors in (run["train_error"], run["val_error"]):
            assert len(errors) == experiment.recipe.epochs
            assert all(0 <= error <= 1 for error in errors)


def test_the_shipped_degradation_is_what_the_chapter_says():
    last = last_errors("resnet-degradation", "train_error")
    for seed in EXPERIMENTS["resnet-degradation"].seeds:
        plain = [last[f"plain{depth}", seed] for depth in (20, 56, 110)]
        assert plain[0] < plain[1] < plain[2]
        assert all(last[f"resnet{d}_cifar", seed] < 0.05 for d in (20, 32, 56, 110))


def test_the_shipped_average_overfits_less_than_the_dense_layer():
    assert max(last_errors("nin-heads", "train_error").values()) < 0.03
    last = last_errors("nin-heads")
    for seed in EXPERIMENTS["nin-heads"].seeds:
        assert last["nin_small", seed] + 0.02 < last["nin_small_dense", seed]


def test_the_shipped_transfer_is_what_the_chapter_says():
    leads = {}
    for per_class in (5, 100):
        last = last_errors(f"vgg-transfer-{per_class}")
        leads[per_class] = [
            last["from_nothing", seed] - last["fine_tuned", seed] for seed in (0, 1, 2)
        ]
    assert min(leads[100]) > 0.1
    assert max(leads[5]) < 0


def test_the_shipped_pairs_of_small_filters_lead_where_they_learn():
    last = last_errors("vgg-filters")
    for seed in (0, 1):
        assert last["vgg_small_pairs", seed] < last["vgg_small_5x5", seed]
    assert last["vgg_small_pairs", 2] > 0.85


def test_a_builder_may_be_a_dotted_path():
    network = build_named("edulib.classification.nin.nin_small", {"num_classes": 3})
    assert network(torch.rand(1, 3, 16, 16)).shape == (1, 3)


def test_a_race_is_run_by_narrow_copies():
    network = build_narrow("vgg11", {"factor": 8, "dropout": True})
    assert network(torch.rand(2, 3, 72, 72)).shape == (2, 10)
    assert EXPERIMENTS["era1"].build is build_narrow
    assert list(EXPERIMENTS["era1"].builders) == list_models(1)


def test_goes_on_where_it_stopped(tiny, tmp_path, monkeypatch):
    trained = []
    train = experiments.train

    def interrupted(experiment, builder, seed, data):
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append((builder, seed))
        return train(experiment, builder, seed, data)

    monkeypatch.setattr(experiments, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make("tiny", tmp_path)
    assert len(load_experiment("tiny", tmp_path)) == 3
    monkeypatch.setattr(experiments, "train", train)
    runs = make("tiny", tmp_path)
    assert [(r["builder"], r["seed"]) for r in runs[:3]] == trained
    assert runs == load_experiment("tiny", tmp_path)
    assert runs == make("tiny", tmp_path / "whole")


def test_results_say_how_to_remake_them(tiny, tmp_path, capsys):
    main(["tiny", "--folder", str(tmp_path)])
    assert "resnet20_cifar, seed 1: training error" in capsys.readouterr().out
    about = json.loads((tmp_path / "tiny.json").read_text())
    assert about["remake"] == "python -m edulib.training.experiments tiny"
    assert about["data"] == "few_images()"
    assert about["recipe"]["epochs"] == 2


def test_an_unknown_experiment_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'resnet-degradation'"):
        load_experiment("resnet-degradations")


def test_an_experiment_that_has_not_run_says_how_to_run_it(tiny, tmp_path):
    with pytest.raises(ValueError, match=r"python -m edulib\.training\.experiments"):
        load_experiment("tiny", tmp_path)
