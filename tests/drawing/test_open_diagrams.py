"""What a reader must see of a network: inputs, outputs, loops, heads, towers."""

import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from test_diagram import box, lines_of, meet
from test_levels import Refined
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import Permute

from edulib.anatomy import OpType, stage_table, trace_graph
from edulib.drawing import diagram
from edulib.drawing.diagram.items import Block, Fork, Levels, blocks_of, with_start
from edulib.drawing.diagram.levels_ranks import place_by_rank
from edulib.drawing.diagram.make_blocks import input_block
from edulib.drawing.diagram.page import PHONE
from edulib.drawing.diagram.regions import cut_network
from edulib.drawing.diagram.tree import open_network
from edulib.models.tiny import detection as tiny

sys.path.insert(0, str(Path(__file__).parents[1] / "anatomy"))
from zoo import ZOO, conv

IMAGE = (3, 32, 32)


class Tower(nn.Module):
    """Learned positions, blocks, a projection: what branches inside."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(4, 8))
        self.blocks = nn.Sequential(*(Mixer() for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x + self.positions)


class Mixer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.two(self.one(x).relu())


class ImageTower(Tower):
    pass


class TextTower(Tower):
    pass


class Towers(nn.Module):
    """An encoder for each input, and the similarity of what they give."""

    def __init__(self, opened: bool) -> None:
        super().__init__()
        if opened:
            self.image, self.text = ImageTower(), TextTower()
        else:
            self.image, self.text = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, image: Tensor, text: Tensor) -> Tensor:
        return self.image(image).mean(1) @ self.text(text).mean(1).mT


class Pooled(nn.Module):
    """Atrous pooling: parallel convolutions of different dilation."""

    def __init__(self, count: int = 3) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Conv2d(8, 8, 3, padding=rate, dilation=rate)
            for rate in range(1, count + 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


class Learned(nn.Module):
    """Positions as in a map with the channels last."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.head = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 2)
        self.positions = nn.Parameter(torch.zeros(1, 8, 8, 8))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.patch(x).permute(0, 2, 3, 1) + self.positions)


class Merging(nn.Module):
    """Four patches become one, with twice the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.reduction = nn.Linear(32, 16)

    def forward(self, x: Tensor) -> Tensor:
        parts = [x[:, i::2, j::2] for i in (0, 1) for j in (0, 1)]
        return self.reduction(torch.cat(parts, -1))


@cache
def raft():
    return diagram(Refined(6), (3, 64, 64))


def texts(canvas) -> list[str]:
    return [text.text for text in canvas.texts]


@pytest.mark.parametrize("layout", ["wide", "phone"])
def test_one_output_is_drawn(layout):
    picture = diagram(conv(3, 8), IMAGE)
    assert texts(getattr(picture, layout)).count("output") == 1
    assert picture.alt.endswith("output gives 8×32×32.")


def test_outputs_without_names_are_called_outputs():
    class Two(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x.relu(), x.sigmoid()

    found = texts(diagram(Two(), IMAGE).wide)
    assert {"output 0", "output 1"} <= set(found)
    assert "output" not in found


def test_an_output_of_nothing_says_so():
    class Empty(nn.Module):
        def forward(self, x: Tensor) -> dict[str, Tensor]:
            boxes = x.flatten(2).mT[:, :, :4]
            return {"boxes": boxes[boxes.sum(-1) > 0], "maps": x.relu()}

    alt = diagram(Empty(), (4, 8, 8)).alt
    assert "boxes (output, as many as it finds) gives N×4" in alt


@pytest.mark.parametrize("layout", ["wide", "phone"])
def test_a_loop_is_drawn_and_explained(layout):
    canvas = getattr(raft(), layout)
    assert any(text.startswith("Loop:") for text in texts(canvas))
    once = getattr(diagram(Refined(2), (3, 64, 64)), layout)
    assert not any(text.startswith("Loop:") for text in texts(once))


def test_arcs_over_blocks_are_explained():
    plain = conv(3, 8)
    residual = diagram(nn.Sequential(Tower()), (4, 8))
    assert any(text.startswith("Arcs:") for text in texts(residual.wide))
    assert not any(
        text.startswith("Arcs:") for text in texts(diagram(plain, IMAGE).wide)
    )


def test_inputs_that_meet_begin_beside_each_other():
    graph = trace_graph(Towers(opened=False), (4, 8), (4, 8))
    steps = [
        input_block(open_network(graph).start),
        *cut_network(open_network(graph), {}),
    ]
    fork = with_start(steps)[0]
    assert isinstance(fork, Fork)
    assert [[block.name for block in branch] for branch in fork.branches] == [
        ["image", "image", "mean"],
        ["text", "text", "mean_2", "transpose"],
    ]


def test_towers_are_opened():
    graph = trace_graph(Towers(opened=True), (4, 8), (4, 8))
    names = [block.name for block in blocks_of(cut_network(open_network(graph), {}))]
    assert {"image.positions", "text.positions", "image.blocks"} <= set(names)


def test_towers_by_rank_stand_in_columns_with_their_learned_numbers():
    def block(name: str, kind: OpType = OpType.DENSE) -> Block:
        return Block(name, "", kind, (4, 8), (8, 4, 1), 8)

    learned = block("positions", OpType.CONSTANT)
    tower = [block("input"), block("embed"), learned, block("sum"), block("blocks")]
    links = [(0, 1), (1, 3), (2, 3), (3, 4)]
    links += [(5 + source, 5 + target) for source, target in links]
    links += [(4, 10), (9, 10), (10, 11)]
    levels = Levels((*tower, *tower, block("product"), block("output")), tuple(links))
    cells = place_by_rank(levels)
    assert [cell.column for cell in cells] == [0] * 5 + [1] * 7
    assert [cell.row for cell in cells] == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 5, 6]


def test_no_lane_reads_one_that_reads_it():
    """A block that joins two lanes goes on with the one that the other read."""

    def block(name: str) -> Block:
        return Block(name, "", OpType.DENSE, (4, 8), (8, 4, 1), 8)

    names = ("input", "trunk", "branch", "trunk 2", "join", "join 2")
    links = ((0, 1), (1, 2), (1, 3), (2, 4), (3, 4), (3, 5), (4, 5))
    cells = place_by_rank(Levels(tuple(map(block, names)), links))
    assert [cell.row for cell in cells] == [0, 1, 2, 2, 3, 4]
    assert diagram(tiny.maskrcnn_resnet50_fpn(), (3, 64, 64)).alt


def test_branches_of_a_large_head_are_drawn_with_their_dilation():
    model = nn.Sequential(conv(3, 8), Pooled(), nn.Conv2d(24, 2, 1))
    alt = diagram(model, IMAGE).alt
    for words in ("(3×3 convolution)", "dilation 2", "dilation 3", "concatenated to"):
        assert words in alt


def test_layers_of_torch_are_known_by_name():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    model = nn.Sequential(nn.Linear(8, 80), nn.Linear(80, 8), layer, nn.Linear(8, 2))
    assert "(TransformerEncoderLayer" in diagram(model, (5, 8)).alt


def test_learned_positions_are_as_large_as_the_map_they_are_added_to():
    graph = trace_graph(Learned(), IMAGE)
    blocks = {b.name: b for b in blocks_of(cut_network(open_network(graph), {}))}
    assert blocks["positions"].size == blocks["patch"].size == (8, 8, 8)


def test_what_joins_one_thing_with_itself_is_not_drawn():
    class Shuffled(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            one, two = F.relu(x).chunk(2, 1)
            return torch.cat([two, one], 1)

    assert "concat" not in diagram(Shuffled(), (4, 8, 8)).alt


def test_merged_patches_are_not_called_dense():
    model = nn.Sequential(nn.Conv2d(3, 8, 4, 4), Permute([0, 2, 3, 1]), Merging())
    assert stage_table(model, IMAGE).rows[-1].layer == "Merging"


def test_a_depthwise_convolution_is_one_in_a_container_too():
    pair = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.BatchNorm2d(8))
    row = stage_table(nn.Sequential(pair, nn.Conv2d(8, 4, 1)), (8, 8, 8)).rows[0]
    assert row.layer == "3×3 depthwise convolution"
    grouped = nn.Sequential(nn.Conv2d(8, 8, 3, groups=2))
    assert "depthwise" not in stage_table(grouped, (8, 8, 8)).rows[0].layer


@pytest.mark.parametrize("name", ["denoiser", "queries", "deeplab", "pyramid"])
def test_no_line_runs_just_above_a_word(name):
    for canvas in (picture(name).wide, picture(name).phone):
        for text in canvas.texts:
            left, top, right, bottom = box(text)
            close = (left, top - 4, right, bottom)
            assert not any(meet(close, line) for line in lines_of(canvas)), text.text


@cache
def picture(name: str):
    return diagram(ZOO[name].make(), *ZOO[name].inputs)


@pytest.mark.parametrize("count", [3, 12])
def test_branches_that_a_page_cannot_hold_side_by_side_stand_below_each_other(count):
    pooled = Pooled(count)
    model = nn.Sequential(conv(3, 8), pooled, nn.Conv2d(8 * count, 2, 1))
    shown = diagram(model, IMAGE)
    assert shown.phone.bounds[2] - shown.phone.bounds[0] <= PHONE
    assert not shown.is_too_wide
    assert "not drawn one by one" not in shown.alt


def test_a_container_of_one_layer_keeps_its_name():
    pair = nn.Sequential()
    pair.add_module("depthwise", conv(8, 8, 1))
    pair.add_module("pointwise", conv(8, 80, 1))
    names = texts(diagram(pair, (8, 9, 9)).wide)
    assert {"depthwise", "pointwise"} <= set(names)
