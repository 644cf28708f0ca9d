"""Rules for the pattern of a chapter: what stands where."""

import re
from collections.abc import Iterator

from edulib.authoring.lint.cells import SET_UP
from edulib.authoring.lint.page import Page, Problem, headings, tags, without_code
from edulib.authoring.notebooks import chapter_of

SECTIONS = (
    "The problem",
    "The idea",
    "The architecture",
    "The code",
    "Proof",
    "The claim, reproduced",
    "What it sees",
    "Scale up",
    "Legacy",
    "Exercises",
    "Recap quiz",
)
REVIEW_SECTIONS = (
    "The question",
    "The era in numbers",
    "The same small budget",
    "What it settled",
    "What it left open",
    "One page to print",
    "Exercises",
    "Recap quiz",
)
FEWEST_WORDS, MOST_WORDS = 1500, 3000
FEWEST_REVIEW_WORDS = 1000

_TITLE = re.compile(r"# .+ \((?:19|20)\d\d\)\n+(?P<sentence>\S.+)", re.DOTALL)
_WORD = re.compile(r"[^\W_][\w'\u2019.,-]*")
_DROPPED = re.compile(
    r"\$\$.*?\$\$|\$[^$\n]+\$|<[^>]+>|\]\([^)]*\)|https?://\S+", re.DOTALL
)


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


def sections_in_order(page: Page) -> Iterator[Problem]:
    """The sections of a chapter or a review, all, in order, none empty."""
    wanted = REVIEW_SECTIONS if _is_review(page) else SECTIONS
    titles = [section.title for section in page.sections[1:]]
    if titles != list(wanted):
        missing = [title for title in wanted if title not in titles]
        other = [title for title in titles if title not in wanted]
        yield page.problem(
            None,
            f"expected the sections {', '.join(wanted)}; missing: {missing}, "
            f"unknown: {other}{'' if missing or other else ', order differs'}",
        )
    for section in page.sections[1:]:
        if not (section.text.strip() or section.code.strip()):
            yield page.problem(None, f"section {section.title!r} is empty")


def shows_the_network(page: Page) -> Iterator[Problem]:
    """The architecture is drawn, tabled and opened in Netron; its source is shown."""
    wanted = {
        "The architecture": ("diagram(", "stage_table(", "netron_graph("),
        "The code": ("show_source(",),
    }
    for title, calls in wanted.items():
        section = page.section(title)
        missing = [call for call in calls if section and call not in section.code]
        if missing:
            yield page.problem(None, f"section {title!r} does not call {missing}")


def verdict(page: Page) -> Iterator[Problem]:
    """The claim's section ends in a verdict that is computed."""
    section = page.section("The claim, reproduced")
    if section and not re.search(r"(?<!\w)claim\(", section.code):
        yield page.problem(None, "section 'The claim, reproduced' does not call claim(")


def length(page: Page) -> Iterator[Problem]:
    """A chapter has 1,500 to 3,000 words, a review may be shorter."""
    fewest = FEWEST_REVIEW_WORDS if _is_review(page) else FEWEST_WORDS
    words = count_words("\n".join(cell.source for _, cell in page.markdown()))
    if not fewest <= words <= MOST_WORDS:
        yield page.problem(
            None, f"has {words:,} words, expected {fewest:,} to {MOST_WORDS:,}"
        )


def _is_review(page: Page) -> bool:
    row = chapter_of(page.path)
    return row is not None and row.kind == "review"


def count_words(text: str) -> int:
    """Count the words of Markdown, without code, formulas and addresses."""
    return len(_WORD.findall(_DROPPED.sub(" ", without_code(text))))
