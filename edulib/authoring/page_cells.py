"""What a page shows of a notebook's cells in another way than the notebook does.

- An exercise is its stub, and below it the folded solution.
- A check is the points it can give: the marks of the book's solution, which stand in
  the notebook, say nothing below a stub that nobody has solved yet.
- A fold is called by what it says on the screen, and says how much is in it.
"""

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.logging import getLogger

from edulib.authoring.teaching import Exercise, list_exercises_of, write_points
from edulib.exercises.registry import parts
from edulib.exercises.source import read_header, show_solution, show_stub

if TYPE_CHECKING:
    from docutils.writers.html5_polyglot import HTMLTranslator
    from sphinx.application import Sphinx

LOGGER = getLogger(__name__)


def split_exercises(app: "Sphinx", doctree: nodes.document) -> None:
    """Show each exercise as its stub, followed by the solution that stays folded."""
    for cell, source in _cells(doctree, "exercise"):
        try:
            stub = show_stub(source.astext())
        except (SyntaxError, ValueError) as error:
            name = read_header(source.astext()).exercise_id
            LOGGER.warning("exercise %s: %s", name, error, location=cell)
            continue
        box = nodes.container(classes=["cell", "eov-stub"])
        box += _highlighted(source, stub)
        cell.parent.insert(cell.parent.index(cell), box)
        source.replace_self(_highlighted(source, show_solution(source.astext())))
        cell["classes"].append("eov-solution")
        cell["prompt_show"], cell["prompt_hide"] = "Show a solution", "Hide it"


def show_points(app: "Sphinx", doctree: nodes.document) -> None:
    """Show below each check what it looks at and the points, in place of its marks."""
    checks = list(_cells(doctree, "check"))
    if not checks:
        return
    path = Path(app.env.doc2path(app.env.docname))
    try:
        listed = {found.exercise_id: found for found in list_exercises_of(path)}
    except ValueError as error:
        LOGGER.warning("%s", error, location=checks[0][0])
        return
    for cell, source in checks:
        name = read_header(source.astext()).exercise_id
        for part in list(cell.children):
            if part.get("nb_element") == "cell_code_output":
                cell.remove(part)
        table = nodes.raw("", points_table(listed[name]), format="html")
        cell.parent.insert(cell.parent.index(cell) + 1, table)


def points_table(exercise: Exercise) -> str:
    """Write what an exercise is marked for; the rows sum to the index of exercises."""
    marked = parts(exercise.exercise_id)
    rows = [(part.name, part.points) for part in marked if not part.hidden]
    hidden = sum(part.points for part in marked if part.hidden)
    if hidden:
        rows.append(("other cases, which only graders try", hidden))
    if exercise.task.rubric_points:
        rows.append(("the experiment, by the rubric", exercise.task.rubric_points))
    body = "".join(
        f"<tr><td>{escape(name)}</td><td>{points}</td></tr>" for name, points in rows
    )
    return (
        '<table class="eov-check"><caption>'
        f"<code>{exercise.exercise_id}</code>: {write_points(exercise)} points"
        '</caption><thead><tr><th scope="col">what is marked</th>'
        f'<th scope="col">points</th></tr></thead><tbody>{body}</tbody></table>'
    )


def measure_folds(app: "Sphinx", doctree: nodes.document) -> None:
    """Let a fold without a name of its own say how many lines of code it hides."""
    unnamed = app.config.nb_code_prompt_show
    for cell in doctree.findall(is_code_cell):
        source = next(iter(cell.findall(nodes.literal_block)), None)
        if cell.get("prompt_show") == unnamed and source is not None:
            count = len(source.astext().strip().splitlines())
            cell["prompt_show"] = f"{unnamed}, {count} line{'s' * (count > 1)}"


def open_fold(translator: "HTMLTranslator", node: nodes.Element) -> None:
    """Begin a fold as MyST-NB does, but named by its words: no label hides them."""
    classes = " ".join(node["classes"])
    words = "".join(
        f'<p class="{state} admonition-title">{escape(node[prompt])}</p>'
        for state, prompt in (("collapsed", "prompt_show"), ("expanded", "prompt_hide"))
    )
    translator.body.append(
        f'<details class="admonition hide {classes}"><summary>{words}</summary>\n'
    )


def close_fold(translator: "HTMLTranslator", node: nodes.Element) -> None:
    """End a fold."""
    translator.body.append("</details>\n")


def is_code_cell(node: nodes.Node) -> bool:
    """Tell whether a node is a code cell of a notebook."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def connect(app: "Sphinx") -> None:
    """Register all of this with Sphinx."""
    from myst_nb.sphinx_ import HideCodeCellNode

    app.connect("doctree-read", split_exercises)
    app.connect("doctree-read", show_points)
    app.connect("doctree-read", measure_folds)
    app.add_node(HideCodeCellNode, override=True, html=(open_fold, close_fold))


def _cells(
    doctree: nodes.document, kind: str
) -> Iterator[tuple[nodes.container, nodes.literal_block]]:
    """The exercise or the check cells, each with its source."""
    for cell in list(doctree.findall(is_code_cell)):
        source = next(iter(cell.findall(nodes.literal_block)), None)
        header = read_header(source.astext()) if source is not None else None
        if header is not None and header.kind == kind:
            yield cell, source


def _highlighted(like: nodes.literal_block, source: str) -> nodes.literal_block:
    return nodes.literal_block(source, source, language=like.get("language", "python"))
