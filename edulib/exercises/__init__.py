"""Exercises: checks of answers, stubs for students, recap quizzes.

How to write the exercises of a chapter, `book/<part>/lenet.ipynb` say. Each is three
cells: Markdown with the text and a folded hint, the solution, the check. The first
line of a code cell is its identity; an id is `<chapter>-<name>`, and a solution cell
runs on its own (it imports what it needs).

    # exercise: lenet-subsampling          tags: exercise, hide-input
    import torch
    from torch import nn

    class MySubsampling(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            ### BEGIN SOLUTION
            self.coefficient = ...
            ### END SOLUTION

    # check: lenet-subsampling
    from edulib.exercises import check

    check("lenet-subsampling", MySubsampling)

A solution inside a function becomes `raise NotImplementedError("your turn")`, a
solution at the top level `name = ...` for each name that it assigns: a notebook runs
to its end unsolved.

What is checked stands in `edulib/chapters/<chapter>/exercises.py`: one short function
for each part. A check judges values, not objects: it gets an `Answer`, whose methods
run the student's code and return plain numbers, texts and tensors, and a generator for
random inputs. It compares with the module of this package, and raises by one of the
comparisons, whose messages say what differs.

    forbid("lenet-subsampling", Subsampling)  # the book's own is no answer

    @part("lenet-subsampling", "agrees with S2", points=2, hint="A sum, not a mean.")
    def _agrees(answer: Answer, generator: torch.Generator) -> None:
        reference = Subsampling(4)
        layer = answer.build(4)
        copy_parameters(reference, layer)
        x = torch.randn(3, 4, 4, 4, generator=generator)
        expect_close(layer(x), reference(x))

`answer[k]` is one of several values, `answer(x)` what a function returns,
`answer.build(4)` the module that a class or function makes, as an `Answer` again:
`layer(x)`, `layer.parameters()`, `layer.fill(values)`, `layer.part("conv1")`,
`layer.output_of("conv1", x)`, `layer.gradients(x, signal=s)`, and `layer.evaluate()`
for evaluation mode. Where a class is judged, the exercise's text says so, with "The
check builds ...".

The comparisons: `expect(condition, message)`, `expect_equal(value, expected, what)`,
`expect_shape(tensor, shape, what)`, `expect_close(tensor, expected, what)`,
`expect_within(tensor, expected, what, rtol=, atol=)`, `expect_unchanged(x, before)`,
`is_equal(a, b)`, `copy_parameters(source, target)`; `numbers(tensor)` is an array.
A part with `hidden=True` is run by graders only. All checks of an exercise together
take less than 2 s.

Planted wrong answers stand in `tests/chapters/<chapter>/wrong_answers.py`, as
`WRONG = {"lenet-subsampling": [MeanInPlaceOfSum, ...]}`. The tests see to it that the
solution gets full marks with any seed, the stub none, every wrong answer less than
full marks, and that every part is failed by at least one of them.
"""

from edulib.exercises.answer import Answer, read_parameters
from edulib.exercises.check import check
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_close,
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
    is_equal,
)
from edulib.exercises.quiz import Question, Quiz, ask, quiz
from edulib.exercises.registry import Part, forbid, list_exercises, part, parts
from edulib.exercises.result import Result, Row, Status
from edulib.exercises.values import numbers, plain

__all__ = [
    "Answer",
    "Part",
    "Question",
    "Quiz",
    "Result",
    "Row",
    "Status",
    "ask",
    "check",
    "copy_parameters",
    "expect",
    "expect_close",
    "expect_equal",
    "expect_shape",
    "expect_unchanged",
    "expect_within",
    "forbid",
    "is_equal",
    "list_exercises",
    "numbers",
    "part",
    "parts",
    "plain",
    "quiz",
    "read_parameters",
]
