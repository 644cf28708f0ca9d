"""The lists for instructors say what the chapters say."""

from pathlib import Path

import pytest
from sample_chapter import good_chapter

from edulib.authoring.lists import complete_header
from edulib.authoring.notebooks import write
from edulib.authoring.teaching import (
    list_exercises_of,
    read_outcomes,
    say_minutes,
    teaching_lists,
)
from edulib.exercises.registry import parts
from edulib.registry import chapters

ROOT = Path(__file__).parents[2]
CHAPTERS = [ROOT / "book" / f"{chapter.address}.ipynb" for chapter in chapters()]


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_each_chapter_has_its_outcomes_and_exercises(path):
    outcomes = read_outcomes(path).splitlines()
    assert sum(line.startswith("- ") for line in outcomes) >= 3
    assert outcomes[-1].endswith(".")
    exercises = list_exercises_of(path)
    assert [e.task.level for e in exercises] == ["warm-up", "core", "stretch"]
    for exercise in exercises:
        points = [part.points for part in parts(exercise.exercise_id)]
        assert exercise.points == sum(points)


def test_the_index_lists_every_exercise_once():
    lists = teaching_lists(ROOT)
    lines = lists["exercise_index"].splitlines()
    rows = [line for line in lines if "<br>`" in line]
    assert sum(line.startswith("**[") for line in lines) == len(CHAPTERS)
    assert len(rows) == int(lists["exercise_count"]) == 3 * len(CHAPTERS)
    points = [row.rstrip(" |").rpartition("|")[2].split("+") for row in rows]
    assert sum(int(p[0]) for p in points) == int(lists["exercise_points"])
    assert sum(int(p[1]) for p in points if p[1:]) == int(lists["rubric_points"])
    assert sum(len(p) == 2 for p in points) == len(CHAPTERS)


def test_the_review_of_an_era_follows_its_chapters():
    index = teaching_lists(ROOT)["exercise_index"]
    order = [index.index(f"/{name}.ipynb") for name in ("googlenet", "review1")]
    assert order == sorted(order)
    assert order[1] < index.index("/resnet.ipynb")


@pytest.mark.parametrize("weeks", [4, 8, 14])
def test_a_syllabus_links_what_is_written_and_marks_the_rest(weeks):
    rows = teaching_lists(ROOT)[f"syllabus_{weeks}"].splitlines()[2:]
    assert len(rows) == weeks
    written = {chapter.title: chapter.written for chapter in chapters(written=False)}
    for row in rows:
        for item in row.split("|")[3].split(", "):
            name = item.strip().removesuffix(" (*to come*)")
            linked = name.startswith("[")
            name = name[1:].partition("]")[0] if linked else name
            assert linked == written[name]


def test_without_a_chapter_nothing_is_linked(tmp_path):
    lists = teaching_lists(tmp_path)
    assert "](" not in "".join(lists.values())
    assert lists["exercise_count"] == "0"


def test_a_chapter_without_outcomes_is_refused(tmp_path):
    notebook = good_chapter()
    for cell in notebook.cells:
        cell.source = cell.source.replace("After this chapter", "After that")
    write(notebook, tmp_path / "lenet.ipynb")
    with pytest.raises(ValueError, match=r"a list in lenet\.ipynb"):
        read_outcomes(tmp_path / "lenet.ipynb")


def test_a_heading_that_is_missing_is_named(tmp_path):
    notebook = good_chapter()
    for cell in notebook.cells:
        cell.source = cell.source.replace("### Exercise 1:", "### Task 1:")
    write(notebook, tmp_path / "lenet.ipynb")
    with pytest.raises(ValueError, match=r"'### Exercise 1: title .* found 2"):
        list_exercises_of(tmp_path / "lenet.ipynb")


def test_a_page_says_its_minutes(tmp_path):
    path = tmp_path / "lenet.ipynb"
    write(good_chapter(), path)
    words = say_minutes(path)
    assert words == "9 minutes to read, 15 for the exercises"
    assert f"<dt>Time</dt><dd>{words}</dd>" in complete_header("", "lenet", words)
