"""What a diagram tells of the inside of blocks, and lines that keep apart."""

from dataclasses import replace
from itertools import combinations, pairwise, product

import pytest
import torch
from test_contents import found, words
from test_lines import paths
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import trace_graph
from edulib.anatomy.choice import chosen_words
from edulib.drawing import diagram
from edulib.drawing.diagram.items import Block
from edulib.drawing.diagram.levels_layout import _conflict
from edulib.drawing.diagram.levels_table import _mark_size
from edulib.drawing.diagram.words import label_lines

IMAGE = (3, 32, 32)
LAYOUTS = pytest.mark.parametrize("layout", ["wide", "phone"])


@pytest.mark.parametrize(
    ("index", "told"),
    [
        ((slice(None), 0), "row 0"),
        ((slice(None), -1), "the last row"),
        ((slice(None), slice(1, 4)), "rows 1–3"),
        ((slice(None), slice(1, 2)), "row 1"),
        ((slice(None), slice(None, None, 3)), "every 3rd row"),
        ((slice(None), slice(2, None, 3)), "every 3rd row from 2"),
        ((slice(None), slice(0, 9)), ""),
        ((..., slice(0, 2)), "columns 0–1"),
        ((torch.arange(2), torch.zeros(2).long()), "a row of each by a computed index"),
        (0, ""),
        (None, ""),
    ],
)
def test_what_an_index_takes_is_said(index, told):
    assert chosen_words(index, (2, 9, 8), None, batched=True) == told


def test_rows_and_columns_of_a_map_are_known_by_its_axes():
    index = (..., slice(0, None, 2), slice(1, None, 2), slice(None))
    told = "every 2nd row from 0 and column from 1"
    assert chosen_words(index, (1, 8, 8, 3), (-3, -2), batched=True) == told
    index = (slice(None), slice(0, 2))
    assert chosen_words(index, (1, 4, 8, 8), (-2, -1), batched=True) == "channels 0–1"
    assert chosen_words(index, (1, 4, 8, 8), None, batched=True) == ""


class Chooses(nn.Module):
    """One token of a text, chosen by its ids, or always the same one."""

    def __init__(self, computed: bool) -> None:
        super().__init__()
        self.embed, self.head = nn.Embedding(9, 8), nn.Linear(8, 2)
        self.computed = computed

    def forward(self, text: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.embed(text)
        rows = torch.arange(len(x), device=x.device)
        x = x[rows, text.argmax(-1)] if self.computed else x[:, 2]
        return self.head(x), image.relu()


@pytest.mark.parametrize(
    ("computed", "told"),
    [
        (True, "selection: a row of each by an index computed from text"),
        (False, "selection: row 2"),
    ],
)
def test_a_selection_says_what_it_takes(computed, told):
    text = torch.zeros(1, 7, dtype=torch.long)
    assert told in found(Chooses(computed), text, IMAGE)


class Adds(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.one, self.two = (nn.Conv2d(width, width, 3, 1, 1) for _ in range(2))
        self.first, self.last = map(nn.Sequential, (self.one, self.two))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.last(self.first(x))


class Parts(nn.Module):
    """Splits what it has, changes one part in blocks, and joins them all."""

    def __init__(self, count: int, split: bool = True) -> None:
        super().__init__()
        self.first, self.split = nn.Conv2d(8, 8, 1), split
        self.blocks = nn.ModuleList(Adds(4) for _ in range(count))
        self.last = nn.Conv2d(8 + 4 * count, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        parts = list(x.chunk(2, 1)) if self.split else [x[:, :4], x[:, 4:]]
        for block in self.blocks:
            parts.append(block(parts[-1]))
        return self.last(torch.cat(parts, 1))


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (
            1,
            "split in 2, 2nd half into Adds (2 convs), with skip, "
            "concat of both halves and Adds",
        ),
        (
            2,
            "split in 2, 2nd half into 2 × Adds (2 convs), with skips, "
            "concat of both halves and each Adds",
        ),
    ],
)
def test_a_block_says_where_it_splits_and_joins(count, told):
    net = nn.Sequential(nn.Conv2d(3, 8, 1), Parts(count), nn.Conv2d(8, 2, 1))
    inside = found(net, IMAGE, depth=1)["1"].inside
    ends = "1×1 convolution"
    assert inside.replace("\xa0", " ") == f"{ends}, {told}, {ends}"
    assert "concat of" in words(diagram(net, IMAGE, depth=1).wide)


class Merges(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.reduction = nn.Linear(32, 16)

    def forward(self, x: Tensor) -> Tensor:
        parts = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        return self.reduction(torch.cat(parts, -1))


class Waves(nn.Module):
    """Joins before its layers, or behind them."""

    def __init__(self, first: bool) -> None:
        super().__init__()
        self.first, width = first, 8 if first else 4
        self.layers = nn.Sequential(nn.Linear(width, 6), nn.ReLU(), nn.Linear(6, 4))

    def forward(self, x: Tensor) -> Tensor:
        if self.first:
            return self.layers(torch.cat([x.sin(), x.cos()], -1))
        x = self.layers(x)
        return torch.cat([x.sin(), x.cos()], -1) + 1


@pytest.mark.parametrize("first", [True, False])
def test_a_block_tells_its_concatenation_in_its_place(first):
    parts = ["concat of\xa0sin and cos", "2\xa0dense"]
    told = ", ".join(parts if first else reversed(parts))
    net = nn.Sequential(Waves(first), nn.Linear(4 if first else 8, 2))
    assert told in [block.inside for block in found(net, (4,), depth=1).values()]


class Last(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.permute(0, 2, 3, 1)


class First(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(x.permute(0, 3, 1, 2), 1)


@LAYOUTS
def test_merged_neighbours_and_the_order_of_dimensions_are_said(layout):
    patch = nn.Sequential(nn.Conv2d(3, 8, 4, 4), Last())
    net = nn.Sequential(patch, Merges(), First())
    blocks = found(net, IMAGE)
    told = (
        "concat of\xa04 slices: every 2nd row and column, "
        "from (0,\xa00), then (1,\xa00), (0,\xa01), (1,\xa01); dense"
    )
    assert blocks["1"].inside == told
    orders = [block.order for block in blocks.values()]
    assert [order for order in orders if order] == ["channels last", "channels first"]
    assert "channels last" in words(getattr(diagram(net, IMAGE), layout))


class Both(nn.Module):
    """Tokens look at an image, which then looks at them."""

    def __init__(self) -> None:
        super().__init__()
        self.own, self.out, self.back = (
            nn.MultiheadAttention(8, 2, batch_first=True) for _ in range(3)
        )

    def forward(self, tokens: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        tokens = tokens + self.own(tokens, tokens, tokens)[0]
        tokens = tokens + self.out(tokens, image, image)[0]
        image = image + self.back(image, tokens, tokens)[0]
        return tokens, image


class TwoWays(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.both = nn.ModuleList(Both() for _ in range(2))
        self.one, self.two = nn.Linear(8, 2), nn.Linear(8, 3)

    def forward(self, tokens: Tensor, image: Tensor) -> tuple[Tensor, Tensor]:
        for block in self.both:
            tokens, image = block(tokens, image)
        return self.one(tokens), self.two(image)


@LAYOUTS
def test_attentions_say_what_they_read_and_branches_what_they_take(layout):
    text = words(getattr(diagram(TwoWays(), (4, 8), (9, 8)), layout))
    assert "Both: two such sums in a row on tokens, one on image." in text
    text = text.replace("\xa0\xa0", "")
    assert "· own: queries and keys from tokens 4×8 ·" in text
    assert "· out: queries from tokens 4×8, keys from image 9×8 ·" in text
    assert "· back: queries from image 9×8, keys from tokens 4×8" in text
    blocks = found(TwoWays(), (4, 8), (9, 8))
    assert blocks["one"].takes == "4×8"
    assert blocks["two"].takes == "9×8"


class Turn(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.look, self.state = nn.Conv2d(10, 8, 3, 1, 1), nn.Conv2d(24, 8, 3, 1, 1)
        self.step = nn.Conv2d(8, 2, 3, 1, 1)

    def forward(self, h: Tensor, context: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.state(torch.cat([h, context, self.look(x)], 1))
        return h, self.step(h)


class Recurs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.context = nn.Conv2d(3, 8, 4, 4), nn.Conv2d(3, 8, 4, 4)
        self.begin, self.guess, self.turn = (
            nn.Conv2d(3, 8, 4, 4),
            nn.Conv2d(3, 2, 4, 4),
            Turn(),
        )

    def forward(self, x: Tensor) -> Tensor:
        maps, context, h, guess = (
            layer(x) for layer in (self.stem, self.context, self.begin, self.guess)
        )
        for _ in range(4):
            h, step = self.turn(h, context, torch.cat([maps, guess], 1))
            guess = guess + step
        return guess


def test_a_turn_says_what_its_parts_read_and_what_it_adds():
    turn = found(Recurs(), IMAGE)["turn"]
    assert "running sum of step 2×8×8" in turn.carries
    look, state, step = turn.notes
    last = "running sum of step of the turn before (in the first turn guess)"
    how = "joined by concat in this order; gives 8×8×8"
    assert look == f"look: reads stem and {last}, {how}"
    told = "state of the turn before (in the first turn begin), context and look"
    assert state == f"state: reads {told}, {how}"
    assert step == "step: reads state; gives 2×8×8"


class Repeats(nn.Module):
    """One layer that reads in each turn what it gave, and the same maps."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.cell = nn.Conv2d(3, 8, 1), nn.Conv2d(16, 8, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps = self.stem(x)
        h = torch.zeros_like(maps)
        for _ in range(4):
            h = torch.tanh(self.cell(torch.cat([maps, h], 1)))
        return h


def test_a_loop_of_one_layer_says_what_each_turn_reads():
    (note,) = found(Repeats(), IMAGE)["cell"].notes
    state = "tanh of the turn before (in the first turn a constant)"
    joined = f"stem and {state}, joined by concat in this order"
    assert note == f"cell: reads {joined}; gives 8×32×32"


class Samples(nn.Module):
    """Looks maps up at places that each turn moves."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.wide, self.small = nn.Conv2d(3, 4, 4, 4), nn.Conv2d(3, 4, 8, 8)
        self.turn = Moves(size)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = [self.wide(x), self.small(x)]
        where, found = torch.zeros(len(x), 8, 8, 2), []
        for _ in range(4):
            seen = [F.grid_sample(a, where, align_corners=False) for a in maps]
            where = where + self.turn(torch.cat(seen, 1), where)
            found.append(F.interpolate(where.permute(0, 3, 1, 2), scale_factor=2))
        return found


class Moves(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.look, self.step = nn.Conv2d(size, 8, 1), nn.Conv2d(8, 2, 1)

    def forward(self, seen: Tensor, where: Tensor) -> Tensor:
        own = where.permute(0, 3, 1, 2)
        read = torch.cat([seen, own], 1) if self.look.in_channels == 10 else seen
        return self.step(self.look(read)).permute(0, 2, 3, 1)


@pytest.mark.parametrize("size", [8, 10])
def test_a_turn_says_where_it_samples_what(size):
    net = Samples(size)
    turn = found(net, IMAGE)["turn"]
    last = "running sum of turn of the turn before (in the first turn a constant)"
    told = "samples of wide and small, concatenated in this order and taken"
    reads = {
        8: f"{told} at places from {last}",
        10: f"{last} and {told} where the running sum points, joined by concat",
    }
    assert turn.notes[0] == f"look: reads {reads[size]}; gives 8×8×8"
    assert turn.inside.endswith("; then interpolate up ×2, of running sum of turn")
    assert "outputs 0–3 (one a turn) gives 2×16×16" in diagram(net, IMAGE).alt


class Motion(nn.Module):
    """Gives what it made of both inputs, and one of them as it is."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(8, 4, 1), nn.Conv2d(2, 4, 1)
        self.mix = nn.Conv2d(8, 6, 1)

    def forward(self, maps: Tensor, guess: Tensor) -> Tensor:
        both = self.mix(torch.cat([self.a(maps), self.b(guess)], 1))
        return torch.cat([both, guess], 1)


class Refines(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.motion, self.step = Motion(), nn.Conv2d(8, 2, 1)

    def forward(self, maps: Tensor, guess: Tensor) -> Tensor:
        return self.step(self.motion(maps, guess))


class Again(nn.Module):
    """Concatenates the running sum once more, behind all that was made of it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.turn = nn.Conv2d(3, 8, 4, 4), Refines()

    def forward(self, x: Tensor) -> Tensor:
        maps, guess = self.stem(x), torch.zeros(len(x), 2, 8, 8)
        for _ in range(4):
            guess = guess + self.turn(maps, guess)
        return guess


def test_a_turn_says_how_layers_and_concatenations_follow():
    motion, _ = found(Again(), IMAGE)["turn"].notes
    last = "running sum of step of the turn before (in the first turn a constant)"
    joined = "each passes layers of its own, then concat, then concat with the running"
    assert motion == f"motion: reads stem and {last}; {joined} sum; gives 8×8×8"


class Converts(nn.Module):
    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.conv, self.more = nn.Conv2d(a, b, 3, 1, 1), nn.Conv2d(b, b, 3, 1, 1)
        self.skip = nn.Conv2d(a, b, 1) if a != b else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.skip(x) + self.more(self.conv(x))


@pytest.mark.parametrize("width", [8, 16])
def test_a_converted_input_is_said_only_where_it_is_one(width):
    row = nn.Sequential(Converts(8, width), Converts(width, width))
    net = nn.Sequential(nn.Conv2d(3, 8, 1), row, nn.Conv2d(width, 2, 1))
    text = words(diagram(net, IMAGE).wide)
    told = "converted by a 1×1 conv where the channels change."
    assert "Arcs:" in text
    assert (told in text) == (width == 16)
    alone = nn.Sequential(nn.Conv2d(3, 8, 1), Converts(8, width), nn.ReLU())
    assert found(alone, IMAGE, depth=1)["1"].inside.replace("\xa0", " ") == "2 convs"


class Stages(nn.Module):
    """Gives two maps of blocks of which only some convert their input."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Sequential(Converts(8, 16), Converts(16, 16), Converts(16, 16))
        self.two = nn.Sequential(Converts(16, 32), Converts(32, 32))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.one(x)
        return x, self.two(x)


def test_all_blocks_inside_are_counted_not_only_those_that_convert():
    net = nn.Sequential(nn.Conv2d(3, 8, 1), Stages())
    inside = found(net, IMAGE, depth=1)["1"].inside.replace("\xa0", " ")
    assert inside == "5 × Converts (2 convs), with skips"


class Twice(nn.Module):
    """Runs one block on two maps."""

    def __init__(self) -> None:
        super().__init__()
        self.block = Converts(8, 8)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.block(x), self.block(x[:, :, ::2, ::2])


def test_a_block_that_runs_twice_is_not_two():
    net = nn.Sequential(nn.Conv2d(3, 8, 1), Twice())
    inside = found(net, IMAGE, depth=1)["1"].inside.replace("\xa0", " ")
    assert "2 × Converts" not in inside
    assert "run on each of 2 maps" in inside


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("layers.0–5", ["layers.0–5", "6 × Layer", "4"]),
        ("layers.0, 2", ["layers.0, 2 ×6", "Layer", "4"]),
        ("encoder", ["encoder ×6", "Layer", "4"]),
    ],
)
def test_what_is_repeated_has_its_count_once(name, lines):
    block = Block(name, "Layer", "dense", (4,), (4, 1, 1), 0, repeat=6)
    told = [line.replace("\xa0", " ") for line, _, _ in label_lines(block, "cell")]
    assert told == lines
    alone = label_lines(replace(block, repeat=1), "cell")
    assert [line for line, _, _ in alone] == [name, "Layer", "4"]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("textual.position", ["textual.", "position"]),
        ("layer_blocks.3", ["layer_", "blocks.3"]),
        ("two_way.0–1", ["two_way.0–1"]),
        ("norm", ["norm"]),
    ],
)
def test_a_long_name_is_broken_between_its_parts(name, lines):
    block = Block(name, "Layer", "dense", (4,), (4, 1, 1), 9)
    assert [text for text, _, bold in label_lines(block, "half") if bold] == lines


class Pyramid(nn.Module):
    """Three scales, each of which is brought to one width, from coarse to fine."""

    def __init__(self) -> None:
        super().__init__()
        stages = [nn.Conv2d(a, 8, 2, 2) for a in (3, 8, 8, 8)]
        self.stages = nn.ModuleList(stages)
        self.inner = nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(4))
        self.layer = nn.ModuleList(nn.Conv2d(8, 8, 3, 1, 1) for _ in range(4))
        self.head = nn.ModuleList(nn.Conv2d(8, 5, 1) for _ in range(4))

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for stage in self.stages:
            maps.append(stage(maps[-1] if maps else x))
        last = self.inner[3](maps[3])
        found = [self.layer[3](last)]
        for k in (2, 1, 0):
            last = self.inner[k](maps[k]) + F.interpolate(last, scale_factor=2.0)
            found.append(self.layer[k](last))
        return [head(m) for head, m in zip(self.head, found, strict=True)]


@LAYOUTS
def test_lines_of_two_blocks_share_no_stretch(layout):
    canvas = getattr(diagram(Pyramid(), (3, 64, 64)), layout)
    ways = [line for line in paths(canvas, "e") if len(line) > 2]
    for one, two in combinations(ways, 2):
        if one[0] == two[0] or one[1] == two[1]:
            continue
        for a, b in product(pairwise(one), pairwise(two)):
            assert _conflict(*a, *b) < 2, (a, b)


def test_a_mark_is_as_high_as_its_lines():
    mark = Block("pool", "", "other", (4,), (4, 1, 1), 0)
    assert _mark_size(mark, 1) == (12, 12)
    assert _mark_size(mark, 4)[1] > 3 * 7


def test_a_trace_names_the_arguments_of_its_modules():
    graph = trace_graph(TwoWays(), (4, 8), (9, 8))
    call = graph.calls["both.0"]
    assert [name for name, _ in call.given] == ["tokens", "image"]
    assert [graph.ops[i].shape for i in (call.output, *call.more)] == [(4, 8), (9, 8)]
