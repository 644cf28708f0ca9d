"""What a model does beside its layers is seen, or said not to be."""

import numpy as np
import pytest
import torch
from steps import IMAGE, Own, Steps, conv
from torch import Tensor, nn

from edulib.anatomy import not_known, receptive_window, trace_graph
from edulib.drawing import diagram


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


class Writes(nn.Module):
    """Asks for a value, and hands on zeros of which a part was written."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = conv(3, 4), conv(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)
        if x.sum() > 1e6:
            return x
        padded = x.new_zeros(x.shape)
        padded[:, :, 1:].copy_(x[:, :, 1:])
        return self.b(padded)


def test_what_the_tools_ask_themselves_lets_no_number_leave():
    (said,) = not_known(trace_graph(Writes(), IMAGE))
    assert said.startswith("The model asks for values")


OWN_TENSORS = {
    "a wave": lambda x: (x[..., None] * torch.arange(4)).sin(),
    "a grid": lambda x: x * torch.linspace(-1, 1, 8),
    "ones beside it": lambda x: torch.cat([x, torch.ones(1, 1, 8, 8)], 1),
    "a mask": lambda x: x.masked_fill(torch.ones(8, 8).triu(1) > 0, 0),
}


@pytest.mark.parametrize("function", OWN_TENSORS.values(), ids=OWN_TENSORS)
def test_tensors_that_a_model_makes_ask_for_no_values(function):
    graph = trace_graph(Own(function), IMAGE)
    assert not graph.from_values
    assert graph.ops[-1].shape == tuple(function(torch.zeros(1, *IMAGE)).shape[1:])


def test_tensors_that_a_model_makes_and_asks_are_run():
    net = Own(lambda x: x * torch.arange(8) if x.sum() > torch.ones(1) else x)
    assert trace_graph(net, IMAGE).from_values


class Tokens(nn.Module):
    """Puts a class token before the others, and attends to them by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.token = nn.Conv2d(3, 4, 4, 4), nn.Parameter(torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).mT
        x = torch.cat([self.token.expand(len(x), 1, -1), x], 1)
        return ((x @ x.mT).softmax(-1) @ x)[:, 0]


def test_what_is_lost_beside_a_parameter_is_told():
    (said,) = not_known(trace_graph(Tokens(), IMAGE))
    assert said == "Receptive fields are not known behind cat."


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
