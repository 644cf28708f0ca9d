"""Rows of measurements: stored with the command that makes them, and read back."""

import json

import pytest

from edulib.experiments.rows import load_rows, save_rows


def test_rows_are_read_as_they_were_stored(tmp_path):
    path, rows = tmp_path / "rows.json", [{"seed": 0, "error": 1.5}]
    save_rows(path, "edulib.chapters.some.measure", rows)
    assert load_rows(path) == rows
    about = json.loads(path.read_text())
    assert about["remake"] == "python -m edulib.chapters.some.measure"


def test_what_was_never_measured_is_no_empty_list(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_rows(tmp_path / "rows.json")
