"""The cache folder: where it lies, that it stays small, and that it never fails."""

import os
import sys
from errno import EROFS
from multiprocessing import get_context
from pathlib import Path

import pytest

from edulib.data import cache as module
from edulib.data.cache import Cache, cache_folder


def never():
    raise AssertionError("made again")


def names(folder):
    return sorted(path.stem for path in folder.rglob("*.cached"))


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "/home/me/.cache/eras-of-vision"),
        ("linux", {"XDG_CACHE_HOME": "/big"}, "/big/eras-of-vision"),
        ("linux", {"XDG_CACHE_HOME": "rel"}, "/home/me/.cache/eras-of-vision"),
        ("darwin", {}, "/home/me/Library/Caches/eras-of-vision"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/eras-of-vision"),
        ("win32", {}, "/home/me/AppData/Local/eras-of-vision"),
        ("win32", {"EDULIB_CACHE": "/mine", "XDG_CACHE_HOME": "/big"}, "/mine"),
        ("linux", {"EDULIB_CACHE": "~/mine"}, "/home/me/mine"),
    ],
)
def test_the_folder_is_the_systems_or_the_users(
    monkeypatch, platform, variables, expected
):
    for name in ("EDULIB_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/me", **variables}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder() == Path(expected)


def test_what_is_kept_is_not_made_again(cache):
    assert Cache("toys").get("a", lambda: b"ball") == b"ball"
    assert Cache("toys").get("a", never) == b"ball"
    assert Cache("toys").get("b", lambda: b"") == b""
    assert Cache("toys").get("b", never) == b""
    assert Cache("games").get("a", lambda: b"chess") == b"chess"
    assert names(cache) == ["a", "a", "b"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[:-1],
        lambda whole: whole[:20],
        lambda whole: b"",
        lambda whole: whole[:-1] + b"X",
        lambda whole: b"X" + whole[1:],
    ],
)
def test_a_damaged_file_is_made_anew(cache, damage):
    Cache("toys").get("a", lambda: b"ball")
    (path,) = cache.rglob("*.cached")
    path.write_bytes(damage(path.read_bytes()))
    assert Cache("toys").get("a", lambda: b"doll") == b"doll"
    assert Cache("toys").get("a", never) == b"doll"


def test_without_a_folder_everything_is_made(cache):
    cache.write_text("a file where the folder should be")
    assert Cache("toys").get("a", lambda: b"ball") == b"ball"
    assert cache.is_file()


def test_without_a_home_everything_is_made(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("EDULIB_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert Cache("toys").get("a", lambda: b"ball") == b"ball"


def test_a_folder_that_is_read_only_is_read(cache, monkeypatch):
    def refuse(*_, **__):
        raise OSError(EROFS, "Read-only file system")

    Cache("toys").get("a", lambda: b"ball")
    for owner, name in (
        (module, "atomic_write"),
        (os, "utime"),
        (Path, "mkdir"),
        (Path, "unlink"),
    ):
        monkeypatch.setattr(owner, name, refuse)
    toys = Cache("toys", limit=0)
    assert toys.get("a", never) == b"ball"
    assert toys.get("b", lambda: b"doll") == b"doll"
    assert names(cache) == ["a"]


def age(cache, **ages):
    """Set how long ago files were used."""
    for path in cache.rglob("*.cached"):
        os.utime(path, ns=(0, 10**18 - ages[path.stem]))


def test_what_was_used_longest_ago_goes_first(cache):
    size = 100 + 32  # a content and its check sum
    toys = Cache("toys", limit=3 * size)
    for key in "abc":
        toys.get(key, lambda: bytes(100))
    age(cache, a=3, b=2, c=1)
    Cache("toys").get("a", never)  # used now
    Cache("toys", limit=3 * size).get("d", lambda: bytes(100))
    assert names(cache) == ["a", "c", "d"]


def test_what_this_call_uses_stays_even_beyond_the_limit(cache):
    Cache("toys").get("old", lambda: bytes(100))
    toys = Cache("toys", limit=50)
    for key in "abc":
        toys.get(key, lambda: bytes(100))
    assert names(cache) == ["a", "b", "c"]


def test_only_our_own_files_are_deleted(cache):
    folder = cache / "toys"
    folder.mkdir(parents=True)
    (folder / "letter.txt").write_text("mine")
    (folder / ".a.cached.0123").write_bytes(bytes(100))  # of a killed process
    Cache("toys", limit=50).get("a", lambda: b"ball")
    assert sorted(path.name for path in folder.iterdir()) == ["a.cached", "letter.txt"]


def test_a_file_appears_when_it_is_whole(cache, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(names(cache)))
    Cache("toys").get("a", lambda: b"ball")
    assert seen == [[]]
    assert names(cache) == ["a"]


def keep(content):
    return Cache("toys").get("a", lambda: content)


def test_processes_at_once_see_whole_files(cache):
    contents = [bytes([k]) * 10**6 for k in range(4)]
    with get_context("fork").Pool(4) as pool:
        for found in pool.map(keep, contents * 5, chunksize=1):
            assert found in contents
    assert [path.name for path in (cache / "toys").iterdir()] == ["a.cached"]
