"""The checks of the pages themselves: each has to see the fault that it is for."""

from collections.abc import Iterator

import pytest
from site_visit import Visit, Visitor, toc_pages

pytestmark = pytest.mark.browser


@pytest.fixture
def visit(visitor: Visitor) -> Iterator[Visit]:
    opened = visitor.open(toc_pages()[0])
    yield opened
    opened.close()


def add(visit: Visit, html: str) -> None:
    visit.page.evaluate(
        "html => document.querySelector('.bd-article').insertAdjacentHTML("
        "'afterbegin', html)",
        html,
    )


def test_sees_a_request_to_somebody_else(visit: Visit):
    visit.page.evaluate("fetch('https://example.org/x.js').catch(() => 0)")
    visit.page.wait_for_timeout(200)
    assert visit.foreign == ["https://example.org/x.js"]
    assert any("ERR_FAILED" in error for error in visit.errors)


def test_sees_an_error(visit: Visit):
    visit.page.evaluate("setTimeout(() => { throw new Error('broken') })")
    visit.page.wait_for_timeout(200)
    assert any("broken" in error for error in visit.errors)


def test_sees_an_element_that_is_too_wide(visit: Visit):
    add(visit, '<div class="planted" style="width: 3000px">wide</div>')
    assert "div.planted" in visit.too_wide()


def test_sees_a_raw_formula(visit: Visit):
    add(visit, r'<span class="math">\(x^2\)</span>')
    assert visit.raw_formulas() == [r"\(x^2\)"]


def test_sees_an_image_without_description(visit: Visit):
    add(visit, '<img src="data:," alt="figure.png">')
    assert [alt for _, alt in visit.poor_alts()] == ["figure.png"]


def test_sees_text_without_contrast(visit: Visit):
    add(visit, '<p style="color: #bbb; background: #fff">pale words to be read</p>')
    assert [found for found in visit.barriers() if "color-contrast" in found]


def test_sees_what_moves(visit: Visit):
    visit.page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
    add(visit, '<div style="height: 600px"></div>')
    visit.page.wait_for_function("window.eovShift > 0.1", timeout=5000)


def test_weighs_what_was_loaded(visit: Visit):
    before = visit.weight()
    visit.page.evaluate("fetch('../_static/logo.svg').then((r) => r.text())")
    visit.page.wait_for_load_state("networkidle")
    assert 0 < visit.weight() - before < 1000
