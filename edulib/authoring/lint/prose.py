"""Rules for the prose: plain Markdown, which Colab and JupyterLab show as well."""

import re
from collections.abc import Iterator

from edulib.authoring.lint.page import Page, Problem, without_code

_DIRECTIVE = re.compile(r"^\s*(?:`{3,}|~{3,}|:{3,})\s*\{[\w:-]+\}", re.MULTILINE)
_COLONS = re.compile(r"^\s*:{3,}", re.MULTILINE)
_CODE_OR_ROLE = re.compile(r"(\{[A-Za-z][\w:.-]*\})?`[^`\n]+`")
_ROLE = re.compile(r"(?<!\{)\{[A-Za-z][\w:.-]*\}(?!\})")
_TARGET = re.compile(r"^\([\w-]+\)=\s*$", re.MULTILINE)
_SUBSTITUTION = re.compile(r"\{\{.*?\}\}")
_MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.DOTALL)
_TIMES = re.compile(r"\b\d+ ?x ?\d+\b|\b\d+ × \d+\b")
_LINK_TARGET = re.compile(r"\]\([^)]*\)")
_IMAGE = re.compile(r"!\[\s*\]\(")
_IMG = re.compile(r"<img\b(?![^>]*\balt=\"[^\"]*\w)[^>]*>")


def plain_markdown(page: Page) -> Iterator[Problem]:
    """No directive, role, target or substitution of MyST stands in the prose."""
    for number, cell in page.markdown():
        text = without_code(cell.source)
        bare = _MATHS.sub("", _CODE_OR_ROLE.sub(lambda m: m[1] or "", text))
        found = (
            _DIRECTIVE.search(cell.source)
            or _COLONS.search(text)
            or _ROLE.search(bare)
            or _TARGET.search(bare)
            or _SUBSTITUTION.search(bare)
        )
        if found:
            yield page.problem(
                number,
                f"{found[0].strip()!r} is MyST, which Colab and JupyterLab show as raw "
                "text: write plain Markdown",
            )


def images_have_alt_text(page: Page) -> Iterator[Problem]:
    """Images in the prose have an alternative text."""
    for number, cell in page.markdown():
        text = without_code(cell.source)
        if _IMAGE.search(text) or _IMG.search(text):
            yield page.problem(number, "shows an image without alternative text")


def one_times_sign(page: Page) -> Iterator[Problem]:
    """Sizes are written in one way, 3×3, in the prose of the whole book."""
    for number, cell in page.markdown():
        text = _MATHS.sub("", _CODE_OR_ROLE.sub("", without_code(cell.source)))
        if found := _TIMES.search(_LINK_TARGET.sub("]", text)):
            right = "×".join(re.findall(r"\d+", found[0]))
            yield page.problem(number, f"says {found[0]!r}: write {right!r}")
