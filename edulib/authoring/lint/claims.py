"""Rules for claims: few, named, and said in headings only as they came out."""

import re
from collections.abc import Iterator

from edulib.authoring.lint.page import Page, Problem

MOST = 3
_STORED = re.compile(
    r"^Claim '(?P<name>[^']+)'$.*^Verdict: .* \[(?P<value>\w+)\]$", re.M | re.S
)


def few(page: Page) -> Iterator[Problem]:
    """A chapter has at most three cards."""
    count = len(list(_cards(page)))
    if count > MOST:
        yield page.problem(None, f"has {count} claims, expected at most {MOST}")


def at_least_one(page: Page) -> Iterator[Problem]:
    """The claim of the title has a card."""
    if not list(_cards(page)):
        yield page.problem(None, "has no claim, expected that of its title")


def names_differ(page: Page) -> Iterator[Problem]:
    """Each card has a name of its own."""
    known: set[str] = set()
    for number, name, _ in _cards(page):
        if name in known:
            yield page.problem(number, f"holds a second claim {name!r}")
        known.add(name)


def said_as_it_came_out(page: Page) -> Iterator[Problem]:
    """What a heading or an alternative text states is what its card shows."""
    stored = {name: value for _, name, value in _cards(page)}
    for number, cell in enumerate(page.cells):
        said = cell.metadata.get("eov", {}).get("claims", {})
        for name, value in said.items():
            if stored.get(name) != value:
                yield page.problem(
                    number,
                    f"says that the claim {name!r} is {value!r}, its card shows "
                    f"{stored.get(name)!r}: write the cell anew",
                )


def _cards(page: Page) -> Iterator[tuple[int, str, str]]:
    """Yield place, name and stored verdict of each card."""
    for number, cell in page.code():
        for output in cell.outputs:
            text = "".join(output.get("data", {}).get("text/plain", ""))
            if card := _STORED.search(text):
                yield number, card["name"], card["value"]
