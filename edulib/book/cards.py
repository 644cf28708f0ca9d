"""The card at the head of a chapter: its paper, its time, its neighbours."""

from difflib import get_close_matches
from html import escape

from edulib.book.hosts import colab_url
from edulib.book.live import is_colab, is_live
from edulib.book.shown import Shown
from edulib.book.timings import read_timings
from edulib.drawing.style import ERA_COLORS, ERA_NAMES
from edulib.registry import Paper, papers

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


def card(key: str) -> Shown:
    """Show what a chapter is about: idea, paper, running time, neighbours.

    Args:
        key: the chapter, as "resnet", or the key of its paper.

    Raises:
        ValueError: if no chapter has this name; the nearest is suggested.
    """
    written = [paper for paper in papers() if paper.chapter]
    paper = _find(key, written)
    place = written.index(paper)
    before = written[place - 1] if place else None
    after = written[place + 1] if place + 1 < len(written) else None
    rows = [
        ("Paper", _cite(paper), _cite_html(paper)),
        ("Era", ERA_NAMES[paper.era], escape(ERA_NAMES[paper.era])),
        ("Time", time := _time(paper), escape(time)),
    ]
    if before:
        rows.append(("Before", _title(before), _link(before)))
    if after:
        rows.append(("Next", _title(after), _link(after)))
    items = "".join(f"<dt>{name}</dt><dd>{html}</dd>" for name, _, html in rows)
    html = (
        f'{_STYLE}<div class="eov-card" style="--eov-card-era:{ERA_COLORS[paper.era]}">'
        f'<p class="eov-idea">{escape(paper.idea)}</p><dl>{items}</dl></div>'
    )
    text = [f"{_title(paper)}: {paper.idea}", *(f"{row[0]}: {row[1]}" for row in rows)]
    return Shown(html, "\n".join(text))


def _find(key: str, written: list[Paper]) -> Paper:
    names: dict[str, Paper] = {}
    for paper in written:
        names.setdefault(paper.chapter.rpartition("/")[2], paper)
    names |= {paper.key: paper for paper in written}
    if key in names:
        return names[key]
    near = get_close_matches(key, names, n=1, cutoff=0.5)
    remedy = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}"
    raise ValueError(f"no chapter is called {key!r}: {remedy}")


def _title(paper: Paper) -> str:
    return f"{paper.name} ({paper.year})"


def _authors(paper: Paper) -> str:
    names = paper.authors.split(", ")
    return paper.authors if len(names) <= 4 else f"{', '.join(names[:3])} and others"


def _cite(paper: Paper) -> str:
    return f"{_authors(paper)}, {paper.year}: {paper.title}. {paper.url}"


def _cite_html(paper: Paper) -> str:
    link = f'<a href="{escape(paper.url)}">{escape(paper.title)}</a>'
    return f"{link}. {escape(_authors(paper))}, {paper.year}."


def _time(paper: Paper) -> str:
    timing = read_timings().get(paper.chapter)
    if timing is None:
        return "at most a minute on two processor cores; a GPU runs it at full scale"
    cpu = f"about {timing.cpu_seconds} s on two processor cores"
    if timing.gpu_seconds is None:
        return f"{cpu}; a GPU also runs “Scale up”, at full scale"
    return f"{cpu}; about {timing.gpu_seconds} s at full scale on {timing.gpu_name}"


def _link(paper: Paper) -> str:
    return f'<a href="{escape(_address(paper.chapter))}">{escape(_title(paper))}</a>'


def _address(chapter: str) -> str:
    """The other chapter's address, as seen from where this one is open."""
    if not is_live():
        return f"../{chapter}.html"
    if is_colab():
        return colab_url(f"book/{chapter}")
    return f"../{chapter}.ipynb"
