import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from itertools import combinations, pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision import models

from edulib.anatomy import Graph, trace_graph
from edulib.drawing import OP_COLORS, diagram
from edulib.drawing.diagram.blocks import Style
from edulib.drawing.diagram.canvas import Canvas, TextBox, text_width
from edulib.drawing.diagram.items import Block, Fork, Item, span
from edulib.drawing.diagram.page import PHONE, WIDE
from edulib.drawing.diagram.regions import cut_network
from edulib.drawing.diagram.tree import open_network


class LeNet(nn.Module):
    """Functional activations and pooling, as many write it."""

    def __init__(self) -> None:
        super().__init__()
        self.c1, self.c3 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.f5, self.f6 = nn.Linear(400, 120), nn.Linear(120, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(torch.relu(self.c1(x)), 2)
        x = F.max_pool2d(torch.relu(self.c3(x)), 2)
        return self.f6(torch.relu(self.f5(x.flatten(1))))


def build(name: str) -> nn.Module:
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("meta"):
        return getattr(models, name)(**options)


CASES = {
    "lenet": (LeNet, (1, 32, 32)),
    "alexnet": (lambda: build("alexnet"), (3, 224, 224)),
    "vgg16": (lambda: build("vgg16"), (3, 224, 224)),
    "googlenet": (lambda: build("googlenet"), (3, 224, 224)),
    "inception": (lambda: build("googlenet").inception3a, (192, 28, 28)),
    "nested": (lambda: build("inception_v3").Mixed_7b, (1280, 8, 8)),
    "resnet18": (lambda: build("resnet18"), (3, 224, 224)),
    "resnet50": (lambda: build("resnet50"), (3, 224, 224)),
    "basic": (lambda: build("resnet18").layer1[0], (64, 56, 56)),
    "bottleneck": (lambda: build("resnet50").layer2[0], (256, 56, 56)),
    "stage": (lambda: build("resnet50").layer2, (256, 56, 56)),
    "densenet": (lambda: build("densenet121"), (3, 224, 224)),
    "mobilenet": (lambda: build("mobilenet_v3_large"), (3, 224, 224)),
    "vit": (lambda: build("vit_b_16"), (3, 224, 224)),
    "encoder": (lambda: build("vit_b_16").encoder.layers[0], (197, 768)),
    "swin": (lambda: build("swin_t"), (3, 224, 224)),
}


@pytest.fixture(scope="module")
def drawn():
    made = {}

    def get(name: str):
        if name not in made:
            make, shape = CASES[name]
            made[name] = diagram(make(), shape)
        return made[name]

    return get


@cache
def graph_of(name: str) -> Graph:
    make, shape = CASES[name]
    return trace_graph(make(), shape)


@cache
def items_of(name: str) -> list[Item]:
    return before_output(cut_network(open_network(graph_of(name)), {}))


def before_output(items: list[Item]) -> list[Item]:
    *items, last = items
    assert (last.name, last.op_type) == ("output", "output")
    return items


def blocks_of(items):
    for item in items:
        if isinstance(item, Block):
            yield item
        else:
            for branch in item.branches:
                yield from blocks_of(branch)


def meet(one: tuple, two: tuple, slack: float = 0.5) -> bool:
    """Tell whether two boxes (left, top, right, bottom) share more than an edge."""
    return (
        one[0] + slack < two[2]
        and two[0] + slack < one[2]
        and one[1] + slack < two[3]
        and two[1] + slack < one[3]
    )


def box(text: TextBox) -> tuple:
    return text.left, text.top, text.right, text.bottom


def lines_of(canvas: Canvas) -> list[tuple]:
    """Give the straight pieces of all connecting lines, as thin boxes."""
    pieces = []
    for element in canvas.elements:
        match = re.match(r'<path class="[ec]" d="([^"]*)"', element)
        if not match:
            continue
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", match[1])]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        for (x0, y0), (x1, y1) in pairwise(points):
            pieces.append(
                (min(x0, x1) - 1, min(y0, y1) - 1, max(x0, x1) + 1, max(y0, y1) + 1)
            )
    return pieces


@pytest.mark.parametrize("layout", ["wide", "phone"])
@pytest.mark.parametrize("name", CASES)
def test_labels_touch_nothing(drawn, name, layout):
    canvas = getattr(drawn(name), layout)
    for one, two in combinations(canvas.texts, 2):
        assert not meet(box(one), box(two)), (one.text, two.text)
    for text in canvas.texts:
        for solid in canvas.solids:
            assert not meet(box(text), solid), text.text
        for line in lines_of(canvas):
            assert not meet(box(text), line), text.text


@pytest.mark.parametrize("layout", ["wide", "phone"])
@pytest.mark.parametrize("name", CASES)
def test_nothing_is_cut_off(drawn, name, layout):
    canvas = getattr(drawn(name), layout)
    left, top, right, bottom = canvas.bounds
    for shape in [*map(box, canvas.texts), *canvas.solids, *lines_of(canvas)]:
        assert left - 1 <= shape[0]
        assert shape[2] <= right + 1
        assert top - 1 <= shape[1]
        assert shape[3] <= bottom + 1


@pytest.mark.parametrize("name", CASES)
def test_drawings_fit_their_page(drawn, name):
    picture = drawn(name)
    assert picture.wide.bounds[2] - picture.wide.bounds[0] <= WIDE
    assert picture.phone.bounds[2] - picture.phone.bounds[0] <= PHONE


def test_what_is_wider_than_a_phone_scrolls_by_keyboard(drawn):
    picture = drawn("resnet50")
    assert "tabindex" not in picture._repr_html_()
    assert 'tabindex="0"' in replace(picture, phone=picture.wide)._repr_html_()


@pytest.mark.parametrize("name", CASES)
def test_type_is_at_least_eleven_pixels(drawn, name):
    html = drawn(name)._repr_html_()
    sizes = [float(size) for size in re.findall(r'font-size[:=]"?([\d.]+)', html)]
    assert min(sizes) >= 11
    for width, view in re.findall(
        r'width="(\d+)" height="\d+" viewBox="([^"]+)"', html
    ):
        assert float(view.split()[2]) == float(width), "never scaled"


def test_stages_of_a_resnet_are_folded():
    blocks = items_of("resnet50")
    folded = [(block.name, block.words, block.repeat) for block in blocks]
    assert folded == [
        ("conv1", "7×7 convolution, stride 2", 1),
        ("maxpool", "3×3 max pooling, stride 2", 1),
        ("layer1", "Bottleneck", 3),
        ("layer2", "Bottleneck", 4),
        ("layer3", "Bottleneck", 6),
        ("layer4", "Bottleneck", 3),
        ("avgpool", "global average pooling", 1),
        ("fc", "fully connected", 1),
    ]
    assert [block.is_residual for block in blocks] == [False] * 2 + [True] * 4 + [
        False
    ] * 2
    assert blocks[0].bands == ("normalisation", "activation")
    assert sum(block.params for block in blocks) == 25_557_032


def test_a_bottleneck_shows_its_branches():
    fork, relu = items_of("bottleneck")
    assert fork.merge.op_type == "add"
    main, shortcut = fork.branches
    assert [block.name for block in main] == ["conv1", "conv2", "conv3"]
    assert [block.bands for block in main] == [
        ("normalisation", "activation"),
        ("normalisation", "activation"),
        ("normalisation",),
    ]
    assert [block.name for block in shortcut] == ["downsample"]
    assert relu.op_type == "activation"


def test_an_identity_shortcut_is_an_empty_branch():
    fork, _ = items_of("basic")
    assert [len(branch) for branch in fork.branches] == [2, 0]


def test_a_shortcut_that_skips_pixels_is_no_identity():
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(4, 8, 3, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x) + F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, 4))

    (fork,) = before_output(
        cut_network(open_network(trace_graph(Block(), (4, 8, 8))), {})
    )
    assert [[block.name for block in branch] for branch in fork.branches] == [
        ["conv"],
        ["selection: every 2nd row and column", "pad"],
    ]


def test_an_inception_block_joins_four_branches():
    (fork,) = items_of("inception")
    assert fork.merge.op_type == "concat"
    assert fork.merge.shape == (256, 28, 28)
    assert [len(branch) for branch in fork.branches] == [1, 2, 2, 2]
    block = next(b for b in items_of("googlenet") if b.name == "inception3a")
    assert block.parts == (64, 128, 32, 32)


def test_a_row_of_blocks_with_different_outputs_is_opened():
    blocks = [models.googlenet(init_weights=False).inception5a]
    blocks.append(type(blocks[0])(832, 384, 192, 384, 48, 128, 128))
    row = nn.Sequential(nn.Sequential(*blocks))
    items = before_output(cut_network(open_network(trace_graph(row, (832, 7, 7))), {}))
    assert [(item.shape, item.repeat) for item in items] == [
        ((832, 7, 7), 1),
        ((1024, 7, 7), 1),
    ]


def test_forks_inside_forks():
    (fork,) = items_of("nested")
    inner = [item for branch in fork.branches for item in branch]
    assert sum(isinstance(item, Fork) for item in inner) == 2


def test_paths_that_cross_are_drawn_with_what_each_reads():
    class Crossed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Conv2d(2, 2, 1) for _ in range(4))

        def forward(self, x: Tensor) -> Tensor:
            a, b, c, d = self.layers
            left, right = a(x), b(x)
            return torch.cat([c(left + right), d(left * right)], dim=1)

    (levels,) = cut_network(open_network(trace_graph(Crossed(), (2, 4, 4))), {})
    kinds = [block.op_type for block in levels.blocks]
    assert kinds.count("convolution") == 4
    product = kinds.index("multiply")
    assert levels.sources(product) == levels.sources(kinds.index("add"))
    assert sum(block.params for block in levels.blocks) == 24


@pytest.mark.parametrize("name", CASES)
def test_no_parameter_is_lost(name):
    used = sum(op.params for op in graph_of(name).ops)
    assert sum(block.params for block in blocks_of(items_of(name))) == used


def test_blocks_are_to_scale(drawn):
    style = Style(wide=True, side=100, top=224)
    assert style.extent(224) == 100
    assert style.extent(14) == pytest.approx(100 * 2.708 / 5.416, rel=1e-3)
    heights = [round(b - t, 3) for _, t, _, b in drawn("alexnet").wide.solids]
    assert heights == sorted(heights, reverse=True)
    widths = [style.thickness(channels) for channels in (1, 64, 1024)]
    steps = [widths[1] - widths[0], widths[2] - widths[1]]
    assert steps[0] / steps[1] == pytest.approx(5.022 / 3.979, rel=1e-2)


def test_colours_name_kinds_and_the_legend_names_colours(drawn):
    svg = drawn("resnet50").svg
    for kind in ("convolution", "pooling", "normalisation", "activation", "dense"):
        assert OP_COLORS[kind] in svg
        assert f">{kind}</text>" in svg
    assert ">attention</text>" not in svg


def test_depth_opens_and_labels_rename():
    model = build("resnet18")
    deep = cut_network(open_network(trace_graph(model, (3, 64, 64)), 2), {})
    assert [block.name for block in deep[2:4]] == ["layer1.0–1", "layer2.0"]
    labels = {"c1": "C1", "max_pool2d": "S2", "max_pool2d_2": "S4"}
    picture = diagram(LeNet(), (1, 32, 32), labels=labels)
    texts = [text.text for text in picture.wide.texts]
    assert [name for name in texts if name in ("C1", "S2", "c3", "S4")] == [
        "C1",
        "S2",
        "c3",
        "S4",
    ]


@pytest.mark.parametrize(
    ("first", "last", "both"),
    [
        ("layers.0", "layers.1", "layers.0–1"),
        ("layers.0–4", "layers.5", "layers.0–5"),
        ("boxes.0", "boxes.2", "boxes.0, 2"),
        ("boxes.0, 2", "boxes.3", "boxes.0, 2–3"),
        ("boxes.0–1", "boxes.3", "boxes.0–1, 3"),
        ("0", "3", "0, 3"),
        ("C1", "C2", "C1–2"),
        ("Mixed_5b–Mixed_5c", "Mixed_5d", "Mixed_5b–Mixed_5d"),
    ],
)
def test_numbers_that_are_no_run_are_listed(first, last, both):
    assert span(first, last) == both


def test_long_runs_have_short_names():
    names = [block.name for block in items_of("vgg16")]
    assert names[:3] == ["features.0, 2", "features.4", "features.5, 7"]
    zf = nn.Sequential()
    for k in (3, 4):
        zf.add_module(f"conv{k}", nn.Conv2d(2, 2, 1))
    (block,) = before_output(cut_network(open_network(trace_graph(zf, (2, 4, 4))), {}))
    assert (block.name, block.repeat) == ("conv3–4", 2)


def test_words_tell_all(drawn):
    picture = drawn("bottleneck")
    assert "379,392 parameters" in picture.alt
    assert "branches [conv1 (1×1 convolution, normalisation, activation)" in picture.alt
    assert "/ downsample (1×1 convolution, stride 2" in picture.alt
    assert "added to 512×28×28; relu (ReLU) gives 512×28×28; output" in picture.alt
    assert repr(picture) == picture.alt


def test_svg_is_well_formed_accessible_and_deterministic(drawn, tmp_path):
    picture = drawn("resnet50")
    picture.save(tmp_path / "resnet50.svg")
    root = ET.parse(tmp_path / "resnet50.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    title, words = root.find(f"{space}title"), root.find(f"{space}desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {words.get('id')}"
    assert (title.text, words.text) == ("ResNet", picture.alt)
    again = diagram(build("resnet50"), (3, 224, 224))
    assert again._repr_html_() == picture._repr_html_()


def test_ids_on_a_page_differ(drawn):
    html = "".join(drawn(name)._repr_html_() for name in ("resnet18", "resnet50"))
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids)) == 8


def test_titles_are_escaped():
    picture = diagram(LeNet(), (1, 32, 32), title="<LeNet> & co")
    ET.fromstring(picture.svg)
    assert "<LeNet>" not in picture._repr_html_()


def test_wider_letters_are_estimated_wider():
    assert text_width("mm") > text_width("nn") > text_width("ii")
    assert text_width("conv", bold=True) > text_width("conv")


def test_a_stride_that_makes_maps_larger_is_told_apart_from_one_that_halves_them():
    model = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ConvTranspose2d(4, 4, 2, 2))
    picture = diagram(model, (3, 8, 8))
    for canvas in (picture.wide, picture.phone):
        texts = [text.text for text in canvas.texts]
        assert "3×3 conv, /2" in texts
        assert "×2" in " ".join(texts)
        assert sum("/2" in text for text in texts) == 1


class Detector(nn.Module):
    """A module proposes, another one reads the proposals and the features."""

    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(8, 4, 1), nn.Conv2d(2, 4, 1)

        def forward(self, features: Tensor, proposals: Tensor) -> Tensor:
            return self.a(features) * self.b(proposals)

    def __init__(self) -> None:
        super().__init__()
        self.body, self.propose = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 2, 1)
        self.heads = self.Heads()

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        return self.heads(x, self.propose(x))


@pytest.mark.parametrize("layout", ["wide", "phone"])
def test_what_reads_two_things_gets_two_arrows(layout):
    picture = diagram(Detector(), (3, 32, 32), depth=1)
    assert "branches [propose" in picture.alt
    heads = [
        re.search(r'points="(\S+)', element)[1]
        for element in getattr(picture, layout).elements
        if 'class="h"' in element
    ]
    assert len(heads) == len(set(heads)) == 5, "body, propose, twice heads, output"


def test_a_label_for_what_is_not_drawn():
    with pytest.raises(ValueError, match=r"a step among c1, .*got 'conv1'"):
        diagram(LeNet(), (1, 32, 32), labels={"conv1": "C1"})


def test_depth_below_one():
    with pytest.raises(ValueError, match="depth >= 1, a whole number, got 0"):
        diagram(LeNet(), (1, 32, 32), depth=0)
