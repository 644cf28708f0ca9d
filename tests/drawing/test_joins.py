"""How blocks join what they read: the words of sums, concatenations and splits."""

import pytest
import torch
from test_contents import found, words
from torch import Tensor, nn

from edulib.drawing import diagram

IMAGE = (3, 32, 32)
LAYOUTS = pytest.mark.parametrize("layout", ["wide", "phone"])


class Waves(nn.Module):
    """Concatenates what two functions, a layer, and a learned row give."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.first, self.side = nn.Linear(4, 8), nn.Linear(8, 8)
        self.row, self.last = nn.Parameter(torch.zeros(1, 8)), nn.LazyLinear(2)
        self.how = how

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        parts = {
            "waves": lambda: [x.sin(), x.cos()],
            "side": lambda: [x.relu(), self.side(x)],
            "sum": lambda: [x + self.side(x), x.chunk(2, -1)[1]],
            "row": lambda: [self.row, x.square(), x],
            "again": lambda: [x, self.side(x), self.side(x.sin())],
            "many": lambda: [x, x.sin(), x.cos(), x.exp(), x.abs()],
        }[self.how]()
        return self.last(torch.cat(parts, -1))


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("waves", "concat of sin and cos"),
        ("side", "concat of ReLU and side"),
        ("sum", "concat of sum and one half"),
        ("row", "concat of row, square and first"),
        ("again", "concat of first and 2 × side"),
        ("many", "concat of 5 parts"),
    ],
)
def test_a_concatenation_inside_names_its_parts(how, told):
    model = Waves(how)
    model(torch.zeros(1, 4))
    net = nn.Sequential(nn.Linear(4, 4), model, nn.Linear(2, 2))
    inside = found(net, (4,), depth=1)["1"].inside
    assert told in inside.replace("\xa0", " ")


class Told(nn.Module):
    """A layer that joins its input with what many layers read."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.layer, self.how = nn.LazyConv2d(4, 1), how

    def forward(self, x: Tensor, given: Tensor) -> Tensor:
        given = given[:, :, None, None].relu()
        if self.how == "adds":
            return self.layer(x + given)
        if self.how == "concats":
            return self.layer(torch.cat([x, given.expand(-1, -1, 8, 8)], 1))
        return self.layer(x * given + given)


class Steered(nn.Module):
    """Several layers, each of which reads the same vector."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.code = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 4))
        self.layers = nn.ModuleList(Told(how) for _ in range(4))

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        code = self.code(code)
        for layer in self.layers:
            x = layer(x, code)
        return x


@pytest.mark.parametrize("how", ["adds", "concats", "multiplies by and adds"])
def test_a_block_says_how_it_joins_what_many_read(how):
    model = Steered(how)
    model(torch.zeros(1, 4, 8, 8), torch.zeros(1, 4))
    net = diagram(model, (4, 8, 8), (4,), depth=1)
    assert f", {how} code)" in net.alt
    assert f"{how} code" in words(net.wide)
    assert "+ code" not in words(net.wide) + words(net.phone)


class Prepends(nn.Module):
    """A learned token before the tokens of an input, or behind them."""

    def __init__(self, first: bool) -> None:
        super().__init__()
        self.embed, self.head = nn.Linear(4, 8), nn.Linear(8, 2)
        self.token, self.first = nn.Parameter(torch.zeros(1, 1, 8)), first

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.token, self.embed(x)]
        return self.head(torch.cat(parts if self.first else parts[::-1], 1))


@LAYOUTS
@pytest.mark.parametrize("first", [True, False])
def test_a_concatenation_with_what_is_learned_tells_its_order(first, layout):
    told = "concat token, then embed" if first else "concat embed, then token"
    drawn = getattr(diagram(Prepends(first), (5, 4)), layout)
    assert told in words(drawn).replace("\xa0", " ")


class Halves(nn.Module):
    """Splits a map in parts alike, each read by a layer of its own."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 12, 1)
        self.layers = nn.ModuleList(nn.LazyConv2d(4, 1) for _ in range(count))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        parts = self.first(x).chunk(len(self.layers), 1)
        swapped = zip(self.layers, reversed(parts), strict=True)
        return tuple(layer(part) for layer, part in swapped)


@pytest.mark.parametrize(
    ("count", "told"), [(2, ["2nd half", "1st half"]), (3, ["part 3 of 3"])]
)
def test_lines_of_a_split_in_parts_alike_are_told_apart(count, told):
    model = Halves(count)
    model(torch.zeros(1, *IMAGE))
    blocks = found(model, IMAGE)
    assert [blocks[f"layers.{k}"].takes for k in range(len(told))] == told
