import re
from html.parser import HTMLParser

import pytest
import torch
from steps import Own
from torch import nn
from torchvision import models

from edulib.anatomy import stage_table
from edulib.anatomy.describe import describe
from edulib.anatomy.trace import trace_graph
from edulib.drawing import diagram


@pytest.fixture(scope="module")
def resnet():
    with torch.device("meta"):
        return models.resnet50()


@pytest.fixture(scope="module")
def table(resnet):
    paper = {"conv1": "112×112", "layer1": "56×56"}
    return stage_table(resnet, (3, 224, 224), title="ResNet-50", paper=paper)


def test_rows_are_the_parts_of_the_model(table):
    names = [row.name for row in table.rows]
    assert names == [
        "conv1",
        "bn1",
        "relu",
        "maxpool",
        "layer1",
        "layer2",
        "layer3",
        "layer4",
        "avgpool",
        "fc",
    ]
    row = table.rows[5]
    assert row.layer == "4 × Bottleneck"
    assert row.shape == (512, 28, 28)
    assert row.params == 1_219_584
    assert row.field.size == (91, 91)
    assert row.op_type == "convolution"


def test_totals(table):
    assert table.params == 25_557_032
    assert table.macs == 4_089_184_256
    assert "25,557,032 parameters, 4,089,184,256 multiply-adds" in table.caption


def test_text_is_aligned(table):
    lines = repr(table).splitlines()
    rule = lines[2]
    edges = [match.end() for match in re.finditer("─+", rule)]
    assert lines[1][: edges[0]].startswith("Stage")
    for line in lines[3:-2]:
        assert line[edges[2] - 1] != " ", "shapes end at the column's edge"
    assert lines[-1].startswith("Total")
    assert all(line == line.rstrip() for line in lines)


def test_paper_stands_beside(table):
    assert [row.paper for row in table.rows[:5]] == ["112×112", "", "", "", "56×56"]
    heading = repr(table).splitlines()[1].split()
    assert heading[2:5] == ["Output", "Paper", "Receptive"]
    assert re.search(r"64×112×112 +112×112 +7 +9,408 +118 M", repr(table))


class Shape(HTMLParser):
    """Collects the cells of a table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.scopes, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1
        if tag == "th":
            self.scopes.append(dict(attrs).get("scope"))


def test_html_is_a_whole_and_accessible_table(table):
    html = table._repr_html_()
    shape = Shape()
    shape.feed(html)
    lines = 9
    assert shape.rows == [4] * (lines + 2) + [3] * (lines + 2)
    per_row = ["row"] * (lines + 1)
    assert shape.scopes == ["col"] * 4 + per_row + ["col"] * 3 + per_row
    assert shape.tags.count("caption") == 1
    assert html.count("<td") == html.count("</td>")
    assert html.count('class="eov-table"') == 2
    assert "paper: 112×112" in html


def test_what_adds_nothing_stands_in_the_row_before():
    with torch.device("meta"):
        model = nn.Sequential(
            nn.ReLU(),
            nn.Conv2d(3, 4, 3),
            nn.LocalResponseNorm(5),
            nn.ReLU(),
            nn.BatchNorm2d(4),
            nn.Tanh(),
            nn.MaxPool2d(2),
            nn.Dropout(),
            nn.Linear(3, 2),
        )
    table = stage_table(model, (3, 8, 8), paper={"5": "1.7159 tanh"})
    assert [(row.name, row.layer) for row in table.stages] == [
        ("0", "ReLU"),
        ("1", "3×3 convolution; local response normalisation; ReLU"),
        ("4", "batch normalisation"),
        ("5", "tanh"),
        ("6", "2×2 max pooling, stride 2; dropout"),
        ("8", "fully connected"),
    ]
    assert sum(row.bytes for row in table.stages) == table.bytes
    assert len(table.rows) == 9, "each can be found by its path"


class Heads(nn.Module):
    """Two heads beside each other, and an activation of the first one alone."""

    def __init__(self) -> None:
        super().__init__()
        self.classes, self.boxes = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x, boxes = self.classes(x), self.boxes(x)
        return [x.flatten(1).view(x.shape).sigmoid(), boxes]


def test_an_activation_stands_in_the_row_that_it_reads_or_alone():
    table = stage_table(Heads(), (3, 8, 8))
    assert [(row.name, row.layer) for row in table.stages] == [
        ("classes", "1×1 convolution"),
        ("boxes", "1×1 convolution"),
        ("sigmoid", "sigmoid"),
    ]
    last = Own(lambda x: x.permute(0, 2, 3, 1).tanh(), conv=nn.Conv2d(3, 4, 1))
    (row,) = stage_table(last, (3, 8, 8)).stages
    assert row.layer == "1×1 convolution; tanh", "what reshapes is not shown"


def test_a_softmax_over_all_positions_has_a_field_of_its_own():
    layers = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3), nn.Flatten(2), nn.Softmax(-1)
    rows = stage_table(nn.Sequential(*layers), (3, 32, 32)).stages
    assert [str(row.field) for row in rows] == ["3", "5", "5", "whole image"]


def test_columns_without_numbers_are_not_shown(table):
    html = stage_table(nn.Sequential(nn.ReLU()), (4,))._repr_html_()
    assert "Parameters" not in html
    assert "Multiply-adds" not in html
    assert "Activations" in html
    assert "Parameters" in table._repr_html_()


def test_html_is_deterministic_and_escaped(resnet, table):
    again = stage_table(
        resnet, (3, 224, 224), title="ResNet-50", paper={"layer1": "<56>"}
    )
    assert "&lt;56&gt;" in again._repr_html_()
    assert "<56>" not in again._repr_html_()
    paper = {"conv1": "112×112", "layer1": "56×56"}
    same = stage_table(resnet, (3, 224, 224), title="ResNet-50", paper=paper)
    assert same._repr_html_() == table._repr_html_()


def test_labels_rename_rows_and_paper_may_use_them(resnet):
    labels = {"layer1": "conv2_x"}
    table = stage_table(
        resnet, (3, 224, 224), labels=labels, paper={"conv2_x": "56×56"}
    )
    row = next(row for row in table.rows if row.path == "layer1")
    assert (row.name, row.paper) == ("conv2_x", "56×56")


def test_depth_opens_stages(resnet):
    table = stage_table(resnet, (3, 224, 224), depth=2)
    assert [row.name for row in table.rows if row.name.startswith("layer1")] == [
        "layer1.0",
        "layer1.1",
        "layer1.2",
    ]
    assert table.params == 25_557_032


def test_what_is_not_called_is_listed():
    with torch.device("meta"):
        model = models.googlenet(init_weights=False)
    table = stage_table(model, (3, 224, 224))
    assert [row.name for row in table.rows[-2:]] == ["aux1", "aux2"]
    assert table.rows[-1].layer == "not called in evaluation"
    assert table.params == 13_004_888


def test_a_list_is_called_by_its_members():
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
            self.head = nn.Linear(4, 100)

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    table = stage_table(Net(), (4,))
    rows = {row.name: row.params for row in table.rows}
    assert rows == {"layers.0": 20, "layers.1": 20, "head": 500}
    assert table.rows[-1].layer == "not called in evaluation"


def test_a_loop_in_time_is_one_row():
    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.cell = nn.Linear(4, 8), nn.Linear(8, 8)

        def forward(self, x):
            x = self.first(x)
            for _ in range(5):
                x = torch.tanh(self.cell(x) + 1)
            return x

    table = stage_table(Recurrent(), (4,))
    assert [row.path for row in table.rows] == ["first", "cell"]
    assert table.rows[1].layer == "5 × Linear, shared"
    assert (table.rows[1].params, table.rows[1].macs) == (72, 5 * 64)


def test_functions_that_only_reshape_are_hidden():
    class Flat(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(16, 2)

        def forward(self, x):
            return self.fc(nn.functional.avg_pool2d(x, 2).flatten(1))

    names = [row.name for row in stage_table(Flat(), (1, 8, 8)).rows]
    assert names == ["avg_pool2d", "fc"]


def test_channels_that_are_chosen_by_a_list_have_a_row():
    class Chosen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = nn.Conv2d(4, 2, 1)

        def forward(self, x):
            return self.mix(x[:, (0, 1, 1, 2)])

    rows = stage_table(Chosen(), (3, 8, 8), labels={"getitem": "choice"}).rows
    assert [(row.name, row.layer) for row in rows] == [
        ("choice", "selection"),
        ("mix", "1×1 convolution"),
    ]


@pytest.mark.parametrize("argument", ["labels", "paper"])
def test_a_row_that_is_not_there_is_named(resnet, argument):
    with pytest.raises(ValueError, match=r"row among conv1, .*got 'stage1'"):
        stage_table(resnet, (3, 64, 64), **{argument: {"stage1": "x"}})


LAYERS = [
    (nn.Conv2d(4, 8, 3, 2, 1), "3×3 convolution, stride 2"),
    (nn.Conv2d(4, 4, 5, padding=2, groups=4), "5×5 depthwise convolution"),
    (nn.Conv2d(4, 4, (1, 3), dilation=2), "1×3 convolution, dilation 2"),
    (nn.ConvTranspose2d(4, 2, 2, 2), "2×2 transposed convolution, stride 2"),
    (nn.MaxPool2d(2), "2×2 max pooling, stride 2"),
    (nn.AvgPool2d(3, 1), "3×3 average pooling"),
    (nn.AvgPool2d(2, divisor_override=4), "2×2 average pooling, stride 2"),
    (nn.AvgPool2d(2, divisor_override=1), "2×2 sum pooling, stride 2"),
    (nn.AvgPool2d(3, 1, divisor_override=2), "3×3 sum pooling divided by 2"),
    (nn.AdaptiveAvgPool2d(1), "global average pooling"),
    (nn.AdaptiveMaxPool2d(3), "max pooling to 3×3"),
    (nn.BatchNorm2d(4), "batch normalisation"),
    (nn.GELU(), "GELU"),
    (nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4)), "1×1 convolution"),
    (
        nn.Sequential(*(nn.Conv2d(4, 4, 1) for _ in range(3)), nn.MaxPool2d(2)),
        "3 convolutions, 1 pooling",
    ),
]


@pytest.mark.parametrize(("layer", "words"), LAYERS)
def test_words(layer, words):
    graph = trace_graph(nn.Sequential(layer), (4, 12, 12))
    (node,) = graph.nodes()
    assert describe(node) == words


def test_counts_of_a_batch_are_said_to_be_of_a_batch():
    model = nn.Conv2d(3, 4, 1)
    images = torch.zeros(2, 3, 5, 5)
    said = "on 2 images of 3×5×5: 16 parameters, 600 multiply-adds"
    assert said in stage_table(model, images).caption
    assert "600 multiply-adds for 2 inputs of 3×5×5" in diagram(model, images).alt
    add = nn.Bilinear(3, 3, 2, bias=False)
    vectors = torch.zeros(4, 3), torch.zeros(4, 3)
    assert "input1 3, input2 3, 4 of each: 18" in stage_table(add, *vectors).caption
    assert "inputs input1 3, input2 3, 4 of each." in diagram(add, *vectors).alt
