import pytest

from edulib.exercises import ask, quiz

SUM = ask(
    "What is `1 + 1`?", right="2", wrong={"3": "One too many.", "<1": ""}, why="Count."
)


def test_html_has_each_option_once_with_its_verdict():
    html = quiz(SUM)._repr_html_()
    assert html.startswith('<div class="eov-quiz"><ol>')
    assert html.count('<details class="eov-right">') == 1
    assert html.count('<details class="eov-wrong">') == 2
    assert "<code>1 + 1</code>" in html
    assert "&lt;1" in html
    assert "Count." in html
    assert "One too many." in html
    assert "<script" not in html


def test_order_follows_from_the_words_alone():
    again = ask(
        "What is `1 + 1`?", right="2", wrong={"<1": "", "3": "No."}, why="Other words."
    )
    assert SUM.options == again.options
    assert repr(quiz(SUM)) == repr(quiz(SUM))


def test_the_right_answer_is_not_always_at_the_same_place():
    places = {
        ask(f"Question {k}", right="a", wrong=["b", "c", "d"], why="So.").options.index(
            "a"
        )
        for k in range(30)
    }
    assert places == {0, 1, 2, 3}


def test_text_ends_with_the_key():
    letter = "abc"[SUM.options.index("2")]
    assert repr(quiz(SUM)).endswith(f"Answers: 1{letter}")


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
