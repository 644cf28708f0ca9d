"""What a link to a paper or a term says: by pointer, keyboard and touch, or alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from edulib.authoring.links.targets import NOTATION

pytestmark = pytest.mark.browser

PAGE = f"{NOTATION.removesuffix('.md')}.html"
# Where the glossary cites it, the bibliography says who wrote it.
CITED, WRITERS = "Nair and Hinton, 2010", "Vinod Nair and Geoffrey E. Hinton."


@pytest.fixture(scope="module")
def page(browser: Browser, site: str, patience: int) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 390, "height": 800})
    opened.set_default_timeout(patience)
    opened.goto(f"{site}{PAGE}")
    yield opened
    opened.close()


@pytest.fixture
def link(page: Page) -> Locator:
    """A citation in the glossary, with nothing shown."""
    page.keyboard.press("Escape")
    page.mouse.move(1, 1)
    page.evaluate("document.activeElement.blur()")
    found = page.get_by_role("link", name=CITED)
    found.scroll_into_view_if_needed()
    expect(note(page)).to_be_hidden()
    return found


def note(page: Page) -> Locator:
    return page.locator(".eov-note")


def test_pointing_shows_it_and_one_may_point_at_what_is_shown(
    page: Page, link: Locator
):
    link.hover()
    expect(note(page)).to_contain_text(WRITERS)
    note(page).hover()
    page.wait_for_timeout(400)  # longer than it waits before it hides
    expect(note(page)).to_be_visible()
    page.mouse.move(1, 1)
    expect(note(page)).to_be_hidden()


def test_the_keyboard_shows_it_and_esc_hides_it(page: Page, link: Locator):
    link.focus()
    expect(note(page)).to_contain_text(WRITERS)
    described = link.get_attribute("aria-describedby")
    assert page.locator(f"#{described}").get_attribute("role") == "tooltip"
    page.keyboard.press("Escape")
    expect(note(page)).to_be_hidden()
    expect(link).to_be_focused()


def test_it_goes_with_the_focus(page: Page, link: Locator):
    link.focus()
    expect(note(page)).to_be_visible()
    page.keyboard.press("Tab")
    expect(note(page)).to_be_hidden()


def test_it_stays_inside_a_narrow_window(page: Page, link: Locator):
    link.hover()
    box = note(page).bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert 0 <= box["y"] <= 800 - box["height"]


def test_the_first_tap_shows_it_and_the_second_follows(
    browser: Browser, site: str, patience: int
):
    context = browser.new_context(
        has_touch=True, viewport={"width": 390, "height": 800}
    )
    context.set_default_timeout(patience)
    touched = context.new_page()
    touched.goto(f"{site}{PAGE}")
    link = touched.get_by_role("link", name=CITED)
    link.tap()
    expect(note(touched)).to_contain_text(WRITERS)
    assert touched.url.endswith(PAGE)
    touched.touchscreen.tap(5, 400)
    expect(note(touched)).to_be_hidden()
    link.tap()
    expect(note(touched)).to_be_visible()
    link.tap()
    touched.wait_for_url("**/bibliography.html#nair2010relu")
    context.close()


def test_without_scripts_it_is_the_title(browser: Browser, site: str, patience: int):
    context = browser.new_context(java_script_enabled=False)
    context.set_default_timeout(patience)
    plain = context.new_page()
    plain.goto(f"{site}{PAGE}")
    title = plain.get_by_role("link", name=CITED).get_attribute("title")
    assert title.startswith(WRITERS)
    context.close()
