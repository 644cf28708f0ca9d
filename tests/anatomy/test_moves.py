"""What puts numbers at other positions is a step, however it is written."""

from collections.abc import Callable

import pytest
import torch
from steps import IMAGE, Own, Steps, conv, layers
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import trace_graph
from edulib.drawing import diagram


def shuffle(x: Tensor) -> Tensor:
    """Shuffle channels in two groups by views, as ShuffleNet's authors do."""
    return x.view(-1, 2, 2, *x.shape[2:]).transpose(1, 2).reshape(x.shape)


def to_depth(x: Tensor) -> Tensor:
    batch, channels, height, width = x.shape
    x = x.view(batch, channels, height // 2, 2, width // 2, 2)
    return x.permute(0, 1, 3, 5, 2, 4).reshape(batch, -1, height // 2, width // 2)


def to_space(x: Tensor) -> Tensor:
    x = x.view(-1, 1, 2, 2, *x.shape[2:]).permute(0, 1, 4, 2, 5, 3)
    return x.reshape(-1, 1, 16, 16)


@pytest.mark.parametrize(
    ("step", "channels", "told"),
    [
        (lambda x: x.roll(1, -1), 4, "roll"),
        (lambda x: x.flip(-2), 4, "flip"),
        (lambda x: x.flip((1, -1)), 4, "flip"),
        (lambda x: x.flip(1), 4, "channels in another order"),
        (torch.fliplr, 4, "channels in another order"),
        (lambda x: x.roll(1, 1), 4, "channels in another order"),
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


@pytest.mark.parametrize(
    ("step", "channels", "told"),
    [
        (shuffle, 4, "channel shuffle"),
        (lambda x: shuffle(x.flatten(2).unflatten(2, (8, 8))), 4, "channel shuffle"),
        (to_depth, 16, "space to depth"),
        (to_space, 1, "depth to space"),
        (lambda x: x.swapdims(2, 3), 4, "height and width swapped"),
        (lambda x: torch.moveaxis(x, 2, 3), 4, "height and width swapped"),
        (lambda x: x.adjoint(), 4, "height and width swapped"),
        (
            lambda x: x.permute(0, 2, 3, 1).permute(0, 3, 2, 1),
            4,
            "height and width swapped",
        ),
        (
            lambda x: x.reshape(-1, 8, 8, 4).permute(0, 3, 1, 2),
            4,
            "channels and positions mixed",
        ),
    ],
)
def test_views_that_change_the_order_are_one_step(step, channels, told):
    for model in (Steps(step, channels), Steps(Own(step), channels)):
        assert layers(model)[1] == told
        assert diagram(model, IMAGE).alt.count(" gives ") == 4  # a, this, b, output
        assert f"({told}" in diagram(model, IMAGE).alt.split(";")[1]


def halves(x: Tensor) -> Tensor:
    """Make channels of the upper and the lower half: neighbours are torn apart."""
    return x.reshape(-1, 8, 4, 8)


def quarters(x: Tensor) -> Tensor:
    x = x.view(-1, 4, 2, 4, 2, 4).permute(0, 2, 4, 1, 3, 5)
    return x.reshape(-1, 16, 4, 4)


def stacked(x: Tensor) -> Tensor:
    """Put two channels one below the other."""
    return x.reshape(-1, 2, 16, 8)


@pytest.mark.parametrize(
    ("step", "channels"),
    [
        (halves, 8),
        (quarters, 16),
        (stacked, 2),
        (lambda x: x.view(-1, 8, 8, 4).permute(0, 3, 1, 2), 4),
        (lambda x: x.flatten(2).mT.reshape(x.shape), 4),
        (lambda x: x[..., :6].flatten(2).mT.reshape(-1, 4, 8, 6), 4),
        (lambda x: x[..., :6].permute(0, 2, 3, 1).reshape(-1, 4, 8, 6), 4),
    ],
)
def test_views_that_tear_neighbours_apart_are_no_space_to_depth(step, channels):
    assert layers(Steps(step, channels))[-2] == "channels and positions mixed"


def test_two_changes_of_order_are_both_told():
    def both(x: Tensor) -> Tensor:
        return x.view(-1, 2, 2, 8, 8).permute(0, 2, 1, 4, 3).reshape(x.shape)

    assert layers(Steps(both))[1] == "channel shuffle, height and width swapped"
    twice = nn.Sequential(conv(3, 12), Own(shuffle_12), Own(shuffle_12), conv(12, 2))
    assert layers(twice)[1:3] == ["channel shuffle"] * 2


def shuffle_12(x: Tensor) -> Tensor:
    return x.view(-1, 2, 6, 8, 8).transpose(1, 2).reshape(x.shape)


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x.flatten(2).mT.mT.reshape(-1, 4, 8, 8),
        lambda x: torch.moveaxis(x, 1, 3).moveaxis(3, 1),
        lambda x: x.transpose(1, 2).transpose(2, 3).permute(0, 3, 1, 2),
        lambda x: x.view(-1, 2, 2, 8, 8).view(-1, 4, 8, 8),
        lambda x: (
            x.view(-1, 4, 2, 4, 2, 4)
            .transpose(3, 4)
            .mT.mT.transpose(3, 4)
            .reshape(-1, 4, 8, 8)
        ),
    ],
)
def test_views_and_back_are_none(step):
    assert layers(Steps(step)) == ["3×3 convolution"] * 2
    assert diagram(Steps(step), IMAGE).alt.count(" gives ") == 3


def test_windows_of_a_map_are_not_told_as_another_order():
    def windows(x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1).view(-1, 2, 4, 2, 4, 4)
        return x.transpose(2, 3).reshape(-1, 16, 4).mean(0)

    assert all(
        not op.reordered for op in trace_graph(Own(windows, a=conv(3, 4)), IMAGE).ops
    )


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (Own(lambda x: F.relu(x).flip(3)), "ReLU; flip"),
        (Own(lambda x: F.relu(x.roll(1, 2))), "roll; ReLU"),
        (Own(lambda x: shuffle(F.relu(x))), "ReLU; channel shuffle"),
        (Own(lambda x: x.flip(2), n=nn.BatchNorm2d(4)), "batch normalisation; flip"),
        (Own(lambda x: x.rot90(1, (2, 3)), r=nn.ReLU()), "ReLU; rot90"),
    ],
)
def test_a_module_that_moves_and_activates_is_drawn_with_both(module, told):
    row = Steps(module)
    assert told in "; ".join(layers(row))
    assert f"step ({told}) gives 4×8×8" in diagram(row, IMAGE).alt


@pytest.mark.parametrize(
    ("index", "told"),
    [
        (lambda x: x[:, :, torch.arange(7, -1, -1)], "rows by a computed index"),
        (lambda x: x[..., (torch.arange(8) + 3) % 8], "columns by a computed index"),
        (lambda x: x[:, [3, 2, 1, 0]], "channels by a list"),
    ],
)
def test_an_index_that_takes_all_in_another_order_is_drawn(index, told):
    assert f"selection: {told}" in diagram(Steps(index), IMAGE).alt


def test_what_hides_in_the_table_otherwise_is_a_row():
    model = Steps(lambda x: torch.fft.rfft2(x).abs())
    assert layers(model)[1:3] == ["fft rfft2", "abs"]
    row = nn.Sequential(nn.Unfold(2, stride=2), nn.Unflatten(2, (4, 4)))
    assert layers(Steps(row, 16))[1] == "unfold; unflatten"


def test_only_what_leaves_no_position_is_global_pooling():
    patches = Steps(lambda x: x.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4).mean(-1))
    assert layers(patches)[-2] == "mean"
    for dim, told in ((1, "mean"), (2, "mean"), ((2, 3), "global average pooling")):
        model = Steps(lambda x, dim=dim: x * x.mean(dim, keepdim=True))
        assert layers(model)[1] == told
        assert f"mean ({told})" in diagram(model, IMAGE).alt


def test_means_that_leave_positions_or_join_channels_are_no_pooling():
    patches = nn.Sequential(nn.Conv2d(3, 4, 2, 2), nn.Flatten(2), Own(lambda x: x.mT))
    for dim, told in ((-1, "mean"), (1, "global average pooling")):
        model = nn.Sequential(patches, Own(lambda x, dim=dim: x.mean(dim)))
        assert layers(model)[-1] == told
    vector = nn.Sequential(nn.Conv2d(3, 4, 8), Own(lambda x: x.mean(1, keepdim=True)))
    assert layers(vector)[-1] == "mean"
    assert layers(Steps(lambda x: x * x.mean((1, 2, 3), keepdim=True)))[1] == "mean"


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda x: x.mean((2, 3)), "global average pooling"),
        (lambda x: x.mean((2, 3)) * 64, "global average pooling; multiplication"),
        (
            lambda x: 1 + 2 * x.mean((2, 3)),
            "global average pooling; multiplication; ad",
        ),
        (lambda x: x.sum((2, 3)), "sum over all positions"),
        (lambda x: x.sum((2, 3)) / 64, "sum over all positions; division"),
        (lambda x: F.avg_pool2d(x, 8) * 64, "8×8 average pooling, stride 8; multiplic"),
        (
            lambda x: x[:, :, :4].mean((2, 3)),
            "selection: rows 0–3; global average pooling",
        ),
        (
            lambda x: x[:, 1:].amax((2, 3)),
            "selection: channels 1–3; global max pooling",
        ),
        (lambda x: x.mean((2, 3), True)[:, :, 0, 0], "global average pooling"),
    ],
)
def test_a_pooling_says_of_which_positions_it_is(step, told):
    model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), Own(step))
    assert layers(model)[-1].startswith(told)
    assert layers(model)[-1].count(";") == told.count(";")


def test_a_pooling_layer_whose_result_is_scaled_is_not_told_alone():
    summed = Own(lambda x: x * 64, pool=nn.AdaptiveAvgPool2d(1))
    told = layers(nn.Sequential(conv(3, 4), summed))[-1]
    assert told == "global average pooling; multiplication"


class Joins(nn.Module):
    """Joins what a layer makes of a map to that map."""

    def __init__(self, layer: nn.Module, join: Callable[..., Tensor]) -> None:
        super().__init__()
        self.layer, self.join = layer, join

    def forward(self, x: Tensor) -> Tensor:
        return self.join(x, self.layer(x))


@pytest.mark.parametrize(
    ("module", "told"),
    [
        (Own(lambda x: x * x.mean((2, 3), keepdim=True).sigmoid()), "Own"),
        (Own(lambda x: x * x.sum(1, keepdim=True).sigmoid()), "Own"),
        (Own(lambda x: F.avg_pool2d(x.clamp(1e-6) ** 3, 1) ** (1 / 3)), "Own"),
        (Joins(conv(4, 4), lambda x, y: x * y.sigmoid()), "Joins"),
        (Joins(nn.AvgPool2d(3, 1, 1), lambda x, y: y - x), "Joins"),
        (Joins(conv(4, 4), lambda x, y: x - y), "Joins"),
    ],
)
def test_a_gate_is_not_called_what_it_holds(module, told):
    model = nn.Sequential(conv(3, 4), module, conv(4, 2))
    assert told in layers(model)[1 if len(layers(model)) > 2 else 0]
    assert f"1 ({told}" in diagram(model, IMAGE).alt


def test_a_layer_with_a_shortcut_keeps_its_name():
    model = nn.Sequential(conv(3, 4), Joins(conv(4, 4), torch.add))
    assert layers(model) == ["3×3 convolution"] * 2
    assert "1 of them with shortcuts" in diagram(model, IMAGE).alt
