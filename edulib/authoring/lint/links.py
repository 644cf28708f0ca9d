"""Rules for links: each leads somewhere, and each paper that is named has one."""

import re
from collections.abc import Container, Iterator
from pathlib import Path

from edulib.authoring.links.figures import figure_numbers, figure_of
from edulib.authoring.links.markdown import Link, find_links, without_links
from edulib.authoring.links.targets import (
    BIBLIOGRAPHY,
    NOTATION,
    citation_fault,
    paper_names,
    references,
    slug,
    surnames,
    terms,
)
from edulib.authoring.lint.page import Page, Problem
from edulib.authoring.notebooks import chapter_of

_NAME = r"(?<![\w-])[A-Z][\w-]*"
_SEVERAL = rf"{_NAME}(?:, {_NAME})* and {_NAME}"
_DATE = r"(?:'s)?(?:, (?:19|20)\d\d\b| \((?:19|20)\d\d\b\)?)"
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November"
_CITATION = re.compile(
    rf"{_NAME} (?:and others|et al\b)(?:, \d{{4}}| \(\d{{4}}\))?"
    rf"|{_SEVERAL}{_DATE}|(?!{_MONTHS}|December){_NAME}{_DATE}"
)
_PEOPLE = re.compile(_SEVERAL)
_BOLD = re.compile(r"\*\*([^*\n]+)\*\*")
_MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)
_TITLE = re.compile(r"^# .*$", re.MULTILINE)


def links_lead_somewhere(page: Page) -> Iterator[Problem]:
    """Each link to a paper, a term or a figure of this page leads to one."""
    figures = figure_numbers(page.notebook)
    for number, text in _prose(page):
        for link in find_links(text):
            if message := _fault(link, page.name, figures):
                yield page.problem(number, f"[{link.text}]: {message}")


def citations_are_links(page: Page) -> Iterator[Problem]:
    """Where prose cites, names with a year or "and others", it links to the entry."""
    for number, text in _prose(page):
        for found in _CITATION.finditer(_bare(text)):
            yield page.problem(
                number,
                f"cites {found[0]!r} in plain text: write "
                f"[{found[0]}](...bibliography.md#key), the key from references.bib",
            )


def named_papers_are_cited(page: Page) -> Iterator[Problem]:
    """A page that speaks of a paper, by name or authors, links to its entry once.

    A link to the chapter about it does as well.
    """
    cited = _cited(page)
    for number, text in _prose(page):
        for name, keys in _papers_in(_bare(text)):
            if not cited & keys:
                cited |= keys
                yield page.problem(
                    number,
                    f"speaks of {name!r}, and the page never links to "
                    f"{BIBLIOGRAPHY}#{' or #'.join(sorted(keys))}",
                )


def bold_terms_are_links(page: Page) -> Iterator[Problem]:
    """A term of the glossary that is bold, because it is explained here, is a link."""
    if page.name == NOTATION:
        return
    for number, text in _prose(page):
        for found in _BOLD.finditer(without_links(text)):
            anchor = slug(found[1])
            if anchor in terms():
                yield page.problem(
                    number,
                    f"explains **{found[1]}** without a link: write "
                    f"**[{found[1]}](...notation.md#{anchor})**",
                )


def _fault(link: Link, page: str, figures: Container[str]) -> str:
    """Say what is wrong with a link; nothing if it is right, or not ours to judge."""
    place = link.leads_to(page)
    if link.anchor.startswith("fig-") and place == page:
        return "" if link.anchor in figures else f"no figure #{link.anchor} here"
    for target, known in ((BIBLIOGRAPHY, references), (NOTATION, terms)):
        if Path(place).name != Path(target).name:
            continue
        if place != target:
            return f"{link.file} leads to {place}, expected {target}"
        if link.anchor and link.anchor not in known():
            return f"{target} has no entry #{link.anchor}"
    if place == BIBLIOGRAPHY and link.anchor:
        return citation_fault(link.text, link.anchor)
    return ""


def _prose(page: Page) -> Iterator[tuple[int, str]]:
    """Places and texts that a reader of the page reads: Markdown and captions."""
    for number, cell in enumerate(page.cells):
        if cell.cell_type == "markdown":
            yield number, cell.source
        elif caption := figure_of(cell).get("caption"):
            yield number, caption


def _bare(text: str) -> str:
    """Prose without links, code, formulas and title, in one line."""
    return " ".join(_TITLE.sub("", _MATHS.sub(" ", without_links(text))).split())


def _cited(page: Page) -> set[str]:
    """Keys of the papers that the page links to, or whose chapter, or is about."""
    row = chapter_of(page.path)
    found = set(row.papers if row else ())
    for _, text in _prose(page):
        for link in find_links(text):
            place = link.leads_to(page.name)
            chapter = chapter_of(Path(place))
            found |= {link.anchor} if place == BIBLIOGRAPHY else set()
            found |= set(chapter.papers if chapter else ())
    return found


def _papers_in(text: str) -> Iterator[tuple[str, set[str]]]:
    """Names of papers and of their authors, with the keys that may be meant.

    A longer name comes first: who speaks of Faster R-CNN does not speak of R-CNN.
    """
    rest = text
    for name, key in sorted(paper_names().items(), key=lambda one: -len(one[0])):
        rest, count = re.subn(rf"(?<![\w-]){re.escape(name)}(?![\w-])", "", rest)
        if count:
            yield name, {key}
    for found in _PEOPLE.finditer(text):
        people = re.split(r", | and ", found[0])
        keys = {k for k, e in references().items() if surnames(e) == people}
        if keys:
            yield found[0], keys
