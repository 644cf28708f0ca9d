"""What stands for several: one set of weights on many maps, stacks, and their arcs."""

import math
import re

import pytest
from test_contents import found, words
from test_lines import paths
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.drawing import diagram
from edulib.drawing.diagram.items import Block
from edulib.drawing.diagram.pile import Pile

IMAGE = (3, 32, 32)
LAYOUTS = pytest.mark.parametrize("layout", ["wide", "phone"])


class Head(nn.Module):
    """Scores and boxes of each map that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.scores, self.boxes = nn.Conv2d(4, 2, 1), nn.Conv2d(4, 8, 1)

    def forward(self, maps: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        seen = [self.conv(x).relu() for x in maps]
        return [self.scores(x) for x in seen], [self.boxes(x) for x in seen]


class Again(nn.Module):
    """Runs one pair of layers several times, each time on what it gave before."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.back = nn.Conv2d(4, 8, 1), nn.Conv2d(8, 4, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        x = maps[0]
        for _ in maps:
            x = self.back(self.conv(x).relu())
        return x


class Scales(nn.Module):
    """A stem, maps of it at three scales, and one module that reads them all."""

    def __init__(self, last: nn.Module) -> None:
        super().__init__()
        self.stem, self.last = nn.Conv2d(3, 4, 3, padding=1), last

    def forward(self, x: Tensor) -> object:
        x = self.stem(x)
        return self.last([x, F.max_pool2d(x, 2), F.max_pool2d(x, 4)])


@LAYOUTS
def test_a_module_that_runs_on_several_maps_says_so_with_all_shapes(layout):
    head = found(Scales(Head()), IMAGE, depth=1)["last"]
    assert head.inside.replace("\xa0", " ") == "3 convs, run on each of 3 maps"
    assert head.heads == ("scores: 2×32×32 … 2×8×8", "boxes: 8×32×32 … 8×8×8")
    text = words(getattr(diagram(Scales(Head()), IMAGE, depth=1), layout))
    assert "run on each of 3 maps" in text.replace("\xa0", " ")
    assert "gives 2×32×32" in text


def test_a_module_that_runs_on_its_own_result_says_so():
    again = found(Scales(Again()), IMAGE, depth=1)["last"]
    assert again.inside == "3 × (Conv2d, Conv2d), shared weights"


class Once(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.two(self.one(x).relu())


class Each(nn.Module):
    """Calls a module on three maps, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.head = nn.Conv2d(3, 4, 3, padding=1), Once()

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        return [self.head(F.max_pool2d(x, k)) for k in (1, 2, 4)]


def test_turns_that_read_nothing_of_each_other_are_told_by_what_they_give():
    net = diagram(Each(), IMAGE)
    assert "3 × Once, shared weights, run on each of 3 inputs" in net.alt
    assert "gives 2×32×32 … 2×8×8" in net.alt
    assert "first turn" not in net.alt + words(net.wide)
    assert "outputs 0–2 gives 2×32×32 and 2 more" in net.alt


class Added(nn.Module):
    """A residual block with a shortcut on each of its inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(8, 8), nn.Linear(8, 8)
        self.mlp = nn.Linear(8, 8)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        a = a + self.one(a)
        a = a + self.mlp(a)
        return a, b + self.two(b) * a.mean(1, keepdim=True)


class Stack(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Added() for _ in range(count))
        self.ends = nn.ModuleList(nn.Linear(8, 2) for _ in range(2))

    def forward(self, a: Tensor, b: Tensor) -> list[Tensor]:
        for layer in self.layers:
            a, b = layer(a, b)
        return [end(x) for end, x in zip(self.ends, (a, b), strict=True)]


@LAYOUTS
@pytest.mark.parametrize("count", [2, 5])
def test_a_stack_says_how_many_it_stands_for(count, layout):
    text = words(getattr(diagram(Stack(count), (4, 8), (4, 8)), layout))
    assert re.search(rf"(?<!\d)×{count}\b|\b{count}\s×\sAdded", text)


def test_all_sums_of_a_block_have_an_arc():
    layers = found(Stack(2), (4, 8), (4, 8))["layers.0–1"]
    assert (layers.sums, layers.arcs) == (2, 3)


@pytest.mark.parametrize("sums", [1, 2, 3])
def test_arcs_of_a_pile_stay_on_its_blocks(sums):
    block = Block("a", "B", "dense", (4,), (4, 1, 1), 9, 6, shortcuts=(True,) * 6)
    pile = Pile(Block(**{**vars(block), "sums": sums}), 20, 0)
    own = [(k * pile.step, k * pile.step + 20) for k in range(3)]
    for k, (start, length) in enumerate(pile.spans):
        first, last = own[k // sums]
        assert first <= start < start + length <= last + 1e-9
    assert len(pile.spans) == 3 * sums


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.two(self.one(x))


@LAYOUTS
@pytest.mark.parametrize("count", [3, 5])
def test_a_legend_says_that_a_long_stack_is_not_drawn_whole(count, layout):
    row = nn.Sequential(*(Residual() for _ in range(count)))
    net = nn.Sequential(nn.Conv2d(3, 8, 1), row, nn.Conv2d(8, 2, 1))
    text = words(getattr(diagram(net, IMAGE), layout))
    assert ("Of more than three blocks alike, three are drawn." in text) == (count > 3)


class Inner(nn.Module):
    """A residual block of two units."""

    def __init__(self) -> None:
        super().__init__()
        units = (nn.Sequential(nn.Conv2d(8, 8, 1), nn.ReLU()) for _ in range(2))
        self.one, self.two = units

    def forward(self, x: Tensor) -> Tensor:
        return x + self.two(self.one(x))


class Skips(nn.Module):
    """A block that holds two residual blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.last = Inner(), Inner(), nn.Conv2d(8, 8, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.two(self.one(x)))


@LAYOUTS
def test_a_skip_inside_of_a_block_is_explained(layout):
    net = nn.Sequential(nn.Conv2d(3, 8, 1), Skips(), nn.Conv2d(8, 2, 1))
    drawing = diagram(net, IMAGE, depth=1)
    assert "with skips" in drawing.alt
    told = "With skip: the input is added to the output."
    assert told in words(getattr(drawing, layout))


class Up(nn.Sequential):
    """One value for a whole map, spread over it."""

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(super().forward(x), size=x.shape[2:])


def test_a_row_of_layers_says_that_it_makes_maps_larger():
    up = Up(nn.AdaptiveAvgPool2d(1), nn.Conv2d(8, 8, 1))
    net = nn.Sequential(nn.Conv2d(3, 8, 1), up, nn.Conv2d(8, 2, 1))
    told = found(net, IMAGE, depth=1)["1"].words
    assert told.endswith("1×1 convolution; interpolate up ×32")


class Ladder(nn.Module):
    """Sums from coarse to fine, each of which two others read."""

    def __init__(self) -> None:
        super().__init__()
        self.downs = nn.ModuleList(nn.Conv2d(a, 8, 3, 2, 1) for a in (3, 8, 8))
        self.sides = nn.ModuleList(nn.Conv2d(8, 8, 1) for _ in range(3))
        self.ends = nn.ModuleList(nn.Conv2d(8, 4, 3, padding=1) for _ in range(3))

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for down in self.downs:
            x = down(x)
            maps.append(x)
        x, found = 0.0, []
        for level, side, end in zip(maps[::-1], self.sides, self.ends, strict=True):
            side = side(level)
            x = side if not found else side + F.interpolate(x, scale_factor=2.0)
            found.append(end(x))
        return found


@LAYOUTS
def test_no_line_enters_the_ring_of_a_sum(layout):
    canvas = getattr(diagram(Ladder(), (3, 64, 64)), layout)
    rings = [
        [float(number) for number in re.findall(r'[xyr]="([\d.-]+)"', element)][:3]
        for element in canvas.elements
        if element.startswith('<circle class="o"')
    ]
    assert len(rings) == 2
    for x, y, r in rings:
        for line in paths(canvas, "e"):
            assert all(math.hypot(a - x, b - y) > r - 0.2 for a, b in line)


class Flat(nn.Module):
    """Reads several rows into one vector, which is drawn as a flat block."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(5))
        self.last = Joint()

    def forward(self, x: Tensor) -> Tensor:
        rows = [x]
        for layer in self.layers:
            rows.append(layer(rows[-1]))
        return self.last(*rows[1:])


class Joint(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(8, 8), nn.Linear(8, 2)

    def forward(self, a: Tensor, *rows: Tensor) -> Tensor:
        return self.two(sum(rows, self.one(a)))


@LAYOUTS
@pytest.mark.parametrize("model", [Flat(), Ladder()])
def test_heads_of_arrows_have_a_width_and_a_direction(model, layout):
    inputs = (8,) if isinstance(model, Flat) else (3, 64, 64)
    canvas = getattr(diagram(model, inputs, depth=1), layout)
    heads = [e for e in canvas.elements if e.startswith('<polygon class="h"')]
    for element in heads:
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", element.split("=")[2])]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if len(points) == 3:
            (_, first), (_, second) = points[1:]
            wide = second - first or points[2][0] - points[1][0]
            assert 2 <= wide <= 7
