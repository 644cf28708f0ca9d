"""Larger runs: in pieces that end in time, on a machine with little but torch."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date
from functools import partial
from pathlib import Path

import pytest
import torch
from test_experiments import variant

from edulib.experiments import (
    Experiment,
    experiment,
    list_experiments,
    list_larger,
    load_experiment,
    run_experiment,
)
from edulib.experiments.__main__ import main
from edulib.experiments.piece import OutOfTime, time_limit
from edulib.models.classification.resnet import plain20, resnet20_cifar
from edulib.training import Classification
from edulib.training.recipe import Recipe

RECIPE = Recipe(epochs=3, batch_size=10, lr=0.01)  # 6 batches a network
TINY = Experiment(
    {
        "plain": variant(plain20, RECIPE),
        "residual net": variant(resnet20_cifar, RECIPE),
    },
    seeds=(0,),
)
LARGER = ["larger", "--device", "cpu"]


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Where results go; there is one larger experiment, "tiny-large"."""
    monkeypatch.setenv("EDULIB_CACHE", str(tmp_path / "cache"))
    for place in ("edulib.experiments.experiment", "edulib.experiments.__main__"):
        monkeypatch.setattr(f"{place}.list_larger", lambda: {"tiny-large": TINY})
        monkeypatch.setattr(f"{place}.list_experiments", dict)
    monkeypatch.setattr(experiment, "folder_of", lambda *_: tmp_path)
    return tmp_path


def end_the_time(monkeypatch, batch: int) -> None:
    """Let the time be over at a batch, counted from 1 over all networks."""
    left, real = [batch], Classification.step

    def step(self, *arguments):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGALRM)
        return real(self, *arguments)

    monkeypatch.setattr(Classification, "step", step)


def stored(folder: Path) -> list[dict]:
    return json.loads((folder / "results" / "tiny-large.json").read_text())["runs"]


def test_pieces_give_what_one_run_gives(folder, monkeypatch, capsys):
    list(run_experiment("tiny-large", folder / "whole"))
    with monkeypatch.context() as patch:
        end_the_time(patch, batch=10)  # in the second epoch of the second network
        assert main(LARGER) == 75
    assert "the time is over: training stopped after 1 whole" in capsys.readouterr().out
    assert [run["variant"] for run in stored(folder)] == ["plain"]
    trainings = folder / "cache" / "trainings"
    assert [file.name for file in trainings.iterdir()] == [
        "tiny-large-residual-net-0.pt"
    ]

    epochs, real = [], Classification.step
    monkeypatch.setattr(
        Classification,
        "step",
        lambda *rest: epochs.append(rest[-1].epoch) or real(*rest),
    )
    assert main(LARGER) == 0
    assert epochs == [1, 1, 2, 2]
    assert "in several pieces; complete" in capsys.readouterr().out
    assert list(trainings.iterdir()) == []
    assert load_experiment("tiny-large") == load_experiment(
        "tiny-large", folder / "whole"
    )
    assert main(LARGER) == 0
    assert epochs == [1, 1, 2, 2]


def test_results_say_when_and_where(folder):
    before = date.today()
    assert main([*LARGER, "tiny-large"]) == 0
    for run in stored(folder):
        assert before <= date.fromisoformat(run["date"]) <= date.today()
        assert run["machine"].endswith(f", torch {torch.__version__}")
        assert "seconds" in run
    about = json.loads((folder / "results" / "tiny-large.json").read_text())
    assert about["remake"] == "python -m edulib.experiments larger tiny-large"


def test_a_piece_without_one_epoch_is_an_error(folder, monkeypatch, capsys):
    end_the_time(monkeypatch, batch=2)
    assert main([*LARGER, "--minutes", "5"]) == 1
    assert "not one epoch ended in 5 minutes" in capsys.readouterr().err


def test_ctrl_c_is_not_the_end_of_the_time(folder, monkeypatch):
    def press(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Classification, "step", press)
    assert main(LARGER) == 130


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--minutes", "0"], "expected a time above 0, got 0"),
        (["--device", "tpu"], "expected device 'cpu' or 'cuda', got 'tpu'"),
        (["tiny-larger"], "no experiment 'tiny-larger': did you mean 'tiny-large'"),
    ],
)
def test_wrong_arguments_are_one_line(folder, capsys, arguments, message):
    assert main(["larger", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_larger_experiment_is_not_run_as_a_small_one(folder, capsys):
    assert main(["run", "tiny-large"]) == 1
    assert "no experiment 'tiny-large'" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"make gpu NAMES=tiny-large, or .* larger"):
        load_experiment("tiny-large")


def test_the_time_ends_whatever_is_done():
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(OutOfTime), time_limit(0.01):
        time.sleep(600)
    with time_limit(600):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is before


def test_no_name_is_in_both_lists():
    assert not list_experiments().keys() & list_larger().keys()


@pytest.mark.parametrize("name", list(list_larger()))
def test_networks_take_their_data(name, monkeypatch, tmp_path):
    monkeypatch.setenv("EDULIB_CACHE", str(tmp_path))
    for row in list_larger()[name].variants.values():
        (images, labels), _ = partial(row.data, train=2, val=1)()
        with torch.no_grad():
            logits = row.build().eval()(images)
        assert logits.shape == (len(labels), 10)
        assert labels.max() < 10


MISSING = [
    *("IPython", "ipywidgets", "nbformat", "nbclient", "jupyter_book", "netron"),
    *("onnx", "onnxscript", "pandas", "safetensors", "sklearn", "tqdm"),
    *("hypothesis", "pytest", "timm"),
]
BARE = f"""
import sys
import time
for name in {MISSING!r}:
    sys.modules[name] = None
from edulib.benchmarks import __main__ as bench, training
from edulib.experiments import Experiment, Variant, __main__ as command, experiment
from edulib.chapters.resnet.experiments import LARGER
from dataclasses import replace
from functools import partial
from pathlib import Path
row = LARGER["resnet-degradation-large"].variants["plain20"]
toy = Variant(
    partial(row.build, width=1),
    partial(row.data, train=20, val=10),
    replace(row.recipe, epochs=1),
)
for module in (command, experiment):
    module.list_larger = lambda: {{"toy": Experiment({{"plain20": toy}}, seeds=(0,))}}
experiment.folder_of = lambda *_: Path(sys.argv[1])
training.LENGTH, training.SIZE, training.EPOCHS, training.PATIENCE = 20, 32, 1, 1
training.RATES = (0.01,)
status = command.main(["larger", "--device", "cpu"])
sys.exit(status or bench.main(["--only", "training", "--output", sys.argv[1] + "/b"]))
"""


def test_a_bare_machine_can_do_it(tmp_path):
    environment = {**os.environ, "EDULIB_CACHE": str(tmp_path / "cache")}
    environment.pop("TQDM_DISABLE")
    subprocess.run(
        [sys.executable, "-c", BARE, str(tmp_path)], env=environment, check=True
    )
    (run,) = json.loads((tmp_path / "results" / "toy.json").read_text())["runs"]
    assert len(run["val_error"]) == 1
    assert sum(run["val_error"]) <= 1
    assert any((tmp_path / "cache" / "scenes").iterdir())
    assert "training" in json.loads((tmp_path / "b").read_text())["cpu"]


def test_make_gpu_gives_pieces_until_nothing_is_left(tmp_path):
    """A stand-in for Python says 75 twice, then 0; of the bench, it fails at "step"."""
    log, python = tmp_path / "log", tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\necho "$@" >> {log}\n'
        f'case "$*" in *larger*) [ $(wc -l < {log}) -gt 2 ] || exit 75 ;;\n'
        "*step*) exit 1 ;; esac\n"
    )
    python.chmod(0o755)
    root = Path(__file__).parents[2]
    made = subprocess.run(
        ["make", "gpu", f"PYTHON={python}", "NAMES=a"],
        cwd=root,
        capture_output=True,
        check=False,
    )
    assert made.returncode != 0
    assert log.read_text().splitlines() == [
        *["-m edulib.experiments larger a"] * 3,
        "-m edulib.benchmarks --skip-today --only forward",
        "-m edulib.benchmarks --skip-today --only step",
    ]
