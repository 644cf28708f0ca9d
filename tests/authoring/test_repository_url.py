import re
import shutil
from pathlib import Path

import pytest

from edulib.authoring.lint.cells import SET_UP
from edulib.authoring.repository_url import ADDRESS, find_address, move_address

ROOT = Path(__file__).parents[2]
NEW = "https://github.com/reader/fork"
COPIED = (
    "book",
    "edulib",
    ".github",
    "README.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "_config.yml",
    "pyproject.toml",
    "Makefile",
)
HOLDERS = (
    "README.md",
    "CITATION.cff",
    "_config.yml",
    "pyproject.toml",
    "book/welcome.md",
    "edulib/authoring/repository_url.py",
)


@pytest.fixture
def copy(tmp_path):
    for name in COPIED:
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            skip = shutil.ignore_patterns("__pycache__", "checkpoints")
            shutil.copytree(source, target, ignore=skip)
        else:
            shutil.copy(source, target)
    return tmp_path


def contents(folder):
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_all_copies_agree():
    assert find_address(ROOT) == ADDRESS
    assert f"git+{ADDRESS}" in SET_UP
    for name in HOLDERS:
        assert ADDRESS in (ROOT / name).read_text(encoding="utf-8"), name
    for path in (ROOT / "book").rglob("*.ipynb"):
        named = re.findall(r"git\+(https://[^\s\\\"@]+)", path.read_text("utf-8"))
        assert set(named) <= {ADDRESS}, path


def test_it_moves_everywhere_and_back(copy):
    before = contents(copy)
    changed = {p.relative_to(copy).as_posix() for p in move_address(NEW, copy)}
    assert changed >= set(HOLDERS)
    assert find_address(copy) == NEW
    after = contents(copy)
    assert not [name for name, text in after.items() if ADDRESS.encode() in text]
    readme = after["book/welcome.md"].decode()
    assert f"git clone {NEW}\ncd fork\n" in readme
    assert {name for name in before if before[name] != after[name]} == changed
    move_address(f"{ADDRESS}.git/", copy)
    assert contents(copy) == before


@pytest.mark.parametrize("bad", ["github.com/a/b", "https://github.com/a", "", "x y"])
def test_what_is_no_address_changes_nothing(copy, bad):
    before = contents(copy)
    with pytest.raises(ValueError, match="expected an address like https://github"):
        move_address(bad, copy)
    assert contents(copy) == before
