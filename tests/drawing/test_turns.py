"""Loops of every kind: what a turn passes, what it hands on, what else it reads."""

from collections.abc import Callable

import pytest
import torch
from test_contents import found
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import stage_table
from edulib.drawing import diagram
from edulib.drawing.diagram.items import Block

IMAGE = (3, 8, 8)


class Loops(nn.Module):
    """Layers to be called in a loop, behind a first one."""

    def __init__(self, run: Callable) -> None:
        super().__init__()
        self.a = nn.Conv2d(3, 4, 2, 2)
        self.c, self.both = nn.Conv2d(4, 4, 3, 1, 1), nn.Conv2d(8, 4, 3, 1, 1)
        self.d, self.e, self.last = (nn.Conv2d(n, 4, 1) for n in (4, 4, 16))
        self.cell, self.cell2 = nn.LSTMCell(4, 4), nn.LSTMCell(4, 4)
        self.gru, self.head = nn.GRUCell(4, 4), nn.Linear(4, 5)
        self.attention = nn.MultiheadAttention(4, 2, batch_first=True)
        self.run = run

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, self.a(x))

    def join(self, *maps: Tensor) -> Tensor:
        return self.both(torch.cat(maps, 1))


def two_handed_on(net: Loops, y: Tensor) -> Tensor:
    p, q = y, net.d(y)
    for _ in range(5):
        p, q = net.join(p, q), p
    return p


def every_other(net: Loops, y: Tensor) -> Tensor:
    maps = [y, net.c(y)]
    for _ in range(5):
        maps.append(net.c(maps[-2]))
    return maps[-1]


def far_skip(net: Loops, y: Tensor) -> Tensor:
    p = q = r = y
    for _ in range(5):
        p, q, r = net.join(p, r), p, q
    return p


def two_layers(net: Loops, y: Tensor) -> Tensor:
    for _ in range(4):
        y = net.d(F.relu(net.c(y)))
    return y


def residual(net: Loops, y: Tensor) -> Tensor:
    for _ in range(4):
        y = y + net.d(F.relu(net.c(y)))
    return y


def first_input(net: Loops, y: Tensor) -> Tensor:
    z = y
    for _ in range(4):
        z = F.relu(net.c(z) + y)
    return z


def first_differs(net: Loops, y: Tensor) -> Tensor:
    z = net.c(y)
    for _ in range(4):
        z = net.c(F.relu(z) + y)
    return z


def last_differs(net: Loops, y: Tensor) -> Tensor:
    for _ in range(3):
        y = net.d(F.relu(net.c(y)))
    return net.c(y)


def nested(net: Loops, y: Tensor) -> Tensor:
    for _ in range(3):
        for _ in range(2):
            y = F.relu(net.c(y))
        y = net.d(y)
    return y


def one_behind_another(net: Loops, y: Tensor) -> Tensor:
    for _ in range(4):
        y = net.c(y)
    for _ in range(3):
        y = net.d(y)
    return y


def all_read(net: Loops, y: Tensor) -> Tensor:
    results = []
    for _ in range(4):
        y = F.relu(net.c(y))
        results.append(y)
    return net.last(torch.cat(results, 1))


def rows(y: Tensor) -> Tensor:
    return y.flatten(2).transpose(1, 2)


def stacked_cells(net: Loops, y: Tensor) -> Tensor:
    t = rows(y)
    h = c = h2 = c2 = torch.zeros(len(t), 4, device=t.device)
    results = []
    for k in range(4):
        h, c = net.cell(t[:, k], (h, c))
        h2, c2 = net.cell2(h, (h2, c2))
        results.append(net.head(h2))
    return torch.stack(results, 1)


def attends(net: Loops, y: Tensor) -> Tensor:
    t = rows(y)
    h = t.mean(1)
    for _ in range(4):
        seen, _ = net.attention(h[:, None], t, t)
        h = net.gru(seen[:, 0], h)
    return net.head(h)


def remembers(net: Loops, y: Tensor) -> Tensor:
    h, seen = rows(y).mean(1), []
    for _ in range(5):
        h = torch.tanh(net.gru(h))
        seen.append(h)
        h = h + torch.stack(seen, 1).mean(1)
    return net.head(h)


def block(run: Callable, name: str) -> Block:
    return found(Loops(run), IMAGE)[name]


TOLD = {
    two_handed_on: (
        "both",
        "conv2d 4×4×4, to the next 2 turns",
        "both: reads conv2d of the turn before (in the first turn a) and conv2d of 2 "
        "turns before (in the first turn d, in the second turn a), joined by concat in "
        "this order; gives 4×4×4",
    ),
    far_skip: (
        "both",
        "conv2d 4×4×4, read 1 and 3 turns later",
        "both: reads conv2d of the turn before and conv2d of 3 turns before (in turns "
        "2 and 3 a), joined by concat in this order; in the first turn it reads only "
        "a; gives 4×4×4",
    ),
    two_layers: ("c, d", "d 4×4×4", "d: reads c; gives 4×4×4"),
    residual: ("c, d", "running sum of d 4×4×4", "d: reads c; gives 4×4×4"),
    first_input: ("c", "relu 4×4×4", "relu: reads a and c, joined by add"),
    first_differs: (
        "c",
        "conv2d 4×4×4",
        "c: reads a and conv2d of the turn before, joined by add; in the first turn it "
        "reads only a; gives 4×4×4",
    ),
    nested: ("c, d", "d 4×4×4", "d: reads c (call 2 of 2); gives 4×4×4"),
    all_read: ("c", "relu 4×4×4", "the results of all 4 turns are read"),
    stacked_cells: (
        "cell, cell2, head",
        "cell2 4, twice",
        "head: reads cell2; gives 5",
    ),
    attends: (
        "attention, gru",
        "gru 4",
        "attention: reads reshaped a and gru of the turn before (in the first turn "
        "global average pooling), joined by multi-head attention; gives 1×4",
    ),
    remembers: (
        "gru",
        "tanh 4, to all later turns",
        "sum: reads tanh of all turns before and gru, joined by concat in this order",
    ),
}


@pytest.mark.parametrize("run", TOLD, ids=lambda run: run.__name__)
def test_a_loop_tells_what_is_handed_on_and_read(run):
    name, carried, note = TOLD[run]
    loop = block(run, name)
    assert loop.is_loop
    assert carried in loop.carries
    assert note in loop.notes
    alt = diagram(Loops(run), IMAGE).alt
    assert f"a turn hands on {carried}" in alt
    assert note in alt


def test_what_is_read_two_turns_later_is_handed_on():
    loop = block(every_other, "c")
    assert loop.carries == ("conv2d 4×4×4, read 2 turns later",)
    (note,) = loop.notes
    assert "conv2d of 2 turns before (in the first 2 turns a)" in note


LAYERS = {
    two_layers: [("c, d", "4 × (Conv2d, Conv2d), shared")],
    nested: [("c, d", "3 × (2 × Conv2d, Conv2d), shared")],
    last_differs: [("c, d", "3 × (Conv2d, Conv2d), shared"), ("c", "3×3 convolution")],
    one_behind_another: [("c", "4 × Conv2d, shared"), ("d", "3 × Conv2d, shared")],
    stacked_cells: [
        ("cell, cell2, head", "4 × (LSTMCell, LSTMCell, Linear), shared"),
        ("stack", "stack"),
    ],
}


@pytest.mark.parametrize("run", LAYERS, ids=lambda run: run.__name__)
def test_a_table_names_all_layers_of_a_turn(run):
    table = stage_table(Loops(run), IMAGE)
    called = [row for row in table.rows if row.shape is not None]
    assert [(row.path, row.layer) for row in called[1:]] == LAYERS[run]


def test_loops_behind_each_other_are_drawn_apart():
    blocks = found(Loops(one_behind_another), IMAGE)
    assert (blocks["c"].repeat, blocks["d"].repeat) == (4, 3)


@pytest.mark.parametrize("turns", [1, 2])
def test_weights_that_are_used_twice_are_no_loop(turns):
    def run(net: Loops, y: Tensor) -> Tensor:
        for _ in range(turns):
            y = F.relu(net.c(F.relu(net.c(y))))
            y = net.d(y)
        return y

    assert "hands on" not in diagram(Loops(run), IMAGE).alt


def test_a_run_of_some_calls_that_do_not_read_each_other_is_no_loop():
    def run(net: Loops, y: Tensor) -> list[Tensor]:
        maps = [F.relu(y), y, F.max_pool2d(y, 2), F.max_pool2d(y, 4)]
        return [net.d(net.c(one)) for one in (y + 1, *maps)] + [net.c(net.e(y))]

    assert "hands on" not in diagram(Loops(run), IMAGE).alt


class Held(nn.Module):
    """A loop of all layers of a module."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.turns = nn.Conv2d(3, 4, 2, 2), Turns()

    def forward(self, x: Tensor) -> Tensor:
        return self.turns(self.stem(x))


class Turns(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c, self.d = nn.Conv2d(4, 4, 3, 1, 1), nn.Conv2d(4, 4, 1)

    def forward(self, y: Tensor) -> Tensor:
        for _ in range(4):
            y = self.d(F.relu(self.c(y)))
        return y


def test_a_loop_of_all_that_a_module_holds_has_its_name():
    loop = found(Held(), IMAGE)["turns"]
    assert (loop.repeat, loop.words) == (4, "(Conv2d, Conv2d), shared weights")


class Closed(Loops):
    """Layers in a loop, inside of a block that a picture does not open."""

    def __init__(self, run: Callable) -> None:
        super().__init__(run)
        self.a, self.last = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
        self.lin, self.lin2 = nn.Linear(4, 4), nn.Linear(4, 4)


def one_layer(net: Loops, y: Tensor) -> Tensor:
    for _ in range(4):
        y = F.relu(net.c(y))
    return net.last(y)


def with_state(net: Loops, y: Tensor) -> Tensor:
    state = y
    for _ in range(4):
        state = net.join(state, y).tanh()
    return net.last(state)


def of_tokens(net: Closed, y: Tensor) -> Tensor:
    t = rows(y)
    for _ in range(4):
        t = net.lin2(F.gelu(net.lin(t)))
    return t.mT.view_as(y)


def of_attention(net: Closed, y: Tensor) -> Tensor:
    t = rows(y)
    for _ in range(3):
        t = t + net.attention(t, t, t)[0]
        t = t + net.lin(t)
    return t.mT.view_as(y)


WITHIN = {
    two_layers: "conv, 4 × (Conv2d, Conv2d), shared weights",
    residual: "4 × (Conv2d, Conv2d), shared weights",
    one_layer: "2\xa0convs, 4 × Conv2d, shared weights",
    with_state: "2\xa0convs, 4 × Conv2d, shared weights",
    one_behind_another: "conv, 4 × Conv2d, shared weights, 3 × Conv2d, shared weights",
    nested: "conv, 3 × (2 × Conv2d, Conv2d), shared weights",
    of_tokens: "conv, 4 × (Linear, Linear), shared weights",
    of_attention: "3 × (MultiheadAttention, Linear), shared weights",
}


@pytest.mark.parametrize("run", WITHIN, ids=lambda run: run.__name__)
def test_a_closed_block_tells_its_loop_as_an_open_one_does(run):
    closed = nn.Sequential(*(Closed(run) for _ in range(3)))
    net = nn.Sequential(nn.Conv2d(3, 4, 1), closed, nn.Conv2d(4, 2, 1))
    assert found(net, IMAGE)["1"].inside == WITHIN[run]


def test_a_block_inside_of_a_closed_one_tells_its_loop_once():
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.m, self.n = Closed(two_layers), Closed(two_layers)

        def forward(self, x: Tensor) -> Tensor:
            return self.n(self.m(x))

    closed = nn.Sequential(*(Pair() for _ in range(3)))
    net = nn.Sequential(nn.Conv2d(3, 4, 1), closed, nn.Conv2d(4, 2, 1))
    inside = found(net, IMAGE)["1"].inside
    assert inside == "2 × Closed (conv, 4 × (Conv2d, Conv2d), shared weights)"


def test_a_loop_without_weights_shares_none():
    def pooled(net: Loops, y: Tensor) -> Tensor:
        maps = [net.c(y)]
        for _ in range(3):
            maps.append(net.pool(maps[-1]))
        return net.last(torch.cat(maps, 1))

    class Pools(Loops):
        def __init__(self) -> None:
            super().__init__(pooled)
            self.pool = nn.MaxPool2d(3, 1, 1)

    closed = found(nn.Sequential(Pools()), IMAGE, depth=1)["0"]
    assert "shared" not in closed.inside
    assert found(Pools(), IMAGE)["pool"].words == "MaxPool2d"


def test_a_row_counts_a_layer_that_is_called_again_once():
    row = nn.Sequential(nn.Conv2d(3, 4, 1), Closed(of_tokens))
    layers = [row.layer for row in stage_table(nn.Sequential(row), IMAGE).rows]
    assert layers[0] == "2 convolutions, 2 fully connected layers, some called again"
