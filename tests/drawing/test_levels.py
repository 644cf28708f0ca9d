"""Networks whose paths cross or turn: rows by resolution, columns, loops in time."""

import re
import sys
import warnings
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
import torch
from test_diagram import box, lines_of, meet
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import count_parameters, trace_graph
from edulib.drawing import OP_COLORS, diagram
from edulib.drawing.diagram.items import Block, Levels, blocks_of, with_start
from edulib.drawing.diagram.levels import place
from edulib.drawing.diagram.make_blocks import input_block
from edulib.drawing.diagram.page import PHONE, WIDE
from edulib.drawing.diagram.regions import cut_network
from edulib.drawing.diagram.tree import open_network

sys.path.insert(0, str(Path(__file__).parents[1] / "anatomy"))
from zoo import ZOO, conv


class Hourglass(nn.Module):
    """A U-Net of four levels."""

    def __init__(self) -> None:
        super().__init__()
        widths = (8, 16, 32, 64)
        self.down = nn.ModuleList(
            conv(a, b) for a, b in zip((3, 8, 16, 32), widths, strict=True)
        )
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in (8, 16, 32))
        self.join = nn.ModuleList(conv(2 * w, w) for w in (8, 16, 32))
        self.head = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for block in self.down[:-1]:
            skips.append(block(x))
            x = F.max_pool2d(skips[-1], 2)
        x = self.down[-1](x)
        for k in (2, 1, 0):
            x = self.join[k](torch.cat([skips[k], self.up[k](x)], 1))
        return self.head(x)


class Neck(nn.Module):
    """Down, up, down again, and a head at each level, as in YOLO."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, 4, 3, 2), conv(4, 8, 3, 2))
        self.stage4, self.stage5 = conv(8, 16, 3, 2), conv(16, 32, 3, 2)
        self.top4, self.top3 = conv(48, 16), conv(24, 8)
        self.down4, self.out4 = conv(8, 8, 3, 2), conv(24, 16)
        self.down5, self.out5 = conv(16, 16, 3, 2), conv(48, 32)
        self.heads = nn.ModuleList(nn.Conv2d(width, 5, 1) for width in (8, 16, 32))

    def forward(self, x: Tensor) -> list[Tensor]:
        c3 = self.stem(x)
        c4 = self.stage4(c3)
        c5 = self.stage5(c4)
        n4 = self.top4(torch.cat([F.interpolate(c5, scale_factor=2.0), c4], 1))
        n3 = self.top3(torch.cat([F.interpolate(n4, scale_factor=2.0), c3], 1))
        o4 = self.out4(torch.cat([self.down4(n3), n4], 1))
        o5 = self.out5(torch.cat([self.down5(o4), c5], 1))
        return [head(o) for head, o in zip(self.heads, (n3, o4, o5), strict=True)]


class Refined(nn.Module):
    """A guess that one module refines again and again, as in RAFT."""

    def __init__(self, turns: int) -> None:
        super().__init__()
        self.turns = turns
        self.encoder = conv(3, 8, 3, 2)
        self.update = nn.Sequential(conv(10, 8), nn.Conv2d(8, 2, 3, padding=1))
        self.start = nn.Conv2d(3, 2, 3, 2, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        features, guess, found = self.encoder(x), self.start(x), []
        for _ in range(self.turns):
            guess = guess + self.update(torch.cat([features, guess], 1))
            found.append(F.interpolate(guess, scale_factor=2.0))
        return found


class Translator(nn.Module):
    """An encoder, and a decoder that looks at it and writes something else."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerDecoderLayer(16, 2, 32, batch_first=True)
        self.embed, self.ask = nn.Embedding(40, 16), nn.Embedding(30, 16)
        self.encoder = nn.Sequential(
            *(nn.TransformerEncoderLayer(16, 2, 32, batch_first=True) for _ in range(3))
        )
        self.decoder = nn.TransformerDecoder(layer, 2)
        self.head = nn.Linear(16, 30)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        memory = self.encoder(self.embed(source))
        return self.head(self.decoder(self.ask(target), memory))


class Wrapped(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x)


class Crossed(nn.Module):
    """Paths that cross in one resolution."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(4, 4, 3, padding=1) for _ in range(count))

    def forward(self, x: Tensor) -> Tensor:
        a, b = x, self.convs[0](x)
        for layer in self.convs[1:]:
            a, b = b, layer(torch.cat([a[:, :2], b[:, 2:]], 1))
        return a * b


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of the old weight_norm
        yield


IMAGE = (3, 64, 64)
WORDS = torch.zeros(1, 9, dtype=torch.long)
NETS = {
    "hourglass": (Hourglass, (IMAGE,)),
    "wrapped": (lambda: Wrapped(Hourglass()), (IMAGE,)),
    "neck": (Neck, (IMAGE,)),
    "refined": (lambda: Refined(6), (IMAGE,)),
    "translator": (Translator, (WORDS, torch.zeros(1, 7, dtype=torch.long))),
    "crossed": (lambda: Crossed(7), ((4, 8, 8),)),
    **{name: (animal.make, animal.inputs) for name, animal in ZOO.items()},
}
LAYOUTS = pytest.mark.parametrize("layout", ["wide", "phone"])


@cache
def drawn(name: str):
    make, inputs = NETS[name]
    return diagram(make(), *inputs)


@cache
def items(name: str):
    make, inputs = NETS[name]
    return cut_network(open_network(trace_graph(make(), *inputs)), {})


def everything(name: str) -> list[Block]:
    return [*blocks_of(items(name))]


@LAYOUTS
@pytest.mark.parametrize("name", NETS)
def test_labels_touch_no_label_and_no_block(name, layout):
    canvas = getattr(drawn(name), layout)
    for one, two in combinations(canvas.texts, 2):
        assert not meet(box(one), box(two)), (one.text, two.text)
    for text in canvas.texts:
        for solid in canvas.solids:
            assert not meet(box(text), solid), text.text


@LAYOUTS
@pytest.mark.parametrize("name", NETS)
def test_no_line_crosses_a_word(name, layout):
    canvas = getattr(drawn(name), layout)
    for text in canvas.texts:
        for line in lines_of(canvas):
            assert not meet(box(text), line), text.text


@LAYOUTS
@pytest.mark.parametrize("name", NETS)
def test_no_line_begins_in_the_head_of_an_arrow(name, layout):
    elements = getattr(drawn(name), layout).elements
    heads = []
    for element in elements:
        if 'class="h"' in element:
            found = [float(n) for n in re.findall(r"-?[\d.]+", element)]
            xs, ys = found[::2], found[1::2]
            heads.append((min(xs), min(ys), max(xs), max(ys)))
    turning = r'<path class="e" d="M(\S+) (\S+?)L(\S+) (\S+?)Q'
    for match in (re.match(turning, element) for element in elements):
        if match is None:
            continue
        x0, y0, x1, y1 = map(float, match.groups())
        first = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
        assert not any(meet(first, head, 0) for head in heads), match[0]


@pytest.mark.parametrize("name", NETS)
def test_it_fits_the_page(name):
    picture = drawn(name)
    for canvas, limit in ((picture.wide, WIDE), (picture.phone, PHONE)):
        assert canvas.bounds[2] - canvas.bounds[0] <= limit


@pytest.mark.parametrize("name", NETS)
def test_nothing_is_hidden_behind_a_word(name):
    make, inputs = NETS[name]
    model = make()
    used = sum(op.params for op in trace_graph(model, *inputs).ops)
    assert used == count_parameters(model)
    assert sum(block.params for block in everything(name)) == used
    assert "interlaced" not in drawn(name).alt


@pytest.mark.parametrize("name", NETS)
def test_a_phone_says_how_its_blocks_stand(name):
    words = " ".join(text.text for text in drawn(name).phone.texts)
    stand = "levels [" in drawn(name).alt
    assert ("thickness is channels" in words) != ("width is channels" in words)
    assert "width is channels" in words or not stand


def test_the_grey_of_outputs_is_named_with_that_of_reshape():
    texts = [text.text for text in drawn("neck").wide.texts]
    assert "input, output, reshape" in texts
    assert "reshape" not in texts
    texts = [text.text for text in drawn("hourglass").wide.texts]
    assert [text for text in texts if "output" in text] == ["output", "input, output"]


def in_levels(name: str) -> list[Levels]:
    make, inputs = NETS[name]
    start = open_network(trace_graph(make(), *inputs)).start
    return with_start([input_block(start), *items(name)])


def columns(name: str) -> dict[str, tuple[int, int, bool]]:
    (levels,) = in_levels(name)
    found = zip(levels.blocks, place(levels), strict=True)
    return {b.name: (cell.column, cell.row, cell.upward) for b, cell in found}


def test_an_encoder_goes_down_and_a_decoder_up():
    at = columns("hourglass")
    assert [at[f"down.{k}"] for k in range(4)] == [(0, k, False) for k in range(4)]
    assert [at[f"join.{k}"] for k in range(3)] == [(1, k, True) for k in range(3)]
    assert at["head"] == (1, 0, True)
    wrapped = columns("wrapped")
    assert all(
        wrapped[f"inner.{k}"] == cell
        for k, cell in at.items()
        if "pool" not in k and "put" not in k
    )


def test_a_neck_goes_down_up_and_down():
    at = columns("neck")
    ways = [at[name][0] for name in ("stage5", "top4", "top3", "down4", "out5")]
    assert ways == [0, 1, 1, 2, 2]
    assert [at[f"heads.{k}"][1] for k in range(3)] == [
        at[name][1] for name in ("top3", "out4", "out5")
    ]


@LAYOUTS
def test_a_joint_of_many_names_them(layout):
    texts = [text.text for text in getattr(drawn("deeplab"), layout).texts]
    assert "joins: convs.0 … convs.4" in " ".join(texts)


@LAYOUTS
def test_a_concatenation_names_what_it_joins_in_order(layout):
    texts = [text.text for text in getattr(drawn("neck"), layout).texts]
    told = " ".join(texts)
    assert "concat interpolate, then stage4 " in told
    assert told.index("concat down4, then top4 ") < told.index("down5, then stage5 ")
    assert not any(text.startswith("+ ") for text in texts)


@LAYOUTS
@pytest.mark.parametrize("name", NETS)
def test_no_number_is_without_a_noun(name, layout):
    texts = [text.text for text in getattr(drawn(name), layout).texts]
    assert [text for text in texts if text.endswith(" params")]
    assert not [text for text in texts if re.fullmatch(r"[\d.]+ [kMG]", text)]


def test_skips_lead_from_level_to_level():
    (levels,) = items("hourglass")
    names = [block.name for block in levels.blocks]
    for k in range(3):
        merge = next(
            n
            for n, block in enumerate(levels.blocks)
            if block.op_type == "concat" and names.index(f"join.{k}") == n + 1
        )
        reads = {names[source] for source in levels.sources(merge)}
        assert reads == {f"down.{k}", f"up.{k}"}


@pytest.mark.parametrize("turns", [3, 6])
def test_a_loop_in_time_is_one_step(turns):
    found = cut_network(open_network(trace_graph(Refined(turns), IMAGE)), {})
    (update,) = [block for block in blocks_of(found) if block.name == "update"]
    assert update.repeat == turns
    assert "shared" in update.words
    alt = diagram(Refined(turns), IMAGE).alt
    if turns > 3:
        assert f"outputs 0–{turns - 1} (one a turn) gives" in alt


def test_two_calls_are_no_loop():
    alt = diagram(Refined(2), IMAGE).alt
    assert "shared" not in alt


def test_a_decoder_says_what_it_attends_to():
    alt = drawn("translator").alt
    assert "cross-attention to encoder" in alt
    at = columns("translator")
    assert at["encoder"][0] < at["decoder"][0]
    assert "cross-attention" not in drawn("text").alt


@pytest.mark.parametrize("norm", [None, nn.LayerNorm(16)])
def test_a_decoder_says_how_many_blocks_it_has(norm):
    model = Translator()
    model.decoder.norm = norm
    found = cut_network(open_network(trace_graph(model, *NETS["translator"][1])), {})
    (decoder,) = [block for block in blocks_of(found) if block.name == "decoder"]
    assert decoder.repeat == 2
    assert decoder.words == "TransformerDecoderLayer"
    assert decoder.shortcuts == (True, True)
    assert decoder.attends_to


def test_blocks_side_by_side_are_not_counted_as_a_chain():
    class Branch(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 3, padding=1))

    class Inner(nn.Module):
        def __init__(self, chained: bool) -> None:
            super().__init__()
            self.chained, self.a, self.b = chained, Branch(), Branch()

        def forward(self, x: Tensor) -> Tensor:
            y = self.a(x)
            return self.b(y) if self.chained else self.b(x)[:, :, :1] * y

    for chained, repeat in ((True, 2), (False, 1)):
        found = cut_network(
            open_network(trace_graph(Wrapped(Inner(chained)), (4, 8, 8)), 1), {}
        )
        assert [block.repeat for block in blocks_of(found)] == [repeat, 1]


def test_a_block_that_holds_attention_has_its_colour():
    kinds = {block.name: block.op_type for block in everything("translator")}
    assert kinds["encoder"] == kinds["decoder"] == "attention"
    assert kinds["head"] == "dense"


def test_a_product_of_matrices_is_no_attention():
    kinds = {block.name: block.op_type for block in everything("towers")}
    assert kinds["matmul"] == "other"
    assert "matrix product" in drawn("towers").alt


class Compared(nn.Module):
    """Two images that one encoder sees as a batch; their maps are compared."""

    def __init__(self, operands: int) -> None:
        super().__init__()
        self.operands = operands
        self.encoder, self.head = conv(3, 8, 3, 2), nn.Conv2d(1024, 4, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        one, two = self.encoder(torch.cat([x, y])).chunk(2)
        two = two.flatten(2) if self.operands == 2 else torch.ones(1, 8, 1024)
        return self.head((one.flatten(2).mT @ two).mT.unflatten(2, one.shape[2:]))


@LAYOUTS
def test_both_maps_of_one_step_lead_into_their_product(layout):
    def heads(operands: int) -> int:
        picture = diagram(Compared(operands), IMAGE, IMAGE)
        elements = getattr(picture, layout).elements
        return len({element for element in elements if 'class="h"' in element})

    assert heads(2) == heads(1) + 2  # the other map is flattened, and multiplied


def test_a_difference_has_a_minus():
    class Difference(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.a(x) - self.b(x)

    strokes = [
        element
        for element in diagram(Difference(), IMAGE).wide.elements
        if element.startswith('<path class="s"')
    ]
    assert len(strokes) == 1, "a plus and a cross have two"


def test_a_run_on_zeros_is_said():
    class Asks(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(x) if float(x.sum()) == 0 else x

    picture = diagram(Asks(), IMAGE)
    assert "run on zeros" in picture.svg
    assert "may differ" in picture.alt
    assert "zeros" not in drawn("hourglass").alt


def test_learned_numbers_have_their_colour_and_place():
    picture = drawn("queries")
    assert OP_COLORS["constant"] in picture.svg
    at = columns("queries")
    assert at["queries"][0] == at["decoder"][0] > at["encoder"][0] > at["position"][0]


class Learned(Hourglass):
    """Does nothing with its input: what it gives is made of learned numbers alone."""

    def __init__(self, *, opened: bool) -> None:
        super().__init__()
        self.image, self.opened = nn.Parameter(torch.zeros(1, 3, 64, 64)), opened

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(0 if self.opened else 6):  # free steps, drawn as one
            x = x.abs().sin()
        x = self.image
        for _ in range(0 if self.opened else 6):
            x = x.abs().sin()
        return super().forward(x)


@pytest.mark.parametrize("opened", [True, False])
def test_an_input_that_plays_no_part_is_drawn_where_it_is_read(opened):
    network = open_network(trace_graph(Learned(opened=opened), IMAGE))
    assert (network.start is None) == opened
    picture = diagram(Learned(opened=opened), IMAGE)
    assert ("input" in [text.text for text in picture.wide.texts]) != opened


class Deaf(nn.Module):
    """A module that is given an image, and gives learned numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.ear, self.inner = conv(3, 8), nn.Parameter(torch.zeros(1, 8, 16, 16))

    def forward(self, x: Tensor) -> Tensor:
        self.ear(x)
        return self.inner


@pytest.mark.parametrize(("depth", "is_read"), [(1, True), (2, False)])
def test_no_line_leads_from_an_input_to_learned_numbers(depth, is_read):
    model = nn.Sequential(Deaf(), conv(8, 4))
    texts = [text.text for text in diagram(model, IMAGE, depth=depth).wide.texts]
    assert ("input" in texts) == is_read
