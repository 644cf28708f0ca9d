"""The search finds what is in the book, by keyboard, and without another server."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect
from site_visit import Visit, Visitor, notebook_pages, toc_pages

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


def search(visit: Visit, words: str) -> Locator:
    """Search for words; return the results, the best one first."""
    visit.page.goto(f"{visit.page.url.partition('/book/')[0]}/search.html?q={words}")
    results = visit.page.locator("#search-results li")
    expect(visit.page.locator(".search-summary")).to_contain_text("found")
    return results


def test_search_finds_a_word(visit: Visit):
    visit.page.keyboard.press("Control+k")
    expect(visit.page.locator("input[name=q]:focus")).to_be_visible()
    visit.page.keyboard.type("double precision")
    visit.page.keyboard.press("Enter")
    results = visit.page.locator("#search-results")
    expect(results.locator("li a").first).to_be_visible()
    expect(results).to_contain_text("How this book is checked")


def test_a_heading_comes_first_and_its_section_opens(visitor: Visitor):
    name = notebook_pages()[1]
    chapter = visitor.open(name)
    heading = chapter.page.locator(".bd-article section section > h3").first
    place = heading.locator("xpath=..").get_attribute("id")
    words = re.findall(r"\w{4,}", heading.inner_text())
    results = search(chapter, " ".join(reversed(words)))  # not as the heading has them
    first = results.first.locator("a")
    expect(first).to_have_attribute("href", f"{name}.html#{place}")
    chapter.close()


def test_a_title_comes_before_other_pages_and_these_in_the_order_of_the_book(
    visitor: Visitor,
):
    opened = visitor.open(toc_pages()[0])
    links = search(opened, "resnet").locator("a")
    hrefs = [link.get_attribute("href") for link in links.all()]
    assert hrefs[0].startswith("book/era2_residual/resnet.html")
    pages = [f"{page}.html" for page in toc_pages()[1:]]
    scores = [float(link.get_attribute("data-score")) for link in links.all()]
    for score in (5, 15):  # found in the text, or in a heading that holds more
        places = [
            pages.index(href)
            for href, found in zip(hrefs, scores, strict=True)
            if href in pages and score - 1 < found <= score
        ]
        assert places == sorted(places)
    assert len(hrefs) > 3
    opened.close()


def test_results_quote_prose(visitor: Visitor):
    opened = visitor.open(toc_pages()[0])
    html = """<article class="bd-article"><h1>Title</h1><section id="a"><h2>Head</h2>
      <p>First.</p><p>Second <code>x</code>.</p><pre>import torch</pre>
      <table><tr><td>MACs</td></tr></table><details>Answer</details>
      </section></article>"""
    text = "html => [Search.htmlToText(html, ''), Search.htmlToText(html, '#a')]"
    whole, section = opened.page.evaluate(text, html)
    assert whole.split() == "Title Head First. Second x.".split()
    assert section.split() == "First. Second x.".split()
    opened.close()
