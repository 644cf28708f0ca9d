"""Lines of networks in levels, and the arcs of their blocks."""

import re
from itertools import pairwise

import pytest
import torch
from test_levels import LAYOUTS, NETS, drawn
from torch import Tensor, nn

from edulib.anatomy import trace_graph
from edulib.drawing import diagram
from edulib.drawing.diagram.blocks import Style
from edulib.drawing.diagram.canvas import Canvas
from edulib.drawing.diagram.items import Levels, blocks_of, with_start
from edulib.drawing.diagram.levels_layout import _Drawing
from edulib.drawing.diagram.levels_ranks import place_in_columns
from edulib.drawing.diagram.levels_table import Table
from edulib.drawing.diagram.make_blocks import input_block
from edulib.drawing.diagram.regions import cut_network
from edulib.drawing.diagram.shortcuts import count_sums
from edulib.drawing.diagram.tree import open_network

IMAGE = (3, 32, 32)
_PATH = re.compile(r'<path class="(\w)" d="M([\d. -]+)(.*)"/>')


def paths(canvas: Canvas, kind: str) -> list[list[tuple[float, float]]]:
    """Return the corners of all lines of a kind."""
    found = []
    for element in canvas.elements:
        match = _PATH.match(element)
        if match and match[1] == kind:
            numbers = [
                float(n) for n in re.findall(r"-?[\d.]+", element.split("d=")[1])
            ]
            found.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return found


def dots(canvas: Canvas) -> list[tuple[float, float]]:
    found = (
        re.match(r'<circle class="d" cx="(\S+)" cy="(\S+)"', e) for e in canvas.elements
    )
    return [(float(match[1]), float(match[2])) for match in found if match]


@LAYOUTS
@pytest.mark.parametrize("name", NETS)
def test_a_dot_stands_only_where_a_line_parts(name, layout):
    canvas = getattr(drawn(name), layout)
    if "levels [" not in drawn(name).alt:
        return
    lines = paths(canvas, "e")
    for x, y in dots(canvas):
        assert any(line[0] == (x, y) for line in lines)
        for line in lines:
            for (x0, y0), (x1, y1) in pairwise(line):
                passes = x0 == x1 == x and min(y0, y1) < y < max(y0, y1)
                assert not passes, (name, x, y)


@LAYOUTS
@pytest.mark.parametrize("name", NETS)
def test_lines_of_two_blocks_do_not_begin_on_one_another(name, layout):
    lines = paths(getattr(drawn(name), layout), "e")
    level = [(line[0], line[1]) for line in lines if line[0][1] == line[1][1]]
    for k, ((a, y), (b, _)) in enumerate(level):
        for (c, z), (d, _) in level[:k]:
            overlap = min(max(a, b), max(c, d)) - max(min(a, b), min(c, d))
            assert a == c or abs(y - z) > 2 or overlap < 1, (name, y, z)


@pytest.mark.parametrize("is_free", [True, False])
def test_a_line_keeps_away_from_one_that_runs_there_already(is_free):
    (levels,) = crossing_levels()
    table = Table(levels, Style(True, 46.0, 32), "cell", place_in_columns(levels))
    drawing = _Drawing(table, Canvas(), 0.0, 0.0)
    names = [block.name for block in levels.blocks]
    k = names.index("first")
    _, right = drawing._sides(k)
    port = drawing._port(k)
    if not is_free:
        drawing.level.append((right + 5, right + 30, port))
    ((_, y),) = drawing._leave(k, True, right + 20)
    assert (y == port) == is_free


class Residual(nn.Module):
    def __init__(self, sums: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(4, 4, 3, 1, 1) for _ in range(2))
        self.sums = sums

    def forward(self, x: Tensor) -> Tensor:
        if self.sums == 2:
            x = x + self.convs[0](x)
            return x + self.convs[1](x)
        y = self.convs[1](self.convs[0](x))
        return x + y if self.sums else y


class Crossing(nn.Module):
    """Two rows of blocks, the first of which is read again at the end."""

    def __init__(self, sums: int) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.first = nn.Sequential(Residual(sums), Residual(sums), Residual(sums))
        self.down, self.up = nn.Conv2d(4, 4, 2, 2), nn.ConvTranspose2d(4, 4, 2, 2)
        self.last = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(self.stem(x))
        return self.last(torch.cat([x, self.up(self.down(x))], 1))


def crossing_levels() -> list[Levels]:
    graph = trace_graph(Crossing(1), IMAGE)
    steps = cut_network(open_network(graph), {}, in_levels=True)
    return with_start([input_block(open_network(graph).start), *steps])


def test_a_sum_that_carries_nothing_on_is_no_shortcut():
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = (nn.Conv2d(4, 4, 3, 1, 1) for _ in range(3))

        def forward(self, x: Tensor) -> Tensor:
            y = self.a(x) + self.b(x)
            return x + self.c(y) + y

    graph = trace_graph(nn.Sequential(Mixed()), (4, 8, 8))
    assert count_sums(graph, graph.calls["0"]) == 1
    one = trace_graph(nn.Sequential(Residual(1)), (4, 8, 8))
    assert count_sums(one, one.calls["0"]) == 1


@LAYOUTS
@pytest.mark.parametrize("sums", [0, 1, 2])
def test_blocks_in_levels_have_arcs_where_they_add_their_input(sums, layout):
    picture = diagram(Crossing(sums), IMAGE)
    assert "levels [" in picture.alt
    canvas = getattr(picture, layout)
    words = " ".join(text.text for text in canvas.texts)
    assert len(paths(canvas, "a")) == sums
    assert ("Arcs:" in words) == (sums > 0)
    assert ("Residual: two such sums in a row" in words) == (sums == 2)


def test_branches_without_a_free_column_stand_lower_beside_the_others():
    class Five(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.end = nn.Conv2d(3, 4, 1), nn.Conv2d(20, 4, 1)
            self.convs = nn.ModuleList(nn.Conv2d(4, 4, 3, 1, 1) for _ in range(5))

        def forward(self, x: Tensor) -> Tensor:
            x = self.stem(x)
            return self.end(torch.cat([conv(x) for conv in self.convs], 1))

    graph = trace_graph(Five(), IMAGE)
    steps = cut_network(open_network(graph), {}, in_levels=True)
    (levels,) = with_start([input_block(open_network(graph).start), *steps])
    assert isinstance(levels, Levels)
    for most in (2, 3, 4):
        cells = place_in_columns(levels, most)
        at = {b.name: c for b, c in zip(blocks_of([levels]), cells, strict=True)}
        branches = [at[f"convs.{k}"] for k in range(5)]
        assert max(cell.column for cell in cells) == most - 1
        assert len({(cell.row, cell.column) for cell in cells}) == len(cells)
        assert all(at["stem"].row < cell.row < at["end"].row for cell in branches)


@pytest.mark.parametrize("sums", [(1, 1), (0, 1), (1, 0)])
def test_a_row_says_which_of_its_blocks_have_the_arc(sums):
    model = Crossing(1)
    model.first = nn.Sequential(*(Residual(number) for number in sums))
    words = [text.text for text in diagram(model, IMAGE).wide.texts]
    told = {(0, 1): "arc: not the first", (1, 0): "arc: 1 of 2"}
    assert [w for w in words if w.startswith("arc:")] == [
        told[s] for s in (sums,) if s in told
    ]
