"""Figures of a notebook: their names, and their numbers on its page."""

import re

from nbformat import NotebookNode

_HIDDEN = {"remove-cell", "remove-output"}


def figure_of(cell: NotebookNode) -> dict[str, str]:
    """Return name and caption of the figure that a cell shows; empty without one."""
    return cell.metadata.get("mystnb", {}).get("figure", {})


def figure_numbers(notebook: NotebookNode) -> dict[str, int]:
    """Return the numbers that the page gives to the named figures: 1, 2, 3 ..."""
    named = [
        figure_of(cell)["name"]
        for cell in notebook.cells
        if "name" in figure_of(cell)
        and not _HIDDEN & set(cell.metadata.get("tags", ()))
    ]
    return {name: number for number, name in enumerate(named, 1)}


def number_text(text: str, number: int) -> str:
    """Return the words of a link to a figure with the figure's number.

    Args:
        text: "figure 3", "figure" or "3"; words without either stay as they are.
        number: takes the place of the number, or follows the word.
    """
    if re.search(r"\d", text):
        return re.sub(r"\d+", str(number), text)
    return f"{text} {number}" if text.lower() == "figure" else text
