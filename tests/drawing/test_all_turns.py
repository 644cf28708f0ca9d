"""What is told of a loop holds in all of its turns: starts, chains, shapes, results."""

from collections.abc import Callable

import pytest
import torch
from test_turns import IMAGE, Loops, block, found, rows
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import stage_table
from edulib.drawing import diagram


def told(run: Callable, name: str) -> str:
    loop = block(run, name)
    return "; ".join((loop.words, *loop.carries, *loop.notes))


def called(run: Callable) -> list[str]:
    """Describe what comes behind the first layer, as a table does."""
    table = stage_table(Loops(run), IMAGE)
    return [row.layer for row in table.rows if row.shape is not None][1:]


def starts_as_its_input(net: Loops, y: Tensor) -> Tensor:
    z = y
    for _ in range(4):
        z = net.c(z + y)
    return z


def joined_to_its_input(net: Loops, y: Tensor) -> Tensor:
    z = y
    for _ in range(4):
        z = net.join(z, y)
    return z


def starts_as_its_tokens(net: Loops, y: Tensor) -> Tensor:
    t = rows(y)
    q = t
    for _ in range(4):
        q = torch.tanh(net.attention(q, t, t)[0])
    return q


def starts_as_a_twin(net: Loops, y: Tensor) -> Tensor:
    one, other = net.c(y), net.c(y.flip(3))
    for _ in range(4):
        one = net.d(one + other)
    return one


def reads_the_first(net: Loops, y: Tensor) -> Tensor:
    y = first = net.c(y)
    for _ in range(4):
        y = net.c(y + first)
    return y


def starts_at_zero(net: Loops, y: Tensor) -> Tensor:
    z = torch.zeros_like(y)
    for _ in range(4):
        z = torch.tanh(net.c(z) + y)
    return z


def starts_as_its_half(net: Loops, y: Tensor) -> Tensor:
    z = y
    for _ in range(4):
        z = net.c(torch.cat([z[:, :2], y[:, 2:]], 1))
    return z


STARTS = {
    starts_as_its_half: ("c", "in the first turn it reads only a; gives 4×4×4"),
    starts_as_its_input: (
        "c",
        "c: reads a and conv2d of the turn before, joined by add; in the first turn it "
        "reads only a; gives 4×4×4",
    ),
    joined_to_its_input: (
        "both",
        "both: reads conv2d of the turn before and a, joined by concat in this order; "
        "in the first turn it reads only a; gives 4×4×4",
    ),
    starts_as_its_tokens: (
        "attention",
        "attention: reads reshaped a and tanh of the turn before, joined by multi-head "
        "attention; in the first turn it reads only reshaped a; gives 16×4",
    ),
    starts_as_a_twin: (
        "d",
        "d: reads c and conv2d of the turn before (in the first turn c), joined by add",
    ),
    reads_the_first: (
        "c",
        "conv2d 4×4×4, that of the first turn, to all later turns; c: reads conv2d of "
        "the first turn and conv2d of the turn before, joined by add; in the first "
        "turn it reads only a, in the second turn it reads only conv2d of the turn "
        "before; gives",
    ),
    starts_at_zero: (
        "c",
        "c: reads tanh of the turn before (in the first turn a constant); gives 4×4×4",
    ),
}


@pytest.mark.parametrize("run", STARTS, ids=lambda run: run.__name__)
def test_a_start_is_told_as_it_was_read(run):
    name, words = STARTS[run]
    assert words in told(run, name)
    assert ("a constant" in told(run, name)) == (run is starts_at_zero)


def gated(net: Loops, y: Tensor) -> Tensor:
    h = flow = y
    for _ in range(4):
        x = torch.cat([y[:, :2], flow[:, :2]], 1)
        h = torch.tanh(net.join(net.d(h) * h, x))
        flow = flow + net.e(h)
    return flow


def summed_twice(net: Loops, y: Tensor) -> Tensor:
    h = y
    for _ in range(4):
        h = torch.tanh(net.c((y + net.d(h)) * h + net.e(y)))
    return h


@pytest.mark.parametrize(
    ("run", "name", "joins"),
    [
        (gated, "d, both, e", "concat, then multiply, then concat"),
        (summed_twice, "d, e, c", "add, then multiply, then add"),
    ],
)
def test_joins_are_told_in_their_order(run, name, joins):
    assert f"joined by {joins};" in told(run, name)


def summed_in_another_order(net: Loops, y: Tensor) -> Tensor:
    z = net.c(y)
    for _ in range(3):
        z = net.c(y + z)
    return net.d(z + y)


def test_a_sum_is_told_as_one_in_whatever_order_it_is_written():
    assert "sum: reads a and c, joined by add" in told(summed_in_another_order, "c")


class Sized(Loops):
    """A state of some size that starts at zero."""

    def __init__(self, size: int) -> None:
        super().__init__(self.turn)
        self.wide = nn.GRUCell(4, size)

    @staticmethod
    def turn(net: "Sized", y: Tensor) -> Tensor:
        h = torch.zeros(len(y), net.wide.hidden_size, device=y.device)
        for k in range(4):
            h = net.wide(rows(y)[:, k], h)
        return h


@pytest.mark.parametrize("size", [6, 4])  # 4 is also the size of what it reads
def test_a_state_that_starts_at_zero_starts_as_a_constant(size):
    (note,) = found(Sized(size), IMAGE)["wide"].notes
    assert "gru cell of the turn before (in the first turn a constant)" in note


def runs_cell(net: Loops, t: Tensor, order: range) -> list[Tensor]:
    h, states = torch.zeros(len(t), 4, device=t.device), []
    for k in order:
        h = net.gru(t[:, k], h)
        states.append(h)
    return states


def both_ways(net: Loops, y: Tensor) -> Tensor:
    t = rows(y)
    ahead, back = runs_cell(net, t, range(4)), runs_cell(net, t, range(3, -1, -1))
    return torch.cat([torch.stack(ahead, 1), torch.stack(back[::-1], 1)], -1)


def both_sequences(net: Loops, y: Tensor) -> Tensor:
    t = rows(y)
    return runs_cell(net, t, range(4))[-1] - runs_cell(net, t, range(4, 8))[-1]


def restarts(net: Loops, y: Tensor) -> Tensor:
    p = q = y
    for _ in range(3):
        p = net.c(F.relu(p))
    for _ in range(3):
        q = net.c(F.relu(q))
    return p + q


def resets(net: Loops, y: Tensor) -> Tensor:
    h, kept = y, []
    for k in range(6):
        h = net.join(torch.zeros_like(h) if k == 3 else h, y)
        kept.append(h)
    return net.c(kept[2] + kept[5])


CHAINS = {
    both_ways: ("4 × GRUCell, shared", 2),
    both_sequences: ("4 × GRUCell, shared", 2),
    restarts: ("3 × Conv2d, shared", 2),
    resets: ("3 × Conv2d, shared", 2),
}


@pytest.mark.parametrize("run", CHAINS, ids=lambda run: run.__name__)
def test_a_loop_ends_where_a_turn_begins_anew(run):
    layer, count = CHAINS[run]
    assert called(run).count(layer) == count


def two_cells(net: Loops, y: Tensor) -> Tensor:
    t = rows(y)
    h = torch.zeros(len(t), 4, device=t.device)
    c, ahead, back = h, [], []
    for k in range(4):
        h = net.gru(t[:, k], h)
        ahead.append(h)
    h = torch.zeros_like(c)
    for k in range(3, -1, -1):
        h, c = net.cell(t[:, k], (h, c))
        back.append(h)
    return torch.cat([torch.stack(ahead, 1), torch.stack(back[::-1], 1)], -1)


def test_what_is_made_for_the_next_loop_is_not_handed_on():
    assert block(two_cells, "gru").carries == ("gru cell 4",)
    notes = block(two_cells, "cell").notes
    assert "gru" not in " ".join(notes)


def short_chains(net: Loops, y: Tensor) -> Tensor:
    maps = [y, y.flip(3), y.flip(2)]
    return sum([net.c(F.relu(net.c(F.relu(one)))) for one in maps])


def of_one_map(net: Loops, y: Tensor) -> Tensor:
    return torch.stack([net.c(y) for _ in range(5)]).mean(0)


@pytest.mark.parametrize(("run", "turns"), [(short_chains, 6), (of_one_map, 5)])
def test_runs_that_are_no_chain_are_only_counted(run, turns):
    loop = block(run, "c")
    assert (loop.repeat, loop.words) == (turns, "Conv2d, shared weights")
    assert not loop.is_loop


class Closed(nn.Module):
    """Two layers that run several times inside of a block."""

    def __init__(self, run: Callable) -> None:
        super().__init__()
        self.c, self.d = nn.Conv2d(3, 3, 3, 1, 1), nn.Conv2d(3, 3, 1)
        self.run = run

    def forward(self, x: Tensor) -> Tensor:
        return self.run(lambda y: self.d(self.c(y)), x)


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (lambda f, x: f(f(x)), "run 2 times in a row"),
        (lambda f, x: f(x) + f(x.flip(2)), "run on each of 2 maps"),
        (lambda f, x: f(x) + f(x), "run 2 times"),
        (lambda f, x: f(f(x)) + f(x.flip(2)), "run 3 times"),
    ],
)
def test_a_closed_block_tells_a_row_of_runs_where_each_reads_the_one_before(run, words):
    closed = found(nn.Sequential(Closed(run)), IMAGE, depth=1)["0"]
    assert closed.inside.replace("\xa0", " ").endswith(words)


def shrinks(net: Loops, y: Tensor) -> Tensor:
    for _ in range(3):
        y = F.avg_pool2d(F.relu(net.c(y)), 2, 1)
    return y


def remembers_more(net: Loops, y: Tensor) -> Tensor:
    t = rows(y)[:, :1]
    for _ in range(4):
        t = torch.cat([t, net.head(t[:, -1:])[..., :4]], 1)
    return t


@pytest.mark.parametrize(
    ("run", "name", "words"),
    [
        (shrinks, "c", "avg pool2d 4×3×3 … 4×2×2"),
        (shrinks, "c", "c: reads avg pool2d of the turn before (in the first turn a)"),
        (shrinks, "c", "gives 4×4×4 … 4×2×2"),
        (remembers_more, "head", "concat 2×4 … 4×4"),
    ],
)
def test_shapes_that_change_from_turn_to_turn_are_told_as_such(run, name, words):
    assert words in told(run, name)


def test_a_state_besides_the_first_has_its_own_shape():
    class Wide(Loops):
        def __init__(self) -> None:
            super().__init__(self.turn)
            self.rnn = nn.GRU(4, 4, batch_first=True)

        @staticmethod
        def turn(net: "Wide", y: Tensor) -> Tensor:
            t = rows(y)
            h = y.new_zeros(1, len(t), 4)
            for _ in range(3):
                h = net.rnn(t, h)[1]
            return h

    loop = found(Wide(), IMAGE)["rnn"]
    assert loop.shape == (1, 4)
    assert loop.carries == ("gru 1×4",)


def results_of(count: int, take: Callable) -> Callable:
    def run(net: Loops, y: Tensor) -> object:
        results = []
        for _ in range(count):
            y = F.relu(net.c(y))
            results.append(y)
        return take(net, results)

    return run


@pytest.mark.parametrize(
    ("take", "words"),
    [
        (lambda net, r: (r[-1], r[2]), "output 1 (of the third turn) gives"),
        (lambda net, r: (r[-1], r[-1]), "output 0, 1 gives"),
        (lambda net, r: r[0], "output (of the first turn) gives"),
        (lambda net, r: r, "outputs 0–4 (one a turn) gives 4×4×4."),
        (lambda net, r: r[::-1], "outputs 0–4 (of all 5 turns) gives 4×4×4, 5 times"),
        (lambda net, r: r[::2], "outputs 0–2 (of turns 1, 3 and 5) gives"),
        (lambda net, r: net.d(r[3]), "the result of the 4th turn is read"),
        (lambda net, r: net.d(r[0] + r[-1]), "the results of turns 1 and 5 are read"),
    ],
)
def test_results_of_other_turns_are_not_told_as_the_end(take, words):
    assert words in diagram(Loops(results_of(5, take)), IMAGE).alt


def of_levels(net: Loops, y: Tensor) -> Tensor:
    z = net.e(y)
    for one in (net.d(y), y, y.flip(2)):
        z = net.join(z, one)
    return z


def test_what_turns_read_from_outside_is_told_of_all():
    told_of = told(of_levels, "both")
    assert "one of d, a and flip, joined by concat in this order" in told_of


def moves_on(net: Loops, y: Tensor) -> Tensor:
    for k in range(6):
        z = net.c(y)
        y = y if k % 2 else z
    return y


def test_a_result_that_some_turns_read_is_not_told_as_handed_on():
    loop = block(moves_on, "c")
    assert loop.carries == ()
    assert loop.words == "Conv2d, shared weights"


def test_a_loop_with_a_condition_gives_what_is_read_behind_it():
    def run(net: Loops, y: Tensor) -> Tensor:
        turns = 0
        while y.abs().max() < 100 and turns < 4:
            y, turns = net.c(y) + 1, turns + 1
        return y

    assert found(Loops(run), IMAGE)["c"].shape == (4, 4, 4)
