"""Rules for what has to be read on a phone, and be seen on a desktop."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from edulib.authoring.lint.page import Page, Problem, tags
from edulib.exercises.source import FOLDED

WIDEST_CODE = 72  # letters
WIDEST_OUTPUT = 44  # letters, in a column of 341 pixels
SMALLEST_TILE = 110  # pixels
_UNSEEN = {"hide-output", "hide-cell", "remove-output", "remove-cell"}
_COLUMN = 671  # pixels, of a desktop's page
ZOOM = 1.3  # of figures on a page
_FORMULA = re.compile(r"\$[^$\n]+\$")


def narrow_code(page: Page) -> Iterator[Problem]:
    """A visible line of code has at most 72 letters."""
    for number, cell in page.code():
        if not tags(cell) & FOLDED:
            for line in _too_wide(cell.source, WIDEST_CODE):
                yield page.problem(
                    number,
                    f"shows a line of {len(line)} letters, expected at most "
                    f"{WIDEST_CODE}: {line.strip()[:40]!r}",
                )


def narrow_outputs(page: Page) -> Iterator[Problem]:
    """A printed line has at most 44 letters, so that a phone cuts no number off."""
    for number, cell in page.code():
        if tags(cell) & _UNSEEN:
            continue
        for text in _printed(cell):
            for line in _too_wide(text, WIDEST_OUTPUT):
                yield page.problem(
                    number,
                    f"prints a line of {len(line)} letters, expected at most "
                    f"{WIDEST_OUTPUT} (or a table): {line.strip()[:60]!r}",
                )


def computed_text_has_no_formula(page: Page) -> Iterator[Problem]:
    """A computed paragraph has no formula: the site would show it as it is typed."""
    for number, cell in page.code():
        for output in cell.outputs:
            found = _FORMULA.search(output.get("data", {}).get("text/markdown", ""))
            if found:
                yield page.problem(
                    number,
                    f"makes a paragraph with the formula {found[0]!r}, which stays as "
                    "it is typed: use words",
                )


def tiles_can_be_seen(page: Page) -> Iterator[Problem]:
    """An image within a figure has 110 pixels or more on a desktop."""
    for number, cell in page.code():
        sizes = [size for output in cell.outputs for size in _tiles(output)]
        if sizes and min(sizes) < SMALLEST_TILE:
            yield page.problem(
                number,
                f"shows an image of {min(sizes):.0f} pixels, expected "
                f"{SMALLEST_TILE} or more: show fewer, larger ones",
            )


def _too_wide(text: str, limit: int) -> list[str]:
    return [line for line in text.splitlines() if len(line) > limit]


def _printed(cell: NotebookNode) -> Iterator[str]:
    """Go through what a page shows as plain text."""
    for output in cell.outputs:
        if output.output_type == "stream":
            yield output.text
        data = output.get("data", {})
        if set(data) == {"text/plain"}:
            yield data["text/plain"]


def _tiles(output: NotebookNode) -> Iterator[float]:
    """Go through the longer sides of images in a figure, in pixels of a desktop."""
    for about in output.get("metadata", {}).values():
        if "pictures" in about:
            zoom = min(ZOOM, _COLUMN / about["width"])
            for left, top, right, bottom in about["pictures"]:
                width = (right - left) * about["width"]
                height = (bottom - top) * about["height"]
                yield zoom * max(width, height)
