"""Every page, wide and light, narrow and dark, in a browser without a network."""

from collections.abc import Iterator

import pytest
from site_visit import Visit, Visitor, toc_pages

pytestmark = pytest.mark.browser

MEGABYTE = 1_000_000


@pytest.fixture(scope="module", params=toc_pages())
def wide(request: pytest.FixtureRequest, visitor: Visitor) -> Iterator[Visit]:
    visit = visitor.open(request.param, width=1280, scheme="light")
    yield visit
    visit.close()


@pytest.fixture(scope="module", params=toc_pages())
def narrow(request: pytest.FixtureRequest, visitor: Visitor) -> Iterator[Visit]:
    visit = visitor.open(request.param, width=390, scheme="dark")
    yield visit
    visit.close()


def test_asks_nobody_else(wide: Visit):
    assert wide.foreign == []


def test_reports_no_error(wide: Visit):
    assert wide.errors == []
    assert [r.url for r in wide.responses if r.status >= 400] == []


def test_sets_its_formulas(wide: Visit):
    assert wide.raw_formulas() == []


def test_describes_its_images(wide: Visit):
    assert wide.poor_alts() == []


def test_fits_a_wide_window(wide: Visit):
    assert wide.too_wide() == []


def test_stands_still_while_it_loads(wide: Visit):
    assert wide.shift() < 0.1


def test_has_no_barriers_in_light(wide: Visit):
    assert wide.barriers() == []


def test_is_light(wide: Visit):
    assert wide.weight() <= 1.5 * MEGABYTE


def test_says_what_it_is(wide: Visit):
    description = wide.page.get_attribute("meta[name=description]", "content")
    assert len(description) > 40
    assert wide.page.get_attribute("html", "lang") == "en"
    assert "Eras of Vision" in wide.page.title()


def test_asks_nobody_else_on_a_phone(narrow: Visit):
    assert narrow.foreign == []
    assert narrow.errors == []


def test_fits_a_phone(narrow: Visit):
    assert narrow.too_wide() == []


def test_stands_still_on_a_phone(narrow: Visit):
    assert narrow.shift() < 0.1


def test_has_no_barriers_in_dark(narrow: Visit):
    assert narrow.page.get_attribute("html", "data-theme") == "dark"
    assert narrow.barriers() == []
