"""Buffers that are joined to activations are nodes; masks of scores are none."""

from collections.abc import Callable

import pytest
import torch
from steps import IMAGE, Own, layers
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.drawing import diagram


class Tokens(nn.Module):
    """Adds a part of a buffer of positions to the patches of an image."""

    def __init__(self, rows: int, are_scores: bool = False) -> None:
        super().__init__()
        self.patches, self.are_scores = nn.Conv2d(3, 4, 4, 4), are_scores
        self.register_buffer("pe", torch.zeros(1, rows, 4))
        self.head = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).mT
        x = x + self.pe[:, : x.shape[1]]
        return self.head(x.softmax(-1) if self.are_scores else x)


@pytest.mark.parametrize("rows", [4, 9])
def test_a_buffer_of_positions_is_a_node(rows):
    alt = diagram(Tokens(rows), IMAGE).alt
    assert f"pe (constant) gives {rows}×4" in alt
    assert "added to 4×4" in alt


class Scores(nn.Module):
    """Adds a mask to the scores of one head, and does something to their sum."""

    def __init__(self, step: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.patches, self.qk, self.step = nn.Conv2d(3, 4, 4, 4), nn.Linear(4, 8), step
        self.register_buffer("mask", torch.zeros(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).mT
        query, key = self.qk(x).chunk(2, -1)
        return self.step(query @ key.mT + self.mask).softmax(-1) @ x


@pytest.mark.parametrize(
    "step",
    [
        lambda a: a,
        lambda a: a.float(),
        lambda a: a.clamp(-50, 50),
        lambda a: F.dropout(a, training=False) / 2,
        lambda a: a.view(-1, 4, 4) + a,
    ],
)
def test_a_mask_is_none_whatever_scales_it_before_the_softmax(step):
    assert "constant" not in diagram(Scores(step), IMAGE).alt


def test_a_mask_of_scores_is_none():
    assert "constant" not in diagram(Tokens(4, are_scores=True), IMAGE).alt


class Attends(nn.Module):
    """Makes weights of masked scores in a way of its own."""

    def __init__(self, weights: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.patches, self.qk, self.weights = (
            nn.Conv2d(3, 4, 4, 4),
            nn.Linear(4, 8),
            weights,
        )
        self.register_buffer("mask", torch.zeros(1, 4, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).mT
        query, key = self.qk(x).chunk(2, -1)
        return self.weights(query @ key.mT / 2 + self.mask) @ x


@pytest.mark.parametrize(
    "weights",
    [
        torch.sigmoid,
        lambda a: a.exp() / a.exp().sum(-1, keepdim=True),
        lambda a: (a - a.amax(-1, keepdim=True)).softmax(-1),
        lambda a: F.relu(a) ** 2 / 4,
    ],
)
def test_a_mask_is_none_however_weights_are_made(weights):
    assert "constant" not in diagram(Attends(weights), IMAGE).alt


class Joins(nn.Module):
    """Joins a buffer to its maps."""

    def __init__(self, step: Callable[..., Tensor], shape: tuple[int, ...]) -> None:
        super().__init__()
        self.a, self.step = nn.Conv2d(3, 4, 2, 2), step
        self.register_buffer("pe", torch.zeros(shape))

    def forward(self, x: Tensor) -> Tensor:
        return self.step(self.a(x), self.pe)


@pytest.mark.parametrize(
    ("step", "shape", "told"),
    [
        (
            lambda x, pe: torch.cat([x[:, :2], pe], 1),
            (1, 2, 4, 4),
            "concatenated to 4×4×4",
        ),
        (lambda x, pe: torch.cat([x, pe], 1), (1, 2, 4, 4), "concatenated to 6×4×4"),
        (lambda x, pe: x + pe, (4, 4), "added to 4×4×4"),
        (lambda x, pe: x + pe, (1, 4, 4), "added to 4×4×4"),
        (lambda x, pe: x + pe[:, :4, :4], (4, 9, 9), "added to 4×4×4"),
        (lambda x, pe: pe - x, (4, 4, 4), "subtracted, gives 4×4×4"),
        (lambda x, pe: x + pe, (4, 1, 1), None),
        (lambda x, pe: x + pe, (4, 1), None),
    ],
)
def test_a_buffer_is_a_node_where_it_has_numbers_for_positions(step, shape, told):
    alt = diagram(Joins(step, shape), IMAGE).alt
    assert (told or "a (2×2 convolution") in alt
    assert ("pe (constant) gives" in alt) == (told is not None)


class Positions(nn.Module):
    """Adds positions, as the tutorials' module does."""

    def __init__(self, is_learned: bool) -> None:
        super().__init__()
        held = torch.zeros(1, 9, 4)
        if is_learned:
            self.pe = nn.Parameter(held)
        else:
            self.register_buffer("pe", held)
        self.dropout = nn.Dropout()

    def forward(self, x: Tensor) -> Tensor:
        return self.dropout(x + self.pe[:, : x.size(1)])


@pytest.mark.parametrize("is_learned", [True, False])
def test_a_module_that_adds_positions_says_which(is_learned):
    patches = nn.Sequential(nn.Conv2d(3, 4, 4, 4), nn.Flatten(2))
    model = nn.Sequential(patches, Own(lambda x: x.mT), Positions(is_learned))
    assert layers(model)[-1] == "addition of pe"
    assert "2 (addition of pe) gives 4×4" in diagram(model, IMAGE).alt


class Scaled(nn.Module):
    """Adds positions times a learned number."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.scale = nn.Conv2d(3, 4, 4, 4), nn.Parameter(torch.ones(1))
        self.register_buffer("pe", torch.zeros(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.patches(x).flatten(2).mT + self.scale * self.pe


def test_both_parts_of_scaled_positions_are_nodes():
    alt = diagram(Scaled(), IMAGE).alt
    assert "scale (learned) gives 1" in alt
    assert "pe (constant) gives 4×4" in alt
