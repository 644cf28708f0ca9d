"""What can be linked: the papers of the bibliography and the terms of the glossary."""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pybtex.database import Entry, parse_file

from edulib.authoring.notebooks import find_root
from edulib.registry import papers

BIBLIOGRAPHY = "book/bibliography.md"
NOTATION = "book/notation.md"

_TERM = re.compile(
    r"^- \*\*(?P<name>[^*]+)\*\*: (?P<text>.+(?:\n  .+)*)$", re.MULTILINE
)
_WHERE = re.compile(r" \(\[[^()]*\]\([^()]*\)(, \[[^()]*\]\([^()]*\))*\)$")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_CITATION = re.compile(r"(?P<people>[^\d(]*?),? ?\(?(?P<year>(?:19|20)\d\d)?\)?")


class Term(NamedTuple):
    """A term of the glossary.

    Attributes:
        name: as prose writes it.
        definition: one or two sentences, plain text.
    """

    name: str
    definition: str

    @property
    def anchor(self) -> str:
        """Its place on the page "Notation and words"."""
        return slug(self.name)


def slug(name: str) -> str:
    """Return the anchor of a term: "1×1 convolution" gives "1x1-convolution"."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("×", "x")).strip("-")


def read_terms(text: str) -> dict[str, Term]:
    """Return the terms that a page defines in a list, by their anchors.

    Args:
        text: Markdown with lines like ``- **term**: definition. ([where](file))``.

    Raises:
        ValueError: if two terms have one anchor.
    """
    found: dict[str, Term] = {}
    for match in _TERM.finditer(text):
        text = " ".join(match["text"].split())
        definition = _LINK.sub(r"\1", _WHERE.sub("", text)).replace("*", "")
        term = Term(match["name"], definition)
        if term.anchor in found:
            raise ValueError(f"expected one definition of each term, {term.name!r} two")
        found[term.anchor] = term
    return found


@cache
def terms() -> dict[str, Term]:
    """Return the terms of the book, by their anchors."""
    return read_terms((_root() / NOTATION).read_text(encoding="utf-8"))


@cache
def references() -> dict[str, Entry]:
    """Return the entries of the bibliography, by their keys."""
    return dict(parse_file(_root() / "book" / "references.bib").entries)


@cache
def paper_names() -> dict[str, str]:
    """Return the names under which prose speaks of papers, and the papers' keys.

    A paper that is called by a word of the glossary, "Convolution", has none.
    """
    named = (paper for paper in papers() if slug(paper.name) not in terms())
    listed = {paper.name: paper.key for paper in named}
    entries = references().items()
    short = {e.fields["shorthand"]: k for k, e in entries if "shorthand" in e.fields}
    return listed | short


def surnames(entry: Entry) -> list[str]:
    """Return the last names of a paper's authors."""
    people = entry.persons.get("author", [])
    return [" ".join([*p.prelast_names, *p.last_names]) for p in people]


def citation_fault(text: str, key: str) -> str:
    """Say what is wrong with the words of a link to a paper; nothing if all is right.

    Args:
        text: such as "He and others, 2015" or "Nair and Hinton (2010)"; other words,
            and names of the paper itself, are not judged.
        key: of the entry, in which the year is that of the first appearance.
    """
    found = _CITATION.fullmatch(text)
    if found is None:
        return ""
    entry, people = references()[key], surnames(references()[key])
    years = {entry.fields["year"], re.sub(r"\D", "", key)[:4]}
    if found["year"] and found["year"] not in years:
        return f"expected {' or '.join(sorted(years))}, the years of #{key}"
    named = re.split(r", | and ", found["people"])
    if named[0] in _all_surnames() and named not in (people, [people[0], "others"]):
        return f"expected the authors of #{key}, {', '.join(people)}"
    return ""


@cache
def _all_surnames() -> set[str]:
    return {name for entry in references().values() for name in surnames(entry)}


def _root() -> Path:
    return find_root(Path(__file__))
