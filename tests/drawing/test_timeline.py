from dataclasses import dataclass

import pytest

from edulib.drawing import ERA_COLORS, ERA_NAMES, timeline


@dataclass
class Paper:
    name: str
    year: int
    era: int
    chapter: str | None = None
    title: str = "A title"
    idea: str = "An idea"


PAPERS = [
    Paper("ResNet", 2015, 2, "era2_residual/resnet"),
    Paper("AlexNet", 2012, 1),
    Paper("VGG", 2014, 1, title='A "deep" <net>'),
]


def test_text_lists_eras_and_years_in_order():
    assert repr(timeline(PAPERS)).splitlines() == [
        ERA_NAMES[1],
        "  2012  AlexNet",
        "  2014  VGG",
        ERA_NAMES[2],
        "  2015  ResNet",
    ]


def test_page_links_written_chapters_only_and_escapes_titles():
    page = timeline(PAPERS)._repr_html_()
    assert page.count("<a ") == 1
    assert 'href="era2_residual/resnet.html"' in page
    assert "&quot;deep&quot; &lt;net&gt;" in page
    assert page.index(ERA_COLORS[1]) < page.index(ERA_COLORS[2])


def test_papers_of_a_year_stay_in_their_order_and_eras_say_their_years():
    papers = [Paper("ZFNet", 2013, 1), Paper("Network in Network", 2013, 1)]
    assert "  2013  ZFNet, Network in Network" in repr(timeline(papers))
    assert "<span>2012 to 2014</span>" in timeline(papers)._repr_html_()


@pytest.mark.parametrize(
    ("papers", "message"),
    [([], "at least one paper"), ([Paper("X", 2030, 9)], "from 0 to 6, got 9 for X")],
)
def test_wrong_papers_say_what_is_wrong(papers, message):
    with pytest.raises(ValueError, match=message):
        timeline(papers)
