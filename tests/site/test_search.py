"""The search finds what is in the book, by keyboard, and without another server."""

import pytest
from site_visit import Visitor, toc_pages

pytestmark = pytest.mark.browser


def test_search_finds_a_word(visitor: Visitor):
    visit = visitor.open(toc_pages()[0])
    visit.page.keyboard.press("Control+k")
    visit.page.keyboard.type("double precision")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_selector("#search-results li a", timeout=10_000)
    found = visit.page.inner_text("#search-results")
    assert "How this book is checked" in found
    assert visit.foreign == []
    visit.close()


def test_the_first_stop_of_the_tab_key_skips_to_the_article(visitor: Visitor):
    visit = visitor.open(toc_pages()[-1])
    visit.page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
    visit.page.keyboard.press("Tab")
    first = visit.page.evaluate("document.activeElement.textContent.trim()")
    assert first == "Skip to main content"
    visit.close()
