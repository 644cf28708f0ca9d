"""What is made of the list of chapters: contents, README, welcome page, header.

``_toc.yml`` and the README's list are files that others read; `write_lists` renews
them, and a test holds them to the list. All else is made at each build.
"""

import re
from html import escape
from pathlib import Path

from edulib.authoring.timings import read_timings
from edulib.drawing import timeline
from edulib.files import write_if_changed
from edulib.registry import (
    Chapter,
    chapters,
    get_chapter,
    neighbours,
    papers,
    parts,
)

_TOC = """format: jb-book
root: book/welcome
parts:
  - caption: Overview
    chapters:
      - file: book/timeline
      - file: book/notation
{parts}  - caption: Teaching
    chapters:
      - file: book/teaching/index
      - file: book/teaching/exercises
      - file: book/teaching/grading
  - caption: For engineers
    chapters:
      - file: book/any_model
      - file: book/reference/index
      - file: book/reference/models
      - file: book/reference/operations
      - file: book/reference/weights
      - file: book/reference/anatomy
      - file: book/reference/drawing
      - file: book/reference/explanation
      - file: book/reference/data
      - file: book/reference/training
      - file: book/reference/authors
      - file: book/changes
  - caption: About this book
    chapters:
      - file: book/checked
      - file: book/benchmarks
      - file: book/bibliography
      - file: book/credits
"""
_TIME = re.compile(r"<dt>Time</dt><dd>(.*?)</dd>")
_LIST = re.compile(r"(<!-- chapters -->\n).*?(<!-- end -->)", re.DOTALL)


def contents() -> str:
    """Return the text of ``_toc.yml``."""
    text = ""
    for part in parts():
        files = [f"      - file: book/{c.address}\n" for c in _of(part.name)]
        if files:
            text += f"  - caption: {part.title}\n    chapters:\n{''.join(files)}"
    return _TOC.format(parts=text)


def readme(text: str) -> str:
    """Return the README with its list of chapters renewed.

    Raises:
        ValueError: if the two comments between which it stands are missing.
    """
    if not _LIST.search(text):
        raise ValueError("expected <!-- chapters --> and <!-- end --> in README.md")
    lines = [
        f"- **{part.title}**: {', '.join(c.title for c in _of(part.name))}\n"
        for part in parts()
        if _of(part.name)
    ]
    return _LIST.sub(lambda found: found[1] + "".join(lines) + found[2], text)


def write_lists(root: Path) -> list[Path]:
    """Renew the files that hold the list; return those that changed."""
    page = root / "README.md"
    made = {root / "_toc.yml": contents(), page: readme(page.read_text("utf-8"))}
    return [
        path for path, text in made.items() if write_if_changed(path, text.encode())
    ]


def welcome_list() -> str:
    """Return the parts of the book with their chapters, as the welcome page shows."""
    entries = []
    for part in parts():
        title = f"{part.title}, {part.years}" if part.years else part.title
        lines = [
            c.line.format(f"[{c.title}]({c.address}.ipynb)") for c in _of(part.name)
        ]
        text = " ".join([*lines, part.summary]).strip()
        entries.append(f"{title}\n: {text or 'To come.'}")
    return "\n\n".join(entries)


def map_lists() -> dict[str, str]:
    """Return what pages name in double braces of the book's map, as Markdown."""
    return {
        "chapters": welcome_list(),
        "timeline": f"```{{raw}} html\n{timeline(papers())._repr_html_()}\n```",
        "ideas": "\n\n".join(_ideas(era) for era in range(len(parts()))).strip(),
        "chapter_times": _times(),
    }


def complete_header(card: str, name: str, minutes: str) -> str:
    """Return a chapter's header with the time of reading, and its neighbours.

    Args:
        card: the HTML of `chapter_header`, which knows how long the code runs; or
            nothing, for a review has no header.
        name: a written chapter.
        minutes: how long it takes its reader, in words.

    Raises:
        ValueError: if there is no such written chapter.
    """
    before, after = neighbours(name)
    needed = [get_chapter(need) for need in get_chapter(name).needs]
    rows = [("You need", needed), ("Before", [before]), ("Next", [after])]
    linked = {label: ", ".join(_link(c) for c in row if c) for label, row in rows}
    time = _TIME.search(card)
    runs = f"; the code runs in {time[1]}" if time else ""
    items = "".join(
        f"<dt>{label}</dt><dd>{text}</dd>"
        for label, text in {"Time": escape(minutes) + runs, **linked}.items()
        if text
    )
    if time:
        return card[: time.start()] + items + card[time.end() :]
    return f'<div class="eov-card"><dl>{items}</dl></div>'


def _link(chapter: Chapter) -> str:
    if not chapter.written:
        return f"{escape(chapter.title)} (to come)"
    return f'<a href="../{chapter.address}.html">{escape(chapter.title)}</a>'


def _ideas(era: int) -> str:
    rows = [
        f"- [{paper.name}]({paper.url}) ({paper.year}). {paper.idea}"
        for paper in papers()
        if paper.era == era
    ]
    return "\n".join([f"**{parts()[era].title}**\n", *rows]) if rows else ""


def _times() -> str:
    rows = ["| chapter | at most, on one core |", "|---|--:|"]
    for address, timing in read_timings().items():
        title = get_chapter(Path(address).name).title
        rows.append(f"| [{title}]({address}.ipynb) | {timing.cpu_seconds} s |")
    return "\n".join(rows)


def _of(part: str) -> list[Chapter]:
    return [chapter for chapter in chapters() if chapter.part == part]
