"""What is inside of blocks, what loops hand on, and what a detector finds."""

import re

import pytest
import torch
from test_levels import LAYOUTS, Refined, drawn
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import trace_graph
from edulib.drawing import diagram
from edulib.drawing.diagram.items import Block, blocks_of
from edulib.drawing.diagram.regions import cut_network
from edulib.drawing.diagram.tree import open_network
from edulib.drawing.diagram.words import label_lines

IMAGE = (3, 32, 32)


def words(canvas) -> str:
    return " ".join(text.text for text in canvas.texts)


def found(model: nn.Module, *inputs, depth: int | None = None) -> dict[str, Block]:
    items = cut_network(open_network(trace_graph(model, *inputs), depth), {})
    return {block.name: block for block in blocks_of(items)}


def test_a_loop_says_what_a_turn_hands_on():
    block = found(Refined(6), (3, 64, 64))["update"]
    assert block.is_loop
    assert block.carries == ("running sum of update 2×32×32",)
    assert "hands on" in diagram(Refined(6), (3, 64, 64)).alt


def test_turns_that_do_not_read_each_other_are_no_loop():
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 2, 3))

        def forward(self, x: Tensor) -> list[Tensor]:
            return [self.head(F.max_pool2d(x, k)) for k in (1, 2, 2, 2)]

    block = found(Shared(), IMAGE)["head"]
    assert block.repeat == 4
    assert not block.is_loop
    assert "Loop" not in words(diagram(Shared(), IMAGE).wide)


class Heads(nn.Module):
    """Classes and boxes of one vector."""

    def __init__(self, joined: bool) -> None:
        super().__init__()
        self.classes, self.boxes = nn.Conv2d(8, 5, 1), nn.Conv2d(8, 4, 1)
        self.last = nn.Conv2d(9, 2, 1) if joined else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a, b = self.classes(x), self.boxes(x)
        if self.last is None:
            return a, b
        return self.last(torch.cat([a, b], 1)), x


class Detects(nn.Module):
    def __init__(self, joined: bool = False) -> None:
        super().__init__()
        self.body, self.heads = nn.Conv2d(3, 8, 3), Heads(joined)

    def forward(self, x: Tensor) -> list[dict[str, Tensor]]:
        scores, boxes = (y.flatten(2)[0] for y in self.heads(self.body(x)))
        kept = scores.sum(0) > 1e9
        return [{"boxes": boxes.T[kept], "scores": scores[0, kept]}]


@pytest.mark.parametrize("joined", [False, True])
def test_branches_of_a_closed_block_are_named(joined):
    heads = found(Detects(joined), IMAGE, depth=1)["heads"].heads
    assert heads == (() if joined else ("classes: 5×30×30", "boxes: 4×30×30"))


@LAYOUTS
def test_what_a_detector_finds_is_as_many_as_there_are(layout):
    text = words(getattr(diagram(Detects(), IMAGE), layout))
    assert "as many as" in text
    assert "N×" in text
    assert "0." not in text
    assert " 0×" not in text


def test_what_many_read_leads_to_none_of_them_by_a_line():
    alt = drawn("denoiser").alt
    count = alt.count("adds embed.1")
    assert count > 2
    assert f"read by {count} blocks" in alt
    readers = re.findall(r"(\w+) \([^)]*adds embed\.1", alt)
    assert f"→ {', '.join(readers)} " in words(drawn("denoiser").wide)


def test_a_module_that_returns_its_input_too_is_labelled_with_what_it_made():
    class Extra(nn.Module):
        def forward(self, x: list[Tensor]) -> list[Tensor]:
            return [*x, F.max_pool2d(x[-1], 1, 2)]

    class Pyramid(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.extra = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1), Extra()

        def forward(self, x: Tensor) -> list[Tensor]:
            return self.extra([self.a(x), self.b(x)])

    call = trace_graph(Pyramid(), IMAGE).calls["extra"]
    graph = trace_graph(Pyramid(), IMAGE)
    assert graph.ops[call.output].shape == (4, 16, 16)
    assert call.others == ()


def test_products_name_the_inputs_that_they_compare():
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(6, 4), nn.Linear(8, 4)

        def forward(self, image: Tensor, text: Tensor) -> dict[str, Tensor]:
            scores = self.one(image) @ self.two(text).T
            return {"rows": scores, "columns": scores.T}

    alt = diagram(Pair(), (6,), (8,)).alt
    assert "rows (output: image × text) gives 1×1" in alt
    assert "columns (output: text × image) gives 1×1" in alt


@LAYOUTS
@pytest.mark.parametrize("factor", [1, 2, 4])
def test_upsampling_is_told_apart_from_a_count(factor, layout):
    class Up(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.b(F.interpolate(self.a(x), scale_factor=float(factor)))

    alt = diagram(Up(), IMAGE).alt
    assert (f"up ×{factor}" in alt) == (factor > 1)


def test_names_of_classes_are_cut_where_a_word_begins():
    block = Block("a", "MultiScaleRoIAlign", "other", (1,), (1, 1, 1), 0)
    assert [text for text, *_ in label_lines(block, "slim")][1:3] == [
        "MultiScale",
        "RoIAlign",
    ]
    assert label_lines(block, "joined")[1][0] == "MultiScaleRoIAlign"


def luminance(color: str) -> float:
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_faces_have_an_edge_in_the_colour_of_the_text():
    svg = diagram(nn.Sequential(nn.Conv2d(3, 4, 3)), IMAGE).svg
    assert ":is(polygon,rect){stroke:currentColor" in svg
    assert "stroke=" not in svg
    for text, page in (("#1f2937", "#ffffff"), ("#e5e7eb", "#14181e")):
        assert f"color:{text}" in svg
        high, low = sorted((luminance(text), luminance(page)), reverse=True)
        assert (high + 0.05) / (low + 0.05) > 4.5


def test_an_attention_that_is_written_out_is_counted_once():
    class Written(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(8, 24), nn.Linear(8, 8)

        def forward(self, x: Tensor) -> Tensor:
            q, k, v = self.qkv(x).chunk(3, -1)
            return self.out(torch.softmax(q @ k.mT, -1) @ v)

    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.whole, self.last = Written(), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.whole(x))

    inside = found(Two(), (5, 8), depth=1)["whole"].inside
    assert inside == "attention"
