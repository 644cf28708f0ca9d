import pytest
from test_diagram import CASES, build

from edulib.drawing import diagram
from edulib.drawing.diagram_page import PHONE, WIDE

pytestmark = pytest.mark.browser

LOOK = """() => {
    const shown = [...document.querySelectorAll('svg')].filter(
        svg => svg.getClientRects().length
    );
    const texts = shown.flatMap(svg => [...svg.querySelectorAll('text')]);
    return {
        layouts: shown.map(svg => svg.classList[1]),
        widths: texts.map(text => text.getBBox().width),
        words: texts.map(text => text.textContent),
        heights: texts.map(text => parseFloat(getComputedStyle(text).fontSize)),
        scale: shown.map(svg => svg.getBoundingClientRect().width
            / svg.viewBox.baseVal.width),
        colors: [...new Set(texts.map(text => getComputedStyle(text).fill))],
        overflow: document.documentElement.scrollWidth > innerWidth,
    };
}"""


def look(page, pictures, width: int, body: str = "") -> dict:
    page.set_viewport_size({"width": width, "height": 600})
    html = "".join(picture._repr_html_() for picture in pictures)
    page.set_content(f"<body style='margin:0;{body}'>{html}</body>")
    return page.evaluate(LOOK)


@pytest.mark.parametrize("name", CASES)
def test_text_is_no_wider_than_estimated_and_never_scaled(page, name):
    make, shape = CASES[name]
    picture = diagram(make(), shape)
    for width, canvas in ((WIDE, picture.wide), (PHONE + 3, picture.phone)):
        seen = look(page, [picture], width)
        assert seen["layouts"] == ["eov-wide" if width == WIDE else "eov-phone"]
        assert seen["scale"] == [1]
        assert min(seen["heights"]) >= 11
        assert seen["words"] == [text.text for text in canvas.texts]
        for text, measured in zip(canvas.texts, seen["widths"], strict=True):
            assert measured <= text.right - text.left + 0.5, text.text
        assert not seen["overflow"]


def test_the_layout_follows_the_room(page):
    picture = diagram(build("resnet50"), (3, 224, 224))
    needed = round(picture.wide.bounds[2] - picture.wide.bounds[0] + 2)
    assert look(page, [picture], needed)["layouts"] == ["eov-wide"]
    assert look(page, [picture], needed - 1)["layouts"] == ["eov-phone"]
    assert look(page, [picture], PHONE)["overflow"] is False


@pytest.mark.parametrize(("width", "layout"), [(700, "eov-wide"), (341, "eov-phone")])
def test_diagrams_on_one_page_leave_each_other_alone(page, width, layout):
    pictures = [
        diagram(build("resnet50"), (3, 224, 224)),
        diagram(build("resnet18").layer1[0], (64, 56, 56)),
        diagram(build("alexnet"), (3, 224, 224)),
    ]
    assert look(page, pictures, width)["layouts"] == [layout] * 3


def test_text_takes_the_colour_of_the_page(page):
    picture = diagram(build("alexnet"), (3, 224, 224))
    seen = look(page, [picture], 720, "background:#111;color:rgb(221, 222, 223)")
    assert seen["colors"] == ["rgb(221, 222, 223)"]
