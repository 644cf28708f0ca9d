"""Rows of positions along one axis of the image: the height, the width or the time."""

from math import inf

import pytest
import torch
from steps import Own, Steps, conv
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import (
    not_known,
    receptive_field,
    receptive_window,
    stage_table,
    trace_graph,
)
from edulib.drawing.diagram.items import size_of

IMAGE = 1, 24, 20
VIDEO = 1, 12, 8, 10


def seen(model: nn.Module, shape: tuple[int, ...], at: int) -> list[tuple[int, int]]:
    """Return the first and the last place along each axis with a gradient."""
    model = model.double()
    for parameter in model.parameters():
        nn.init.uniform_(parameter, 0.5, 1)
    image = torch.rand(1, *shape, dtype=torch.double, requires_grad=True)
    model(image)[0, 0].reshape(-1)[at].backward()
    places = image.grad[0].sum(0).nonzero().T
    return [(int(line.min()), int(line.max()) + 1) for line in places]


def row(kernel: int = 3, stride: int = 1) -> nn.Module:
    return nn.Conv1d(2, 2, kernel, stride, kernel // 2)


# What makes a row along the height (axis 0) or the width of a map, and what reads it.
ROWS = {
    "pooled": (0, nn.AdaptiveAvgPool2d((None, 1)), Own(lambda x: x.squeeze(-1)), row()),
    "flattened": (0, nn.AdaptiveAvgPool2d((None, 1)), nn.Flatten(2), row(5)),
    "in parts": (0, nn.AdaptiveAvgPool2d((8, 1)), nn.Flatten(2), row()),
    "columns": (1, nn.AdaptiveAvgPool2d((1, None)), nn.Flatten(2), row(3, 2), row()),
    "mean": (0, Own(lambda x: x.mean(-1)), row(), row(5, 2)),
    "mean of rows": (1, Own(lambda x: x.logsumexp(2)), row(), nn.ReLU(), row()),
    "norm": (0, Own(lambda x: x.norm(dim=3)), row()),
    "mean of channels": (
        0,
        Own(lambda x: x.mean(-1).mean(1, True)),
        nn.Conv1d(1, 2, 3),
    ),
    "padded": (0, Own(lambda x: F.pad(x.mean(3), (4, 0))), nn.Conv1d(2, 2, 5)),
    "every second": (1, Own(lambda x: x.mean(2)[..., ::2]), row()),
    "turned": (1, Own(lambda x: x.sum(2).flip(-1)), row(4)),
    "pooled again": (0, Own(lambda x: x.mean(3)), nn.AvgPool1d(2), row()),
    "in fewer parts": (0, Own(lambda x: x.mean(3)), nn.AdaptiveAvgPool1d(6)),
    "larger": (1, Own(lambda x: F.interpolate(x.mean(2), scale_factor=2)), row()),
    "spread": (1, Own(lambda x: x.mean(2)), nn.ConvTranspose1d(2, 2, 4, 2, 1), row()),
    "a map again": (0, Own(lambda x: x.mean(3).unsqueeze(3)), nn.Conv2d(2, 2, (5, 1))),
    "wide": (0, Own(lambda x: x.mean(3)[..., None, :]), nn.Conv2d(2, 2, (1, 5))),
    "tokens": (0, Own(lambda x: x.mean(3).mT), nn.Linear(2, 2), Own(lambda x: x.mT)),
    "one row": (1, Own(lambda x: x[:, :, 9]), row()),
    "one column": (0, Own(lambda x: x[..., -5]), row(3, 3)),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_followed_along_its_axis(name):
    axis, *layers = ROWS[name]
    model = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), *layers)
    at = model(torch.zeros(1, *IMAGE)).shape[2:].numel() // 2
    (top, bottom), (left, right) = seen(model, IMAGE, at)
    position, last = ((0, at) if axis else (at, 0)), str(len(layers))
    assert receptive_window(model, IMAGE, last, position) == (top, left, bottom, right)
    sides = zip((bottom - top, right - left), IMAGE[1:], strict=True)
    sizes = tuple(inf if size == side else size for size, side in sides)
    assert receptive_field(model, IMAGE).size == sizes
    assert not_known(trace_graph(model, IMAGE)) == []


def test_the_time_of_a_video_is_followed_where_each_frame_is_pooled():
    pooled = nn.AdaptiveAvgPool3d((None, 1, 1)), nn.Flatten(2)
    for frames in pooled, [Own(lambda x: x.mean((3, 4)))]:
        model = nn.Sequential(nn.Conv3d(1, 2, 3, padding=1), *frames, row(), row())
        (first, last), *sides = seen(model, VIDEO, 6)
        assert sides == [(0, 8), (0, 10)]
        assert receptive_field(model, VIDEO).size == (last - first, inf, inf)


class Stripes(nn.Module):
    """Pools a map in stripes, and reads one of them."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.pool = conv(1, 2), nn.AdaptiveAvgPool2d((4, 1))
        self.head = nn.Linear(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.a(x))[:, :, 2, 0])[..., None]


def test_one_position_that_is_chosen_sees_what_it_saw():
    (top, bottom), (left, right) = seen(Stripes(), IMAGE, 0)
    assert (bottom - top, left, right) == (8, 0, 20)
    assert receptive_field(Stripes(), IMAGE, "head").size == (8, inf)
    assert receptive_window(Stripes(), IMAGE, "head", (0, 0)) == (11, 0, 19, 20)


def test_all_of_a_chosen_row_is_not_the_whole_image():
    for dense in [nn.Linear(20, 3)], [nn.Flatten(1), nn.Linear(40, 3)]:
        model = nn.Sequential(conv(1, 2), Own(lambda x: x[:, :, 9]), *dense)
        assert seen(model, IMAGE, 0)[0] == (8, 11)
        assert str(receptive_field(model, IMAGE)) == "3×all"


def test_what_is_lost_along_the_height_alone_is_told():
    model = Steps(lambda x: x.mean(3, keepdim=True)[:, :, [1, 0, 2]])
    assert str(receptive_field(model, (3, 8, 8), "b")) == "–"
    assert not_known(trace_graph(model, (3, 8, 8))) == [
        "Receptive fields are not known behind getitem."
    ]


@pytest.mark.parametrize(
    "images", [torch.zeros(8, 3, 16, 16), torch.zeros(1, 3, 2, 16)]
)
def test_a_mean_of_all_positions_is_one_whatever_the_sides_are(images):
    mean = Own(lambda x: x.mean((2, 3)))
    model = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), mean, nn.Linear(8, 5))
    rows = stage_table(model, images).rows
    assert rows[1].layer == "global average pooling"
    assert [str(each.field) for each in rows] == ["3", "whole image", "whole image"]


def test_a_mean_of_channels_leaves_each_position_alone():
    for step in (lambda x: x.flatten(2).mean(1), lambda x: x.movedim(1, 3).amax(-1)):
        model = nn.Sequential(conv(1, 2), Own(step))
        assert str(receptive_field(model, IMAGE)) == "3"


def test_a_row_is_called_and_drawn_as_one():
    parts = nn.AdaptiveAvgPool1d(6), nn.Conv1d(2, 4, 1)
    model = nn.Sequential(conv(1, 2), Own(lambda x: x.mean(3)), *parts)
    assert stage_table(model, IMAGE).rows[2].layer == "average pooling to 6"
    graph = trace_graph(model, IMAGE)
    assert size_of(graph.ops[graph.call("3").output]) == (4, 6, 1)
