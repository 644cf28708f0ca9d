"""What a table tells in one row: free steps, blocks in a list, several tensors."""

import pytest
import torch
from torch import Tensor, nn
from zoo import conv

from edulib.anatomy import stage_table
from edulib.anatomy.numbers import all_shapes, shape_words
from edulib.anatomy.trace import trace_graph
from edulib.anatomy.turns import fold_runs
from edulib.drawing import diagram

IMAGE = (3, 16, 16)


class Detector(nn.Module):
    """Chooses its boxes in its own `forward`, in so many steps."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.backbone, self.head = conv(3, 8), nn.Conv2d(8, 5, 1)
        self.rounds = rounds

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        found = self.head(self.backbone(x)).flatten(2).mT
        boxes, scores = found.split([4, 1], -1)
        for _ in range(self.rounds):
            scores = scores.sigmoid().sort(-2)[0]
            boxes = boxes.clamp(0, 1)
        return {"boxes": boxes, "scores": scores}


class Listed(nn.Module):
    """Blocks in a list, the one in the middle wider if asked."""

    def __init__(self, hidden: tuple[int, ...]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 4))
            for width in hidden
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class Stages(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.early, self.late = conv(3, 8, 3, 2), conv(8, 16, 3, 2)

    def forward(self, x: Tensor) -> list[Tensor]:
        early = self.early(x)
        return [early, self.late(early)]


class TwoMaps(nn.Module):
    """A part that gives two maps, both of which are read."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone, self.head = Stages(), nn.Conv2d(16, 2, 1)
        self.aux = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        early, late = self.backbone(x)
        return self.head(late), self.aux(early)


def test_a_long_run_of_free_steps_is_one_row():
    table = stage_table(Detector(9), IMAGE)
    assert [row.path for row in table.rows][:2] == ["backbone", "head"]
    (steps,) = table.rows[2:]
    assert steps.name.endswith(" steps")
    assert "not shown one by one" in steps.layer
    assert (steps.params, steps.macs) == (0, 0)
    graph = trace_graph(Detector(9), IMAGE)
    assert steps.bytes == graph.bytes - sum(row.bytes for row in table.rows[:2])


def test_a_short_run_is_told_step_by_step():
    names = [row.name for row in stage_table(Detector(2), IMAGE).rows]
    assert "sigmoid" in names
    assert not any("steps" in name for name in names)


def test_a_diagram_draws_a_long_run_as_one_step():
    picture = diagram(Detector(9), IMAGE)
    (steps,) = [text.text for text in picture.wide.texts if "steps" in text.text]
    assert f"{steps} (sigmoid, " in picture.alt
    assert "interlaced" not in picture.alt
    for name in ("boxes", "scores"):
        assert f"{name} (output)" in picture.alt


def test_a_run_keeps_every_operation():
    graph = trace_graph(Detector(9), IMAGE)
    nodes = fold_runs(graph, graph.nodes())
    assert [op for node in nodes for op in node.ops] == list(graph.ops[1:])


@pytest.mark.parametrize(
    ("hidden", "rows"),
    [
        ((8, 8, 8), [("blocks.0–2", "3 × (full")]),
        (
            (8, 6, 8),
            [
                ("blocks.0", "fully con"),
                ("blocks.1", "fully con"),
                ("blocks.2", "fully con"),
            ],
        ),
        ((8, 8, 6), [("blocks.0–1", "2 × (full"), ("blocks.2", "fully con")]),
    ],
)
def test_blocks_alike_in_a_list_are_one_row(hidden, rows):
    table = stage_table(Listed(hidden), (4,))
    assert [(row.path, row.layer[:9]) for row in table.rows] == rows
    assert table.params == sum(9 * width + 4 for width in hidden)


def test_a_block_with_a_label_stands_by_itself():
    table = stage_table(Listed((8, 8, 8)), (4,), labels={"blocks.1": "second"})
    assert [row.name for row in table.rows] == ["blocks.0", "second", "blocks.2"]


def test_a_part_says_that_it_gives_several_tensors():
    row = stage_table(TwoMaps(), IMAGE).rows[0]
    assert row.cells()[2] == "8×8×8 and 1 more"
    page = stage_table(TwoMaps(), IMAGE)._repr_html_()
    assert "8×8×8<small>and 1 more</small>" in page
    assert stage_table(Stages(), IMAGE).rows[0].cells()[2] == "8×8×8"
    picture = diagram(TwoMaps(), IMAGE, depth=1)
    assert "backbone (Stages, 2 convs) gives 8×8×8 and 16×4×4" in picture.alt
    assert "8×8×8 and 16×4×4" in [text.text for text in picture.wide.texts]


def test_a_function_says_that_it_gives_several_tensors():
    class Halves(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            one, two = x.chunk(2)[0].split([4, 2], -1)
            return torch.cat([one.relu(), two], -1)

    graph = trace_graph(Halves(), (6,))
    assert {op.name: op.others for op in graph.ops}["split"] == ((2,),)


def test_a_shape_in_words():
    assert shape_words((3, 4, 5)) == "3×4×5"
    assert shape_words(()) == "1"
    assert shape_words((7,), 2) == "7 and 2 more"


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ((), "6×8"),
        (((4, 8),), "6×8 and 4×8"),
        (((6, 8),), "6×8, twice"),
        (((6, 8), (6, 8)), "6×8, 3 times"),
        (((6, 8), (4, 8)), "6×8 and 2 more"),
    ],
)
def test_shapes_in_words(others, words):
    assert all_shapes((6, 8), others) == words


def test_a_console_shows_the_rows_of_the_page():
    table = stage_table(nn.Sequential(nn.Linear(4, 2), nn.ReLU()), (4,))
    assert "fully connected; ReLU" in repr(table)
    assert len(repr(table).splitlines()) == 6
