"""A network's graph in Netron: nothing happens before a click, and it ends when asked.

Inside the viewer no script of a test runs, because it forbids `eval`; what has to be
asked of it is asked from the page around it.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect
from site_visit import ROOT, Visit, Visitor, notebook_pages

pytestmark = pytest.mark.browser

VIEWER = "_static/netron/index.html"
# What a page knows of itself: where it is, and which element has the keyboard.
STATE = "() => [window.scrollY, document.activeElement.tagName]"
DROP = """frame => {
  const { document, DragEvent, DataTransfer, File } = frame.contentWindow;
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["x"], "other.onnx"));
  const options = {bubbles: true, cancelable: true, dataTransfer};
  return ["dragover", "drop"].map(
    (name) => document.body.dispatchEvent(new DragEvent(name, options)));
}"""


def shows_graph(name: str) -> bool:
    return "netron_graph(" in (ROOT / f"{name}.ipynb").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def visit(visitor: Visitor) -> Iterator[Visit]:
    name = next(name for name in notebook_pages() if shows_graph(name))
    opened = visitor.open(name)
    opened.page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    yield opened
    assert opened.errors == []
    assert opened.foreign == []
    opened.close()


@pytest.fixture
def box(visit: Visit) -> Locator:
    """The viewer's place in the middle of the window, closed."""
    box = visit.page.locator(".eov-netron")
    box.evaluate("(e) => e.scrollIntoView({block: 'center'})")
    expect(box.locator("iframe")).to_have_count(0)
    return box


def viewer_requests(visit: Visit) -> list[str]:
    return [r.url for r in visit.responses if "/netron/" in r.url or ".onnx" in r.url]


def open_by_click(box: Locator) -> Locator:
    box.locator("button").click()
    graph = box.locator("iframe")
    graph.content_frame.locator("g.node").nth(3).wait_for(state="attached")
    return graph


def close(box: Locator) -> None:
    box.locator("button").click()
    expect(box.locator("iframe")).to_have_count(0)


def wheel(page: Page, pixels: int) -> int:
    """Turn the wheel and return how far the page has gone when it stands."""
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, pixels)
    page.wait_for_function("before => scrollY !== before", arg=before)
    return page.evaluate(
        """async (before) => {
          const frame = () => new Promise((r) => requestAnimationFrame(r));
          let last;
          do { last = scrollY; await frame(); await frame(); } while (last !== scrollY);
          return last - before;
        }""",
        before,
    )


def test_the_wheel_goes_past_it_and_over_it(visit: Visit, box: Locator):
    box.locator("button").hover()
    _, focused = visit.page.evaluate(STATE)
    assert [wheel(visit.page, 200) for _ in range(3)] == [200, 200, 200]
    assert [wheel(visit.page, -200) for _ in range(3)] == [-200, -200, -200]
    assert visit.page.evaluate(STATE)[1] == focused
    assert viewer_requests(visit) == []


def test_the_tab_key_goes_past_it(visit: Visit, box: Locator):
    before = visit.page.evaluate(STATE)[0]
    box.locator("button").focus()
    visit.page.keyboard.press("Tab")
    expect(box.locator("a")).to_be_focused()
    visit.page.keyboard.press("Tab")
    assert box.evaluate("(e) => !e.contains(document.activeElement)")
    assert visit.page.evaluate(STATE)[1] != "IFRAME"
    visit.page.keyboard.press("Shift+Tab")
    expect(box.locator("a")).to_be_focused()
    assert abs(visit.page.evaluate(STATE)[0] - before) < 900
    assert viewer_requests(visit) == []


def test_escape_and_the_button_give_the_page_back(visit: Visit, box: Locator):
    button = box.locator("button")
    words = button.inner_text()
    button.focus()
    before = visit.page.evaluate("scrollY")
    visit.page.keyboard.press("Enter")
    graph = box.locator("iframe")
    graph.content_frame.locator("g.node").nth(3).wait_for(state="attached")
    expect(graph).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    visit.page.keyboard.press("Escape")
    expect(graph).to_have_count(0)
    expect(button).to_be_focused()
    expect(button).to_have_text(words)
    expect(button).to_have_attribute("aria-expanded", "false")
    open_by_click(box)
    close(box)
    expect(button).to_be_focused()
    assert visit.page.evaluate("scrollY") == before


def test_escape_closes_its_panel_first(visit: Visit, box: Locator):
    graph = open_by_click(box)
    graph.content_frame.locator("#sidebar-target-button").click()
    panel = graph.content_frame.locator("#sidebar")
    expect(panel).to_contain_text("Metrics", ignore_case=True)
    visit.page.keyboard.press("Escape")
    expect(panel).to_have_css("opacity", "0")
    expect(graph).to_have_count(1)
    visit.page.keyboard.press("Escape")
    expect(graph).to_have_count(0)


def test_it_opens_no_file_of_the_reader(visit: Visit, box: Locator):
    graph = open_by_click(box)
    inside = graph.content_frame
    expect(inside.locator("input[type=file], #open-file-button")).to_have_count(0)
    inside.locator("#menu-button").click()
    entries = inside.locator(".menu-command")
    expect(entries.first).to_be_visible()
    expect(entries.filter(has_text=re.compile("Open|Issue"))).to_have_count(0)
    inside.locator("#menu-button").click()
    before = inside.locator("g.node").count()
    assert graph.evaluate(DROP) == [False, False]  # refused
    assert inside.locator("g.node").count() == before
    close(box)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?url=https://example.org/resnet18.onnx",
        "?url=//example.org/resnet18.onnx",
        "?url=../graphs/../../other.onnx",
        "?url=/_static/graphs/lenet5.onnx",
        "?url=../graphs/lenet5.onnx.pt",
        "?url=../graphs/lenet5.onnx%0A",
        "?gist=0123456789abcdef",
        "?identifier=lenet5.onnx&url=https://example.org/x",
        "#../graphs/lenet5.onnx",
        "#https://example.org/resnet18.onnx",
    ],
)
def test_it_refuses_what_is_no_graph_of_the_book(visit: Visit, query: str):
    page = visit.page.context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{visit.page.url.rpartition('/book/')[0]}/{VIEWER}{query}")
    words = "This viewer opens the graphs of this book only."
    expect(page.locator("#message-text")).to_have_text(words)
    expect(page.locator("g.node")).to_have_count(0)
    assert [url for url in asked if "/_static/netron/" not in url] == []
    page.close()
