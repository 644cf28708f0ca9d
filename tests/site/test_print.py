"""The review of an era prints as one sheet of paper, and as nothing else."""

import re

import pytest
from site_visit import Visitor

pytestmark = pytest.mark.browser

PAGE = re.compile(rb"/Type\s*/Page[^s]")


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_prints_on_one_page(paper: str, visitor: Visitor):
    visit = visitor.open("book/era1_enlightenment/review1")
    assert len(PAGE.findall(visit.page.pdf(format=paper))) == 1
    visit.page.emulate_media(media="print")
    assert visit.page.locator(".eov-sheet").is_visible()
    assert not visit.page.locator("h1").first.is_visible()
    visit.close()
