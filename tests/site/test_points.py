"""The points of an exercise are the same on its page and in the index of all."""

import re
from html import unescape

import pytest
from site_visit import ROOT, SITE, notebook_pages

from edulib.authoring.page_cells import points_table
from edulib.authoring.teaching import list_exercises_of, write_points

EXERCISES = [
    (page, exercise)
    for page in notebook_pages()
    for exercise in list_exercises_of(ROOT / f"{page}.ipynb")
]
INDEX = "book/teaching/exercises"


def words(page: str) -> str:
    """The words of a built page, in one line."""
    if not (SITE / ".built").exists():
        pytest.skip("there is no built site: run make book")
    html = (SITE / f"{page}.html").read_text(encoding="utf-8")
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


@pytest.mark.parametrize(("page", "exercise"), EXERCISES, ids=lambda x: str(x)[-20:])
def test_page_and_index_agree(page, exercise):
    name = re.escape(exercise.exercise_id)
    on_page = re.search(rf"{name} : (\d+(?: \+ \d+)?) points", words(page))[1]
    task = exercise.task
    row = rf"{name} .*? {task.level} {task.minutes} (\d+(?: \+ \d+)?)(?= |$)"
    assert re.search(row, words(INDEX))[1] == on_page == write_points(exercise)


@pytest.mark.parametrize(("page", "exercise"), EXERCISES, ids=lambda x: str(x)[-20:])
def test_what_is_marked_sums_to_the_points(page, exercise):
    rows = re.findall(r"<td>(\d+)</td></tr>", points_table(exercise))
    assert sum(map(int, rows)) == exercise.points + exercise.task.rubric_points
