"""What a reader can operate on a page: sliders, pickers, graphs, folded solutions."""

from collections.abc import Iterator

import pytest
from site_visit import ROOT, Visit, Visitor, toc_pages

pytestmark = pytest.mark.browser


def pages_with(mark: str) -> list[str]:
    notebooks = [(page, ROOT / f"{page}.ipynb") for page in toc_pages()]
    return [page for page, path in notebooks if path.exists() and mark in read(path)]


def read(path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture
def visit(request: pytest.FixtureRequest, visitor: Visitor) -> Iterator[Visit]:
    opened = visitor.open(request.param)
    yield opened
    assert opened.foreign == []
    assert opened.errors == []
    opened.close()


def visible(frames) -> list[str]:
    return frames.locator("img").evaluate_all(
        "images => images.filter((e) => getComputedStyle(e).visibility === 'visible')"
        ".map((e) => e.alt)"
    )


@pytest.mark.parametrize("visit", pages_with("eov-frames"), indirect=True)
def test_sliders_move_by_keyboard(visit: Visit):
    for frames in visit.page.locator(".eov-frames").all():
        slider = frames.locator("input[type=range]")
        if slider.is_disabled():
            continue
        before, label = visible(frames), frames.locator("output").inner_text()
        assert len(before) == 1
        slider.focus()
        visit.page.keyboard.press("ArrowRight")
        assert len(visible(frames)) == 1
        assert visible(frames) != before
        assert frames.locator("output").inner_text() != label
        visit.page.keyboard.press("Home")
        assert visible(frames) == before


@pytest.mark.parametrize("visit", pages_with("eov-groups"), indirect=True)
def test_pickers_change_group_by_keyboard(visit: Visit):
    for frames in visit.page.locator(".eov-frames:has(button)").all():
        before = visible(frames)
        last = frames.locator("button").last
        last.focus()
        visit.page.keyboard.press("Enter")
        assert last.get_attribute("aria-pressed") == "true"
        assert len(visible(frames)) == 1
        assert visible(frames) != before


@pytest.mark.parametrize("visit", pages_with("netron_graph("), indirect=True)
def test_graphs_draw_their_nodes(visit: Visit):
    for frame in visit.page.locator("iframe").all():
        frame.scroll_into_view_if_needed()
        nodes = frame.content_frame.locator("g.node")
        nodes.nth(3).wait_for(state="attached", timeout=30_000)


@pytest.mark.parametrize("visit", pages_with("# exercise: "), indirect=True)
def test_solutions_are_folded_until_asked_for(visit: Visit):
    solutions = visit.page.locator(".eov-solution")
    stubs = visit.page.locator(".eov-stub")
    assert solutions.count() == stubs.count() >= 3
    for solution in solutions.all():
        code = solution.locator("pre").first
        assert not code.is_visible()
        solution.locator("summary").focus()
        visit.page.keyboard.press("Enter")
        assert code.is_visible()
        assert "###" not in code.inner_text()


@pytest.mark.parametrize("visit", pages_with("eov-quiz"), indirect=True)
def test_quizzes_answer(visit: Visit):
    questions = visit.page.locator(".eov-quiz > ol > li")
    assert 3 <= questions.count() <= 5
    for question in questions.all():
        right = question.locator("details.eov-right")
        assert right.count() == 1
        right.locator("summary").focus()
        visit.page.keyboard.press("Enter")
        assert "Right" in right.inner_text()
