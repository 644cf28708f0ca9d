"""Nothing is lost, and nothing done twice, when grading is stopped and started."""

import json
import subprocess

import nbformat
import pytest
from graded_class import NAME
from submissions import solved, write_layer

STUDENTS = [f"student{number}" for number in range(6)]


@pytest.fixture(scope="module")
def killed(small):
    """A class whose grading was killed after two submissions; what they left."""
    for student in STUDENTS:
        path = small.downloads / f"{student}_{NAME}.ipynb"
        nbformat.write(solved(small.release, write_layer()), path)
    assert small("collect", NAME, small.downloads) == 0
    command = small.command("grade", NAME, "--jobs", "1")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(2):
            process.stdout.readline()
        process.kill()
    return {s: small.course.run_file(NAME, s).stat().st_mtime_ns for s in done(small)}


def done(small):
    return [s for s in STUDENTS if small.course.run_file(NAME, s).exists()]


def test_what_was_run_is_kept_and_not_run_again(small, killed, capsys):
    assert 2 <= len(killed)
    assert small.grade() == 0
    for student, when in killed.items():
        assert small.course.run_file(NAME, student).stat().st_mtime_ns == when
    printed = capsys.readouterr().out
    assert f"{6 - len(killed)} run, 6 in the gradebook" in printed
    assert small.marks() == {student: (11, 11, False) for student in STUDENTS}


def test_marks_that_were_half_recorded_are_recorded_again(small, killed):
    small.grade()
    small.course.run_file(NAME, "student3", "recorded").unlink()
    half = small.course.notebook("autograded", NAME, "student3")
    half.unlink()
    assert small.grade() == 0
    assert half.exists()
    assert small.marks()["student3"] == (11, 11, False)


def test_a_new_submission_is_graded_anew_and_others_are_not(small, killed, capsys):
    small.grade()
    path = small.downloads / f"student5_{NAME}.ipynb"
    notebook = solved(small.release, write_layer(total="x"))
    nbformat.write(notebook, path)
    small("collect", NAME, small.downloads)
    capsys.readouterr()
    assert small.grade() == 0
    assert "1 run, 6 in the gradebook" in capsys.readouterr().out
    assert small.marks()["student5"][0] < 11
    assert small.marks()["student4"] == (11, 11, False)


def test_nbgrader_alone_gives_no_marks_to_what_was_not_run(small, killed):
    from edulib.grading.gradebook import _nbgrader

    small.grade()
    small.course.run_file(NAME, "student0").unlink()
    with _nbgrader(small.course) as api:
        result = api.autograde(NAME, "student0")
    assert not result["success"]
    assert "student0 has not been run: make grade A=week" in result["log"]


def test_who_cannot_be_run_recorded_or_fed_back_is_named(small, killed, capsys):
    small.course.run_file(NAME, "student1").write_text('{"digest": ')
    assert small.grade() == 0
    tear(small.course.notebook("submitted", NAME, "student2"))
    record = small.course.run_file(NAME, "student3")
    record.write_text(json.dumps({**small.run("student3"), "flags": 5}))
    for student in ("student3", "student4"):
        small.course.run_file(NAME, student, "recorded").unlink()
    tear(small.course.notebook("autograded", NAME, "student5"))
    capsys.readouterr()
    assert small.grade() == 1
    said = capsys.readouterr()
    assert "not run: student2: " in said.err
    assert "not recorded: student3: TypeError" in said.err
    assert len(said.err.splitlines()) == 2
    assert "0 run, 6 in the gradebook" in said.out
    assert small.course.run_file(NAME, "student4", "recorded").exists()
    assert small("feedback", NAME) == 1
    said = capsys.readouterr()
    assert said.err == "no page: student5\n"
    assert "5 pages" in said.out


def tear(path):
    path.write_text(path.read_text()[:100])
