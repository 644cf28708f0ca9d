"""Links of a notebook that is opened apart from the book, as on Colab."""

from pathlib import Path

from nbformat import NotebookNode

from edulib.authoring.links.figures import figure_numbers, number_text
from edulib.authoring.links.markdown import Link, replace_links
from edulib.authoring.notebooks import read
from edulib.authoring.repository_url import site_address


def point_to_site(notebook: NotebookNode, page: str, root: Path) -> None:
    """Let links to papers, terms, figures and pages lead to the site.

    Links to other notebooks stay: they lie beside this one.

    Args:
        notebook: is changed.
        page: its place in the repository, as "book/foundations/lenet.ipynb".
        root: folder of the repository.
    """
    site = site_address()

    def absolute(link: Link) -> str | None:
        place = Path(link.leads_to(page))
        is_figure = link.anchor.startswith("fig-")
        if not site or not (is_figure or place.suffix == ".md"):
            return None
        text = _numbered(link, root / place) if is_figure else link.text
        anchor = f"#{link.anchor}" if link.anchor else ""
        return f"[{text}]({site}/{place.with_suffix('.html').as_posix()}{anchor})"

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = replace_links(cell.source, absolute)


def _numbered(link: Link, path: Path) -> str:
    number = figure_numbers(read(path)).get(link.anchor)
    return link.text if number is None else number_text(link.text, number)
