"""Rules for how a chapter begins."""

import re
from collections.abc import Iterator

from edulib.authoring.lint.cells import SET_UP
from edulib.authoring.lint.page import Page, Problem, headings, tags

_YEAR = r"(?:19|20)\d\d"
_TITLE = re.compile(rf"# .+ \({_YEAR}(?:, {_YEAR})?\)\n+(?P<sentence>\S.+)", re.DOTALL)


def title_with_year(page: Page) -> Iterator[Problem]:
    """The first cell is the title with its year and the breakthrough in a sentence."""
    first = page.cells[0] if page.cells else None
    if first is None or not _TITLE.fullmatch(first.source.strip()):
        yield page.problem(
            0, "expected '# Name (year)' and below it the breakthrough in one sentence"
        )
    for number, cell in list(page.markdown())[1:]:
        if any(level == 1 for level, _ in headings(cell.source)):
            yield page.problem(number, "holds a second title: start at ##")


def set_up_cell(page: Page) -> Iterator[Problem]:
    """The second cell sets up, in the same words in each chapter, hidden."""
    cell = page.cells[1] if len(page.cells) > 1 else None
    if cell is None or cell.source.strip() != SET_UP:
        yield page.problem(1, f"expected the set-up cell, exactly:\n{SET_UP}")
    elif tags(cell) != {"remove-cell"} or cell.metadata.get("cellView") != "form":
        yield page.problem(
            1, "expected the set-up cell's tags ['remove-cell'] and cellView 'form'"
        )


def card_cell(page: Page) -> Iterator[Problem]:
    """The third cell shows the card of this chapter, without its code."""
    wanted = f'chapter_header("{page.path.stem}")'
    cell = page.cells[2] if len(page.cells) > 2 else None
    last = (cell.source.strip().splitlines() or [""])[-1] if cell else ""
    if last != wanted or not tags(cell) & {"remove-input"}:
        yield page.problem(2, f"expected {wanted}, tagged remove-input")


def objectives(page: Page) -> Iterator[Problem]:
    """Before the first section stands what a reader will be able to do."""
    if "After this chapter you can" not in page.sections[0].text:
        yield page.problem(
            None, "expected 'After this chapter you can ...' before the first section"
        )
