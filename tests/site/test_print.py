"""The review of an era prints as one sheet of paper, and as nothing else."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from site_visit import Visit, Visitor

pytestmark = pytest.mark.browser

PAGE = re.compile(rb"/Type\s*/Page[^s]")


REVIEWS = (
    "book/era1_enlightenment/review1",
    "book/era2_residual/review2",
    "book/era3_attention/review3",
)


@pytest.fixture(scope="module", params=REVIEWS)
def visit(visitor: Visitor, request: pytest.FixtureRequest) -> Iterator[Visit]:
    opened = visitor.open(request.param)
    opened.read_through()
    yield opened
    opened.close()


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_prints_on_one_page(paper: str, visit: Visit):
    assert len(PAGE.findall(visit.page.pdf(format=paper))) == 1


def test_prints_the_sheet_and_nothing_else(visit: Visit):
    visit.page.emulate_media(media="print")
    expect(visit.page.locator(".eov-sheet")).to_be_visible()
    expect(visit.page.locator("h1").first).to_be_hidden()
