"""The shape that a trace takes the short way to is the one that torch gives."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import trace_graph
from edulib.anatomy.shortcuts import plain_result


def last(*shape: int) -> Tensor:
    order = {4: torch.channels_last, 5: torch.channels_last_3d}[len(shape)]
    return torch.rand(shape).to(memory_format=order)


FOUR = torch.rand(4), torch.rand(4) + 1
CALLS = {
    "rows": (F.batch_norm, (torch.rand(2, 4), *FOUR)),
    "signals": (F.batch_norm, (torch.rand(2, 4, 5), *FOUR, *FOUR)),
    "maps": (F.batch_norm, (torch.rand(2, 4, 5, 6), *FOUR, None, torch.rand(4))),
    "channels last": (F.batch_norm, (last(2, 4, 5, 6), *FOUR)),
    "a video": (F.batch_norm, (last(2, 4, 3, 5, 6), *FOUR)),
    "halves": (F.batch_norm, (torch.rand(2, 4, 5, 6).bfloat16(), *FOUR, *FOUR)),
    "a crop": (F.batch_norm, (torch.rand(2, 4, 9, 9)[..., 2:7, 1:4], *FOUR)),
    "tokens": (F.layer_norm, (torch.rand(2, 5, 4), (4,), *FOUR)),
    "a map in all": (F.layer_norm, (torch.rand(2, 4, 5, 6), (4, 5, 6))),
    "turned": (F.layer_norm, (torch.rand(2, 4, 5, 6).permute(0, 2, 3, 1), (4,))),
    "samples": (
        F.grid_sample,
        (torch.rand(2, 4, 5, 6), torch.rand(2, 3, 7, 2), "nearest", "zeros", False),
    ),
}


@pytest.mark.parametrize(("function", "args"), CALLS.values(), ids=CALLS)
def test_the_short_way_leads_where_torch_goes(function, args):
    real = function(*args)
    meta = [x.to("meta") if isinstance(x, Tensor) else x for x in args]
    short = plain_result(function.__name__, tuple(meta), {})
    assert (short.shape, short.dtype) == (real.shape, real.dtype)
    assert short.stride() == real.stride()
    assert plain_result(function.__name__, args, {}) is None  # values count here


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (F.batch_norm, (torch.rand(2, 3, 5), *FOUR), {}),
        (F.batch_norm, (torch.rand(2, 4, 5), None, None), {"training": True}),
        (F.batch_norm, (torch.rand(2, 4, 5), *FOUR), {"training": True}),
        (F.layer_norm, (torch.rand(2, 5, 3), (4,)), {}),
        (F.layer_norm, (torch.rand(2, 4), (4,), torch.rand(3)), {}),
        (F.grid_sample, (torch.rand(2, 4, 5, 6), torch.rand(3, 3, 7, 2)), {}),
        (F.grid_sample, (torch.rand(1, 4, 5, 6, 7), torch.rand(1, 3, 3, 7, 3)), {}),
        (torch.batch_norm, (last(2, 4, 5, 6), *FOUR, *FOUR, False, 0, 0, False), {}),
        (F.relu, (torch.rand(2, 3),), {}),
    ],
)
def test_torch_is_asked_where_the_way_is_not_plain(function, args, kwargs):
    meta = [x.to("meta") if isinstance(x, Tensor) else x for x in args]
    assert plain_result(function.__name__, tuple(meta), kwargs) is None


@pytest.mark.parametrize(
    "layer", [nn.BatchNorm2d(5), nn.BatchNorm1d(4), nn.LayerNorm(9)]
)
def test_a_layer_that_does_not_fit_is_told_by_torch(layer):
    net = nn.Sequential(nn.Conv2d(3, 4, 1), layer)
    with pytest.raises(ValueError, match="cannot read an input of shape"):
        trace_graph(net, (3, 8, 8))
