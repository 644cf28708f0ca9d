"""Experiments: complete results in the package, nothing trained twice."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial

import pytest
import torch
from tiny_detector import Rectangles, TinyDetector

from edulib.experiments import Experiment, Variant, experiment, load_experiment
from edulib.experiments.__main__ import describe, left, main
from edulib.experiments.experiment import (
    list_experiments,
    missing,
    read_runs,
    run_experiment,
)
from edulib.experiments.recipes import DETECTORS
from edulib.models.classification.resnet import plain20, resnet20_cifar
from edulib.training.objectives import Classification, Detection
from edulib.training.recipe import Recipe


def few_images(label: int = 0) -> tuple:
    images = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(label))
    return (images, torch.arange(20) % 10), (images[:10], torch.arange(10))


def variant(build, recipe=Recipe(epochs=2, lr=0.01), **data):  # noqa: B008
    build = partial(build, in_channels=1, width=1)
    return Variant(build, partial(few_images, **data), recipe)


@pytest.fixture
def table(monkeypatch, tmp_path):
    """The list of all experiments, which holds one; its results lie in tmp_path."""
    rows = {"plain": variant(plain20), "residual": variant(resnet20_cifar)}
    table = {"tiny": Experiment(rows, seeds=(0, 1))}
    monkeypatch.setattr(experiment, "list_experiments", lambda: table)
    monkeypatch.setattr(experiment, "list_larger", dict)
    monkeypatch.setattr(experiment, "folder_of", lambda *_: tmp_path)
    monkeypatch.setattr("edulib.experiments.__main__.list_experiments", lambda: table)
    return table


@pytest.mark.parametrize("name", list(list_experiments()))
def test_shipped_results_are_complete(name):
    row, found = list_experiments()[name], load_experiment(name)
    assert missing(name) == []
    assert found.keys() == row.variants.keys()
    for key, runs in found.items():
        assert tuple(runs["seeds"]) == row.seeds
        assert len(runs) > 2  # a measure of training, and one of validation
        for measure in runs.keys() - {"seeds"}:
            for values in runs[measure]:
                assert len(values) == row.variants[key].recipe.epochs
                assert "error" not in measure or all(0 <= v <= 1 for v in values)


@dataclass(frozen=True)
class Halved(Classification):
    """Cross-entropy that reports half of its accuracy."""

    def measures(self, totals):
        found = super().measures(totals)
        return found | {"accuracy": found["accuracy"] / 2}


def test_a_function_is_described_by_its_name_and_not_by_its_place():
    inner = partial(replace, epochs=2)
    text = experiment.call_text(partial(zip, describe, inner, strict=True))
    assert text == "zip(describe, replace(epochs=2), strict=True)"


def test_a_variant_is_trained_for_its_own_objective_and_says_so(table, tmp_path):
    plain = table["tiny"].variants["plain"]
    other = replace(plain, objective=Halved())
    data = plain.data()
    whole, half = (experiment.train(row, 0, data) for row in (plain, other))
    for usual, halved in zip(whole["val_error"], half["val_error"], strict=True):
        assert 1 - halved == pytest.approx((1 - usual) / 2, abs=1e-4)
    assert "objective" not in plain.describe()
    assert other.describe()["objective"] == "Halved()"


@dataclass(frozen=True)
class Loss(Classification):
    """Cross-entropy that reports no accuracy."""

    def measures(self, totals):
        return {"loss": super().measures(totals)["loss"]}


def test_all_measures_are_kept_where_none_is_an_accuracy(table, capsys):
    row = replace(table["tiny"].variants["plain"], objective=Loss())
    table["tiny"] = Experiment({"plain": row}, seeds=(0, 1))
    assert main(["run", "tiny"]) == 0
    assert "plain, seed 1: train_loss 2." in capsys.readouterr().out
    (found,) = load_experiment("tiny").values()
    assert found.keys() == {"seeds", "train_loss", "val_loss"}
    assert found["seeds"] == [0, 1]
    assert all(len(losses) == 2 for losses in found["val_loss"])


def test_a_detector_is_an_experiment_as_a_classifier_is(table, tmp_path):
    def rectangles() -> tuple:
        return Rectangles(64), Rectangles(16, seed=1)

    recipe = replace(DETECTORS, epochs=12, batch_size=8, lr=0.01)
    row = Variant(TinyDetector, rectangles, recipe, Detection())
    table["tiny"] = Experiment({"one map": row}, seeds=(0,))
    list(run_experiment("tiny"))
    (found,) = load_experiment("tiny").values()
    ((*first, last),) = found["val_AP50"]
    assert len(first) == 11
    assert first[0] < 0.3 < 0.6 < last <= 1
    assert {"train_loss", "train_box", "val_AP"} <= found.keys()
    assert row.describe()["objective"] == "Detection(masks=False, sizes=())"


def test_results_of_another_objective_are_refused(table, tmp_path):
    next(run_experiment("tiny"))
    rows = table["tiny"].variants
    rows["plain"] = replace(rows["plain"], objective=Halved())
    with pytest.raises(ValueError, match=r"'plain' with another objective"):
        read_runs("tiny")


def test_goes_on_where_it_stopped(table, tmp_path, monkeypatch):
    whole = tmp_path / "whole"
    list(run_experiment("tiny", whole))
    train = experiment.train
    monkeypatch.setattr(experiment, "train", lambda *args: train(*args))
    runs = run_experiment("tiny")
    first = [next(runs), next(runs), next(runs)]
    runs.close()
    assert [(r["variant"], r["seed"]) for r in first] == [
        *(("plain", 0), ("residual", 0), ("plain", 1)),
    ]
    assert missing("tiny") == [("residual", 1)]
    assert [(r["variant"], r["seed"]) for r in run_experiment("tiny")] == [
        ("residual", 1)
    ]
    assert load_experiment("tiny") == load_experiment("tiny", whole)
    assert list(run_experiment("tiny")) == []


def test_results_of_another_recipe_or_other_data_are_refused(table):
    list(run_experiment("tiny"))
    rows = dict(table["tiny"].variants)
    for key, changed in (
        ("recipe", variant(plain20, Recipe(epochs=2, lr=0.1))),
        ("data", variant(plain20, label=1)),
        ("network", variant(resnet20_cifar)),
    ):
        table["tiny"] = Experiment({**rows, "plain": changed}, seeds=(0, 1, 2))
        with pytest.raises(ValueError, match=f"'plain' with another {key}: give"):
            list(run_experiment("tiny"))


def test_results_say_how_to_remake_them(table, tmp_path, capsys):
    assert main(["run", "tiny"]) == 0
    assert "residual, seed 1: train_error 0." in capsys.readouterr().out
    about = json.loads((tmp_path / "results" / "tiny.json").read_text())
    assert about["remake"] == "python -m edulib.experiments run tiny"
    assert about["variants"]["plain"]["data"] == "few_images()"
    assert about["variants"]["plain"]["network"] == "plain20(in_channels=1, width=1)"
    assert about["variants"]["plain"]["recipe"]["epochs"] == 2


def test_the_queue_says_what_is_left_and_how_long_it_takes(table, monkeypatch, capsys):
    assert left("tiny") == (4, None)
    assert main(["status"]) == 0
    assert "tiny: 4 networks to train, time not known yet" in capsys.readouterr().out
    next(run_experiment("tiny"))
    runs = [{**run, "seconds": 50} for run in read_runs("tiny")]
    monkeypatch.setattr("edulib.experiments.__main__.read_runs", lambda _: runs)
    assert left("tiny") == (3, 150)
    assert describe(3, 150) == "3 networks to train, about 3 min"
    assert describe(0, 0) == "complete"


def test_an_unknown_experiment_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'resnet-degradation'"):
        load_experiment("resnet-degradations")


def test_an_experiment_that_has_not_run_says_how_to_run_it(table):
    with pytest.raises(ValueError, match=r"python -m edulib\.experiments run tiny"):
        load_experiment("tiny")


def test_a_killed_queue_keeps_every_network_that_had_ended(table, tmp_path):
    script = f"""
import sys; sys.path[:0] = {sys.path!r}
import os, signal, pathlib
import test_experiments as t
from edulib.experiments import Experiment, experiment
rows = {{"plain": t.variant(t.plain20), "residual": t.variant(t.resnet20_cifar)}}
experiment.list_experiments = lambda: {{"tiny": Experiment(rows, seeds=(0, 1))}}
runs = experiment.run_experiment("tiny", pathlib.Path({str(tmp_path / "results")!r}))
next(runs)
train = experiment.train
experiment.train = lambda *a: (train(*a), os.kill(os.getpid(), signal.SIGKILL))
next(runs)
"""
    ended = subprocess.run([sys.executable, "-c", script], env=os.environ, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(read_runs("tiny")) == 1
    assert len(list(run_experiment("tiny"))) == 3
