"""The rules of a notebook, each with one function that lists what breaks it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from edulib.authoring.lint import (
    cells,
    chapter,
    claims,
    exercises,
    figures,
    links,
    outputs,
    prose,
    quizzes,
    roles,
    volume,
)
from edulib.authoring.lint.page import Page, Problem
from edulib.authoring.notebooks import chapter_of, read

Rule = Callable[[Page], Iterator[Problem]]

PROSE_RULES: tuple[Rule, ...] = (
    links.links_lead_somewhere,
    links.citations_are_links,
    links.named_papers_are_cited,
    links.bold_terms_are_links,
    prose.one_times_sign,
)
RULES: tuple[Rule, ...] = (
    *PROSE_RULES,
    cells.ran_to_the_end,
    cells.clean_outputs,
    cells.short_cells,
    cells.no_trailing_semicolons,
    cells.no_machine_paths,
    cells.installs_from_the_repository,
    figures.pictures_are_described,
    figures.html_is_described,
    figures.figures_have_captions,
    figures.one_picture_a_cell,
    outputs.narrow_code,
    outputs.narrow_outputs,
    outputs.computed_text_has_no_formula,
    outputs.tiles_can_be_seen,
    prose.plain_markdown,
    prose.images_have_alt_text,
)
CHAPTER_RULES: tuple[Rule, ...] = (
    chapter.set_up_cell,
    chapter.objectives,
    roles.sections_have_roles,
    roles.roles_are_there,
    roles.five_lines,
    claims.few,
    claims.names_differ,
    claims.computed,
    claims.said_as_it_came_out,
    volume.length,
    volume.little_code,
    volume.read_in_time,
    volume.folds_have_names,
    exercises.three_levels,
    exercises.aims,
    exercises.hints,
    exercises.rubric,
    exercises.solutions_and_checks,
    exercises.recap_quiz,
    quizzes.quiz_stays_hidden,
    quizzes.similar_lengths,
    quizzes.lengths_say_nothing,
)
NETWORK_RULES: tuple[Rule, ...] = (  # what only a chapter on a network has
    chapter.title_with_year,
    chapter.card_cell,
    roles.shows_the_network,
    roles.result_before_source,
    roles.use_today,
    claims.at_least_one,
)
PATTERNS = {  # by kind of chapter
    "architecture": CHAPTER_RULES + NETWORK_RULES,
    "foundation": (*CHAPTER_RULES, chapter.title_with_year, chapter.card_cell),
    "review": CHAPTER_RULES,
    "practice": CHAPTER_RULES,
}


def lint(paths: list[Path], root: Path) -> list[Problem]:
    """Return what is wrong with notebooks and pages of Markdown, in their order.

    Chapters are held to the pattern of a chapter, reviews of an era to theirs; other
    notebooks only to the rules that hold for each, pages of Markdown to those for
    prose. Names of figures must differ in the whole list.
    """
    pages = [
        Page(path, path.relative_to(root).as_posix(), _read(path)) for path in paths
    ]
    problems = [problem for page in pages for problem in lint_page(page)]
    return problems + list(figures.names_differ(pages))


def lint_page(page: Page) -> list[Problem]:
    """Return what is wrong with one notebook or page."""
    row = chapter_of(page.path)
    pattern = PATTERNS[row.kind] if row else ()
    rules = PROSE_RULES if page.path.suffix == ".md" else RULES + pattern
    return [problem for rule in rules for problem in rule(page)]


def _read(path: Path) -> NotebookNode:
    """Read a notebook, or a page of Markdown as a notebook of one cell."""
    if path.suffix == ".md":
        return new_notebook(cells=[new_markdown_cell(path.read_text("utf-8"))])
    return read(path)
