"""Arithmetic between layers that a diagram must show, though it costs nothing."""

from collections.abc import Callable

import pytest
import torch
from anatomy.steps import IMAGE, Steps, conv
from torch import Tensor, nn
from torch.nn import functional as F

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


class Fusion(nn.Module):
    """Two maps, weighted by learned numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.ones(2))
        self.a, self.b, self.c = conv(3, 4), nn.Conv2d(3, 4, 2, 2), conv(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        one, two = self.weights.relu() / (self.weights.sum() + 1e-4)
        return self.c(one * self.a(x) + two * F.interpolate(self.b(x), scale_factor=2))


class Shifted(nn.Module):
    """Subtracts a learned mean in the beginning, and adds it in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Parameter(torch.ones(1, 3, 1, 1))
        self.a = conv(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.a(x - self.mean) + self.mean


def test_each_use_of_a_parameter_is_drawn():
    told = "; ".join(drawn(Fusion()))
    assert told.count("(multiplication) gives 4×8×8") == len(("one", "two"))
    assert [step.split()[0] for step in drawn(Shifted())] == ["sub", "a", "add"]


def of_halves(join: Callable) -> Callable[[Tensor], Tensor]:
    return lambda x: join(*x.chunk(2, 1))


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda x: sum(x.split(2, 1)), "addition"),
        (of_halves(lambda a, b: 2 * a + b), "addition"),
        (of_halves(lambda a, b: a * (1 + b)), "multiplication"),
        (of_halves(lambda a, b: a.clone().add_(b)), "addition"),
        (of_halves(lambda a, b: a / (1 + b.abs())), "division"),
        (of_halves(torch.div), "division"),
        (of_halves(torch.maximum), "maximum"),
        (of_halves(lambda a, b: torch.where(a > 0, a, b)), "selection"),
    ],
)
def test_what_joins_the_parts_of_a_split_is_drawn(step, told):
    words = drawn(Steps(step, 2))[2]
    assert f"({told}" in words
    assert words.endswith("gives 2×8×8")


@pytest.mark.parametrize(
    "join",
    [lambda a, b: 2 * a, lambda a, b: b + b.abs(), lambda a, b: a.neg().exp()],
)
def test_what_reads_one_part_of_a_split_is_not(join):
    assert len(drawn(Steps(of_halves(join), 2))) == len(("a", "chunk", "b"))
