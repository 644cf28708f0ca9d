"""Comparing a layer that a student wrote with the book's, which has its parameters."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_shape,
    expect_unchanged,
    expect_within,
    randomize,
)

Kind = Callable[..., nn.Module]
"""The book's class of a block; its first argument is the channels that come in."""


def expect_same_output(
    block: Answer, reference: nn.Module, x: Tensor, what: str = "the output"
) -> None:
    """Fail unless both give the same for an input, which must stay as it is."""
    given = x.clone()
    expected, found = reference(x), block(given)
    expect_unchanged(given, x)
    expect_shape(found, tuple(expected.shape))
    expect_within(found, expected, what, rtol=1e-3, atol=1e-4)


def expect_same_gradients(block: Answer, reference: nn.Module, x: Tensor) -> None:
    """Fail unless input and parameters get the same gradients of a sum of squares."""
    image, output = x.clone().requires_grad_(), block(x.clone())
    found = block.gradients(x, signal=2 * output)
    reference(image).square().sum().backward()
    _expect_gradient(found.inputs[0], image.grad, "the input")
    wanted = [parameter.grad for parameter in reference.parameters()]
    for (name, own), right in zip(found.parameters.items(), wanted, strict=True):
        _expect_gradient(own, right, name)


def build_twins(
    answer: Answer, kind: Kind, generator: torch.Generator, *sizes: int
) -> tuple[Answer, nn.Module]:
    """Return the student's block and the book's, with the same random parameters."""
    reference = kind(*sizes)
    randomize(reference, generator, 1, 4)
    block = answer.build(*sizes)
    copy_parameters(reference, block)
    return block, reference


def random_maps(generator: torch.Generator, channels: int, side: int) -> Tensor:
    """Return three random maps (3, channels, side, side)."""
    return torch.randn(3, channels, side, side, generator=generator)


def expect_agreement(
    answer: Answer, kind: Kind, generator: torch.Generator, side: int, *sizes: int
) -> None:
    """Fail unless both blocks of these sizes give the same for maps of a side."""
    block, reference = build_twins(answer, kind, generator, *sizes)
    x = random_maps(generator, sizes[0], side)
    expect_same_output(block, reference, x, f"the output with the arguments {sizes}")


def expect_same_evaluation(
    answer: Answer, kind: Kind, generator: torch.Generator, *sizes: int
) -> None:
    """Fail unless both use, in evaluation mode, what they saw in training."""
    block, reference = build_twins(answer, kind, generator, *sizes)
    for _ in range(3):
        x = 1 + 2 * random_maps(generator, sizes[0], 6)
        reference(x), block(x.clone())
    reference.eval()
    block.evaluate()
    x = random_maps(generator, sizes[0], 6)
    expect_same_output(block, reference, x, "the output in evaluation mode")


def _expect_gradient(found: Tensor | None, right: Tensor, name: str) -> None:
    expect(found is not None, f"no gradient reaches {name}.")
    within = 1e-2 * (1 + right.abs().max().item())
    what = f"the gradient of {name}"
    expect_within(found.reshape(right.shape), right, what, rtol=1e-2, atol=within)
