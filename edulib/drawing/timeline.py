"""The book's map: its papers, year by year, in the colours of their eras."""

from collections.abc import Iterable
from html import escape
from itertools import groupby
from typing import Protocol

from edulib.drawing.style import ERA_COLORS, ERA_NAMES, ERA_YEARS

_STYLE = """<style>
.eov-timeline{--eov-ink:var(--pst-color-text-base,#1f2937);
--eov-muted:var(--pst-color-text-muted,#4b5563);
--eov-paper:var(--pst-color-background,#fff);font-size:.95rem;line-height:1.35}
.eov-timeline section{border-left:.3rem solid var(--eov-era);
padding:.1rem 0 .3rem 1rem;margin:0 0 1.4rem}
.eov-timeline .eov-era{font-weight:700;color:var(--eov-ink);margin:0 0 .6rem}
.eov-timeline .eov-era span{font-weight:400;color:var(--eov-muted)}
.eov-timeline dl{display:grid;grid-template-columns:3.2rem 1fr;gap:.5rem .6rem;
margin:0;align-items:baseline}
.eov-timeline dt{font-variant-numeric:tabular-nums;font-weight:400;
color:var(--eov-muted)}
.eov-timeline :is(dt,dd){margin:0!important}
.eov-timeline dd{display:flex;flex-wrap:wrap;gap:.4rem;align-items:baseline}
.eov-timeline .eov-paper{border:1.5px solid var(--eov-era);border-radius:1rem;
padding:.1rem .7rem;color:var(--eov-ink);text-decoration:none}
.eov-timeline a.eov-paper{background:var(--eov-era);color:#fff;font-weight:600}
.eov-timeline a.eov-paper:is(:hover,:focus-visible){text-decoration:underline;
outline:2px solid var(--eov-ink);outline-offset:2px}
</style>"""


class Entry(Protocol):
    """What the timeline reads of a paper."""

    name: str
    title: str
    year: int
    era: int
    idea: str
    chapter: str | None


class Timeline:
    """A drawn timeline: HTML in a notebook and on a page, lines of text elsewhere."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries

    def __repr__(self) -> str:
        lines = []
        for era, members in _groups(self.entries, "era"):
            lines.append(ERA_NAMES[era])
            for year, papers in _groups(members, "year"):
                lines.append(f"  {year}  {', '.join(paper.name for paper in papers)}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        eras = "".join(_era(*group) for group in _groups(self.entries, "era"))
        return f'{_STYLE}<div class="eov-timeline">{eras}</div>'


def timeline(papers: Iterable[Entry]) -> Timeline:
    """Draw papers by era and year; those with a chapter are filled and link to it.

    Args:
        papers: rows of the registry; those of one year stay in their order. `chapter`
            is a page's address relative to the page that shows the timeline, without
            its suffix.

    Raises:
        ValueError: if there are no papers, or one has an era the book lacks.
    """
    entries = sorted(papers, key=lambda paper: (paper.era, paper.year))
    if not entries:
        raise ValueError("expected at least one paper, got none")
    for paper in entries:
        if not 0 <= paper.era < len(ERA_NAMES):
            raise ValueError(
                f"expected an era from 0 to {len(ERA_NAMES) - 1}, "
                f"got {paper.era} for {paper.name}"
            )
    return Timeline(entries)


def _groups(entries: list[Entry], key: str) -> list[tuple[int, list[Entry]]]:
    groups = groupby(entries, key=lambda entry: getattr(entry, key))
    return [(value, list(members)) for value, members in groups]


def _era(era: int, papers: list[Entry]) -> str:
    first, last = papers[0].year, papers[-1].year
    years = ERA_YEARS[era] or f"{first} to {last}"
    rows = "".join(
        f"<dt>{year}</dt><dd>{''.join(map(_chip, members))}</dd>"
        for year, members in _groups(papers, "year")
    )
    return (
        f'<section style="--eov-era:{ERA_COLORS[era]}">'
        f'<p class="eov-era">{ERA_NAMES[era]} <span>{years}</span></p>'
        f"<dl>{rows}</dl></section>"
    )


def _chip(paper: Entry) -> str:
    hint = escape(f"{paper.title}. {paper.idea}", quote=True)
    if paper.chapter is None:
        return f'<span class="eov-paper" title="{hint}">{escape(paper.name)}</span>'
    return (
        f'<a class="eov-paper" href="{escape(paper.chapter)}.html" '
        f'title="{hint}">{escape(paper.name)}</a>'
    )
