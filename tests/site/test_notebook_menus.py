"""The menus at the top of a notebook's page by keyboard; all pages have the same."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect
from site_visit import Visit, Visitor, notebook_pages

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visit(visitor: Visitor) -> Iterator[Visit]:
    opened = visitor.open(notebook_pages()[0])
    yield opened
    assert opened.errors == []
    opened.close()


def open_by_keyboard(visit: Visit, menu: str) -> tuple[Locator, Locator]:
    """Open a menu with Enter; return its button and its entries."""
    group = visit.page.locator(f".dropdown-{menu}")
    button = group.locator("button.dropdown-toggle")
    entries = group.locator(".dropdown-item")
    expect(entries.first).to_be_hidden()
    button.focus()
    visit.page.keyboard.press("Enter")
    expect(entries.first).to_be_visible()
    return button, entries


@pytest.mark.parametrize("menu", ["launch-buttons", "download-buttons"])
def test_arrow_keys_walk_through_the_menu_and_escape_closes_it(visit: Visit, menu: str):
    button, entries = open_by_keyboard(visit, menu)
    assert entries.count() >= 1
    for entry in entries.all():
        visit.page.keyboard.press("ArrowDown")
        expect(entry).to_be_focused()
    visit.page.keyboard.press("Escape")
    expect(entries.first).to_be_hidden()
    expect(button).to_be_focused()
