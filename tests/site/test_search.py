"""The search finds what is in the book, by keyboard, and without another server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from site_visit import Visit, Visitor, toc_pages

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visit(visitor: Visitor) -> Iterator[Visit]:
    opened = visitor.open(toc_pages()[0])
    yield opened
    assert opened.foreign == []
    opened.close()


def test_the_first_stop_of_the_tab_key_skips_to_the_article(visit: Visit):
    visit.page.keyboard.press("Tab")
    expect(visit.page.locator(":focus")).to_have_text("Skip to main content")


def test_search_finds_a_word(visit: Visit):
    visit.page.keyboard.press("Control+k")
    expect(visit.page.locator("input[name=q]:focus")).to_be_visible()
    visit.page.keyboard.type("double precision")
    visit.page.keyboard.press("Enter")
    results = visit.page.locator("#search-results")
    expect(results.locator("li a").first).to_be_visible()
    expect(results).to_contain_text("How this book is checked")
