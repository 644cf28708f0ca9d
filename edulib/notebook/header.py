"""The header of a chapter: its idea, its papers, its time.

What a header says of other chapters (what is needed, what comes before and next) is
added by the build, with the time of reading: no output that is committed names a
neighbour.
"""

from html import escape

from edulib.authoring.timings import read_timings
from edulib.notebook.html_output import HtmlOutput
from edulib.registry import Chapter, Paper, get_chapter, get_paper, parts

_STYLE = (
    "<style>:where(.eov-card){border:1px solid #8886;border-top:5px solid "
    "var(--eov-card-era);border-radius:8px;padding:.9rem 1.2rem;max-width:46rem}"
    ":where(.eov-card p){margin:0 0 .5rem}"
    ":where(.eov-card .eov-idea){font-size:1.1em}"
    ":where(.eov-card dl){display:grid;grid-template-columns:max-content 1fr;"
    "gap:.25rem 1rem;margin:0}"
    ":where(.eov-card dt){opacity:.75;font-weight:600}:where(.eov-card dd){margin:0}"
    "</style>"
)


def chapter_header(name: str) -> HtmlOutput:
    """Show what a chapter is about: idea, papers, part of the book, running time.

    Args:
        name: the chapter, as "resnet".

    Raises:
        ValueError: if no chapter has this name; the nearest is suggested.
    """
    chapter = get_chapter(name)
    part = next(part for part in parts() if part.name == chapter.part)
    papers = [get_paper(key) for key in chapter.papers]
    rows = [("Paper", _cite(paper), _cite_html(paper)) for paper in papers]
    for label, text in (("Era", part.title), ("Time", _time(chapter))):
        rows.append((label, text, escape(text)))
    items = "".join(f"<dt>{label}</dt><dd>{html}</dd>" for label, _, html in rows)
    ideas = "".join(f'<p class="eov-idea">{escape(p.idea)}</p>' for p in papers)
    html = (
        f'{_STYLE}<div class="eov-card" style="--eov-card-era:{part.color}">'
        f"{ideas}<dl>{items}</dl></div>"
    )
    text = [_title(chapter, papers), *(f"{label}: {text}" for label, text, _ in rows)]
    return HtmlOutput(html, "\n".join(text))


def _title(chapter: Chapter, papers: list[Paper]) -> str:
    if not papers:
        return chapter.title
    return f"{papers[0].name} ({papers[0].year}): {papers[0].idea}"


def _authors(paper: Paper) -> str:
    names = paper.authors.split(", ")
    return paper.authors if len(names) <= 4 else f"{', '.join(names[:3])} and others"


def _cite(paper: Paper) -> str:
    return f"{_authors(paper)}, {paper.year}: {paper.title}. {paper.url}"


def _cite_html(paper: Paper) -> str:
    link = f'<a href="{escape(paper.url)}">{escape(paper.title)}</a>'
    return f"{link}. {escape(_authors(paper))}, {paper.year}."


def _time(chapter: Chapter) -> str:
    timing = read_timings().get(chapter.address)
    if timing is None:
        return "at most a minute on one processor core"
    cpu = f"about {timing.cpu_seconds} s on one processor core"
    if timing.gpu_seconds is None:
        return cpu
    return f"{cpu}; about {timing.gpu_seconds} s at full scale on {timing.gpu_name}"
