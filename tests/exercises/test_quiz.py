import re

import pytest

from edulib.exercises import ask, quiz

SUM = ask(
    "What is `1 + 1`?", right="2", wrong={"3": "One too many.", "<1": ""}, why="Count."
)


def place(text, questions):
    """Where the right answer of the first question stands."""
    shown = quiz(ask(text, right="a", wrong=["b", "c", "d"], why="So."), *questions)
    return shown.options[0].index("a")


def test_html_has_each_option_once_with_its_verdict():
    html = quiz(SUM)._repr_html_()
    assert html.startswith('<div class="eov-quiz" onclick="')
    assert html.count('<details class="eov-right"') == 1
    assert html.count('<details class="eov-wrong"') == 2
    assert "<code>1 + 1</code>" in html
    assert "&lt;1" in html
    assert "Count." in html
    assert "One too many." in html
    assert '<p class="eov-score" role="status"></p>' in html


def test_options_of_a_question_close_each_other():
    html = quiz(SUM, ask("b?", right="1", wrong=["2"], why="So."))._repr_html_()
    names = re.findall(r'<details class="[^"]*" name="([^"]*)"', html)
    assert len(names) == 5
    assert len(set(names[:3])) == len(set(names[3:])) == 1
    assert names[0] != names[3]


def test_order_follows_from_the_questions_alone():
    again = ask(
        "What is `1 + 1`?", right="2", wrong={"<1": "", "3": "No."}, why="Other words."
    )
    assert quiz(SUM).options == quiz(again).options
    # Fixed for ever, as the pages and what nbval compares with hold it.
    assert quiz(SUM).options == [["3", "<1", "2"]]


def test_another_question_in_the_chapter_deals_anew():
    others = [[ask(f"{k}?", right="1", wrong=["2"], why="So.")] for k in range(20)]
    assert {place("The same?", other) for other in others} == {0, 1, 2, 3}


@pytest.mark.parametrize("count", [3, 4, 5])
def test_no_place_is_right_more_often_than_it_must(count):
    asked = [
        ask(f"{count}, {k}?", right="a", wrong=["b", "c"], why="So.")
        for k in range(count)
    ]
    places = [options.index("a") for options in quiz(*asked).options]
    assert max(map(places.count, places)) == -(-count // 3)


def test_text_ends_with_the_key():
    shown = quiz(SUM)
    letter = "abc"[shown.options[0].index("2")]
    assert repr(shown).endswith(f"Answers: 1{letter}")


@pytest.mark.parametrize(
    ("wrong", "why", "words"),
    [
        ([], "x", "expected 1 to 7 wrong answers to 'q', got 0"),
        (["b", "b"], "x", "are the same"),
        (["a"], "x", "are the same"),
        (["b"], "", "expected an explanation"),
    ],
)
def test_bad_questions(wrong, why, words):
    with pytest.raises(ValueError, match=words):
        ask("q", right="a", wrong=wrong, why=why)


def test_empty_quiz():
    with pytest.raises(ValueError, match="at least one question"):
        quiz()
