import random
import subprocess
import sys

import numpy as np
import pytest
import torch

import edulib.notebook
from edulib.authoring.timings import Timing
from edulib.notebook import near, runtime, setup


@pytest.fixture(autouse=True)
def settings_as_before():
    threads = torch.get_num_threads()
    yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)
    torch.backends.cudnn.benchmark = False
    torch.set_flush_denormal(False)


def draws():
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_same_seed_gives_same_numbers():
    setup(3)
    first = draws()
    setup(3)
    assert draws() == first
    setup(4)
    assert draws() != first


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_on_a_cpu_it_is_small_deterministic_and_silent(capsys):
    made = setup()
    assert made.device.type == "cpu"
    assert not made.on_gpu
    assert made.scale(cpu=1, gpu=100) == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() <= 2
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_numbers_with_which_processors_are_slow_count_as_zero():
    supported = torch.set_flush_denormal(False)
    assert torch.tensor([1e-38]).div(10).any()
    setup()
    assert bool(torch.tensor([1e-38]).div(10).any()) != supported


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Tesla T4", "Running on a Tesla T4: full scale.\n"),
        ("NVIDIA H200", "Running on an NVIDIA H200: full scale.\n"),
        ("NVIDIA A100-SXM4-40GB", "Running on an NVIDIA A100-SXM4-40GB: full scale.\n"),
    ],
)
def test_on_a_gpu_it_is_large_and_says_so(monkeypatch, capsys, name, line):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: name)
    made = setup()
    assert made.on_gpu
    assert made.scale(cpu=1, gpu=100) == 100
    assert not torch.are_deterministic_algorithms_enabled()
    assert capsys.readouterr().out == line


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
@pytest.mark.parametrize("colab", [True, False])
def test_without_a_gpu_a_notebook_says_how_long_and_colab_how_to_get_one(
    monkeypatch, capsys, colab
):
    monkeypatch.setattr(runtime, "is_live", lambda: True)
    monkeypatch.setattr(runtime, "is_colab", lambda: colab)
    measured = {"a/b": Timing(cpu_seconds=20), "c/d": Timing(cpu_seconds=35)}
    for timings, time in ((measured, "about 35 s"), ({}, "about a minute")):
        monkeypatch.setattr(runtime, "read_timings", lambda timings=timings: timings)
        setup()
        line = capsys.readouterr().out
        assert line.count("\n") == 1
        assert f"small scale, {time} for the longest chapter." in line
        assert ("Runtime > Change runtime type" in line) == colab


def test_figures_get_the_style_of_the_book():
    import matplotlib as mpl

    mpl.rcParams["figure.dpi"] = 100
    setup()
    assert mpl.rcParams["figure.dpi"] == 72


def test_all_names_can_be_imported_and_unknown_ones_cannot():
    for name in dir(edulib.notebook):
        assert callable(getattr(edulib.notebook, name)), name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = edulib.notebook.nothing
    assert near(2, 1, 1) == "about 1 %"


def test_importing_the_room_imports_no_heavy_package():
    heavy = "torch matplotlib IPython ipywidgets onnx netron".split()
    script = (
        f"import edulib.notebook, sys; print([h for h in {heavy} if h in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
