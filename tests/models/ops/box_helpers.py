"""Boxes as they come and as they should not: made by Hypothesis, or many at random."""

import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

few = settings(max_examples=40, deadline=None, derandomize=True)
"""Examples for one test: the same at each run, and no clock."""

corner = st.integers(-3, 12).map(float) | st.integers(0, 64).map(lambda x: x / 7)
side = st.integers(0, 9).map(float) | st.integers(0, 40).map(lambda x: x / 7)
"""Whole numbers, so that boxes touch, hold one another and coincide; and sevenths."""


@st.composite
def box(draw: st.DrawFn) -> list[float]:
    """One box; width and height may be 0."""
    x, y = draw(corner), draw(corner)
    return [x, y, x + draw(side), y + draw(side)]


@st.composite
def box_sets(draw: st.DrawFn, min_size: int = 0, max_size: int = 6) -> Tensor:
    """Boxes (N, 4) in float64, some of them twice."""
    found = draw(st.lists(box(), min_size=min_size, max_size=max_size))
    if found:
        found += draw(st.lists(st.sampled_from(found), max_size=2))
    return torch.tensor(found, dtype=torch.float64).reshape(-1, 4)


def random_boxes(count: int, size: float = 100.0, seed: int = 0) -> Tensor:
    """Boxes (N, 4) in float64, some of which reach out of an image of that size."""
    torch.manual_seed(seed)
    first = torch.rand(count, 2, dtype=torch.float64) * 1.1 - 0.05
    sides = 0.01 + 0.4 * torch.rand(count, 2, dtype=torch.float64)
    return torch.cat([first, first + sides], dim=1) * size


def whole_scores(count: int, seed: int = 0) -> Tensor:
    """Scores (N,) of which many are equal."""
    torch.manual_seed(seed)
    return torch.randint(0, 8, (count,)).double() / 8
