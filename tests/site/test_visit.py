"""The checks of the pages themselves: each has to see the fault that it is for."""

from collections.abc import Iterator

import pytest
from site_visit import Visit, Visitor, toc_pages

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def visit(visitor: Visitor) -> Iterator[Visit]:
    """A page on which each test plants a fault that no other is to see."""
    opened = visitor.open(toc_pages()[0])
    opened.read_through()
    yield opened
    opened.close()


SIZE = 'width="100" style="display: block; width: 100px; height: 9px"'


def add(visit: Visit, html: str) -> None:
    visit.page.evaluate(
        "html => document.querySelector('.bd-article').insertAdjacentHTML("
        "'afterbegin', html)",
        html,
    )


def test_sees_a_request_to_somebody_else(visit: Visit):
    with visit.page.expect_event("console", lambda m: "net::ERR" in m.text):
        visit.page.evaluate("fetch('https://example.org/x.js').catch(() => 0)")
    assert visit.foreign == ["https://example.org/x.js"]
    assert any("net::ERR_NAME_NOT_RESOLVED" in error for error in visit.errors)


def test_sees_an_error(visit: Visit):
    with visit.page.expect_event("pageerror"):
        visit.page.evaluate("setTimeout(() => { throw new Error('broken') })")
    assert any("broken" in error for error in visit.errors)


def test_sees_an_element_that_is_too_wide(visit: Visit):
    add(visit, '<div class="planted" style="width: 3000px">wide</div>')
    assert "div.planted" in visit.too_wide()


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<svg width="60" viewBox="0 0 90 9"><text y="8">tick</text></svg>', "tick"),
        (f'<img {SIZE} data-letters="8.9" alt="a plot with ticks">', "a plot"),
        ('<p style="font-size: 8px">pale</p>', "pale"),
        ('<picture><img width="9" alt="not measured"></picture>', "unknown: not"),
    ],
)
def test_sees_small_letters(html: str, words: str, visit: Visit):
    add(visit, f'<div class="planted cell_output" style="font-size: 12px">{html}</div>')
    found = visit.small_letters()
    visit.page.locator(".planted").first.evaluate("e => e.remove()")
    assert len(found) == 1
    assert words in found[0]
    assert visit.small_letters() == []


def test_sees_a_hidden_caption(visit: Visit):
    both = '<i class="only-light"></i><i class="only-dark"></i>'
    for inside, found in (('<b class="only-dark"></b>', ["seen"]), (both, [])):
        figure = f"<figure>{inside}<figcaption>seen</figcaption></figure>"
        add(visit, f'<div class="planted bd-article">{figure}</div>')
        assert visit.hidden_captions() == found
        visit.page.locator(".planted").first.evaluate("e => e.remove()")


def test_sees_a_raw_formula(visit: Visit):
    add(visit, r'<span class="math">\(x^2\)</span>')
    assert visit.raw_formulas() == [r"\(x^2\)"]


def test_sees_a_link_of_the_contents_that_does_not_land(visit: Visit):
    count, missed = visit.contents()
    assert count > 0
    assert missed == []
    visit.page.evaluate("document.documentElement.style.scrollPaddingTop = '0px'")
    assert len(visit.contents()[1]) > 0
    visit.page.evaluate("document.documentElement.style.scrollPaddingTop = ''")


def test_sees_a_formula_at_which_the_tab_key_stops(visit: Visit):
    add(visit, '<mjx-container id="planted" tabindex="0">x</mjx-container>')
    (found,) = visit.formula_stops()
    assert 'id="planted"' in found


def test_sees_an_image_without_description(visit: Visit):
    add(visit, '<img src="data:," alt="figure.png">')
    assert [alt for _, alt in visit.poor_alts()] == ["figure.png"]


def test_sees_text_without_contrast(visit: Visit):
    add(visit, '<p style="color: #bbb; background: #fff">pale words to be read</p>')
    assert [found for found in visit.barriers() if "color-contrast" in found]


def test_sees_one_word_of_code_without_contrast(visit: Visit):
    words = [f'<span class="n">word{n}</span> ' for n in range(4)]
    words[2] = words[2].replace(" ", ' style="color: #bbb" ', 1)
    add(visit, f'<div class="highlight"><pre>{"".join(words)}</pre></div>')
    found = [found for found in visit.barriers() if "color-contrast" in found]
    assert len([barrier for barrier in found if "word2" in barrier]) == 1
    assert visit.page.locator("pre > span.n").all_inner_texts() == ["word0", "word2"]


def test_sees_what_moves(visit: Visit):
    visit.page.evaluate("window.scrollTo({top: 0, behavior: 'instant'})")
    before = visit.shift()
    add(visit, '<div style="height: 600px"></div>')
    visit.page.wait_for_function("before => eovShift() > before + 0.1", arg=before)


def test_weighs_what_was_loaded(visit: Visit):
    before = visit.weight()
    with visit.page.expect_response("**/logo.svg"):
        visit.page.evaluate("fetch('../_static/logo.svg').then((r) => r.text())")
    assert 0 < visit.weight() - before < 1000
