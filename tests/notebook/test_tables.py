"""Tables of numbers: text that lines up, HTML that says what it shows."""

import pytest

from edulib.notebook import show_table

HEADING = ("form", "error")
LINES = [("A & B", "29.6 %"), ("E", "7 %")]


def test_the_text_lines_up():
    text = repr(show_table("Errors", HEADING, LINES))
    assert text.splitlines() == ["form   error", "A & B  29.6 %", "E      7 %"]


def test_the_page_gets_a_labelled_table_with_headings():
    html = show_table('The "paper"', HEADING, LINES)._repr_html_()
    assert 'aria-label="The &quot;paper&quot;"' in html
    assert '<th scope="col">error</th>' in html
    assert '<th scope="row">A &amp; B</th><td>29.6 %</td>' in html


def test_names_break_behind_their_underscores():
    table = show_table("Costs", HEADING, [("inception_resnet_v2", "a_b")])
    html = table._repr_html_()
    assert '<th scope="row">inception_<wbr>resnet_<wbr>v2</th><td>a_b</td>' in html
    assert "inception_resnet_v2" in repr(table)


def test_a_row_must_have_a_cell_for_each_column():
    with pytest.raises(ValueError, match="expected 2 cells in a row, got"):
        show_table("Errors", HEADING, [*LINES[:1], ("E",)])
