"""Every page in a browser without a network: one visit, on which everything is asked.

The tests of a page run in the order in which they stand here: as it was loaded, wide
and light; operated by keyboard; loaded once more, as narrow as a phone and dark.
"""

import re
from collections.abc import Iterator

import nbformat
import onnx
import pytest
from playwright.sync_api import Locator, expect
from site_visit import ROOT, SITE, Visit, Visitor, notebook_pages, toc_pages

from edulib.authoring.hosts import list_hosts
from edulib.authoring.notebooks import read
from edulib.authoring.student_notebooks import student_form
from edulib.authoring.teaching import list_exercises_of, write_points

pytestmark = pytest.mark.browser

MEGABYTE = 1_000_000


@pytest.fixture(scope="module", params=toc_pages())
def visit(request: pytest.FixtureRequest, visitor: Visitor) -> Iterator[Visit]:
    """A page, wide and light, read to its end."""
    opened = visitor.open(request.param)
    opened.read_through()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def phone(visit: Visit) -> Visit:
    """The same page on a phone, dark, read to its end; no longer wide and light."""
    visit.load_as_phone()
    visit.read_through()
    return visit


def parts(visit: Visit, mark: str, selector: str) -> list[Locator]:
    """Return the parts of a page, which has some exactly if its notebook has a mark."""
    path = ROOT / f"{visit.name}.ipynb"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    found = visit.page.locator(selector).all()
    assert bool(found) == (mark in text), f"{len(found)} parts like {selector}"
    return found


def visible(frames: Locator) -> list[str]:
    return frames.locator("img").evaluate_all(
        "images => images.filter((e) => getComputedStyle(e).visibility === 'visible')"
        ".map((e) => e.alt)"
    )


def test_asks_nobody_else(visit: Visit):
    assert visit.foreign == []


def test_reports_no_error(visit: Visit):
    assert visit.errors == []
    assert [r.url for r in visit.responses if r.status >= 400] == []


def test_sets_its_formulas(visit: Visit):
    assert visit.raw_formulas() == []


def test_describes_its_images(visit: Visit):
    assert visit.poor_alts() == []


def test_shows_its_captions(visit: Visit):
    assert visit.hidden_captions() == []


def test_fits_a_wide_window(visit: Visit):
    assert visit.too_wide() == []


def test_stands_still_while_it_loads(visit: Visit):
    assert visit.shift() < 0.1


def test_is_light(visit: Visit):
    assert visit.weight() <= 1.5 * MEGABYTE


def test_says_what_it_is(visit: Visit):
    description = visit.page.get_attribute("meta[name=description]", "content")
    assert len(description) > 40
    assert visit.page.get_attribute("html", "lang") == "en"
    assert "Eras of Vision" in visit.page.title()


def test_opens_as_the_form_for_students(visit: Visit):
    entries = visit.page.locator(".dropdown-launch-buttons .dropdown-item")
    found = entries.evaluate_all("all => all.map((e) => [e.innerText.trim(), e.href])")
    hosts = list_hosts(visit.name) if visit.name in notebook_pages() else []
    assert found == [[host.name, host.url] for host in hosts]


def test_downloads_the_form_for_students_first(visit: Visit):
    entries = visit.page.locator(".dropdown-download-buttons .dropdown-item")
    texts = [text.strip() for text in entries.all_inner_texts()]
    notebooks = visit.page.locator("a[href$='.ipynb'].dropdown-item")
    if visit.name not in notebook_pages():
        assert notebooks.count() == 0
        return
    assert texts == [".ipynb to work in", ".ipynb with solutions", ".pdf"]
    sources = []
    for address in entries.evaluate_all("all => all.map((e) => e.href)")[:2]:
        answer = visit.page.request.get(address)
        assert answer.ok
        cells = nbformat.reads(answer.text(), as_version=4).cells
        sources.append([cell.source for cell in cells])
    book = read(ROOT / f"{visit.name}.ipynb")
    form = student_form(visit.name, ROOT)
    assert sources[0] == [cell.source for cell in form.cells]
    assert sources[1] == [cell.source for cell in book.cells]


def test_contents_lead_to_their_headings(visit: Visit):
    count, missed = visit.contents()
    headings = ".bd-article section section > :is(h2, h3)"
    names = ".bd-article dt.sig[id]"  # of the reference
    assert count == visit.page.locator(f"{headings}, {names}").count()
    assert missed == []


def test_formulas_are_no_stops_of_the_tab_key(visit: Visit):
    assert visit.formula_stops() == []


def test_folds_say_what_is_in_them(visit: Visit):
    for summary in visit.page.locator(".bd-article summary").all():
        assert summary.get_attribute("aria-label") is None
        assert len(summary.inner_text().strip()) > 3


def test_graphs_open_on_a_click_with_the_parameters_of_the_page(visit: Visit):
    for box in parts(visit, "netron_graph(", ".eov-netron"):
        button, inside = box.locator("button"), box.locator("iframe").content_frame
        assert not [r.url for r in visit.responses if r.url.endswith(".onnx")]
        expect(box.locator("iframe")).to_have_count(0)
        found = re.search(r"([\d,]+) operations, ([\d,]+) parameters", box.inner_text())
        operations, parameters = (int(n.replace(",", "")) for n in found.groups())
        button.focus()
        visit.page.keyboard.press("Enter")
        expect(inside.locator("g.node")).to_have_count(operations + ends_of_graph(box))
        inside.locator("#sidebar-target-button").click()
        expect(inside.locator("#sidebar-content")).to_contain_text(f"{parameters}")
        button.click()
        expect(box.locator("iframe")).to_have_count(0)


def ends_of_graph(box: Locator) -> int:
    """Return what Netron draws beside the operations: the image and the results."""
    (name,) = re.findall(r"graphs/(\w+\.onnx)", box.locator("a").get_attribute("href"))
    graph = onnx.load(SITE / "_static" / "graphs" / name).graph
    return len(graph.input) + len(graph.output)


def test_sliders_move_by_keyboard(visit: Visit):
    for frames in parts(visit, "eov-frames", ".eov-frames"):
        slider = frames.locator("input[type=range]")
        if slider.is_disabled():
            continue
        before, label = visible(frames), frames.locator("output").inner_text()
        assert len(before) == 1
        slider.focus()
        visit.page.keyboard.press("ArrowRight")
        expect(frames.locator("output")).not_to_have_text(label)
        assert len(visible(frames)) == 1
        assert visible(frames) != before
        visit.page.keyboard.press("Home")
        expect(frames.locator("output")).to_have_text(label)
        assert visible(frames) == before


def test_pickers_change_group_by_keyboard(visit: Visit):
    for frames in parts(visit, 'eov-groups\\"', ".eov-frames:has(button)"):
        before = visible(frames)
        last = frames.locator("button").last
        last.focus()
        visit.page.keyboard.press("Enter")
        expect(last).to_have_attribute("aria-pressed", "true")
        assert len(visible(frames)) == 1
        assert visible(frames) != before


def test_attention_is_chosen_by_keyboard(visit: Visit):
    for picker in parts(visit, 'eov-attention\\"', ".eov-attention"):
        drawing, words = picker.locator("svg"), picker.locator("output")
        before = words.inner_text()
        drawing.focus()
        visit.page.keyboard.press("ArrowRight")
        expect(words).not_to_have_text(before)
        expect(drawing).to_have_attribute("aria-valuetext", words.inner_text())
        after = words.inner_text()
        picker.locator("button").last.focus()
        visit.page.keyboard.press("Enter")
        expect(words).not_to_have_text(after)


def test_masks_are_mixed_by_keyboard(visit: Visit):
    for mixer in parts(visit, 'eov-mixer\\"', ".eov-mixer"):
        mask, fit = mixer.locator(".eov-mask"), mixer.locator(".eov-fit")
        before, words = mask.get_attribute("href"), fit.inner_text()
        slider = mixer.locator("input").first
        value = slider.input_value()
        slider.focus()
        visit.page.keyboard.press("Home")
        expect(mixer.locator(".eov-knobs output").first).to_have_text("-1.00")
        expect(mask).not_to_have_attribute("href", before)
        button = mixer.locator("button").first
        button.focus()
        visit.page.keyboard.press("Enter")
        expect(fit).to_have_text(words)
        assert slider.input_value() == value
        cropped = mask.get_attribute("href")
        mixer.locator("[data-crop]").focus()
        visit.page.keyboard.press("Enter")
        expect(mask).not_to_have_attribute("href", cropped)


def test_cells_of_grids_are_chosen_by_keyboard(visit: Visit):
    for picker in parts(visit, 'eov-cells\\"', ".eov-cells"):
        mask, words = picker.locator(".eov-mask"), picker.locator("output")
        before, first = mask.get_attribute("href"), words.inner_text()
        drawing = picker.locator("svg")
        drawing.focus()
        visit.page.keyboard.press("ArrowDown")
        expect(words).not_to_have_text(first)
        expect(mask).not_to_have_attribute("href", before)
        visit.page.keyboard.press("ArrowUp")
        expect(words).to_have_text(first)
        lines = picker.locator(".eov-lines")
        drawn = lines.get_attribute("d")
        picker.locator("button").last.focus()
        visit.page.keyboard.press("Enter")
        expect(lines).not_to_have_attribute("d", drawn)


def test_solutions_are_folded_until_asked_for(visit: Visit):
    solutions = parts(visit, "# exercise: ", ".eov-solution")
    stubs = visit.page.locator(".eov-stub")
    assert len(solutions) == stubs.count()
    assert len(solutions) not in (1, 2)
    for solution in solutions:
        code = solution.locator("pre").first
        expect(code).to_be_hidden()
        solution.locator("summary").focus()
        visit.page.keyboard.press("Enter")
        expect(code).to_be_visible()
        assert "###" not in code.inner_text()


def test_checks_say_points_and_no_marks(visit: Visit):
    checks = parts(visit, "# check: ", "table.eov-check")
    exercises = list_exercises_of(ROOT / f"{visit.name}.ipynb") if checks else []
    assert [check.locator("caption").inner_text() for check in checks] == [
        f"{exercise.exercise_id}: {write_points(exercise)} points"
        for exercise in exercises
    ]
    for check in checks:
        assert "passed" not in check.inner_text()


def test_quizzes_answer(visit: Visit):
    for quiz in parts(visit, "eov-quiz", ".eov-quiz"):
        questions = quiz.locator(":scope > ol > li")
        assert 3 <= questions.count() <= 5
        score, count = quiz.locator(".eov-score"), questions.count()
        assert "right=" not in visit.page.locator(".bd-article").text_content()
        wrong = questions.first.locator("details.eov-wrong").first
        wrong.locator("summary").click()
        expect(score).to_have_text(f"1 of {count} answered")
        for question in questions.all():
            right = question.locator("details.eov-right")
            assert right.count() == 1
            right.locator("summary").focus()
            visit.page.keyboard.press("Enter")
            expect(right).to_contain_text("Right", use_inner_text=True)
            expect(question.locator("details[open]")).to_have_count(1)
        expect(score).to_have_text(f"{count - 1} of {count} right at the first attempt")


def test_has_no_barriers_in_light(visit: Visit):
    assert visit.barriers() == []


def test_asks_nobody_else_on_a_phone(phone: Visit):
    assert phone.foreign == []
    assert phone.errors == []


def test_contents_lead_to_their_headings_on_a_phone(phone: Visit):
    assert phone.contents()[1] == []


def test_formulas_stop_the_tab_key_on_a_phone_only_to_be_scrolled(phone: Visit):
    assert phone.formula_stops() == []


def test_fits_a_phone(phone: Visit):
    assert phone.too_wide() == []


def test_letters_of_figures_can_be_read_on_a_phone(phone: Visit):
    assert phone.small_letters() == []


def test_shows_its_captions_in_dark(phone: Visit):
    assert phone.page.get_attribute("html", "data-theme") == "dark"
    assert phone.hidden_captions() == []


def test_stands_still_on_a_phone(phone: Visit):
    assert phone.shift() < 0.1


def test_has_no_barriers_in_dark(phone: Visit):
    assert phone.page.get_attribute("html", "data-theme") == "dark"
    assert phone.barriers() == []
