import random
import signal
import threading
import time
import warnings

import numpy as np
import pytest
import torch

from edulib.exercises import check, expect, expect_close, list_exercises, part, registry

ID = "demo-double"


@pytest.fixture(autouse=True, scope="module")
def demo():
    """An exercise that exists only here: double a tensor."""

    @part(ID, "doubles", points=2, hint="Twice, not squared.")
    def doubles(answer, generator):
        x = torch.randn(3, 4, generator=generator)
        expect_close(answer(x), 2 * x)

    @part(ID, "keeps zero", points=1)
    def zero(answer, generator):
        expect_close(answer(torch.zeros(2)), torch.zeros(2))

    @part(ID, "takes whole numbers", points=1, hidden=True)
    def whole(answer, generator):
        expect(answer(3) == 6, "twice 3 is 6.")

    yield
    del registry._parts[ID]


def message(answer, part=0, **options):
    return check(ID, answer, **options).rows[part].message


def test_right_answer():
    result = check(ID, lambda x: 2 * x)
    assert (result.score, result.points, result.passed) == (3, 3, True)
    assert check(ID, lambda x: 2 * x, hidden=True).points == 4


def test_parts_are_judged_one_by_one():
    result = check(ID, lambda x: x**2)
    assert [row.score for row in result.rows] == [0, 1]
    assert result.rows[0].hint == "Twice, not squared."
    assert result.rows[1].hint == ""


@pytest.mark.parametrize("stub", [..., None])
def test_no_answer(stub):
    result = check(ID, stub)
    assert result.score == 0
    assert result.summary == "not attempted yet (3 points)"


def test_stub_that_raises():
    def answer(x):
        raise NotImplementedError("your turn")

    assert check(ID, answer).summary.startswith("not attempted yet")


def test_not_implemented_by_torch_is_an_error_of_the_answer():
    def answer(x):
        return torch.nn.Module()(x)

    assert "NotImplementedError" in message(answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: None, "is None: is a `return` missing?"),
        (lambda x: x.tolist(), "is a list, expected a tensor"),
        (lambda x: (2 * x).T, "a transpose too many or too few?"),
        (lambda x: 2 * x[0], "shape (4,), expected (3, 4)"),
        (lambda x: (2 * x).flatten(), "arranged differently"),
        (lambda x: -2 * x, "the sign is the other way round"),
        (lambda x: x, "0.5 times the expected value everywhere"),
        (lambda x: 2 * x + 1, "off by 1 everywhere"),
        (lambda x: x / 0, "NaN or infinite"),
        (lambda x: x @ x, "RuntimeError"),
    ],
)
def test_messages_say_what_differs(answer, words):
    assert words in message(answer)


def test_message_of_a_difference_names_place_and_values():
    def answer(x):
        y = 2 * x
        y[1, 2] = 7
        return y

    words = "1 of 12 values of the output differ; at (1, 2) yours is 7,"
    assert words in message(answer)


def test_error_names_the_line():
    def answer(x):
        return x.double_me()

    assert "of your code: return x.double_me())" in message(answer)


def test_exit_does_not_end_the_check():
    assert "SystemExit" in message(lambda x: exit(0))


def test_endless_loop_is_stopped():
    def answer(x):
        while True:
            try:
                x = x + 0
            except Exception:
                pass

    started = time.monotonic()
    result = check(ID, answer, timeout=0.3)
    assert time.monotonic() - started < 30
    assert "a loop without end?" in result.rows[0].message
    assert result.score == 0


def test_alarm_and_handler_are_as_before():
    called = []
    before = signal.signal(signal.SIGALRM, lambda *args: called.append(args))
    try:
        signal.setitimer(signal.ITIMER_REAL, 1000)
        check(ID, lambda x: 2 * x)
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 900 < left <= 1000
        assert signal.getsignal(signal.SIGALRM) is not before
        signal.raise_signal(signal.SIGALRM)
        assert len(called) == 1
    finally:
        signal.signal(signal.SIGALRM, before)


def test_outside_the_main_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(check(ID, lambda x: 2 * x)))
    thread.start()
    thread.join()
    assert results[0].passed


def test_random_state_is_as_before():
    def answer(x):
        torch.manual_seed(5), random.seed(5), np.random.seed(5)
        return 2 * x

    torch.manual_seed(1), random.seed(1), np.random.seed(1)
    expected = torch.rand(2).tolist(), random.random(), np.random.rand()
    torch.manual_seed(1), random.seed(1), np.random.seed(1)
    check(ID, answer)
    assert (torch.rand(2).tolist(), random.random(), np.random.rand()) == expected


def test_prints_and_warnings_are_caught_and_shown(capsys):
    def answer(x):
        print("so far so good")
        warnings.warn("careful", stacklevel=1)
        return 2 * x

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = check(ID, answer)
    assert result.passed
    assert capsys.readouterr() == ("", "")
    assert result.rows[0].output == "so far so good UserWarning: careful"


def test_replacing_torch_functions_changes_nothing(monkeypatch):
    monkeypatch.setattr(torch, "isclose", lambda a, *rest, **more: a == a)
    monkeypatch.setattr(torch.testing, "assert_close", lambda *args, **more: None)
    assert not check(ID, lambda x: 3 * x).passed


def test_same_seed_same_message_other_seed_other_input():
    def wrong(x):
        return x + x.abs()

    assert message(wrong) == message(wrong)
    assert message(wrong, seed=3) != message(wrong)


def test_result_is_shown_as_table_and_as_text():
    result = check(ID, lambda x: x * x)
    html = result._repr_html_()
    assert html.startswith('<table class="eov-check">')
    assert '<tr class="eov-not-yet">' in html
    assert "1 of 3 points" in html
    assert "✗ 0/2 doubles" in repr(result)
    assert "Hint: Twice, not squared." in repr(result)


def test_messages_cannot_break_the_page():
    def answer(x):
        raise RuntimeError("<script>alert(1)</script>")

    html = check(ID, answer)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_unknown_exercise_names_the_nearest():
    with pytest.raises(ValueError, match="'lenet-cuont': did you mean 'lenet-count'"):
        check("lenet-cuont", 1)
    assert "lenet-count" in list_exercises()


def test_parts_are_registered_once_and_with_points():
    with pytest.raises(ValueError, match="has a part named 'doubles' already"):
        part(ID, "doubles", points=1)
    with pytest.raises(ValueError, match="expected points >= 1 for 'more', got 0"):
        part(ID, "more", points=0)
