"""A download is whole, or there is one clear error and nothing half-written."""

import errno
import hashlib
import os
import socket
from pathlib import Path

import pytest
from local_server import serve

from edulib.weights import downloads
from edulib.weights.downloads import fetch

CONTENT = bytes(range(256)) * 4000
DIGITS = hashlib.sha256(CONTENT).hexdigest()[:8]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    pauses = []
    monkeypatch.setattr(downloads.time, "sleep", pauses.append)
    return pauses


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_once(tmp_path):
    with serve(CONTENT) as server:
        path = fetch(f"{server.address}/w.pth", tmp_path / "cache", DIGITS)
        again = fetch(f"{server.address}/w.pth", tmp_path / "cache", DIGITS)
    assert path == again == tmp_path / "cache" / "w.pth"
    assert path.read_bytes() == CONTENT
    assert server.asked == 1
    assert files(path.parent) == ["w.pth"]


@pytest.mark.parametrize("failures", [("503",), ("cut",), ("503", "cut")])
def test_a_flaky_server_is_asked_again(tmp_path, failures, no_waiting):
    with serve(CONTENT, failures) as server:
        path = fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
    assert path.read_bytes() == CONTENT
    assert files(tmp_path) == ["w.pth"]
    assert no_waiting == [1, 2][: len(failures)]


@pytest.mark.parametrize(
    ("failures", "reason"),
    [(("503",) * 3, "answered 503"), (("cut",) * 3, "of 1024000 bytes")],
)
def test_it_gives_up_after_three_attempts(tmp_path, failures, reason):
    with serve(CONTENT, failures) as server:
        with pytest.raises(ConnectionError, match=rf"3 attempt.*{reason}.*by hand"):
            fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
        assert server.asked == 3
    assert files(tmp_path) == []


def test_an_address_that_is_not_there_is_asked_for_once(tmp_path):
    with serve(CONTENT, ("404",) * 3) as server:
        with pytest.raises(ConnectionError, match=r"in 1 attempt.*answered 404"):
            fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
        assert server.asked == 1
    assert files(tmp_path) == []


def test_a_length_that_is_no_number(tmp_path):
    with (
        serve(CONTENT, ("many",) * 3) as server,
        pytest.raises(ConnectionError, match="says 'many' as the number of bytes"),
    ):
        fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
    assert files(tmp_path) == []


def test_a_length_that_no_file_has(tmp_path, monkeypatch):
    """Such an answer would fill the disk before its hash is known."""
    monkeypatch.setattr(downloads, "LARGEST", len(CONTENT) - 1)
    with serve(CONTENT) as server:
        with pytest.raises(ConnectionError, match=r"in 1 attempt.* bytes, at most"):
            fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
        assert server.asked == 1
    assert files(tmp_path) == []


def test_a_trickle_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "GRACE", 0)
    monkeypatch.setattr(downloads, "SLOWEST", 1e15)
    with (
        serve(CONTENT) as server,
        pytest.raises(ConnectionError, match=r"only \d+ bytes came in 0 s"),
    ):
        fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
    assert files(tmp_path) == []


def test_an_answer_of_unsaid_length_has_a_limit(tmp_path, monkeypatch):
    with serve(CONTENT, ("unsaid",) * 4) as server:
        path = fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
        assert path.read_bytes() == CONTENT
        monkeypatch.setattr(downloads, "LARGEST", 1000)
        with pytest.raises(ConnectionError, match="more than 1000 bytes came"):
            fetch(f"{server.address}/v.pth", tmp_path, DIGITS)
    assert files(tmp_path) == ["w.pth"]


def test_what_killed_downloads_left_is_removed_and_what_is_written_now_is_not(tmp_path):
    old, new = (tmp_path / f".w.pth.{digit * 32}" for digit in "ab")
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    with serve(CONTENT) as server:
        fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
    assert files(tmp_path) == [new.name, "w.pth"]


def test_a_folder_of_the_files_name(tmp_path):
    (tmp_path / "w.pth").mkdir()
    with serve(CONTENT) as server:
        with pytest.raises(IsADirectoryError, match=r"w\.pth, found a folder: move"):
            fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
        assert server.asked == 0


@pytest.mark.parametrize("failure", ["short", "other"])
def test_a_file_with_another_hash_is_not_kept(tmp_path, failure):
    with (
        serve(CONTENT, (failure,)) as server,
        pytest.raises(ValueError, match=rf"expected {DIGITS}: it was not kept"),
    ):
        fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
    assert files(tmp_path) == []


@pytest.mark.parametrize("damage", [b"", CONTENT[:-1], bytes(len(CONTENT))])
def test_a_damaged_file_in_the_cache_is_fetched_again(tmp_path, damage):
    (tmp_path / "w.pth").write_bytes(damage)
    with serve(CONTENT) as server:
        path = fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
    assert path.read_bytes() == CONTENT


def test_no_network(tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/w.pth"
    with pytest.raises(ConnectionError, match=r"refused.*list_checkpoints") as error:
        fetch(url, tmp_path, DIGITS)
    assert str(tmp_path / "w.pth") in str(error.value)
    assert files(tmp_path) == []


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    with serve(CONTENT) as server:
        with pytest.raises(OSError, match="choose another folder"):
            fetch(f"{server.address}/w.pth", tmp_path / "cache", DIGITS)
        assert server.asked == 0


def test_others_may_read_the_cache(tmp_path):
    with serve(CONTENT) as server:
        path = fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
    (tmp_path / "plain").touch()
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_full_disk(tmp_path, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with serve(CONTENT) as server:
        with pytest.raises(OSError, match=r"no room to save w\.pth: free some"):
            fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
        assert server.asked == 1
    assert files(tmp_path) == []


def test_ctrl_c_keeps_nothing(tmp_path, monkeypatch):
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", pressed)
    with (
        serve(CONTENT) as server,
        pytest.raises(KeyboardInterrupt, match=r"w\.pth stopped; nothing half-fetched"),
    ):
        fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
    assert files(tmp_path) == []


def test_the_bar_counts_bytes(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    with serve(CONTENT) as server:
        fetch(f"{server.address}/w.pth", tmp_path, DIGITS)
        assert "1.02M/1.02M" in capsys.readouterr().err
        fetch(f"{server.address}/v.pth", tmp_path, DIGITS, progress=False)
    assert capsys.readouterr().err == ""
