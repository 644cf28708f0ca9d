"""A book of four pages: what the build makes of links, and that dead ones are told."""

import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import NamedTuple

import nbformat.v4 as v4
import pytest
from nbformat import NotebookNode
from site_visit import ROOT

from edulib.authoring.links.targets import terms
from edulib.authoring.notebooks import write

CONF = """\
extensions = ["myst_nb", "sphinxcontrib.bibtex", "edulib.authoring.links.sphinx"]
root_doc = "book/index"
bibtex_bibfiles = ["book/references.bib"]
bibtex_cite_id = "{key}"
numfig = True
numfig_format = {"figure": "Figure %s."}
nb_execution_mode = "off"
"""
INDEX = """\
# Book

```{toctree}
part/one
part/two
notation
bibliography
```
"""
GOOD = """\
# One

As [He and others, 2015](../bibliography.md#he2015resnet) say,
[dilated](../notation.md#dilation), in [figure 7](#fig-one-b)
and [figure](two.ipynb#fig-two-a); [Words](../notation.md).
"""
DEAD = """\
# Two

[No](../bibliography.md#nobody2000none) [word](../notation.md#no-word)
[figure 1](#fig-two-gone) [figure 2](one.ipynb#fig-one-gone)
"""


class Book(NamedTuple):
    """The built pages, by name, and what the build complained of."""

    pages: dict[str, str]
    warnings: str


def notebook(text: str, *names: str) -> NotebookNode:
    picture = v4.new_output("display_data", data={"text/html": "<p>A picture.</p>"})
    cells = [v4.new_markdown_cell(text)]
    for name in names:
        cell = v4.new_code_cell("draw()", execution_count=1, outputs=[picture])
        cell.metadata.mystnb = {"figure": {"caption": f"Of {name}.", "name": name}}
        cells.append(cell)
    return v4.new_notebook(cells=cells)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    folder = tmp_path_factory.mktemp("book")
    write(notebook(GOOD, "fig-one-a", "fig-one-b"), folder / "book/part/one.ipynb")
    write(notebook(DEAD, "fig-two-a"), folder / "book/part/two.ipynb")
    for name in ("notation.md", "bibliography.md", "references.bib"):
        shutil.copy(ROOT / "book" / name, folder / "book" / name)
    (folder / "book/index.md").write_text(INDEX)
    (folder / "conf.py").write_text(CONF)
    command = [sys.executable, "-m", "sphinx", "-q", "-n", folder, folder / "html"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    pages = {
        path.stem: path.read_text(encoding="utf-8")
        for path in Path(folder / "html" / "book").rglob("*.html")
    }
    return Book(pages, done.stderr)


def link(page: str, words: str) -> dict[str, str]:
    """The attributes of the link that has these words."""
    found = [
        attributes
        for attributes, text in re.findall(r"<a ([^>]*)>(.*?)</a>", page, re.DOTALL)
        if re.sub(r"<[^>]+>", "", text) == words
    ]
    assert len(found) == 1, f"{len(found)} links {words!r}"
    return {k: unescape(v) for k, v in re.findall(r'([\w-]+)="([^"]*)"', found[0])}


def test_a_citation_leads_to_its_entry_and_says_what_stands_there(book: Book):
    found = link(book.pages["one"], "He and others, 2015")
    assert found["href"] == "../bibliography.html#he2015resnet"
    assert found["title"].startswith("Kaiming He, Xiangyu Zhang, Shaoqing Ren")
    assert "Deep Residual Learning for Image Recognition." in found["title"]
    assert "eov-paper" in found["class"]
    assert 'id="he2015resnet"' in book.pages["bibliography"]


def test_a_term_leads_to_its_definition_and_says_it(book: Book):
    found = link(book.pages["one"], "dilated")
    assert found["href"] == "../notation.html#dilation"
    assert found["title"] == f"dilation: {terms()['dilation'].definition}"
    assert "eov-term" in found["class"]


def test_every_term_is_a_place_on_its_page(book: Book):
    places = set(re.findall(r'<li id="([^"]+)"', book.pages["notation"]))
    assert places == set(terms())


def test_figures_are_counted_on_each_page_and_links_say_their_number(book: Book):
    numbers = r'"caption-number">(.*?)\s*</span>'
    assert re.findall(numbers, book.pages["one"]) == ["Figure 1.", "Figure 2."]
    assert re.findall(numbers, book.pages["two"]) == ["Figure 1."]
    assert link(book.pages["one"], "figure 2")["href"].endswith("#fig-one-b")
    assert link(book.pages["one"], "figure 1")["href"] == "two.html#fig-two-a"
    assert 'id="fig-one-b"' in book.pages["one"]


def test_a_link_to_the_page_itself_stays_as_it_is(book: Book):
    assert "title" not in link(book.pages["one"], "Words")


@pytest.mark.parametrize(
    "message",
    [
        "book/bibliography.md has no entry #nobody2000none",
        "book/notation.md has no entry #no-word",
        "book/part/two has no figure #fig-two-gone",
        "book/part/one has no figure #fig-one-gone",
    ],
)
def test_a_dead_link_is_told_with_its_place(book: Book, message: str):
    lines = [line for line in book.warnings.splitlines() if message in line]
    assert len(lines) == 1
    assert re.search(r"two\.ipynb:\d+: WARNING", lines[0])


def test_living_links_raise_no_warning(book: Book):
    assert "two.ipynb" in book.warnings
    assert "one.ipynb" not in book.warnings
