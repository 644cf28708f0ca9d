"""Changes of shape that no other step explains, and what long free runs do."""

import pytest
import torch
from test_contents import found, words
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import OpType
from edulib.drawing import diagram

IMAGE = (3, 32, 32)


def layer(width: int = 16) -> nn.Module:
    return nn.TransformerEncoderLayer(width, 4, 32, batch_first=True)


class Tokens(nn.Module):
    """A map becomes tokens, of which one is chosen."""

    def __init__(self, chosen: bool) -> None:
        super().__init__()
        self.patch, self.chosen = nn.Conv2d(3, 16, 4, 4), chosen
        self.layers, self.head = nn.Sequential(layer(), layer()), nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers(self.patch(x).flatten(2).mT)
        return self.head(x[:, 0] if self.chosen else x)


def test_a_map_that_becomes_tokens_is_a_step():
    step = found(Tokens(False), IMAGE)["flatten, transpose"]
    assert step.op_type is OpType.RESHAPE
    assert step.shape == (64, 16)
    assert not any("selection" in name for name in found(Tokens(False), IMAGE))


def test_a_choice_of_positions_is_a_step():
    assert found(Tokens(True), IMAGE)["selection: row 0"].shape == (16,)


def test_a_vector_for_a_dense_layer_is_none():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(3600, 5))
    assert not any(b.op_type is OpType.RESHAPE for b in found(net, IMAGE).values())


def test_dimensions_of_one_and_their_order_change_no_layout():
    class Squeezes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            pooled = self.first(x).mean((2, 3))
            return self.last(pooled[:, :, None, None].transpose(2, 3))

    kinds = [block.op_type for block in found(Squeezes(), IMAGE).values()]
    assert OpType.RESHAPE not in kinds


def test_learned_positions_that_are_repeated_are_a_step():
    class Grid(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.row = nn.Conv2d(3, 8, 4, 4), nn.Parameter(torch.zeros(9, 8))
            self.last = nn.Conv2d(8, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            rows = self.row[:8].unsqueeze(1).repeat(1, 8, 1).mT
            return self.last(self.conv(x) + rows)

    blocks = found(Grid(), IMAGE)
    assert blocks["selection: rows 0–7, repeat"].shape == (8, 8, 8)


def test_a_long_free_run_says_what_kinds_of_steps_it_has():
    class Decodes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.last = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            x, y = self.conv(x).flatten(2).mT.split(2, -1)
            for k in range(8):
                x = (x * k - 1).exp() + y
            x = torch.cat([x, y], -1).clamp(0, 1).softmax(-1)
            return self.last(torch.where(x > 0.5, x, -x))

    (run,) = [b for b in found(Decodes(), IMAGE).values() if "steps" in b.name]
    assert run.words == "arithmetic, clamping, softmax, comparison, selection"
    assert "clamping" in words(diagram(Decodes(), IMAGE).wide)


def test_a_vector_of_length_one_is_said():
    class Unit(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(8, 8), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(F.normalize(self.first(x), dim=-1))

    assert found(Unit(), (8,))["first"].words == "fully connected, normalised"


class Attends(nn.Module):
    """Attention by a function of torch, by layers of its own, or written out."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.whole = nn.MultiheadAttention(16, 1, batch_first=True)
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 16)
        self.bias = nn.Linear(16, 16)
        self.mlp = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))

    def forward(self, x: Tensor) -> Tensor:
        if self.how == "whole":
            y = self.whole(x, x, x, need_weights=False)[0]
        else:
            q, k, v = self.qkv(x).chunk(3, -1)
            if self.how == "function":
                y = F.scaled_dot_product_attention(q, k, v)
            else:
                scores = q @ k.mT / 4 + self.bias(q)
                y = scores.softmax(-1) @ v
            y = self.out(y)
        x = x + y
        return x + self.mlp(x)


@pytest.mark.parametrize("how", ["whole", "function", "written"])
def test_one_design_has_the_same_words_however_it_is_written(how):
    net = nn.Sequential(nn.Linear(8, 16), Attends(how), nn.Linear(16, 2))
    assert found(net, (16, 8), depth=1)["1"].inside == "attention, 2\xa0dense"


def test_a_wide_page_says_what_holds_attention():
    net = nn.Sequential(nn.Linear(8, 16), Attends("function"), nn.Linear(16, 2))
    assert "attention, 2 dense" in words(diagram(net, (16, 8), depth=1).wide)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda x: x[..., :2] + x[..., 2:], "added to 16×2"),
        (lambda x: x[..., :2] * x[..., 2:], "multiplied to 16×2"),
        (lambda x: torch.maximum(x[..., :2], x[..., 2:]), "maximum"),
        (lambda x: torch.cat([-x[..., 2:], x[..., :2]], -1), "concatenated to 16×4"),
    ],
)
def test_parts_of_tokens_that_meet_are_both_drawn(step, told):
    class Halves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 2, 2), nn.LazyLinear(2)

        def forward(self, x: Tensor) -> Tensor:
            return self.b(step(self.a(x).flatten(2).mT))

    model = Halves()
    model(torch.zeros(1, 3, 8, 8))
    alt = diagram(model, (3, 8, 8)).alt
    assert told in alt
    assert "selection: columns 0–1" in alt
    assert "selection: columns 2–3" in alt
