import re

import pytest

from edulib.book import card, cards
from edulib.book.hosts import colab_url
from edulib.book.timings import Timing
from edulib.registry import papers

WRITTEN = [paper for paper in papers() if paper.chapter]


@pytest.fixture
def measured(monkeypatch):
    def measure(**timing):
        rows = {"era2_residual/resnet": Timing(**timing)} if timing else {}
        monkeypatch.setattr(cards, "read_timings", lambda: rows)

    return measure


@pytest.mark.parametrize("paper", WRITTEN, ids=lambda paper: paper.key)
def test_every_written_chapter_has_its_card(paper):
    shown = card(paper.chapter.rpartition("/")[2])
    assert repr(card(paper.key)) == repr(shown)
    assert paper.idea in repr(shown)
    assert f'<a href="{paper.url}">' in shown._repr_html_()
    assert str(paper.year) in repr(shown)


def test_neighbours_are_linked_in_the_book_s_order():
    for number, paper in enumerate(WRITTEN):
        links = re.findall(r'href="\.\./([^"]*)\.html"', card(paper.key)._repr_html_())
        around = WRITTEN[max(0, number - 1) : number + 2]
        assert links == [other.chapter for other in around if other is not paper]


def test_links_fit_where_the_notebook_is_open(monkeypatch):
    monkeypatch.setattr(cards, "is_live", lambda: True)
    before = WRITTEN[[paper.name for paper in WRITTEN].index("ResNet") - 1].chapter
    assert f'href="../{before}.ipynb"' in card("resnet").html
    monkeypatch.setattr(cards, "is_colab", lambda: True)
    assert f'"{colab_url(f"book/{before}")}"' in card("resnet").html


def test_time_is_what_was_measured(measured):
    measured()
    assert "Time: at most a minute on two processor cores" in repr(card("resnet"))
    measured(cpu_seconds=25)
    assert "Time: about 25 s on two processor cores; a GPU" in repr(card("resnet"))
    measured(cpu_seconds=25, gpu_seconds=40, gpu_name="a T4")
    assert "about 40 s at full scale on a T4" in repr(card("resnet"))


def test_unknown_chapter_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="called 'resnett': did you mean 'resnet'"):
        card("resnett")
    with pytest.raises(ValueError, match=r"known are .*lenet"):
        card("xyzzy")
