"""Rules for how much a page holds: words, visible code, minutes, folds with names."""

from collections.abc import Iterator

from edulib.authoring.lint.page import Page, Problem, tags
from edulib.authoring.lint.reading import (
    AT_THE_END,
    CORE_MINUTES,
    count_words,
    reading_minutes,
    visible_lines,
)
from edulib.authoring.notebooks import chapter_of

MOST_LINES = 120
WORDS = {"review": (1000, 2100), "practice": (1500, 2900)}
USUAL_WORDS = (1800, 2900)
NAMELESS = {"", "Show the code"}


def length(page: Page) -> Iterator[Problem]:
    """A chapter has about 2,000 to 2,800 words, a review may be shorter."""
    row = chapter_of(page.path)
    fewest, most = WORDS.get(row.kind if row else "", USUAL_WORDS)
    words = count_words("\n".join(cell.source for _, cell in page.markdown()))
    if not fewest <= words <= most:
        yield page.problem(
            None, f"has {words:,} words, expected {fewest:,} to {most:,}"
        )


def little_code(page: Page) -> Iterator[Problem]:
    """At most 120 lines of code are in view, quoted ones counted, exercises not."""
    lines = sum(
        visible_lines(cell)
        for section in page.sections
        if not set(section.roles) & AT_THE_END
        for _, cell in section.cells
        if cell.cell_type == "code"
    )
    if lines > MOST_LINES:
        yield page.problem(
            None, f"shows {lines} lines of code, at most {MOST_LINES} are read: fold"
        )


def read_in_time(page: Page) -> Iterator[Problem]:
    """The core is read in 25 minutes; the rest is headed "Going further"."""
    minutes = reading_minutes(page).core
    if minutes > CORE_MINUTES:
        yield page.problem(
            None, f"takes {minutes} minutes to read, expected {CORE_MINUTES} at most"
        )


def folds_have_names(page: Page) -> Iterator[Problem]:
    """A folded cell says what is in it, each in words of its own."""
    known: dict[str, int] = {}
    for number, cell in page.code():
        if "hide-input" not in tags(cell) or "exercise" in tags(cell):
            continue
        name = cell.metadata.get("mystnb", {}).get("code_prompt_show", "")
        if name in NAMELESS:
            yield page.problem(
                number, "is folded without mystnb.code_prompt_show in its metadata"
            )
        elif name in known:
            yield page.problem(number, f"{name!r} is also the name of {known[name]}")
        known[name] = number
