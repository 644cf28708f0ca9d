"""The rules of a notebook, each with one function that lists what breaks it."""

from collections.abc import Callable, Iterator
from pathlib import Path

from edulib.authoring.lint import cells, chapter, exercises, figures, outputs, prose
from edulib.authoring.lint.page import Page, Problem
from edulib.authoring.notebooks import chapter_of, read

Rule = Callable[[Page], Iterator[Problem]]

RULES: tuple[Rule, ...] = (
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
    outputs.tiles_can_be_seen,
    prose.plain_markdown,
    prose.images_have_alt_text,
)
CHAPTER_RULES: tuple[Rule, ...] = (
    chapter.title_with_year,
    chapter.set_up_cell,
    chapter.card_cell,
    chapter.objectives,
    chapter.sections_in_order,
    chapter.shows_the_network,
    chapter.verdict,
    chapter.length,
    exercises.three_levels,
    exercises.aims,
    exercises.hints,
    exercises.rubric,
    exercises.solutions_and_checks,
    exercises.recap_quiz,
)
ONE_NETWORK = (  # what only a chapter on one network has
    chapter.title_with_year,
    chapter.card_cell,
    chapter.shows_the_network,
    chapter.verdict,
)
PATTERNS = {  # by kind of chapter
    "architecture": CHAPTER_RULES,
    "foundation": CHAPTER_RULES,
    "review": tuple(rule for rule in CHAPTER_RULES if rule not in ONE_NETWORK),
    "practice": tuple(
        rule
        for rule in CHAPTER_RULES
        if rule not in (*ONE_NETWORK, chapter.sections_in_order)
    ),
}


def lint(paths: list[Path], root: Path) -> list[Problem]:
    """Return what is wrong with notebooks, in their order.

    Chapters are held to the pattern of a chapter, reviews of an era to theirs; other
    notebooks only to the rules that hold for each. Names of figures must differ in the
    whole list.
    """
    pages = [
        Page(path, path.relative_to(root).as_posix(), read(path)) for path in paths
    ]
    problems = [problem for page in pages for problem in lint_page(page)]
    return problems + list(figures.names_differ(pages))


def lint_page(page: Page) -> list[Problem]:
    """Return what is wrong with one notebook."""
    row = chapter_of(page.path)
    pattern = PATTERNS[row.kind] if row else ()
    return [problem for rule in RULES + pattern for problem in rule(page)]
