"""Sphinx extension: what the book's pages need and Jupyter Book does not give them.

- Exercises, checks and folds look as `page_cells` says.
- A page carries the colour of its part, and a chapter what comes before and next.
- A page describes itself to search engines by its first paragraph.
- Pages may name, in double braces, what is counted and listed at each build.
- Docstrings are shown in the reference of the package.
- A figure has two drawings, of which the page shows the one that fits.
- A notebook's rocket opens the form for students, and so does a plain download.
"""

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes

from edulib.authoring import page_cells
from edulib.authoring.credits import credit_lists
from edulib.authoring.hosts import DOWNLOADS, Host, list_hosts
from edulib.authoring.lists import complete_header, map_lists
from edulib.authoring.notebooks import chapter_of
from edulib.authoring.page_figures import (
    depart_picture,
    drawing,
    offer_drawings,
    picture,
    visit_drawing,
    visit_picture,
)
from edulib.authoring.page_statistics import page_numbers
from edulib.authoring.reference import reference_lists, show_as_typed, show_defaults
from edulib.authoring.student_notebooks import write_students
from edulib.authoring.teaching import say_minutes, teaching_lists
from edulib.registry import parts

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config


def count_everything(app: "Sphinx", config: "Config") -> None:
    """Count what the pages may name."""
    root = Path(app.srcdir)
    config.myst_substitutions = {
        **page_numbers(root),
        **teaching_lists(root),
        **map_lists(),
        **credit_lists(),
        **reference_lists(),
    }


def mark_part(app: "Sphinx", doctree: nodes.document) -> None:
    """Give the page's outermost section the class of its part, `eov-era-2`."""
    folders = [part.name for part in parts()]
    folder = Path(app.env.docname).parent.name
    if folder in folders and isinstance(doctree.children[0], nodes.section):
        number = folders.index(folder)
        doctree.children[0]["classes"] += ["eov-chapter", f"eov-era-{number}"]


def add_neighbours(app: "Sphinx", doctree: nodes.document) -> None:
    """Say in a chapter's header how long it takes, what is needed, what next."""
    chapter = chapter_of(Path(app.env.docname))
    if chapter is None:
        return
    minutes = say_minutes(Path(app.env.doc2path(app.env.docname)))
    raws = list(doctree.findall(nodes.raw))
    heads = [raw for raw in raws if 'class="eov-card"' in raw.astext()]
    html = complete_header(heads[0].astext() if heads else "", chapter.name, minutes)
    if heads:
        heads[0].clear()
        heads[0] += nodes.Text(html)
    else:  # a review has no header: below its first sentence
        page = doctree.children[0]
        place = (page.first_child_matching_class(nodes.paragraph) or 0) + 1
        page.insert(place, nodes.raw("", html, format="html"))


def describe_page(
    app: "Sphinx",
    pagename: str,
    templatename: str,
    context: dict,
    doctree: nodes.document | None,
) -> None:
    """Put the first paragraph of a page into its description."""
    paragraph = next(doctree.findall(nodes.paragraph), None) if doctree else None
    if paragraph is None:
        return
    text = " ".join(paragraph.astext().split())
    tag = f'<meta name="description" content="{escape(text)}">'
    context["metatags"] = f"{context.get('metatags', '')}\n{tag}"


def offer_notebook(
    app: "Sphinx",
    pagename: str,
    templatename: str,
    context: dict,
    doctree: nodes.document | None,
) -> None:
    """Let the page's menus open and download the notebook for students."""
    if context.get("page_source_suffix") != ".ipynb":
        return
    groups = {group.get("label"): group for group in context["header_buttons"]}
    launching = app.config.html_theme_options["launch_buttons"]
    hosts = list_hosts(pagename, hub=launching.get("jupyterhub_url", ""))
    groups["launch-buttons"]["buttons"] = [_button(host) for host in hosts]
    groups["launch-buttons"]["tooltip"] = "Open as a notebook"
    downloads = groups["download-buttons"]["buttons"]
    downloads[0] |= {"text": ".ipynb with solutions"}
    url = f"{context['pathto'](DOWNLOADS, 1)}/{pagename}.ipynb"
    download = {
        "type": "link",
        "text": ".ipynb to work in",
        "tooltip": "Download the notebook with exercises to solve",
        "icon": "fas fa-file",
        "url": url,
        "label": "download-student-button",
    }
    downloads.insert(0, download)


def write_downloads(app: "Sphinx", error: Exception | None) -> None:
    """Put the notebooks for students beside the pages."""
    if error is None and app.builder.format == "html":
        names = [name for name in app.env.found_docs if _is_notebook(app, name)]
        write_students(names, Path(app.srcdir), Path(app.outdir) / DOWNLOADS)


def setup(app: "Sphinx") -> dict[str, bool]:
    """Register the extension with Sphinx."""
    app.add_node(picture, html=(visit_picture, depart_picture))
    app.add_node(drawing, html=(visit_drawing, None))
    app.connect("config-inited", count_everything)
    app.connect("doctree-read", offer_drawings, priority=100)  # before files are copied
    page_cells.connect(app)
    app.connect("doctree-read", mark_part)
    app.connect("doctree-read", add_neighbours)
    app.connect("html-page-context", describe_page)
    app.connect("html-page-context", offer_notebook, priority=900)
    app.connect("autodoc-process-docstring", show_as_typed, priority=400)
    app.connect("autodoc-process-signature", show_defaults)
    app.connect("build-finished", write_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _is_notebook(app: "Sphinx", name: str) -> bool:
    return app.env.doc2path(name).endswith(".ipynb")


def _button(host: Host) -> dict[str, str]:
    return {
        "type": "link",
        "text": host.name,
        "tooltip": f"Open on {host.name}: {host.offers}",
        "icon": "fas fa-rocket",
        "url": host.url,
        "label": f"launch-{host.name.lower()}",
    }
