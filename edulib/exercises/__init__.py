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
for each part. It gets the answer and a generator for random inputs, compares with the
module of this package, and raises by one of the comparisons, whose messages say what
differs.

    @part("lenet-subsampling", "agrees with S2", points=2, hint="A sum, not a mean.")
    def _agrees(answer: type, generator: torch.Generator) -> None:
        reference = Subsampling(4)
        layer = answer(4)
        copy_parameters(reference, layer)
        x = torch.randn(3, 4, 4, 4, generator=generator)
        expect_close(layer(x), reference(x))

The comparisons: `expect(condition, message)`, `expect_equal(value, expected, what)`,
`expect_shape(tensor, shape, what)`, `expect_close(tensor, expected, what)`,
`copy_parameters(source, target)`. A part with `hidden=True` is run by graders only.
All checks of an exercise together take less than 2 s.

Planted wrong answers stand in `tests/chapters/<chapter>/wrong_answers.py`, as
`WRONG = {"lenet-subsampling": [MeanInPlaceOfSum, ...]}`. The tests see to it that the
solution gets full marks with any seed, the stub none, every wrong answer less than
full marks, and that every part is failed by at least one of them.
"""

from edulib.exercises.check import check
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_close,
    expect_equal,
    expect_shape,
)
from edulib.exercises.quiz import Question, Quiz, ask, quiz
from edulib.exercises.registry import Part, list_exercises, part, parts
from edulib.exercises.result import Result, Row

__all__ = [
    "Part",
    "Question",
    "Quiz",
    "Result",
    "Row",
    "ask",
    "check",
    "copy_parameters",
    "expect",
    "expect_close",
    "expect_equal",
    "expect_shape",
    "list_exercises",
    "part",
    "parts",
    "quiz",
]
