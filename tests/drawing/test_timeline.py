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


@pytest.mark.parametrize(
    ("papers", "message"),
    [([], "at least one paper"), ([Paper("X", 2030, 9)], "from 0 to 6, got 9 for X")],
)
def test_wrong_papers_say_what_is_wrong(papers, message):
    with pytest.raises(ValueError, match=message):
        timeline(papers)
