"""Files are whole or not there, and what killed processes left goes."""

import errno
import os

import pytest

from edulib.files import (
    IDLE,
    atomic_write,
    check_writable,
    remove_leftovers,
)


def left_behind(path, digit: str, seconds: float) -> None:
    path.with_name(f".{path.name}.{digit * 32}").write_bytes(b"half")
    name = path.with_name(f".{path.name}.{digit * 32}")
    os.utime(name, (name.stat().st_atime, name.stat().st_mtime - seconds))


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path):
    path = tmp_path / "results.json"
    left_behind(path, "a", IDLE + 60)
    left_behind(path, "b", 0)  # of a process that is at work
    left_behind(tmp_path / "other.json", "c", IDLE + 60)
    atomic_write(path, b"whole")
    kept = [f".other.json.{'c' * 32}", f".results.json.{'b' * 32}", "results.json"]
    assert names(tmp_path) == kept
    remove_leftovers(path)
    assert names(tmp_path) == [kept[0], kept[2]]


def test_a_folder_that_cannot_be_listed_is_no_error(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "iterdir", refuse)
    atomic_write(tmp_path / "a", b"whole")
    assert (tmp_path / "a").read_bytes() == b"whole"


@pytest.mark.parametrize(
    ("name", "message"),
    [("n" * 250, "cannot write n{40} to its folder .*200 letters"), ("n" * 200, None)],
)
def test_a_name_that_is_too_long_is_said_before(tmp_path, name, message):
    path = tmp_path / "new" / name
    if message is None:
        check_writable(path, b"content")
        assert names(path.parent) == []
        atomic_write(path, b"content")
        return
    with pytest.raises(OSError, match=message):
        check_writable(path)
