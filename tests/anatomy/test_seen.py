"""What a model does beside its layers is seen, or said not to be."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import not_known, receptive_window, stage_table, trace_graph
from edulib.drawing import diagram

IMAGE = 3, 8, 8


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class Steps(nn.Module):
    """A convolution, something that is done to its maps, another convolution."""

    def __init__(self, step: Callable[[Tensor], Tensor], channels: int = 4) -> None:
        super().__init__()
        self.a, self.step, self.b = conv(3, 4), step, conv(channels, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.step(self.a(x)))


def layers(model: nn.Module) -> list[str]:
    return [row.layer for row in stage_table(model, IMAGE).rows]


@pytest.mark.parametrize(
    ("step", "channels", "told"),
    [
        (lambda x: x.roll(1, -1), 4, "roll"),
        (lambda x: x.flip(-2), 4, "flip"),
        (lambda x: torch.rot90(x, 1, (2, 3)), 4, "rot90"),
        (lambda x: F.pixel_shuffle(x, 2), 1, "pixel shuffle"),
        (lambda x: F.pixel_unshuffle(x, 2), 16, "pixel unshuffle"),
        (lambda x: torch.channel_shuffle(x, 2), 4, "channel shuffle"),
        (lambda x: x.permute(0, 1, 3, 2), 4, "height and width swapped"),
        (lambda x: x.mT, 4, "height and width swapped"),
        (lambda x: x.topk(8, -1).values, 4, "topk"),
    ],
)
def test_numbers_that_change_places_do_so_in_table_and_picture(step, channels, told):
    model = Steps(step, channels)
    assert layers(model)[1] == told
    assert told in diagram(model, IMAGE).alt.split(";")[1]


def test_what_only_reads_otherwise_is_no_step():
    model = Steps(lambda x: (x + 1).permute(0, 2, 3, 1).permute(0, 3, 1, 2))
    assert diagram(model, IMAGE).alt.count(" gives ") == len(("a", "b", "output"))
    assert layers(model) == ["3×3 convolution", "addition", "3×3 convolution"]


def test_a_row_of_layers_names_what_changes_places():
    row = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 4), nn.PixelShuffle(2))
    assert layers(nn.Sequential(row)) == ["2 convolutions, pixel shuffle"]
    pair = nn.Sequential(nn.Sequential(conv(3, 4), nn.PixelShuffle(2)))
    assert layers(pair) == ["3×3 convolution; pixel shuffle"]


class Swapped(nn.Module):
    """Convolves a map whose height and width are swapped, and swaps them back."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, (5, 1), (2, 1))
        self.pool = nn.AvgPool2d((1, 2))

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(self.conv(x.transpose(2, 3))).permute(0, 1, 3, 2)


def seen_pixels(model: nn.Module, position: tuple[int, int]) -> tuple[int, ...]:
    """Return the box of pixels on which a position of the output depends."""
    model = model.double()
    for parameter in model.parameters():
        nn.init.uniform_(parameter, 0.5, 1)
    image = torch.rand(1, *IMAGE, dtype=torch.double, requires_grad=True)
    model(image)[0, :, *position].sum().backward()
    rows, columns = image.grad[0].abs().sum(0).nonzero().T
    edges = rows.min(), columns.min(), rows.max() + 1, columns.max() + 1
    return tuple(int(edge) for edge in edges)


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(conv(3, 4), nn.PixelShuffle(2), conv(1, 2)),
        nn.Sequential(conv(3, 2), nn.PixelUnshuffle(2), conv(8, 2)),
        nn.Sequential(nn.PixelUnshuffle(4), conv(48, 4), nn.PixelShuffle(2)),
        nn.Sequential(Swapped()),
        nn.Sequential(Steps(lambda x: x.flip(-1))),
    ],
)
@pytest.mark.parametrize("position", [(0, 0), (1, 1), (1, 0)])
def test_fields_are_followed_through_what_changes_places(model, position):
    seen = seen_pixels(model, position)
    assert receptive_window(model, IMAGE, str(len(model) - 1), position) == seen


def hooked() -> nn.Module:
    model = nn.Sequential(conv(3, 4), conv(4, 4), nn.Sequential(conv(4, 4), conv(4, 2)))
    model[0].register_forward_hook(lambda module, inputs, output: output * 2 + 1)
    model[1].register_forward_pre_hook(lambda module, inputs: F.relu(inputs[0]))
    model[2].register_forward_hook(lambda module, inputs, output: output.sigmoid())
    return model


def test_what_hooks_do_is_said():
    assert layers(hooked()) == [
        "3×3 convolution; hook: multiplication, addition",
        "hook: ReLU; 3×3 convolution",
        "3×3 convolution; 3×3 convolution; hook: sigmoid",
    ]
    assert "hook: multiplication, addition" in diagram(hooked(), IMAGE).alt


def test_hooks_that_only_look_or_make_weights_are_not_said():
    model = nn.Sequential(conv(3, 4), nn.utils.spectral_norm(conv(4, 2)))
    model[0].register_forward_hook(lambda *_: None)
    assert layers(model) == ["3×3 convolution"] * 2


class Tokens(nn.Module):
    """Adds a part of a buffer of positions to the patches of an image."""

    def __init__(self, rows: int, are_scores: bool = False) -> None:
        super().__init__()
        self.patches, self.are_scores = nn.Conv2d(3, 4, 4, 4), are_scores
        self.register_buffer("pe", torch.zeros(1, rows, 4))
        self.head = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).mT
        x = x + self.pe[:, : x.shape[1]]
        return self.head(x.softmax(-1) if self.are_scores else x)


@pytest.mark.parametrize("rows", [4, 9])
def test_a_buffer_of_positions_is_a_node(rows):
    alt = diagram(Tokens(rows), IMAGE).alt
    assert f"pe (constant) gives {rows}×4" in alt
    assert "added to 4×4" in alt


class Scores(nn.Module):
    """Adds a mask to the scores of one head, and does something to their sum."""

    def __init__(self, step: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.patches, self.qk, self.step = nn.Conv2d(3, 4, 4, 4), nn.Linear(4, 8), step
        self.register_buffer("mask", torch.zeros(4, 4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).mT
        query, key = self.qk(x).chunk(2, -1)
        return self.step(query @ key.mT + self.mask).softmax(-1) @ x


@pytest.mark.parametrize(
    "step",
    [
        lambda a: a,
        lambda a: a.float(),
        lambda a: a.clamp(-50, 50),
        lambda a: F.dropout(a, training=False) / 2,
        lambda a: a.view(-1, 4, 4) + a,
    ],
)
def test_a_mask_is_none_whatever_scales_it_before_the_softmax(step):
    assert "constant" not in diagram(Scores(step), IMAGE).alt


def test_a_mask_of_scores_is_none():
    assert "constant" not in diagram(Tokens(4, are_scores=True), IMAGE).alt


class Leaves(nn.Module):
    """Computes with NumPy between its layers."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = conv(3, 4), conv(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(torch.from_numpy(np.tanh(self.a(x).numpy())))


def test_numbers_that_leave_torch_are_told():
    said = not_known(trace_graph(Leaves(), IMAGE))
    assert said[1].startswith("Numbers leave torch by numpy: what becomes of them")
    assert not_known(trace_graph(Steps(lambda x: x), IMAGE)) == []


def said_of(between) -> str:
    return " ".join(not_known(trace_graph(Steps(between), IMAGE)))


LEAVES = {
    "dlpack": lambda x: torch.from_dlpack(np.from_dlpack(x) + 0),
    "untyped_storage": lambda x: x + sum(x.untyped_storage().tolist()[:5]),
    "array": lambda x: torch.from_numpy(np.asarray(x) * 2),
    "numpy": lambda x: x + memoryview(x.numpy())[0, 0, 0, 0],
}


@pytest.mark.parametrize("name", LEAVES)
def test_memory_that_leaves_torch_is_told(name):
    assert f"Numbers leave torch by {name}" in said_of(LEAVES[name])


SINGLE = {
    "item": lambda x: x * x.mean().item(),
    "float": lambda x: x + sum(float(v) for v in x.mean((0, 2, 3))),
    "int": lambda x: x + int(x.sum()),
    "index": lambda x: x * [1, 2][x[0, 0, 0, 0].long()],
}


@pytest.mark.parametrize("name", SINGLE)
def test_single_numbers_that_leave_torch_are_told(name):
    said = said_of(SINGLE[name])
    assert f"Single numbers leave torch by {name}" in said
    assert "taken for a constant" in said
    assert "what becomes of them" not in said


LOOKS = {
    "cast": lambda x: x.float().int().float() if x.sum() > -1 else x,
    "decision": lambda x: x + 1 if x.mean() > 0 else x - 1,
    "bytes": lambda x: x * x.untyped_storage().nbytes(),
    "address": lambda x: x if x.data_ptr() >= 0 else x + 1,
}


@pytest.mark.parametrize("name", LOOKS)
def test_what_only_looks_lets_no_number_leave(name):
    assert "leave torch" not in said_of(LOOKS[name])


class Silent(nn.Module):
    """Returns nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.a = conv(3, 4)

    def forward(self, x: Tensor) -> None:
        self.a(x)


def test_a_model_that_returns_nothing_has_no_output():
    graph = trace_graph(Silent(), IMAGE)
    assert graph.outputs == ()
    assert not_known(graph) == [
        "What the model returns holds no tensor that could be followed."
    ]
    alt = diagram(Silent(), IMAGE).alt
    assert "a (3×3 convolution) gives 4×8×8" in alt
    assert "output" not in alt
