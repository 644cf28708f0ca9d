"""What a notebook installs: the tag of its edition, or main before there is one."""

import subprocess
from pathlib import Path

import nbformat.v4 as v4
import pytest
import yaml

from edulib.authoring.edition import package_source, release, set_edition
from edulib.authoring.lint.cells import SET_UP
from edulib.authoring.notebooks import write
from edulib.authoring.repository_url import ADDRESS

ROOT = Path(__file__).parents[2]
MAIN = f'"eras-of-vision @ git+{ADDRESS}"'
TAG = f'"eras-of-vision @ git+{ADDRESS}@v0.1.0"'
COPIED = ("edulib/__init__.py", "edulib/authoring/repository_url.py", "CITATION.cff")


def git(folder, *arguments):
    command = ["git", "-C", folder, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def clone(tmp_path):
    """A repository of one notebook, in which everything is committed."""
    for name in COPIED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "_toc.yml").touch()
    cells = [v4.new_code_cell(SET_UP), v4.new_markdown_cell("Read 0.1.0.dev0.")]
    write(v4.new_notebook(cells=cells), tmp_path / "book" / "a.ipynb")
    set_edition("0.1.0.dev0", tmp_path)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "config", "user.name", "author")
    git(tmp_path, "config", "user.email", "author@localhost")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def stored(clone, commit, name="book/a.ipynb"):
    return git(clone, "show", f"{commit}:{name}").replace('\\"', '"')


def test_a_release_installs_its_tag_and_what_comes_before_it_main():
    assert package_source("1.2.3") == f"eras-of-vision @ git+{ADDRESS}@v1.2.3"
    assert package_source("1.3.0.dev0") == f"eras-of-vision @ git+{ADDRESS}"
    assert f'"{package_source()}"' in SET_UP


def test_the_tag_that_a_released_notebook_names_holds_it(clone):
    before = stored(clone, "HEAD")
    command = release("0.1.0", clone)
    assert command == "git push --atomic origin main v0.1.0"
    assert MAIN in before
    assert TAG in stored(clone, "v0.1.0")
    assert '__version__ = "0.1.0"' in stored(clone, "v0.1.0", "edulib/__init__.py")
    assert "version: 0.1.0\n" in stored(clone, "v0.1.0", "CITATION.cff")
    assert stored(clone, "HEAD") == before
    assert '"0.2.0.dev0"' in stored(clone, "HEAD", "edulib/__init__.py")
    assert git(clone, "rev-list", "--count", "HEAD") == "3\n"
    assert git(clone, "status", "--porcelain") == ""


def test_an_edition_changes_the_set_up_cell_and_no_other(clone):
    changed = {p.relative_to(clone).as_posix() for p in set_edition("0.1.0", clone)}
    assert changed == {"edulib/__init__.py", "CITATION.cff", "book/a.ipynb"}
    assert "Read 0.1.0.dev0." in (clone / "book" / "a.ipynb").read_text()
    assert set_edition("0.1.0", clone) == []
    set_edition("0.1.0.dev0", clone)
    assert git(clone, "diff", "--name-only") in ("", "CITATION.cff\n")  # the day


@pytest.mark.parametrize("bad", ["1", "v0.1.0", "0.1.0rc1", "0.1.0.dev0"])
def test_what_is_no_release_changes_nothing(clone, bad):
    with pytest.raises(ValueError, match=r"expected a version like 0\.1\.0"):
        release(bad, clone)
    assert git(clone, "status", "--porcelain") == git(clone, "tag") == ""


def test_nothing_is_released_twice_or_half_committed(clone):
    git(clone, "tag", "v0.1.0")
    with pytest.raises(ValueError, match=r"there is a tag v0\.1\.0 already"):
        release("0.1.0", clone)
    (clone / "book" / "new.md").touch()
    with pytest.raises(ValueError, match="to be committed, found"):
        release("0.2.0", clone)
    assert git(clone, "rev-list", "--count", "HEAD") == "1\n"


@pytest.mark.parametrize("name", ["pages", "student"])
def test_what_readers_get_is_published_from_a_release(name):
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    starts = yaml.load(text, yaml.BaseLoader)["on"]
    assert starts == {"push": {"tags": ["v*"]}, "workflow_dispatch": ""}
