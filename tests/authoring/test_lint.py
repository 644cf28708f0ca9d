"""Every rule of the linter is broken on purpose, and only that rule speaks up."""

import nbformat.v4 as v4
import pytest
from sample_chapter import CARD, FIGURE, PIXEL, code, good_chapter, page_of, shown

from edulib.authoring.lint import CHAPTER_RULES, NETWORK_RULES, RULES, lint, lint_page
from edulib.authoring.lint.figures import names_differ
from edulib.authoring.lint.reading import count_words, reading_minutes, visible_lines

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


def place_of(notebook, role):
    cells = enumerate(notebook.cells)
    return next(k for k, c in cells if c.metadata.get("eov", {}).get("role") == role)


def with_role(role, other):
    def edit(notebook):
        notebook.cells[place_of(notebook, role)].metadata["eov"] = {"role": other}

    return edit


def swapped(first, second):
    def edit(notebook):
        with_role(first, "swap")(notebook)
        with_role(second, first)(notebook)
        with_role("swap", second)(notebook)

    return edit


def emptied(notebook):
    notebook.cells[place_of(notebook, "legacy")].source = "## Legacy"


def says(name, value):
    cell = v4.new_markdown_cell("Yes.", metadata={"eov": {"claims": {name: value}}})
    return added(cell)


def card(name):
    text = CARD.replace("reads", name)
    return added(code("claim()", outputs=[shown(text_plain=text)]))


def cards(notebook):
    for name in ("a", "b", "c"):
        card(name)(notebook)


def without_card(notebook):
    for cell in notebook.cells:
        if cell.source.startswith("claim("):
            cell.outputs = []


def folded(name, count=1):
    def edit(notebook):
        prompt = {"code_prompt_show": name} if name else {}
        for _ in range(count):
            added(code("x", "hide-input", mystnb=prompt))(notebook)

    return edit


def quoted(count):
    text = "```python\n" + "x = 1\n" * count + "```\n\nFrom a file"
    return added(code("show_source(x)", outputs=[shown(text_markdown=text)]))


def long_winded(notebook):
    notebook.cells[place_of(notebook, "idea")].source += "\n\n" + "word " * 4000


def questions(*lengths, tag="remove-input"):
    """A quiz of questions whose right and wrong answers are so long."""
    asked = [
        f"ask('{k}?', right='{'r' * right}', wrong=['{'a' * wrong}', '{'b' * other}'])"
        for k, (right, wrong, other) in enumerate(lengths)
    ]
    return added(code(f"quiz({', '.join(asked)})", tag))


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
        (prose("Run `pip install edulib`."), 'expected "eras-of-vision @ git+'),
        (added(code("%pip install -q eras-of-vision")), 'expected "eras-of-vision @'),
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
    "computed_text_has_no_formula": [
        (
            added(code("x", outputs=[shown(text_markdown="so $x$ counts")])),
            "the formula '$x$', which stays as it is typed",
        )
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
    "links_lead_somewhere": [
        (prose("[He](../bibliography.md#he2025)"), "no entry #he2025"),
        (prose("[He](bibliography.md#he2015resnet)"), "expected book/bibliography.md"),
        (prose("[Zhang, 2015](../bibliography.md#he2015resnet)"), "the authors of"),
        (prose("[a word](../notation.md#no-term)"), "no entry #no-term"),
        (prose("[figure 1](#fig-lenet-gone)"), "no figure #fig-lenet-gone"),
    ],
    "citations_are_links": [
        (prose("So it is (He\nand others, 2015)."), "cites 'He and others, 2015'"),
        (prose("Ioffe and Szegedy (2015) saw it."), "cites 'Ioffe and Szegedy (2015)'"),
        (prose("Grad-CAM (2017) shows it."), "cites 'Grad-CAM (2017)'"),
        (prose("As Zhou et al. say."), "cites 'Zhou et al'"),
        (picture(figure={**NAMED, "caption": "As Luo, 2016."}), "cites 'Luo, 2016'"),
    ],
    "named_papers_are_cited": [
        (prose("Later came DenseNet."), "never links to book/bibliography.md#huang"),
        (prose("Nair and Hinton used it."), "bibliography.md#nair2010relu"),
        (prose("We draw Grad-CAM."), "speaks of 'Grad-CAM'"),
    ],
    "bold_terms_are_links": [
        (prose("This is **dropout**."), "write **[dropout](...notation.md#dropout)**"),
    ],
    "one_times_sign": [
        (prose("A 3x3 kernel"), "says '3x3': write '3×3'"),
        (prose("of 224 x 224 pixels"), "write '224×224'"),
        (prose("of 7 × 7 places"), "write '7×7'"),
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
    "sections_have_roles": [
        (with_role("idea", "thought"), "has the roles ['thought'], expected eov.role"),
        (with_role("idea", []), "has the roles []"),
        (emptied, "'Legacy' is empty"),
    ],
    "roles_are_there": [
        (with_role("checked", "real"), "no section for the roles ['checked']"),
        (swapped("summary", "quiz"), "ends with the roles ['quiz', 'exercises'"),
        (swapped("problem", "idea"), "begins with ['idea']"),
    ],
    "result_before_source": [(swapped("result", "code"), "code before its result")],
    "shows_the_network": [
        (edited("stage_table(net)", "table(net)"), "does not call ['stage_table(']"),
        (edited("show_source(LeNet5)", "LeNet5"), "does not call ['show_source(']"),
    ],
    "five_lines": [(edited("## On the summary\n\n- ", "## S\n\n"), "lists 4 lines")],
    "use_today": [(edited("**not when**", "or when"), "does not say ['not when']")],
    "few": [(cards, "has 4 claims, expected at most 3")],
    "at_least_one": [(without_card, "has no claim")],
    "names_differ": [(card("reads"), "holds a second claim 'reads'")],
    "computed": [
        (
            added(code('claim("a", verdict=Verdict.HOLDS)')),
            "a part of it, Verdict.HOLDS: compute it",
        ),
        (
            added(code('claim("a", verdict=Verdict.of(x > 1, True))')),
            "a part of it, True: compute it",
        ),
        (
            added(code('lasts = True\nclaim("a", verdict=Verdict.of(x > 1, lasts))')),
            "a part of it, True: compute it",
        ),
    ],
    "said_as_it_came_out": [
        (says("reads", "opposite"), "'reads' is 'opposite', its card shows 'holds'"),
        (says("writes", "holds"), "'writes' is 'holds', its card shows None"),
    ],
    "length": [
        (edited("A filter slides over", "It"), "words, expected 1,800"),
        (prose("word " * 1500), "words, expected 1,800 to 2,900"),
    ],
    "little_code": [
        (added(code("x = 1\n" * 120)), "shows 126 lines of code, at most 120"),
        (quoted(120), "shows 127 lines of code"),
    ],
    "read_in_time": [(long_winded, "minutes to read, expected 25 at most")],
    "folds_have_names": [
        (folded(""), "folded without mystnb.code_prompt_show"),
        (folded("Show the code"), "folded without mystnb.code_prompt_show"),
        (folded("Code: a curve", 2), "'Code: a curve' is also the name of"),
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
    "quiz_stays_hidden": [
        (questions((9, 9, 9), tag="hide-input"), "tag it remove-input"),
        (questions((9, 9, 9), tag="check"), "tag it remove-input"),
    ],
    "similar_lengths": [
        (questions((36, 20, 19)), "has 36 characters, the wrong ones 20, 19"),
        (questions((4, 20, 30)), "has 4 characters"),
    ],
    "lengths_say_nothing": [
        (questions((9, 8, 8), (9, 8, 8), (9, 9, 9)), "longest in 2 of 3"),
        (questions(*[(9, 8, 8)] * 2, *[(8, 9, 9)] * 2), "longest in 2 of 4"),
        (questions(*[(8, 9, 9)] * 3, (9, 8, 8)), "shortest in 3 of 4"),
    ],
}
ALL = RULES + CHAPTER_RULES + NETWORK_RULES
CASES = [(rule, *plant) for rule, plants in PLANTS.items() for plant in plants]


def test_a_good_chapter_has_no_problems():
    assert lint_page(page_of(good_chapter())) == []


def test_every_rule_has_a_plant():
    assert set(PLANTS) == {rule.__name__ for rule in ALL}


@pytest.mark.parametrize(("name", "plant", "message"), CASES)
def test_rule_finds_what_was_planted(name, plant, message):
    notebook = good_chapter()
    plant(notebook)
    rules = {rule.__name__: rule for rule in ALL}
    found = [str(problem) for problem in rules[name](page_of(notebook))]
    assert any(message in problem for problem in found), found


@pytest.mark.parametrize(
    "fine",
    [
        prose("The class `{x}` and $x_{i}$ and the set $\\{a\\}$ and `{cite}`."),
        prose("```python\n# not a title\n:::\n```"),
        folded("Code: thirty lines"),
        says("reads", "holds"),
        prose("[He and others, 2015](../bibliography.md#he2015resnet) in `3x3`."),
        prose("[ResNet](../era2_residual/resnet.ipynb) (2015). Later ResNet grew."),
        prose("In May, 2015, **[dropout](../notation.md#dropout)**; $3 x 3$ of 32x4d."),
        prose("LeNet-5 itself; [Grad-CAM](../bibliography.md#selvaraju2016gradcam)."),
        prose("See [figure 1](#fig-lenet-curves) and [Notation](../notation.md)."),
        questions((35, 20, 20), (5, 20, 20), (8, 9, 9), (9, 9, 3)),
        added(code(f"x = {'1' * 68}")),
        added(code(f"x = {'1' * 69}", "remove-input")),
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


def test_pages_of_markdown_are_held_to_the_rules_for_prose(tmp_path):
    page = tmp_path / "book" / "page.md"
    page.parent.mkdir()
    page.write_text("# Page\n\nBy {{ author }} (He and others, 2015), 3x3.\n")
    found = [problem.message for problem in lint([page], tmp_path)]
    assert len(found) == 2
    assert "cites 'He and others, 2015'" in found[0]
    assert "says '3x3'" in found[1]


def test_other_notebooks_need_not_follow_the_pattern():
    page = page_of(v4.new_notebook(cells=[v4.new_markdown_cell("# Timeline")]))
    outside = type(page)(page.path.parents[1] / "timeline.ipynb", "t", page.notebook)
    assert lint_page(outside) == []
    assert lint_page(page) != []


def test_a_review_needs_no_network():
    notebook = good_chapter()
    for role in ("architecture", "sees", "checked", "code"):
        notebook.cells[place_of(notebook, role)].metadata["eov"]["role"] = "result"
    without_card(notebook)
    page = page_of(notebook)
    place = page.path.parents[1] / "era1_enlightenment" / "review1.ipynb"
    assert lint_page(type(page)(place, "r", notebook)) == []
    assert lint_page(page) != []


def test_names_of_figures_differ_in_the_whole_book():
    pages = [page_of(good_chapter()), page_of(good_chapter())]
    found = [str(problem) for problem in names_differ(pages)]
    assert len(found) == 1
    assert "'fig-lenet-curves' is also in" in found[0]


def test_words_are_those_that_a_reader_reads():
    text = "Two words $x = 3$ <b>bold</b> [link](https://a.b/c).\n```\nnot these\n```"
    assert count_words(text) == 4


def test_code_in_view_is_what_is_not_folded_and_what_is_quoted():
    assert visible_lines(code("a\nb\nc")) == 3
    assert visible_lines(code("a\nb", "hide-input")) == 0
    text = "```python\nx\ny\n```\n\nFrom a file"
    source = [shown(text_markdown=text)]
    assert visible_lines(code("a", "remove-input", outputs=source)) == 2
    assert visible_lines(code("a", "hide-output", outputs=source)) == 1
    assert visible_lines(code("a", "remove-cell", outputs=source)) == 0


def test_what_goes_further_is_not_the_core():
    notebook = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# A\n\n" + "word " * 999),
            v4.new_markdown_cell("## B\n\n" + "word " * 999),
            code("x = 1\n" * 15, mystnb={"figure": {"name": "fig-a"}}),
            v4.new_markdown_cell("## Going further: C\n\n" + "word " * 400),
            v4.new_markdown_cell("## D\n\nno", metadata={"eov": {"role": "quiz"}}),
        ]
    )
    assert reading_minutes(page_of(notebook)) == (12, 2)
