"""Every rule of the linter is broken on purpose, and only that rule speaks up."""

import nbformat.v4 as v4
import pytest
from sample_chapter import FIGURE, PIXEL, code, good_chapter, page_of, shown

from edulib.authoring.lint import CHAPTER_RULES, RULES, lint_page
from edulib.authoring.lint.chapter import count_words
from edulib.authoring.lint.figures import names_differ

PICTURE = shown(image_png=PIXEL)
NAMED = {"caption": "What it shows.", "name": "fig-lenet-other"}


def added(cell):
    return lambda notebook: notebook.cells.insert(4, cell)


def edited(old, new):
    def edit(notebook):
        found = [cell for cell in notebook.cells if old in cell.source]
        assert found, f"the good chapter does not contain {old!r}"
        for cell in found:
            cell.source = cell.source.replace(old, new)

    return edit


def html(text, **metadata):
    return added(code("figure()", outputs=[shown(text_html=text)], **metadata))


def prose(text):
    return added(v4.new_markdown_cell(text))


def picture(image=FIGURE["image"], figure=NAMED, count=1):
    mystnb = {"image": image, "figure": figure}
    return added(code("draw()", outputs=[PICTURE] * count, mystnb=mystnb))


def not_run(notebook):
    notebook.cells[1].execution_count = None


def with_widgets(notebook):
    notebook.metadata["widgets"] = {}


def untagged(number):
    return lambda notebook: notebook.cells[number].metadata.pop("tags")


def swapped(notebook):
    cells = notebook.cells
    first, second = (
        next(k for k, c in enumerate(cells) if c.source.startswith(f"## {title}"))
        for title in ("The problem", "The idea")
    )
    cells[first], cells[second] = cells[second], cells[first]


def emptied(notebook):
    cell = next(c for c in notebook.cells if c.source.startswith("## Legacy"))
    cell.source = "## Legacy"


def drawn(size, **about):
    output = shown(image_png=PIXEL)
    output.metadata["image/png"] = {"width": 518, "height": 118, **about}
    output.metadata["image/png"]["pictures"] = [[0, 0, *size], [0.5, 0, 1, 1]]
    return added(code("draw()", outputs=[output], mystnb={**FIGURE, "figure": NAMED}))


def printed(text, *tags):
    output = v4.new_output("stream", name="stdout", text=text)
    return added(code("look()", *tags, outputs=[output]))


FAILED = v4.new_output("error", ename="KeyError", evalue="'x'", traceback=[])
WARNED = v4.new_output("stream", name="stderr", text="UserWarning: no")
PATH = v4.new_output("stream", name="stdout", text="saved in /home/me/x.pt")

PLANTS = {
    "ran_to_the_end": [(not_run, "1 cells from here on were not executed")],
    "clean_outputs": [
        (added(code("x", outputs=[FAILED])), "stopped with KeyError"),
        (added(code("x", outputs=[WARNED])), "wrote to stderr: 'UserWarning"),
        (with_widgets, "state of widgets"),
    ],
    "short_cells": [(added(code("x = 1\n" * 21)), "shows 21 lines")],
    "no_trailing_semicolons": [(added(code("plt.plot(x);")), "ends in `;`")],
    "no_machine_paths": [
        (added(code("x", outputs=[PATH])), "'/home/m'"),
        (prose("Look into C:\\Users\\me."), "path: 'C:"),
    ],
    "installs_from_the_repository": [
        (prose("Run `pip install edulib`."), "expected 'eras-of-vision @ git+"),
        (added(code("%pip install -q eras-of-vision")), "expected 'eras-of-vision @"),
    ],
    "pictures_are_described": [
        (picture(image={}), "without a description"),
        (picture(image={"alt": "A curve."}), "without a description"),
        (picture(image={**FIGURE["image"], "classes": ["photo"]}), "not a string"),
    ],
    "html_is_described": [
        (html("<img src='x' alt=''>", mystnb={"figure": NAMED}), "<img> without alt"),
        (html("<svg></svg>", mystnb={"figure": NAMED}), "without a <title>"),
        (html("<iframe></iframe>", mystnb={"figure": NAMED}), "without a title"),
    ],
    "figures_have_captions": [
        (picture(figure={"name": "fig-lenet-a"}), "without mystnb.figure.caption"),
        (picture(figure={"name": "a", "caption": "b"}), "figure.name is 'a'"),
        (html('<img src="x" alt="A cat.">'), "without mystnb.figure.caption"),
    ],
    "one_picture_a_cell": [(picture(count=2), "shows 2 figures")],
    "narrow_code": [
        (added(code(f"x = {'1' * 69}")), "a line of 73 letters, expected at most 72")
    ],
    "narrow_outputs": [
        (printed(f"short\n{'x' * 45}"), "prints a line of 45 letters"),
        (added(code("x", outputs=[shown(text_plain="x" * 45)])), "of 45 letters"),
    ],
    "tiles_can_be_seen": [(drawn((0.16, 0.7)), "an image of 107 pixels")],
    "plain_markdown": [
        (prose("```{note}\nCareful.\n```"), "is MyST"),
        (prose(":::{exercise-start} A\n:::"), "is MyST"),
        (prose("See {cite}`lecun1998gradient`."), "is MyST"),
        (prose("(a-target)=\n### Here"), "is MyST"),
        (prose("It has {{ models }} models."), "is MyST"),
    ],
    "images_have_alt_text": [
        (prose("![](x.png)"), "without alternative text"),
        (prose('<img src="x.png">'), "without alternative text"),
    ],
    "title_with_year": [
        (edited("# LeNet-5 (1998)", "# LeNet-5"), "expected '# Name (year)'"),
        (edited("\n\nIt learns its own features.", ""), "breakthrough"),
        (prose("# Another title"), "second title"),
    ],
    "set_up_cell": [
        (edited("lab = setup()", "lab = setup(1)"), "exactly:"),
        (untagged(1), "['remove-cell']"),
    ],
    "card_cell": [
        (
            edited('chapter_header("lenet")', 'chapter_header("resnet")'),
            'expected chapter_header("lenet")',
        ),
        (untagged(2), "tagged remove-input"),
    ],
    "objectives": [(edited("After this chapter you can", "Now"), "After this chapter")],
    "sections_in_order": [
        (
            edited("## Proof", "## Evidence"),
            "missing: ['Proof'], unknown: ['Evidence']",
        ),
        (swapped, "order differs"),
        (emptied, "'Legacy' is empty"),
    ],
    "shows_the_network": [
        (edited("stage_table(net)", "table(net)"), "does not call ['stage_table(']"),
        (edited("show_source(LeNet5)", "LeNet5"), "does not call ['show_source(']"),
    ],
    "verdict": [(edited("claim('It learns.', True)", "True"), "not call claim(")],
    "length": [
        (edited("A filter slides over", "It"), "words, expected 1,500"),
        (prose("word " * 2000), "words, expected 1,500 to 3,000"),
    ],
    "three_levels": [
        (edited("(core, 5 minutes)", "(hard, 5 minutes)"), "three headings"),
        (edited("### Exercise 2", "### Exercise 3"), "three headings"),
    ],
    "hints": [(edited("<details>", "<div>"), "has no folded hint")],
    "aims": [(edited("*You train: counting.*", "You count."), "has no line")],
    "rubric": [
        (edited("| rubric |", "| marks |"), "has no rubric"),
        (edited("| 2 |", "| two |"), "has no rubric"),
    ],
    "solutions_and_checks": [
        (edited('check("lenet-count"', 'check("lenet-shift"'), "something else"),
        (edited("# exercise: lenet-count", ""), "has 2 cells '# exercise: id'"),
    ],
    "recap_quiz": [
        (edited(", ask('2?'), ask('3?')", ""), "found 1"),
        (edited("quiz(ask", "print(ask"), "expected a quiz("),
    ],
}
CASES = [(rule, *plant) for rule, plants in PLANTS.items() for plant in plants]


def test_a_good_chapter_has_no_problems():
    assert lint_page(page_of(good_chapter())) == []


def test_every_rule_has_a_plant():
    assert set(PLANTS) == {rule.__name__ for rule in RULES + CHAPTER_RULES}


@pytest.mark.parametrize(("name", "plant", "message"), CASES)
def test_rule_finds_what_was_planted(name, plant, message):
    notebook = good_chapter()
    plant(notebook)
    rules = {rule.__name__: rule for rule in RULES + CHAPTER_RULES}
    found = [str(problem) for problem in rules[name](page_of(notebook))]
    assert any(message in problem for problem in found), found


@pytest.mark.parametrize(
    "fine",
    [
        prose("The class `{x}` and $x_{i}$ and the set $\\{a\\}$ and `{cite}`."),
        prose("```python\n# not a title\n:::\n```"),
        added(code("x = 1\n" * 30, "hide-input")),
        added(code(f"x = {'1' * 68}")),
        added(code(f"x = {'1' * 69}", "hide-input")),
        printed("x" * 44),
        printed("x" * 45, "remove-output"),
        drawn((0.17, 0.7)),
        drawn((0.1, 1)),
        html("<table><tr><td>3</td></tr></table>"),
        html(
            '<img src="data:image/png;base64,/tmp/x" alt="A cat.">',
            mystnb={"figure": NAMED},
        ),
    ],
)
def test_what_is_allowed_passes(fine):
    notebook = good_chapter()
    fine(notebook)
    assert lint_page(page_of(notebook)) == []


def test_other_notebooks_need_not_follow_the_pattern():
    page = page_of(v4.new_notebook(cells=[v4.new_markdown_cell("# Timeline")]))
    outside = type(page)(page.path.parents[1] / "timeline.ipynb", "t", page.notebook)
    assert lint_page(outside) == []
    assert lint_page(page) != []


def test_a_review_has_sections_of_its_own():
    page = page_of(good_chapter())
    review = type(page)(
        page.path.parents[1] / "era1_enlightenment" / "review1.ipynb",
        "r",
        page.notebook,
    )
    messages = [problem.message for problem in lint_page(review)]
    assert len(messages) == 1
    assert "expected the sections The question, The era in numbers" in messages[0]


def test_names_of_figures_differ_in_the_whole_book():
    pages = [page_of(good_chapter()), page_of(good_chapter())]
    found = [str(problem) for problem in names_differ(pages)]
    assert len(found) == 1
    assert "'fig-lenet-curves' is also in" in found[0]


def test_words_are_those_that_a_reader_reads():
    text = "Two words $x = 3$ <b>bold</b> [link](https://a.b/c).\n```\nnot these\n```"
    assert count_words(text) == 4
