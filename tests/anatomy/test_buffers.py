"""Buffers that are joined to activations are nodes; masks of scores are none."""

from collections.abc import Callable

import pytest
import torch
from steps import IMAGE, Own, layers
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import stage_table
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
        (lambda x, pe: x + pe, (4, 1), "added to 4×4×4"),
        (lambda x, pe: x * pe, (4, 4), "multiplied to 4×4×4"),
        (lambda x, pe: x / pe, (4, 4), "div (division) gives 4×4×4"),
        (lambda x, pe: x + pe, (4, 1, 1), None),
        (lambda x, pe: x * pe, (4, 1, 1), None),
        (lambda x, pe: x / pe, (1,), None),
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


class Head(nn.Module):
    """Makes boxes of maps, with numbers that it holds."""

    def __init__(self, decode: Callable, **held: Tensor) -> None:
        super().__init__()
        self.a, self.decode = nn.Conv2d(3, 18, 2, 2), decode
        for name, tensor in held.items():
            self.register_buffer(name, tensor)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self, self.a(x))


def by_anchor(x: Tensor) -> Tensor:
    return x.view(-1, 3, 6, 4, 4).permute(0, 1, 3, 4, 2).sigmoid()


def of_grid(head: Head, x: Tensor) -> Tensor:
    y = by_anchor(x)
    xy = (y[..., :2] * 2 - 0.5 + head.grid) * 8
    wh = (y[..., 2:4] * 2) ** 2 * head.anchors
    return torch.cat([xy, wh, y[..., 4:]], -1).view(-1, 48, 6)


def of_split(head: Head, x: Tensor) -> Tensor:
    xy, wh, rest = by_anchor(x).split((2, 2, 2), -1)
    wh = wh.exp() * head.anchors
    return torch.cat([xy + head.grid, wh, rest], -1).flatten(1, 3)


def of_rows(head: Head, x: Tensor) -> Tensor:
    y = x.view(-1, 3, 6, 16)
    xy, wh = y[:, :, :2] + head.grid, y[:, :, 2:4].exp() * head.anchors
    return torch.cat([xy, wh, y[:, :, 4:]], 2)


def of_tokens(head: Head, x: Tensor) -> Tensor:
    y = torch.cat([x.flatten(2), x[..., ::2, ::2].flatten(2)], 2).mT
    xy = (y[..., :2] + head.grid) * head.anchors
    return torch.cat([xy, y[..., 2:4].exp() * head.anchors, y[..., 4:]], -1)


def of_distances(head: Head, x: Tensor) -> Tensor:
    y = torch.cat([x.flatten(2), x[..., ::2, ::2].flatten(2)], 2)
    near, far = y[:, :4].chunk(2, 1)
    return torch.cat([head.grid - near, head.grid + far], 1) * head.anchors


@pytest.mark.parametrize(
    ("decode", "grid", "anchors"),
    [
        (of_grid, (1, 1, 4, 4, 2), (1, 3, 1, 1, 2)),
        (of_grid, (1, 3, 4, 4, 2), (1, 3, 4, 4, 2)),
        (of_split, (1, 1, 4, 4, 2), (1, 3, 1, 1, 2)),
        (of_rows, (1, 1, 2, 16), (1, 3, 2, 1)),
        (of_tokens, (1, 20, 2), (1, 20, 1)),
        (of_distances, (2, 20), (1, 20)),
    ],
)
def test_grids_and_anchors_of_a_head_are_nodes(decode, grid, anchors):
    head = Head(decode, grid=torch.zeros(grid), anchors=torch.ones(anchors))
    alt = diagram(head, IMAGE).alt
    assert "grid (constant) gives" in alt
    assert "anchors (constant) gives" in alt


def test_what_is_computed_of_anchors_shows_all_parts_of_them():
    def decode(head: Head, x: Tensor) -> Tensor:
        corners = head.anchors[:, :2], head.anchors[:, 2:]
        return x.flatten(2).mT[..., :2] * (corners[1] - corners[0])

    alt = diagram(Head(decode, anchors=torch.zeros(16, 4)), IMAGE).alt
    parts = (f"selection: columns {k} (selection: columns {k})" for k in ("2–3", "0–1"))
    assert f"{' gives 16×2 / '.join(parts)} gives 16×2], subtracted" in alt


@pytest.mark.parametrize("is_learned", [True, False])
@pytest.mark.parametrize("shape", [(4, 1), (1, 4, 1)])
def test_positions_that_are_the_same_for_all_channels_are_a_node(shape, is_learned):
    model = Adds(shape, is_learned)
    assert "pe (" in diagram(model, IMAGE).alt
    assert "added to 4×4" in diagram(model, IMAGE).alt


@pytest.mark.parametrize("is_learned", [True, False])
def test_numbers_for_channels_of_a_sequence_are_none(is_learned):
    model = Adds((4, 1), is_learned)
    model.turned = False
    assert "pe (" not in diagram(model, IMAGE).alt


class Adds(nn.Module):
    """Adds something to the patches of an image."""

    turned = True

    def __init__(self, shape: tuple[int, ...], is_learned: bool) -> None:
        super().__init__()
        held = torch.zeros(shape)
        self.patches = nn.Conv2d(3, 4, 4, 4)
        self.register_buffer("pe", None if is_learned else held)
        if is_learned:
            self.pe = nn.Parameter(held)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2)
        return (x.mT if self.turned else x) + self.pe


@pytest.mark.parametrize("is_learned", [True, False])
def test_a_module_that_adds_positions_says_which(is_learned):
    patches = nn.Sequential(nn.Conv2d(3, 4, 4, 4), nn.Flatten(2))
    model = nn.Sequential(patches, Own(lambda x: x.mT), Positions(is_learned))
    assert layers(model)[-1] == "addition of pe"
    assert "2 (addition of pe) gives 4×4" in diagram(model, IMAGE).alt


class Joined(nn.Module):
    """Holds positions, and a norm."""

    def __init__(self, step: Callable) -> None:
        super().__init__()
        self.step, self.norm, self.dropout = step, nn.LayerNorm(4), nn.Dropout()
        self.register_buffer("pe", torch.zeros(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.step(self, x)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda m, x: m.norm(x + m.pe), "addition of pe; layer normalisation"),
        (
            lambda m, x: m.norm(m.dropout(m.pe + x)),
            "addition of pe; layer normalisation",
        ),
        (lambda m, x: m.norm(x) + m.pe, "layer normalisation; addition of pe"),
        (lambda m, x: F.gelu(x * m.pe), "multiplication by pe; GELU"),
        (lambda m, x: x + m.norm(x + m.pe), "Joined"),
        (lambda m, x: x + m.norm(m.pe), "Joined"),
    ],
)
def test_a_module_tells_positions_beside_a_norm(step, told):
    tokens = [nn.Conv2d(3, 4, 4, 4), nn.Flatten(2), Own(lambda x: x.mT)]
    model = nn.Sequential(*tokens, nn.Linear(4, 4), Joined(step))
    assert layers(model)[4] == told
    assert f"4 ({told}" in diagram(model, IMAGE).alt


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


class Waves(nn.Module):
    """Makes positions of nothing but a shape."""

    def forward(self, x: Tensor) -> Tensor:
        rows = torch.arange(x.shape[1], dtype=x.dtype, device=x.device)
        return torch.sin(rows[:, None] * torch.ones(x.shape[2], device=x.device))


class Waved(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches, self.waves = nn.Conv2d(3, 4, 4, 4), Waves()
        self.head = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).mT
        return self.head(x + self.waves(x).to(x))


def test_positions_that_a_module_computes_of_a_shape_are_a_node():
    assert "waves (constant) gives 4×4" in diagram(Waved(), IMAGE).alt
    assert "added to 4×4" in diagram(Waved(), IMAGE).alt
    assert ["waves", "constant"] in [
        [row.name, row.layer] for row in stage_table(Waved(), IMAGE).rows
    ]
