"""A chapter that keeps every rule, made without running anything."""

from pathlib import Path

import nbformat.v4 as v4
from nbformat import NotebookNode

from edulib.authoring.lint.cells import SET_UP
from edulib.authoring.lint.page import Page
from edulib.authoring.lint.roles import ROLES

WORDS = "A filter slides over the image and answers where it finds its pattern. " * 13
PIXEL = "iVBORw0KGgo="
FIGURE = {
    "image": {"alt": "Two curves, one of which falls faster.", "classes": "photo"},
    "figure": {"caption": "The faster one wins.", "name": "fig-lenet-curves"},
}
RUBRIC = "| rubric | points |\n|---|--:|\n| each reason | 2 |"
IDS = ("lenet-count", "lenet-subsampling", "lenet-shift")
CODE = {
    "architecture": "diagram(net)\nstage_table(net)\nnetron_graph('lenet5')",
    "code": "show_source(LeNet5)",
    "result": "claim('reads', paper='It reads.', place='table 1')",
    "quiz": "quiz(ask('1?'), ask('2?'), ask('3?'))",
}
CARD = (
    "Claim 'reads'\nPaper: It reads. (table 1)\nHere: yes\nVerdict: Holds here [holds]"
)
TEXT = {
    "summary": "- It is so.\n" * 5,
    "legacy": f"{WORDS}\n\n**Use it today when** you can, **not when** you cannot.",
}


def code(source: str, *tags: str, outputs: tuple = (), **metadata) -> NotebookNode:
    return v4.new_code_cell(
        source,
        execution_count=1,
        outputs=list(outputs),
        metadata={**({"tags": list(tags)} if tags else {}), **metadata},
    )


def shown(**data: str) -> NotebookNode:
    kinds = {kind.replace("_", "/"): value for kind, value in data.items()}
    return v4.new_output("display_data", data=kinds)


def good_chapter() -> NotebookNode:
    cells = [
        v4.new_markdown_cell("# LeNet-5 (1998)\n\nIt learns its own features."),
        code(SET_UP, "remove-cell", cellView="form"),
        code(
            'from edulib.notebook import chapter_header\n\nchapter_header("lenet")',
            "remove-input",
        ),
        v4.new_markdown_cell("After this chapter you can\n\n- count weights."),
    ]
    for role in ROLES:
        text = f"## On the {role}\n\n{TEXT.get(role, WORDS)}"
        cells.append(v4.new_markdown_cell(text, metadata={"eov": {"role": role}}))
        if role in CODE:
            shows = (shown(text_plain=CARD),) if role == "result" else ()
            hidden = ("remove-input",) if role == "quiz" else ()
            cells.append(code(CODE[role], *hidden, outputs=shows))
        if role == "sees":
            picture = shown(image_png=PIXEL, text_plain="<Figure>")
            cells.append(code("plt.show()", outputs=(picture,), mystnb=FIGURE))
        if role == "exercises":
            cells += _exercises()
    return v4.new_notebook(cells=cells)


def page_of(notebook: NotebookNode) -> Page:
    name = "book/foundations/lenet.ipynb"
    return Page(Path("/repository") / name, name, notebook)


def _exercises() -> list[NotebookNode]:
    cells = []
    levels = ("warm-up", "core", "stretch")
    for number, (level, name) in enumerate(zip(levels, IDS, strict=True), 1):
        rubric = RUBRIC if level == "stretch" else ""
        cells += [
            v4.new_markdown_cell(
                f"### Exercise {number}: Count ({level}, 5 minutes)\n\nCount.\n\n"
                "*You train: counting.*\n\n"
                "<details><summary>Hint</summary>\n\nUse your fingers.\n\n</details>"
                f"\n\n{rubric}"
            ),
            code(
                f"# exercise: {name}\n### BEGIN SOLUTION\nanswer = 1\n### END SOLUTION",
                "exercise",
                "hide-input",
            ),
            code(f'# check: {name}\ncheck("{name}", answer)'),
        ]
    return cells
