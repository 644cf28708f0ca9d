"""The result that a trace takes the short way to is the one that torch gives."""

import sys
from functools import partial
from types import FrameType

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from edulib.anatomy import recorder, trace_graph
from edulib.anatomy.shortcuts import plain_result


def last(*shape: int) -> Tensor:
    order = {4: torch.channels_last, 5: torch.channels_last_3d}[len(shape)]
    return torch.ones(shape).to(memory_format=order)


def on_shapes(values: tuple) -> tuple:
    """Take the values of tensors away, and leave shapes, strides and types."""
    with torch.device("meta"):
        return tuple(
            torch.empty_strided(x.shape, x.stride(), dtype=x.dtype)
            if isinstance(x, Tensor)
            else x
            for x in values
        )


def agrees(function, args: tuple, kwargs: dict) -> bool:
    """Whether there is a short way, which must lead where torch goes on the CPU."""
    meta = on_shapes(args)
    short = plain_result(function, meta, kwargs)
    if short is None:
        return False
    real = function(*args, **kwargs)
    assert (short.shape, short.dtype) == (real.shape, real.dtype)
    assert short.stride() == real.stride()
    assert (short is meta[0]) == (real is args[0])
    return True


LAYOUTS = {
    "maps": torch.ones(2, 4, 5, 6),
    "channels last": last(2, 4, 5, 6),
    "a part of channels last": last(2, 8, 5, 6)[:, :4],
    "every other channel": torch.ones(2, 8, 5, 6)[:, ::2],
    "a crop": torch.ones(2, 4, 9, 9)[..., 2:7, 1:4],
    "turned": torch.ones(2, 4, 6, 5).transpose(2, 3),
    "permuted": torch.ones(5, 4, 6, 2).permute(3, 1, 0, 2),
    "repeated": torch.ones(1, 4, 1, 6).expand(2, 4, 5, 6),
    "one pixel": torch.ones(2, 4, 1, 1),
    "one pixel, channels last": last(2, 4, 1, 1),
    "one channel": torch.ones(2, 1, 5, 6),
    "one channel, channels last": last(2, 1, 5, 6),
    "none": torch.ones(0, 4, 5, 6),
    "none, channels last": last(0, 4, 5, 6),
    "no pixels": torch.ones(2, 4, 0, 6),
    "no channels": torch.ones(2, 0, 5, 6),
    "tokens": torch.ones(1, 5, 4),
    "turned tokens": torch.ones(1, 4, 5).transpose(1, 2),
    "rows": torch.ones(2, 4),
    "turned rows": torch.ones(4, 2).t(),
    "a number": torch.ones(()),
    "a video": torch.ones(2, 4, 3, 5, 6),
    "a video, channels last": last(2, 4, 3, 5, 6),
    "any step of one row": torch.ones(48).as_strided((2, 4, 1, 6), (24, 6, 1, 1)),
    "any step of one image": torch.ones(1, 5, 4, 2).permute(3, 2, 0, 1)[:1],
    "of one image, channels last": torch.ones(40).as_strided(
        (1, 5, 2, 4), (5, 1, 20, 5)
    ),
    "one column, channels last": last(4, 4, 5, 6)[..., :1],
    "of one column": torch.ones(80).as_strided((4, 5, 4, 1), (20, 1, 5, 20)),
    "turned tokens of one image": torch.ones(8).as_strided((1, 4, 2), (9, 1, 4)),
    "a part of tokens": torch.ones(1, 5, 8)[..., :4],
}
WRONG = (RuntimeError, ValueError, IndexError)  # what torch may say
PLAIN = ("maps", "channels last", "turned", "tokens", "one pixel", "rows", "a video")
TYPES = (torch.float32, torch.bfloat16, torch.long)
ACTIVATIONS = (
    *(F.relu, F.relu6, F.hardtanh, F.hardswish, F.hardsigmoid, F.silu, F.mish, F.elu),
    *(F.selu, F.leaky_relu, F.gelu, F.softplus, torch.relu, Tensor.relu),
)


@pytest.mark.parametrize(("name", "given"), LAYOUTS.items(), ids=LAYOUTS)
@pytest.mark.parametrize("types", TYPES, ids=str)
def test_numbers_keep_their_order(name, given, types):
    x = given.to(types)
    other = torch.ones_like(x)
    calls = [(f, (x,), {}) for f in ACTIVATIONS]
    calls += [(F.gelu, (x,), {"approximate": "tanh"}), (F.softplus, (x, 2, 10), {})]
    calls += [(torch.clamp, (x, 0, 1), {}), (Tensor.clamp, (x,), {"min": 0.0})]
    for f in (torch.add, Tensor.sub, torch.mul, Tensor.div):
        calls += [(f, (x, 2), {}), (f, (x, x), {}), (f, (x, other), {})]
    answered = [agrees(*call) for call in calls]
    if name in PLAIN and types.is_floating_point:
        assert all(answered)
    if not types.is_floating_point or x.numel() == 0:
        assert not any(answered)


OTHERS = (
    *(torch.ones(2, 4, 1, 1), torch.ones(4, 1, 1), torch.ones(6), torch.ones(())),
    *(last(2, 4, 5, 6), torch.ones(2, 2, 4, 5, 6), torch.ones(2, 4, 5, 6).half()),
    *(last(1, 4, 5, 6), torch.ones(3, 4, 5, 6), True, 1j),
)


@pytest.mark.parametrize("given", LAYOUTS.values(), ids=LAYOUTS)
def test_a_tensor_is_spread_over_another(given):
    for other in OTHERS:
        try:
            torch.mul(given, other)
        except WRONG:
            assert refused(torch.mul, (given, other))
        else:
            agrees(torch.mul, (given, other), {})


def test_a_gate_takes_the_short_way():
    assert agrees(torch.mul, (torch.ones(1, 4, 5, 6), torch.ones(1, 4, 1, 1)), {})
    assert agrees(torch.mul, (torch.ones(1, 5, 4), torch.ones(4)), {})
    assert not agrees(torch.mul, (torch.ones(4), torch.ones(1, 5, 4)), {})


@pytest.mark.parametrize("function", ACTIVATIONS[:10], ids=lambda f: f.__name__)
def test_what_works_in_place_gives_its_input(function):
    for given in LAYOUTS.values():
        try:
            function(given, inplace=True)
        except RuntimeError:
            assert refused(function, (given,), {"inplace": True})
        else:
            agrees(function, (given,), {"inplace": True})
    (meta,) = on_shapes((LAYOUTS["maps"],))
    assert plain_result(function, (meta,), {"inplace": True}) is meta


def held(*types: torch.dtype | None) -> list[Tensor | None]:
    return [None if one is None else torch.ones(4, dtype=one) for one in types]


NORMS = {
    "averages": (F.batch_norm, (*held(None, None), None, None, True)),
    "with averages": (F.batch_norm, held(*[torch.float32] * 2)),
    "and weights": (F.batch_norm, held(*[torch.float32] * 4)),
    "and a bias": (
        F.batch_norm,
        held(torch.float32, torch.float32, None, torch.float32),
    ),
    "groups": (F.group_norm, (2,)),
    "groups with weights": (F.group_norm, (4, *held(*[torch.float32] * 2))),
    "alone": (F.instance_norm, ()),
    "alone, with weights": (F.instance_norm, held(None, None, *[torch.float32] * 2)),
    "tokens": (F.layer_norm, ((4,), *held(*[torch.float32] * 2))),
    "maps": (F.layer_norm, ((4, 5, 6),)),
    "roots": (F.rms_norm, ((4,),)),
    "lengths": (F.normalize, (2.0, -1)),
    "long channels": (F.normalize, ()),
}


@pytest.mark.parametrize(("function", "args"), NORMS.values(), ids=NORMS)
@pytest.mark.parametrize("types", TYPES, ids=str)
def test_norms_lead_where_torch_goes(function, args, types):
    answered = 0
    for given in LAYOUTS.values():
        call = given.to(types), *args
        try:
            function(*call)
        except WRONG:
            assert refused(function, call)
        else:
            answered += agrees(function, call, {})
    assert bool(answered) == types.is_floating_point


def refused(function, args: tuple, kwargs: dict | None = None) -> bool:
    """Whether torch is asked, or the trace sent to the CPU."""
    try:
        return plain_result(function, on_shapes(args), kwargs or {}) is None
    except WRONG:
        return True


MAPS, GRID = torch.ones(2, 4, 5, 6), torch.zeros(2, 3, 7, 2)
TWO, SO = torch.ones(4, dtype=torch.double), ("bilinear", "zeros", False)
LAXER = {
    "whole numbers": (F.batch_norm, (MAPS.long(), *held(*[torch.long] * 2))),
    "two precisions": (F.batch_norm, (MAPS, TWO, TWO)),
    "weights of another": (F.layer_norm, (torch.ones(2, 4), (4,), TWO)),
    "a half among floats": (F.group_norm, (MAPS, 2, *held(torch.half, torch.half))),
    "half and half": (F.group_norm, (MAPS.half(), 2, *held(torch.half, torch.float32))),
    "whole places": (F.grid_sample, (MAPS.long(), GRID.long(), *SO)),
    "places of another": (F.grid_sample, (MAPS, GRID.double(), *SO)),
    "no rows": (F.grid_sample, (MAPS[:, :, :0], GRID, *SO)),
}


@pytest.mark.parametrize(("function", "args"), LAXER.values(), ids=LAXER)
def test_what_only_the_meta_device_takes_is_refused(function, args):
    with pytest.raises(RuntimeError):
        function(*args)
    with pytest.raises(RuntimeError):
        plain_result(function, on_shapes(args), {})


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic", "lanczos"])
@pytest.mark.parametrize("border", ["zeros", "border", "reflection", "wrap"])
def test_samples_are_taken_in_known_ways(mode, border):
    for given in LAYOUTS.values():
        args = given, GRID, mode, border, False
        try:
            F.grid_sample(*args)
        except WRONG:
            assert refused(F.grid_sample, args)
        else:
            assert agrees(F.grid_sample, args, {})


SIZES = (
    *({"size": (7, 9)}, {"size": 3}, {"size": 0}, {"size": (1, 2, 3)}, {}),
    *({"scale_factor": 2}, {"scale_factor": (1.7, 0.5)}, {"scale_factor": 0.01}),
    *({"size": 3, "scale_factor": 2}, {"size": 3, "align_corners": True}),
    {"scale_factor": 1.7, "recompute_scale_factor": True},
)


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "bilinear", "bicubic"])
@pytest.mark.parametrize("types", [torch.float32, torch.float16, torch.uint8], ids=str)
def test_maps_are_resized_as_torch_does(mode, types):
    for kwargs in SIZES:
        named = {"mode": mode, **kwargs}
        for given in LAYOUTS.values():
            x = given.to(types)
            try:
                F.interpolate(x, **named)
            except WRONG:
                assert refused(F.interpolate, (x,), named)
            else:
                agrees(F.interpolate, (x,), named)


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (F.relu, (MAPS,), {}),  # values count here
        (F.gelu, on_shapes((MAPS,)), {"approximate": "erf"}),
        (F.hardtanh, on_shapes((MAPS,)), {"min_val": 1.0, "max_val": 0.0}),
        (torch.clamp, on_shapes((MAPS,)), {}),
        (torch.clamp, on_shapes((MAPS, MAPS)), {}),
        (torch.add, on_shapes((MAPS, MAPS)), {"alpha": 2}),
        (torch.add, (*on_shapes((MAPS,)), torch.ones(())), {}),  # half on the CPU
        (F.normalize, on_shapes((MAPS,)), {"dim": (1, 2)}),
        (F.batch_norm, on_shapes((MAPS, *held(*[torch.float32] * 2))), {"training": 1}),
        (F.relu, (on_shapes((MAPS,))[0].as_subclass(type("Own", (Tensor,), {})),), {}),
        (F.conv2d, on_shapes((MAPS, MAPS)), {}),  # counted
        (F.group_norm, on_shapes((MAPS, 2.0)), {}),
        (F.group_norm, on_shapes((MAPS, True)), {}),
        (F.group_norm, on_shapes((MAPS, 2)), {"eps": None}),
        (F.batch_norm, on_shapes((MAPS, *held(*[torch.float32] * 2))), {"eps": -1.0}),
        (
            F.batch_norm,
            on_shapes((MAPS, *held(*[torch.float32] * 2))),
            {"momentum": ""},
        ),
        (F.layer_norm, on_shapes((MAPS, (6.0,))), {}),
        (F.layer_norm, on_shapes((MAPS, (6,))), {"eps": None}),
        (F.instance_norm, on_shapes((MAPS,)), {"eps": "1"}),
        (F.leaky_relu, on_shapes((MAPS, None)), {}),
        (torch.relu, on_shapes((MAPS, 3)), {}),
        (F.silu, on_shapes((MAPS,)), {"beta": 2.0}),
        (F.mish, on_shapes((MAPS, 1)), {}),  # in place
    ],
)
def test_torch_is_asked_where_the_way_is_not_plain(function, args, kwargs):
    assert plain_result(function, args, kwargs) is None


@pytest.mark.parametrize(
    "layer",
    [
        *(nn.BatchNorm2d(5), nn.BatchNorm1d(4), nn.LayerNorm(9), nn.GroupNorm(1, 5)),
        *(nn.GroupNorm(4 / 2, 4), nn.BatchNorm2d(4, eps=-1), nn.LayerNorm(8, eps=None)),
    ],
)
def test_a_layer_that_does_not_fit_is_told_by_torch(layer):
    net = nn.Sequential(nn.Conv2d(3, 4, 1), layer)
    with pytest.raises(ValueError, match="cannot read an input of shape"):
        trace_graph(net, (3, 8, 8))


class Called(nn.Module):
    """Calls a function, and holds a norm."""

    def __init__(self, function):
        super().__init__()
        self.function = function
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(self, x)


def test_what_the_cpu_refuses_is_told_in_its_words():
    with pytest.raises(ValueError, match="\"batch_norm\" not implemented for 'Long'"):
        trace_graph(Called(lambda net, x: net.norm(x.long())), (3, 8, 8))
    with pytest.raises(ValueError, match=r"mixed dtype \(CPU\)"):
        trace_graph(Called(lambda net, x: net.norm(x.double())), (3, 8, 8))


def test_inside_of_vmap_torch_is_asked():
    net = Called(lambda net, x: torch.vmap(lambda y: net.norm(y).relu())(x[None])[0])
    assert not trace_graph(net, (3, 8, 8)).from_values


def mixed_net() -> nn.Sequential:
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Hardswish(inplace=True)]
    layers += [nn.GroupNorm(2, 8), nn.GELU(), nn.InstanceNorm2d(8), nn.ReLU6()]
    layers += [nn.Upsample(scale_factor=2, mode="bicubic"), nn.LeakyReLU(0.1)]
    scaled = Called(lambda _, x: F.normalize(x) * x.mean((2, 3), True) + 2 * x)
    return nn.Sequential(*layers, scaled, nn.Conv2d(8, 4, 1, bias=False))


def test_the_short_way_changes_nothing_else(monkeypatch):
    found = []
    for way in (plain_result, lambda *_: None):
        monkeypatch.setattr(recorder, "plain_result", way)
        ops = trace_graph(mixed_net(), (3, 9, 9)).ops
        found.append([(o.name, o.shape, o.inputs, o.macs, o.bytes) for o in ops])
    assert found[0] == found[1]
    assert sum(macs for *_, macs, _ in found[0]) > 0


LONG = ("_refs", "_prims", "_decomp")  # where torch takes its long way


def steps_of_torch() -> int:
    """Count the functions that torch calls step by step in a trace."""
    steps = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal steps
        place = frame.f_code.co_filename
        steps += event == "call" and any(part in place for part in LONG)

    net = mixed_net()
    sys.setprofile(count)
    try:
        trace_graph(net, (3, 9, 9))
    finally:
        sys.setprofile(None)
    return steps


def test_the_way_is_short(monkeypatch):
    """What makes a trace slow: time itself differs from machine to machine."""
    steps_of_torch()  # the first time, torch prepares itself
    short = steps_of_torch()
    monkeypatch.setattr(recorder, "plain_result", lambda *_: None)
    assert 3 * short < steps_of_torch(), short


def test_nothing_asks_the_tensors_that_a_module_is_given(monkeypatch):
    """A dense block hands a list of all of its maps to each of its layers."""
    seen = []
    real = recorder.clean_name
    monkeypatch.setattr(recorder, "clean_name", lambda f: seen.append(f) or real(f))
    join = Called(lambda _, maps: torch.cat(maps))
    net = Called(lambda net, x: join([x.relu() for _ in range(3)]))
    net.join = join
    trace_graph(net, (3, 8, 8))
    assert [real(function) for function in seen] == [*["relu"] * 3, "cat"]


class Compared(TorchFunctionMode):
    """Compares what recurrent layers give on the meta device with the short way."""

    def __init__(self) -> None:
        super().__init__()
        self.alike: list[bool] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        given = function(*args, **(kwargs or {}))
        if function in (torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu):
            made = plain_result(function, args, kwargs or {})
            pairs = zip(given, made or (), strict=False)
            same = [a.shape == b.shape and a.stride() == b.stride() for a, b in pairs]
            self.alike.append(made is not None and all(same))
        return given


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("layers", [1, 2])
def test_recurrent_layers_have_a_short_way(batch_first, both, layers):
    options = {"batch_first": batch_first, "bidirectional": both, "bias": layers == 1}
    kinds = [nn.LSTM, nn.GRU, nn.RNN, partial(nn.LSTM, proj_size=3)]
    compared = Compared()
    for kind in [*kinds, partial(nn.RNN, nonlinearity="relu")]:
        model = kind(5, 6, layers, device="meta", **options).eval()
        with torch.no_grad(), compared:
            model(torch.zeros(4, 7, 5, device="meta"))
            model(torch.zeros(7, 5, device="meta"))
    assert compared.alike == [True] * 10


@pytest.mark.parametrize(
    ("function", "kind"), [(torch.lstm, nn.LSTM), (torch.gru, nn.GRU)]
)
def test_states_in_another_order_are_given_back_in_the_usual_one(function, kind):
    hx, x = torch.ones(1, 6, 2).mT, torch.ones(7, 2, 5)
    weights, more = kind(5, 6)._flat_weights, (True, 1, 0.0, False, False, False)
    real = function(x, (hx, hx) if kind is nn.LSTM else hx, weights, *more)
    x, hx, *weights = on_shapes((x, hx, *weights))
    short = plain_result(
        function, (x, (hx, hx) if kind is nn.LSTM else hx, weights, *more), {}
    )
    assert [y.stride() for y in short] == [y.stride() for y in real]


def test_recurrent_layers_that_do_not_fit_have_none():
    model = nn.LSTM(5, 6, device="meta")
    weights, state = model._flat_weights, torch.zeros(1, 2, 6, device="meta")
    x = torch.zeros(7, 2, 5, device="meta")
    more = True, 1, 0.0, False, False, False

    def short(*args: object) -> object:
        return plain_result(torch.lstm, args, {})

    assert short(x, (state, state), weights, *more) is not None
    assert short(x[..., :4], (state, state), weights, *more) is None
    assert short(x, (state[:, :1], state), weights, *more) is None
    assert short(x, (state, state), weights[:2], *more) is None
    assert short(x.double(), (state, state), weights, *more) is None
    assert short(x[0], (state, state), weights, *more) is None
    assert short(x, (state, state), weights, True, 1.0, *more[2:]) is None
    assert short(x, (state, state), weights, True, 1, 0.0, 0, False, False) is None
