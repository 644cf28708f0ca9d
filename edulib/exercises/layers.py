"""Comparing a layer that a student wrote with the book's, which has its parameters."""

from torch import Tensor, nn

from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_shape,
    expect_unchanged,
    expect_within,
)


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


def _expect_gradient(found: Tensor | None, right: Tensor, name: str) -> None:
    expect(found is not None, f"no gradient reaches {name}.")
    within = 1e-2 * (1 + right.abs().max().item())
    what = f"the gradient of {name}"
    expect_within(found.reshape(right.shape), right, what, rtol=1e-2, atol=within)
