"""Rules for what cells show: each figure says what is seen and what it means."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from edulib.authoring.lint.page import Page, Problem, tags

SHORTEST_ALT = 20
_NAME = re.compile(r"fig-[a-z0-9]+(-[a-z0-9]+)*")
_IMG = re.compile(r"<img\b[^>]*>")
_ALT = re.compile(r'\balt="[^"]*\w[^"]*"')
_PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


def pictures_are_described(page: Page) -> Iterator[Problem]:
    """Each image that a cell draws is described in the cell's metadata."""
    for number, cell in page.code():
        if not _pictures(cell):
            continue
        image = cell.metadata.get("mystnb", {}).get("image", {})
        if len(image.get("alt", "").strip()) < SHORTEST_ALT:
            yield page.problem(
                number,
                "shows an image without a description: say what is seen in the "
                f"metadata, mystnb.image.alt, {SHORTEST_ALT} letters or more",
            )
        if not isinstance(image.get("classes", ""), str):
            yield page.problem(number, "mystnb.image.classes is not a string")


def html_is_described(page: Page) -> Iterator[Problem]:
    """Each image inside HTML outputs has an alternative text, each drawing a title."""
    for number, cell in page.code():
        html = "".join(_html(cell))
        for img in _IMG.findall(html):
            if not _ALT.search(img):
                yield page.problem(number, f"shows an <img> without alt: {img[-60:]}")
        if "<svg" in html and "<title" not in html and "aria-label" not in html:
            yield page.problem(number, "shows an <svg> without a <title>")
        if "<iframe" in html and " title=" not in html:
            yield page.problem(number, "shows an <iframe> without a title")


def figures_have_captions(page: Page) -> Iterator[Problem]:
    """Each figure has a caption and a name that starts with `fig-`."""
    for number, cell in page.code():
        if not (_pictures(cell) or any(map(_is_figure, _html(cell)))):
            continue
        if "remove-output" in tags(cell) or "remove-cell" in tags(cell):
            continue
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        if not figure.get("caption", "").strip():
            yield page.problem(
                number, "shows a figure without mystnb.figure.caption in its metadata"
            )
        if not _NAME.fullmatch(figure.get("name", "")):
            yield page.problem(
                number,
                "shows a figure whose mystnb.figure.name is "
                f"{figure.get('name')!r}, expected something like 'fig-chapter-topic'",
            )


def one_picture_a_cell(page: Page) -> Iterator[Problem]:
    """A cell shows one image, because its caption can belong to only one."""
    for number, cell in page.code():
        count = _pictures(cell) + sum(map(_is_figure, _html(cell)))
        if count > 1:
            yield page.problem(number, f"shows {count} figures, expected one a cell")


def names_differ(pages: list[Page]) -> Iterator[Problem]:
    """Names of figures differ in the whole book."""
    known: dict[str, str] = {}
    for page in pages:
        for number, cell in page.code():
            name = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
            if name in known:
                yield page.problem(number, f"{name!r} is also in {known[name]}")
            elif name:
                known[name] = f"{page.name} cell {number}"


def _pictures(cell: NotebookNode) -> int:
    """How many images the cell shows, SVG beside its own HTML counted once."""
    shown = (output.get("data", {}) for output in cell.outputs)
    return sum(
        any(kind in data for kind in _PICTURES) and "text/html" not in data
        for data in shown
    )


def _html(cell: NotebookNode) -> list[str]:
    shown = (output.get("data", {}).get("text/html") for output in cell.outputs)
    return ["".join(html) for html in shown if html]


def _is_figure(html: str) -> bool:
    return any(mark in html for mark in ("<svg", "<img", "<iframe", "eov-frames"))
