"""The zip for Gradescope, run by Otter itself."""

import zipfile

import nbformat
import pytest
from graded_class import NAME, SEED
from submissions import EXERCISES, solved, write_layer

from edulib.exercises import parts


@pytest.fixture(scope="module")
def zipped(graded):
    assert graded("gradescope", NAME) == 0
    return graded.course.root / "gradescope" / f"{NAME}.zip"


def test_what_is_in_the_zip(zipped):
    with zipfile.ZipFile(zipped) as archive:
        names = set(archive.namelist())
        environment = archive.read("environment.yml").decode()
        text = "".join(archive.read(n).decode() for n in names if "tests/" in n)
    assert {"run_autograder", "setup.sh", "otter_config.json"} <= names
    assert "eras-of-vision @ git+https://" in environment
    assert "download.pytorch.org/whl/cpu" in environment
    assert f"seed={SEED}" in text
    assert text.count("@test_case") == sum(len(parts(name)) for name in EXERCISES)


def test_otter_gives_the_same_marks(graded, zipped, tmp_path):
    from otter.api import grade_submission

    wrong = solved(graded.release, write_layer(total="(top + bottom) / 4"))
    nbformat.write(wrong, tmp_path / "mean.ipynb")
    results = grade_submission(str(tmp_path / "mean.ipynb"), str(zipped), quiet=True)
    assert (results.total, results.possible) == (7, 11)
    assert results.total == graded.marks()["mean"][0]
