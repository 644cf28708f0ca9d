"""Arithmetic between layers that a diagram must show, though it costs nothing."""

import pytest
import torch
from anatomy.steps import IMAGE, Steps
from torch import Tensor, nn

from edulib.drawing import diagram


def drawn(model: nn.Module) -> list[str]:
    """Return what is drawn between the input and the output."""
    return diagram(model, IMAGE).alt.split(". ")[1].split("; ")[:-1]


def haar(x: Tensor) -> Tensor:
    rows = x[:, :, 0::2] / 2, x[:, :, 1::2] / 2
    a, b, c, d = (part for row in rows for part in (row[..., 0::2], row[..., 1::2]))
    sums = [a + b + c + d, -a - b + c + d, -a + b - c + d, a - b - c + d]
    return torch.cat(sums, 1)


def waves(x: Tensor) -> Tensor:
    for k in range(4):
        x = x + torch.sin(k * x) * torch.cos(x) / (1 + x.abs())
    return x


@pytest.mark.parametrize(
    ("step", "channels", "told"),
    [
        (haar, 16, "23 steps (selection, arithmetic) gives 16×4×4"),
        (waves, 4, "32 steps (arithmetic, sin, cos) gives 4×8×8"),
    ],
)
def test_a_long_run_of_free_steps_is_drawn_where_it_ends_in_a_merge(
    step, channels, told
):
    assert drawn(Steps(step, channels))[1] == told
    assert len(drawn(Steps(step, channels))) == len(("a", "steps", "b"))
