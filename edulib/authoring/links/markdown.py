"""The links that stand in Markdown."""

import re
from collections.abc import Callable, Iterator
from posixpath import dirname, normpath
from typing import NamedTuple

_CODE = re.compile(r"^(`{3,}|~{3,}).*?^\1[`~]*$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(([^()\s]+)\)")


class Link(NamedTuple):
    """A link as it is written.

    Attributes:
        text: what a reader sees.
        file: what it leads to, relative to the page; empty for the page itself.
        anchor: the place in it; empty for its beginning.
    """

    text: str
    file: str
    anchor: str

    def leads_to(self, page: str) -> str:
        """Return the file that it leads to, from the root of the repository.

        Args:
            page: on which it stands, as "book/foundations/lenet.ipynb".
        """
        return normpath(f"{dirname(page)}/{self.file}") if self.file else page


def find_links(text: str) -> Iterator[Link]:
    """Return the links of Markdown to files and places, those in code left out."""
    for match in _LINK.finditer(blank_code(text)):
        if "://" not in match[2]:
            yield _link(match)


def replace_links(text: str, replace: Callable[[Link], str | None]) -> str:
    """Return Markdown with links written anew.

    Args:
        text: the Markdown.
        replace: gets a link, returns what stands in its place; None leaves it.
    """
    parts, end = [], 0
    for match in _LINK.finditer(blank_code(text)):
        new = None if "://" in match[2] else replace(_link(match))
        if new is not None:
            parts += [text[end : match.start()], new]
            end = match.end()
    return "".join([*parts, text[end:]])


def without_links(text: str) -> str:
    """Return Markdown in which each link is a bare mark, so that no name is left."""
    return _LINK.sub("▪", blank_code(text))


def blank_code(text: str) -> str:
    """Return Markdown with spaces for its code, so that all else keeps its place."""
    return _CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def _link(match: re.Match[str]) -> Link:
    file, _, anchor = match[2].partition("#")
    return Link(" ".join(match[1].split()), file, anchor)
