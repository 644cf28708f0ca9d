"""What stands in two places of the repository has to be the same in both."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import yaml
from pybtex.database import parse_file
from site_visit import ROOT

from edulib import __version__
from edulib.authoring.lint.outputs import ZOOM
from edulib.authoring.lists import map_lists
from edulib.authoring.page_figures import PHONE
from edulib.authoring.page_statistics import count_cells, count_tests, page_numbers
from edulib.drawing import ERA_COLORS
from edulib.registry import papers

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_bibliography_and_registry_agree():
    entries = parse_file(ROOT / "book" / "references.bib").entries
    assert {paper.key for paper in papers()} - set(entries) == set()
    for paper in papers():
        entry = entries[paper.key]
        assert entry.fields["title"].strip("{}") == paper.title
        people = [re.sub(r"[{}]", "", str(p)) for p in entry.persons["author"]]
        assert len(people) == len(paper.authors.split(","))
        for person in people:
            assert person.split(",")[0] in paper.authors
        if "arxiv.org" in paper.url:
            assert paper.url.endswith(entry.fields["eprint"])
        assert int(entry.fields["year"]) >= paper.year


def test_eras_have_one_colour():
    css = read("book/_static/book.css")
    for era in range(len(ERA_COLORS)):
        found = re.search(rf"light.*:has\(\.eov-era-{era}\).*--eov-era: (#\w+)", css)
        assert found[1] == ERA_COLORS[era]


def test_pages_and_style_sheet_agree_on_what_a_phone_is():
    css = read("book/_static/book.css")
    phone = re.search(rf"@media {re.escape(PHONE)} {{\s*(.*picture img.*)", css)
    assert "zoom: 1;" in phone[1]
    assert f".bd-article .cell_output picture img {{ zoom: {ZOOM}; }}" in css


def test_the_lock_holds_what_the_project_asks_for():
    lock = read("requirements.txt")
    pinned = {line.split("==")[0] for line in lock.splitlines() if "==" in line}
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *chain(*extras.values())]
    names = {re.match(r"[\w.-]+", requirement)[0].lower() for requirement in wanted}
    assert names - {PROJECT["project"]["name"]} <= pinned
    assert "file:" not in lock
    assert "://" not in lock


def test_version_and_title_are_the_same_in_the_citation():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == __version__
    assert citation["repository-code"] == PROJECT["project"]["urls"]["Repository"]
    assert citation["title"] in read("book/welcome.md")


def test_numbers_are_counted(tmp_path: Path):
    (tmp_path / "room").mkdir()
    code = "def test_a(): ...\ndef helper(): ...\nclass T:\n    def test_b(self): ...\n"
    (tmp_path / "room" / "test_x.py").write_text(code)
    (tmp_path / "test_y.py").write_text("def test_c(): ...\n")
    assert count_tests(tmp_path) == {"room": 2, "everything": 1}


def test_cells_are_counted_and_pages_know_the_numbers():
    assert count_cells(ROOT / "book" / "benchmarks.ipynb") == 10
    named = set(re.findall(r"{{ (\w+) }}", read("book/checked.md")))
    assert named <= page_numbers(ROOT).keys() | map_lists().keys()
