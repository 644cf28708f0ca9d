"""The drawers that a narrow window has, and the switch of colours."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect
from site_visit import Visit, Visitor, notebook_pages

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def phone(visitor: Visitor) -> Iterator[Visit]:
    opened = visitor.open(notebook_pages()[0])
    opened.load_as_phone()
    opened.page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    yield opened
    assert opened.errors == []
    opened.close()


def pull(phone: Visit, side: str) -> Locator:
    """Open a drawer and return it."""
    phone.page.locator(f".{side}-toggle:visible").first.click()
    drawer = phone.page.locator("dialog[open]")
    expect(drawer).to_have_count(1)
    expect(drawer.locator("a[href]").first).to_be_visible()
    return drawer


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_escape_closes_a_drawer(phone: Visit, side: str):
    drawer = pull(phone, side)
    phone.page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_a_choice_closes_the_contents_and_lands(phone: Visit):
    drawer = pull(phone, "secondary")
    link = drawer.locator(".page-toc a").nth(2)
    target = phone.page.locator(link.get_attribute("href"))
    link.click()
    expect(drawer).to_have_count(0)
    expect(target).to_be_in_viewport()
    assert 0 < target.bounding_box()["y"] < 200


def test_a_choice_closes_the_list_of_chapters(phone: Visit):
    drawer = pull(phone, "primary")
    drawer.locator("nav a.current").first.click()  # this very page: it is not left
    expect(drawer).to_have_count(0)


def test_the_switch_says_which_colours_are_on(phone: Visit):
    switch = phone.page.locator(".theme-switch-button:visible").first
    names = []
    for _ in range(3):
        mode = phone.page.get_attribute("html", "data-mode")
        names.append((mode, switch.get_attribute("aria-label")))
        switch.click()
        phone.page.wait_for_function(
            "old => document.documentElement.dataset.mode !== old", arg=mode
        )
    assert dict(names) == {
        "auto": "Colours: as your system",
        "light": "Colours: light",
        "dark": "Colours: dark",
    }
