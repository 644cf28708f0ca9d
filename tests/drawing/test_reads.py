"""What a block reads, in lines that arrive apart and in words."""

from itertools import pairwise

import pytest
import torch
from test_contents import found, words
from test_levels import LAYOUTS, Refined, drawn
from test_lines import paths
from torch import Tensor, nn

from edulib.anatomy import trace_graph
from edulib.drawing import diagram
from edulib.drawing.diagram.items import blocks_of
from edulib.drawing.diagram.page import PHONE
from edulib.drawing.diagram.regions import cut_network
from edulib.drawing.diagram.tree import open_network
from edulib.drawing.diagram.words import label_lines

IMAGE = (3, 32, 32)


def conv(inputs: int, outputs: int) -> nn.Module:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class Reader(nn.Module):
    """Takes four maps."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.ModuleList(conv(8, 8) for _ in range(2))

    def forward(self, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        return self.inner[1](torch.relu(self.inner[0](a + b)) + c - d)


class Gathers(nn.Module):
    """Four maps in a row, each read again at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = conv(3, 8), conv(8, 8)
        self.three, self.four, self.last = conv(8, 8), conv(8, 8), Reader()

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.one(x)]
        for layer in (self.two, self.three, self.four):
            maps.append(layer(maps[-1]))
        return self.last(*maps)


def test_a_block_that_many_lines_enter_names_what_it_reads():
    items = cut_network(
        open_network(trace_graph(Gathers(), IMAGE), 1), {}, in_levels=True
    )
    blocks = {block.name: block for block in blocks_of(items)}
    assert blocks["last"].gathers == ("one", "two", "three", "four")
    assert not blocks["two"].gathers
    lines = [line for line, _, _ in label_lines(blocks["last"], "cell")]
    assert lines[-5:] == ["reads:", "· one", "· two", "· three", "· four"]


class Sums(nn.Module):
    """Takes many maps."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = conv(8, 8), conv(8, 8)

    def forward(self, *maps: Tensor) -> Tensor:
        return self.last(torch.relu(self.first(sum(maps))))


class Small(nn.Module):
    """Small maps in a row, all of which are read at the end."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.stem, self.sums = nn.Conv2d(3, 8, 8, 8), Sums()
        self.layers = nn.ModuleList(conv(8, 8) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        maps = [self.stem(x)]
        for layer in self.layers:
            maps.append(torch.sigmoid(layer(maps[-1])))
        return self.sums(*maps)


@pytest.mark.parametrize("layout", ["wide", "phone"])
@pytest.mark.parametrize("count", [4, 5, 6])
def test_heads_of_many_arrows_can_be_seen_on_a_small_block(count, layout):
    canvas = getattr(diagram(Small(count), (3, 128, 128), depth=1), layout)
    heads = [e.split('"')[3] for e in canvas.elements if 'class="h"' in e]
    tips: dict[str, list[float]] = {}
    for head in heads:
        points = [list(map(float, point.split(","))) for point in head.split()]
        sides = [max(axis) - min(axis) for axis in zip(*points, strict=True)]
        assert min(sides) >= 4, head
        across, down = head.split(" ")[0].split(",")
        tips.setdefault(across, []).append(float(down))
    gaps = [b - a for y in tips.values() for a, b in pairwise(sorted(y))]
    assert min(gaps) >= 2.4


class Looks(nn.Module):
    """Attention whose queries, keys and values come from three places, or two."""

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places, self.look = places, nn.MultiheadAttention(8, 2, batch_first=True)
        self.ask, self.place = nn.Linear(8, 8), nn.Parameter(torch.zeros(9, 8))

    def forward(self, slots: Tensor, memory: Tensor) -> Tensor:
        asked, keys = self.ask(slots), memory + self.place
        values = memory if self.places == 3 else keys
        return self.look(asked, value=values, key=keys, need_weights=False)[0] + slots


@pytest.mark.parametrize("places", [2, 3])
def test_an_attention_says_as_what_it_reads_each(places):
    shapes = (4, 8), (9, 8)
    items = cut_network(
        open_network(trace_graph(Looks(places), *shapes), 1), {}, in_levels=True
    )
    blocks = {block.name: block for block in blocks_of(items)}
    told = ("ask as query", "add 9×8 as key", "memory as value")
    assert set(blocks["look"].gathers) == (set(told) if places == 3 else set())


class Reshaped(nn.Module):
    """Gathers three maps as tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.three = conv(3, 8), conv(8, 8), conv(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)
        maps = one, self.two(one), self.three(one)
        tokens = [a.flatten(2).transpose(1, 2) for a in maps]
        return nn.functional.scaled_dot_product_attention(*tokens)


def test_a_reshape_is_read_by_the_name_of_what_it_shapes():
    items = cut_network(
        open_network(trace_graph(Reshaped(), IMAGE), 1), {}, in_levels=True
    )
    gathers = [block.gathers for block in blocks_of(items) if block.gathers]
    assert gathers == [("one, reshaped", "two, reshaped", "three, reshaped")]


class Fuses(nn.Module):
    """Three maps and a fourth of a lower resolution are concatenated."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.three = conv(3, 8), conv(8, 8), conv(8, 8)
        self.down, self.up = nn.Conv2d(8, 8, 2, 2), nn.ConvTranspose2d(8, 8, 2, 2)
        self.last = conv(32, 4)

    def forward(self, x: Tensor) -> Tensor:
        a = self.one(x)
        b = self.two(a).tanh()
        c = self.three(b).sigmoid()
        return self.last(torch.cat([a, b, c, self.up(self.down(c))], 1))


@LAYOUTS
@pytest.mark.parametrize("name", ["neck", "hourglass", "fuses"])
def test_no_two_arrows_share_their_tip(name, layout):
    picture = diagram(Fuses(), IMAGE) if name == "fuses" else drawn(name)
    assert "levels [" in picture.alt
    canvas = getattr(picture, layout)
    tips = [line[-1] for line in paths(canvas, "e")]
    assert len(tips) == len(set(tips))


def test_a_sum_that_goes_on_from_turn_to_turn_is_a_running_one():
    assert found(Refined(6), (3, 64, 64))["update"].carries[0].startswith("running sum")


class Scales(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = nn.Conv2d(3, 8, 4, 4), nn.Conv2d(8, 8, 2, 2)
        self.heads = nn.ModuleList(nn.Conv2d(8, 5, 1) for _ in range(2))

    def forward(self, x: Tensor) -> list[Tensor]:
        fine = self.stem(x)
        return [self.heads[0](fine), self.heads[1](self.down(fine))]


def test_outputs_of_several_scales_say_theirs():
    blocks = found(Scales(), IMAGE)
    assert blocks["output 0"].words == "stride 4"
    assert blocks["output 1"].words == "stride 8"


class Towers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Sequential(*(nn.Linear(64, 64) for _ in range(3)))
        self.right = nn.Sequential(*(nn.Linear(32, 64) for _ in range(1)))
        self.gate = nn.Linear(64, 64)

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        a, b = self.left(image), self.right(text)
        return self.gate(a) @ b.mT + a @ self.gate(b).mT


def test_a_phone_has_a_column_for_each_input_of_levels():
    canvas = diagram(Towers(), (4, 64), (4, 32)).phone
    left = {text.text: text.left for text in canvas.texts}
    assert left["text"] - left["image"] > 80
    assert canvas.bounds[2] - canvas.bounds[0] <= PHONE + 8


def test_stages_alike_are_counted():
    def stage(a: int, b: int) -> list[nn.Module]:
        return [nn.Conv2d(a, b, 3, 2, 1), nn.BatchNorm2d(b), nn.ReLU()]

    net = nn.Sequential(*stage(3, 8), *stage(8, 16), *stage(16, 32))
    text = words(diagram(net, IMAGE).phone)
    assert "Repeats: 3×3 conv + normalisation + activation (3 times)." in text
    net = nn.Sequential(*stage(3, 8), *stage(8, 16))
    assert "Repeats" not in words(diagram(net, IMAGE).phone)


@pytest.mark.parametrize("layers", [(), (nn.BatchNorm2d(8),), (nn.ReLU(),)])
def test_bands_that_are_not_drawn_inside_of_blocks_are_said(layers):
    row = nn.Sequential(nn.Conv2d(3, 8, 1), *layers, nn.Conv2d(8, 8, 3))
    net = nn.Sequential(Holds(row), nn.Conv2d(8, 2, 1))
    said = "normalisations and activations are not drawn" in words(
        diagram(net, IMAGE, depth=1).phone
    ).replace("\n", " ")
    assert said == bool(layers)


class Holds(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


ATTENTION = nn.MultiheadAttention(8, 2, batch_first=True)


class Given(nn.Module):
    """Gives what a function makes of a layer's answer."""

    def __init__(self, give, layer: nn.Module | None = None) -> None:
        super().__init__()
        self.give, self.layer = give, layer or nn.Identity()

    def forward(self, x: Tensor) -> object:
        return self.give(self.layer, x)


@pytest.mark.parametrize(
    ("model", "shape", "said"),
    [
        (
            Given(lambda f, x: f(x)[1][0], nn.LSTM(8, 5, batch_first=True)),
            (16, 8),
            "output gives 1×5.",
        ),
        (Given(lambda f, x: f(x, x, x)[1], ATTENTION), (16, 8), "output gives 16×16."),
        (
            Given(lambda f, x: f(x, x, x)[1].mean(1), ATTENTION),
            (16, 8),
            "mean (mean, takes 16×16) gives 16",
        ),
        (
            Given(lambda f, x: x.split([2, 6], 1)[1]),
            (8, 4, 4),
            "output gives 6×4×4.",
        ),
        (
            Given(lambda f, x: x.split([2, 6], 1)),
            (8, 4, 4),
            "branches [output 0 gives 2×4×4 / the identity]; output 1 gives 6×4×4.",
        ),
        (
            Given(lambda f, x: f(x), Given(lambda f, x: x.split([2, 6], 1)[1])),
            (8, 4, 4),
            "layer (split) gives 6×4×4",
        ),
    ],
)
def test_what_is_not_the_first_tensor_of_a_step_has_its_own_shape(model, shape, said):
    assert said in diagram(model, shape).alt
