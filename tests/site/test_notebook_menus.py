"""The menus at the top of a notebook's page: where it opens, what it downloads."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator
from site_visit import ROOT, Visit, Visitor, toc_pages

from edulib.authoring.hosts import list_hosts
from edulib.authoring.notebooks import read
from edulib.exercises.source import student_notebook

pytestmark = pytest.mark.browser

NOTEBOOKS = [page for page in toc_pages() if (ROOT / f"{page}.ipynb").exists()]
TEXTS = [page for page in toc_pages() if page not in NOTEBOOKS]


@pytest.fixture(params=NOTEBOOKS)
def visit(request: pytest.FixtureRequest, visitor: Visitor) -> Iterator[Visit]:
    opened = visitor.open(request.param)
    yield opened
    assert opened.errors == []
    opened.close()


def open_by_keyboard(visit: Visit, menu: str) -> Locator:
    """Open a menu with Enter and return its entries."""
    group = visit.page.locator(f".dropdown-{menu}")
    group.locator("button.dropdown-toggle").focus()
    visit.page.keyboard.press("Enter")
    entries = group.locator(".dropdown-item")
    entries.first.wait_for(state="visible")
    return entries


def name_of(visit: Visit) -> str:
    return next(page for page in NOTEBOOKS if f"/{page}.html" in visit.page.url)


def test_the_rocket_opens_the_form_for_students(visit: Visit):
    entries = open_by_keyboard(visit, "launch-buttons")
    hosts = list_hosts(name_of(visit))
    assert [text.strip() for text in entries.all_inner_texts()] == [
        host.name for host in hosts
    ]
    assert [entry.get_attribute("href") for entry in entries.all()] == [
        host.url for host in hosts
    ]


def test_arrow_keys_walk_through_the_menu_and_escape_closes_it(visit: Visit):
    entries = open_by_keyboard(visit, "launch-buttons")
    for entry in entries.all():
        visit.page.keyboard.press("ArrowDown")
        assert entry.evaluate("e => e === document.activeElement")
    visit.page.keyboard.press("Escape")
    entries.first.wait_for(state="hidden")
    button = visit.page.locator(".dropdown-launch-buttons button.dropdown-toggle")
    assert button.evaluate("e => e === document.activeElement")


def test_the_first_download_is_the_form_for_students(visit: Visit, tmp_path):
    entries = open_by_keyboard(visit, "download-buttons")
    texts = [text.strip() for text in entries.all_inner_texts()]
    assert texts == [".ipynb to work in", ".ipynb with solutions", ".pdf"]
    sources = []
    for entry in entries.all()[:2]:
        answer = visit.page.request.get(entry.evaluate("e => e.href"))
        assert answer.ok
        path = tmp_path / f"{len(sources)}.ipynb"
        path.write_bytes(answer.body())
        sources.append([cell.source for cell in read(path).cells])
    book = read(ROOT / f"{name_of(visit)}.ipynb")
    assert sources[0] == [cell.source for cell in student_notebook(book).cells]
    assert sources[1] == [cell.source for cell in book.cells]


@pytest.mark.parametrize("name", TEXTS)
def test_a_page_that_is_no_notebook_offers_none(name: str, visitor: Visitor):
    opened = visitor.open(name)
    assert opened.page.locator(".dropdown-launch-buttons").count() == 0
    assert opened.page.locator("a[href$='.ipynb'].dropdown-item").count() == 0
    opened.close()
