"""The header of a chapter: what it says, and what it leaves to the build."""

import pytest

from edulib.authoring.timings import Timing
from edulib.notebook import chapter_header, header
from edulib.registry import chapters, get_paper


@pytest.fixture
def measured(monkeypatch):
    def measure(**timing):
        rows = {"era2_residual/resnet": Timing(**timing)} if timing else {}
        monkeypatch.setattr(header, "read_timings", lambda: rows)

    return measure


@pytest.mark.parametrize("chapter", chapters(written=False), ids=lambda c: c.name)
def test_every_chapter_planned_or_written_has_its_header(chapter):
    shown = chapter_header(chapter.name)
    for key in chapter.papers:
        paper = get_paper(key)
        assert f'<a href="{paper.url}">' in shown.html
        assert str(paper.year) in shown.text
    if not chapter.papers:
        assert chapter.title in shown.text


def test_no_header_names_another_chapter():
    for chapter in chapters():
        html = chapter_header(chapter.name).html
        assert not any(other.address in html for other in chapters())


def test_time_is_what_was_measured(measured):
    measured()
    assert "Time: at most a minute on one" in chapter_header("resnet").text
    measured(cpu_seconds=25)
    assert "Time: about 25 s on one processor core" in chapter_header("resnet").text
    measured(cpu_seconds=25, gpu_seconds=40, gpu_name="a T4")
    assert "about 40 s at full scale on a T4" in chapter_header("resnet").text


def test_an_unknown_chapter_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="chapter 'resnett': did you mean 'resnet'"):
        chapter_header("resnett")
    with pytest.raises(ValueError, match=r"known are .*lenet"):
        chapter_header("xyzzy")
