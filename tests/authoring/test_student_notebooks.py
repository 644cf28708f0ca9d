"""What the branch of notebooks for students holds, and how it is published."""

import re
import subprocess
from pathlib import Path

import pytest

from edulib.authoring.edition import package_source
from edulib.authoring.notebooks import read
from edulib.authoring.repository_url import ADDRESS
from edulib.authoring.student_notebooks import write_branch, write_students

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def branch(tmp_path_factory):
    folder = tmp_path_factory.mktemp("branch")
    write_branch(ROOT, folder)
    return folder


def test_the_branch_holds_every_notebook_and_no_solution(branch):
    books = {p.relative_to(ROOT) for p in (ROOT / "book").rglob("*.ipynb")}
    written = {p.relative_to(branch) for p in branch.rglob("*.ipynb")}
    assert written == {p for p in books if ".ipynb_checkpoints" not in p.parts}
    sources = {p: (branch / p).read_text(encoding="utf-8") for p in written}
    assert [p for p, source in sources.items() if "BEGIN SOLUTION" in source] == []


def test_links_between_its_notebooks_lead_somewhere(branch):
    cells = {p: read(p).cells for p in branch.rglob("*.ipynb")}
    linked = [
        path.parent / target.split("#")[0]
        for path, found in cells.items()
        for cell in found
        if cell.cell_type == "markdown"
        for target in _notebook_links(cell.source)
    ]
    assert linked
    assert [target for target in linked if not target.resolve().exists()] == []


def _notebook_links(text):
    return re.findall(r"\]\(((?!https?:)[^)\s]+\.ipynb(?:#[^)\s]*)?)\)", text)


def test_binder_installs_the_package_without_cuda(branch):
    lines = (branch / "requirements.txt").read_text().splitlines()
    assert package_source() in lines
    assert "--extra-index-url https://download.pytorch.org/whl/cpu" in lines
    assert (branch / "runtime.txt").read_text() == "python-3.11\n"
    assert ADDRESS in (branch / "README.md").read_text()


def test_downloads_keep_the_place_of_their_page(tmp_path):
    written = write_students(["book/foundations/lenet"], ROOT, tmp_path)
    assert written == [tmp_path / "book" / "foundations" / "lenet.ipynb"]


def git(folder, *arguments):
    command = ["git", "-C", folder, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path):
    """A clone with one commit, of a repository on this machine."""
    subprocess.run(["git", "init", "-q", "--bare", tmp_path / "host"], check=True)
    work = tmp_path / "work"
    subprocess.run(["git", "init", "-q", "-b", "main", work], check=True)
    git(work, "remote", "add", "origin", str(tmp_path / "host"))
    git(work, "config", "user.name", "author")
    git(work, "config", "user.email", "author@localhost")
    (work / "source").write_text("with a solution")
    (work / ".gitignore").write_text("build\n")
    git(work, "add", "--all")
    git(work, "commit", "-qm", "first")
    return work


def publish(clone, text):
    (clone / "build").mkdir(exist_ok=True)
    (clone / "build" / "notebook").write_text(text)
    subprocess.run([ROOT / ".ci/publish", "build", "student"], cwd=clone, check=True)
    return git(clone.parent / "host", "rev-list", "student").splitlines()


def test_publishing_adds_a_commit_only_if_something_changed(clone):
    host = clone.parent / "host"
    first = publish(clone, "stub")
    assert len(first) == 1
    assert git(host, "ls-tree", "--name-only", "-r", "student") == "notebook"
    assert publish(clone, "stub") == first
    second = publish(clone, "another stub")
    assert second[1:] == first
    assert git(host, "show", "student:notebook") == "another stub"


def test_publishing_leaves_the_clone_as_it_was(clone):
    before = git(clone, "rev-parse", "HEAD")
    publish(clone, "stub")
    assert git(clone, "rev-parse", "HEAD") == before
    assert git(clone, "status", "--porcelain") == ""
