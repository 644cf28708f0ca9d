import json

import pytest
import torch
from nbformat import v4
from sample_chapter import code

from edulib.authoring.notebooks import write
from edulib.authoring.timings import (
    FILE,
    Timing,
    measure,
    read_timings,
    round_up,
    settle,
    write_timings,
)


@pytest.mark.parametrize(
    ("seconds", "rounded"),
    [(0.1, 5), (5, 5), (5.1, 10), (29, 30), (31, 40), (40, 40), (58.2, 60)],
)
def test_seconds_are_rounded_up(seconds, rounded):
    assert round_up(seconds) == rounded


@pytest.mark.parametrize(
    ("old", "seconds", "stored"),
    [(None, 18, 20), (20, 22, 20), (20, 9.5, 20), (20, 28, 30), (20, 4, 5)],
)
def test_a_stored_number_changes_only_for_a_reason(old, seconds, stored):
    assert settle(old, seconds) == stored


def test_what_is_written_is_read(tmp_path):
    file = tmp_path / "timings.json"
    timings = {"b/y": Timing(20), "a/x": Timing(30, 50, "T4")}
    write_timings(timings, file)
    assert read_timings(file) == timings
    assert list(json.loads(file.read_text())) == ["a/x", "b/y"]
    assert "gpu" not in file.read_text().partition("b/y")[2]


def test_measuring_stores_the_time_and_leaves_the_notebook(tmp_path):
    file, path = tmp_path / "timings.json", tmp_path / "foundations" / "x.ipynb"
    write_timings({}, file)
    path.parent.mkdir()
    write(v4.new_notebook(cells=[code("1 + 1")]), path)
    before = path.read_bytes()
    assert "its card is out of date" in measure(path, file=file)
    assert 5 <= read_timings(file)["foundations/x"].cpu_seconds
    assert path.read_bytes() == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_full_scale_is_measured_only_on_a_gpu(tmp_path):
    with pytest.raises(RuntimeError, match="expected a GPU"):
        measure(tmp_path / "x.ipynb", on_gpu=True)


def test_the_stored_timings_keep_the_promise_of_a_minute():
    assert all(timing.cpu_seconds <= 60 for timing in read_timings(FILE).values())
