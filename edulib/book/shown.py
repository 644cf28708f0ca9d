"""An output with a form for people who see it and a form for those who read it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Shown:
    """HTML for the page and the notebook, text for a terminal and for tests.

    Attributes:
        html: what a browser shows; it carries the little style that it needs, under
            `:where(...)`, so that every rule of a page wins over it.
        text: the same in words.
    """

    html: str
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text
