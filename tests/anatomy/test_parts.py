"""Parts of a tensor that are joined again, and those that are taken of a layer."""

from collections.abc import Callable

import pytest
import torch
from steps import IMAGE, Own, Steps, conv, layers
from torch import Tensor, nn

from edulib.anatomy import trace_graph
from edulib.anatomy.pixels import seen_pixels
from edulib.drawing import diagram


def halves(x: Tensor, dim: int) -> Tensor:
    return torch.cat(x.chunk(2, dim)[::-1], dim)


JOINED = [
    (lambda x: halves(x, 2), "roll"),
    (lambda x: halves(x, 3), "roll"),
    (lambda x: torch.cat([x[:, :, 5:], x[:, :, :5]], 2), "roll"),
    (lambda x: torch.cat((x[..., 3:], x[..., :3]), dim=-1), "roll"),
    (lambda x: torch.cat([x.narrow(2, 6, 2), x.narrow(2, 0, 6)], 2), "roll"),
    (lambda x: torch.cat([x[:, :, 2:][:, :, 2:], x[:, :, :4]], 2), "roll"),
    (lambda x: halves(x.permute(0, 2, 3, 1), 2).permute(0, 3, 1, 2), "roll"),
    (lambda x: torch.cat([x[..., k : k + 1] for k in range(7, -1, -1)], 3), "flip"),
    (lambda x: torch.stack(x.unbind(2)[::-1], 2), "flip"),
    (lambda x: torch.cat(x.split(3, 3)[::-1], 3), "positions in another order"),
    (lambda x: torch.cat([x[:, :, ::2], x[:, :, 1::2]], 2), "positions in another ord"),
    (lambda x: halves(x, 1), "channels in another order"),
    (lambda x: torch.concat(tensors=x.chunk(2, 1)[::-1], dim=1), "channels in another"),
    (lambda x: torch.cat([x[:, ::2], x[:, 1::2]], 1), "channels in another order"),
    (lambda x: torch.stack([x[:, k] for k in (3, 1, 2, 0)], 1), "channels in another"),
]


@pytest.mark.parametrize(("step", "told"), JOINED)
def test_parts_that_are_joined_in_another_order_are_one_step(step, told):
    model = Steps(step)
    assert told in layers(model)[-2]
    drawn = diagram(model, IMAGE).alt
    assert f"({told}" in drawn
    assert drawn.count(" gives ") == len(("a", "this", "b", "output"))


@pytest.mark.parametrize("step", [step for step, _ in JOINED])
def test_the_pixels_behind_joined_parts_are_those_that_count(step):
    model = Steps(step).double()
    for parameter in model.parameters():
        nn.init.ones_(parameter)
    graph = trace_graph(model, IMAGE)
    for place in ((0, 0), (3, 5), (7, 7)):
        image = torch.rand(1, *IMAGE, dtype=torch.double, requires_grad=True)
        (slope,) = torch.autograd.grad(model(image)[0, 0][place], image)
        seen = seen_pixels(graph, graph.outputs[0].op, place)
        assert torch.equal(seen, (slope[0] != 0).any(0))


def test_parts_in_their_own_order_are_no_step():
    for step in (
        lambda x: torch.cat(x.chunk(2, 1), 1),
        lambda x: torch.cat([x[:, :, :3], x[:, :, 3:]], 2),
    ):
        model = Steps(step)
        assert diagram(model, IMAGE).alt.count(" gives ") == 3
        assert trace_graph(model, IMAGE).ops[-1].place.grid == IMAGE[1:]


@pytest.mark.parametrize(
    ("step", "channels"),
    [
        (lambda x: torch.cat([x, x], 1), 8),
        (lambda x: torch.cat([x, x], 2), 4),
        (lambda x: torch.cat(x.chunk(2, 2), 1), 8),
        (lambda x: torch.hstack([x, x]), 8),
    ],
)
def test_a_tensor_that_is_joined_to_itself_is_drawn(step, channels):
    assert "(concatenation)" in diagram(Steps(step, channels), IMAGE).alt


def of_halves(join: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda x: join(*x.chunk(2, 1))


@pytest.mark.parametrize(
    ("step", "channels", "told"),
    [
        (lambda x: x * x, 4, "multiplication with itself"),
        (lambda x: torch.mul(input=x, other=x), 4, "multiplication with itself"),
        (of_halves(torch.mul), 2, "multiplication of two results of chunk"),
        (of_halves(torch.add), 2, "addition of two results of chunk"),
        (of_halves(torch.sub), 2, "subtraction of two results of chunk"),
        (of_halves(torch.div), 2, "division of two results of chunk"),
        (of_halves(torch.maximum), 2, "maximum of two results of chunk"),
        (of_halves(torch.max), 2, "max of two results of chunk"),
        (
            lambda x: torch.mul(*x.split(2, 1)),
            2,
            "multiplication of two results of split",
        ),
    ],
)
def test_tensors_of_one_op_that_are_multiplied_or_added_are_drawn(step, channels, told):
    model = Steps(step, channels)
    assert layers(model)[-2] == told
    assert f"({told})" in diagram(model, IMAGE).alt


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x + x,
        lambda x: 2 * x,
        lambda x: x * torch.ones(4, 1, 1, device=x.device),
    ],
)
def test_what_only_scales_is_not_drawn(step):
    assert diagram(Steps(step), IMAGE).alt.count(" gives ") == 3


@pytest.mark.parametrize("join", [torch.mul, torch.maximum, torch.max])
def test_a_layer_whose_halves_are_multiplied_is_not_called_that_layer(join):
    gate = Own(of_halves(join), layer=conv(4, 8))
    model = nn.Sequential(conv(3, 4), gate, conv(4, 2))
    assert layers(model)[1] == "Own"
    assert "1 (Own" in diagram(model, IMAGE).alt


def test_parts_may_be_joined_in_a_tensor_that_is_there():
    def step(x: Tensor) -> Tensor:
        one = x[0]
        return torch.cat(one.chunk(2)[::-1], out=one.new_empty(one.shape))[None]

    assert layers(Steps(step))[-2] == "numbers in another order"


def test_parts_that_were_written_to_are_not_the_whole():
    def step(x: Tensor) -> Tensor:
        first, second = x.chunk(2, 1)
        x[:, :2] = 0
        return torch.cat([second, first], 1)

    assert layers(Steps(step))[-2] == "concatenation"


class Tokens(nn.Module):
    """Patches as tokens, and a module that takes some of what its layer gives."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.patches, self.module = nn.Conv2d(3, 8, 2, 2), module

    def forward(self, x: Tensor) -> Tensor:
        return self.module(self.patches(x).flatten(2).mT)


class Attends(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x, x, x, need_weights=False)[0][:, 0]


class Before(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x[:, 0])


def own(step, layer) -> Own:
    return Own(step, layer=layer)


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (own(lambda x: x[:, 0], nn.Linear(8, 8)), "fully connected; selection: row 0"),
        (
            own(lambda x: x[:, 1:], nn.Linear(8, 8)),
            "fully connected; selection: rows 1–15",
        ),
        (own(lambda x: x.select(1, 0), nn.Linear(8, 8)), "fully connected; selection"),
        (
            own(lambda x: x.narrow(1, 0, 4), nn.Linear(8, 8)),
            "fully connected; selection",
        ),
        (own(lambda x: x.chunk(2, 1)[0], nn.Linear(8, 8)), "fully connected; chunk"),
        (
            own(lambda x: x.view(-1, 16, 2, 4)[:, :, 0], nn.Linear(8, 8)),
            "fully connected; selection",
        ),
        (
            own(lambda x: x[:, 0], nn.LayerNorm(8)),
            "layer normalisation; selection: row 0",
        ),
        (own(lambda x: x[:, 0], nn.GELU()), "GELU; selection: row 0"),
        (Attends(), "multi-head attention; selection: row 0"),
        (Before(), "selection: row 0; fully connected"),
        (own(lambda x: x[:], nn.Linear(8, 8)), "fully connected"),
        (own(lambda x: x[:, None], nn.Linear(8, 8)), "fully connected"),
    ],
)
def test_what_is_selected_of_tokens_is_in_the_words_of_the_module(module, told):
    model = Tokens(module)
    assert layers(model)[-1] == told
    assert f"module ({told})" in diagram(model, IMAGE, depth=1).alt


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (
            own(lambda x: x[..., :-1], conv(4, 4)),
            "3×3 convolution; selection: columns 0–6",
        ),
        (
            own(lambda x: x[:, :2], conv(4, 4)),
            "3×3 convolution; selection: channels 0–1",
        ),
        (
            own(lambda x: x[:, :, 1:], nn.BatchNorm2d(4)),
            "batch normalisation; selection: rows 1–7",
        ),
        (
            own(lambda x: x[:, :, 1:], nn.AvgPool2d(2)),
            "2×2 average pooling, stride 2; selection: rows 1–3",
        ),
        (
            nn.Sequential(conv(4, 4), Own(lambda x: x[:, :, ::2, ::2])),
            "3×3 convolution; selection: every 2nd row and column",
        ),
    ],
)
def test_what_is_selected_of_maps_is_in_the_words_of_the_module(module, told):
    assert layers(nn.Sequential(conv(3, 4), module))[-1] == told


def test_a_split_whose_parts_are_all_read_is_no_selection():
    def less(x: Tensor) -> Tensor:
        one, other = x.chunk(2, 1)
        return one - other

    split = Own(less, a=conv(3, 4))
    assert layers(nn.Sequential(split, conv(2, 2)))[0] == "3×3 convolution"
    half = Own(lambda x: x.chunk(2, 1)[1], a=conv(3, 4))
    assert layers(nn.Sequential(half, conv(2, 2)))[0] == "3×3 convolution; chunk"
