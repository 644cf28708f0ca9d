"""What equal outputs in evaluation mode cannot show: rates, windows, initial weights.

Pools, norms and dropouts of every model are compared, in the order of the forward pass,
with those of its reference, or with the list in ``models.toml``, which also states the
standard deviation of initial weights.
"""

import itertools
import math
import re
from inspect import signature

import pytest
import torch
from torch import nn

from edulib.models.blocks.frozen_norm import FrozenBatchNorm2d
from edulib.models.detection.faster_rcnn import RoIPool
from edulib.models.detection.ssd import L2Norm
from edulib.registry import get_builder, get_model_info, get_reference, list_models

SETTINGS = {
    nn.MaxPool2d: ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    nn.AvgPool2d: (
        *("kernel_size", "stride", "padding"),
        *("ceil_mode", "count_include_pad", "divisor_override"),
    ),
    nn.AdaptiveAvgPool2d: ("output_size",),
    nn.LocalResponseNorm: ("size", "alpha", "beta", "k"),
    nn.BatchNorm2d: ("eps", "momentum"),
    nn.GroupNorm: ("num_groups", "eps"),
    nn.LayerNorm: ("eps",),
    FrozenBatchNorm2d: ("eps",),
    L2Norm: (),
    RoIPool: ("output_size",),
    nn.Dropout: ("p",),
}
"""What says how a layer of this type works; channels do not, they have their tests."""
POSITIONAL = {"kernel_size", "stride", "output_size", "size", "p", "num_groups"}
USUAL = {
    "padding": 0,
    "dilation": 1,
    "ceil_mode": False,
    "count_include_pad": True,
    "divisor_override": None,
}
BY_CLASS = {
    signature(get_builder(name)).return_annotation: name
    for name in sorted(list_models(), key=lambda name: -get_model_info(name).params)
}
"""The smallest model of each class."""


def in_words(layer: nn.Module) -> str:
    """Return type and settings, those at torch's usual value left out."""
    words = []
    for name in SETTINGS[type(layer)]:
        value = getattr(layer, name)
        if isinstance(value, tuple) and len(set(value)) == 1:
            value = value[0]
        if name == "ceil_mode" and layer.stride == 1:  # nothing to round
            continue
        number = f"{value:g}" if isinstance(value, float) else str(value)
        if name in POSITIONAL:
            words.append(number)
        elif name not in USUAL or value != USUAL[name]:
            words.append(name if value is True else f"{name}={number}")
    return f"{type(layer).__name__}({', '.join(words)})"


def called_layers(network: nn.Module, name: str) -> list[str]:
    """Return the pools, norms and dropouts that an image goes through, in order."""
    calls = []
    for layer in network.modules():
        if any(layer.children()):
            continue
        if "Pool" in type(layer).__name__ or "Norm" in type(layer).__name__:
            assert type(layer) in SETTINGS, f"say which settings {layer} has"
        if type(layer) in SETTINGS:
            layer.register_forward_hook(lambda m, *_: calls.append(in_words(m)))
    network.eval()(torch.empty(1, *get_model_info(name).image_shape, device="meta"))
    return calls


def in_runs(words: list[str]) -> list[str]:
    """Return "2 x Dropout(0.5)" for two in a row."""
    runs = [(word, len(list(same))) for word, same in itertools.groupby(words)]
    return [f"{count} x {word}" if count > 1 else word for word, count in runs]


def one_by_one(words: str) -> list[str]:
    """Return the layers of "12 x A + 2 x B", which is A, B, B twelve times."""
    count, times, rest = words.partition(" x ")
    if times and count.isdecimal():
        return int(count) * [w for part in rest.split(" + ") for w in one_by_one(part)]
    return [words]


def expected_layers(name: str) -> list[str]:
    model = get_model_info(name)
    if model.layers or model.reference is None:
        return in_runs([layer for words in model.layers for layer in one_by_one(words)])
    runs = in_runs(called_layers(get_reference(name)(), name))
    if model.batch_norm is None:
        return runs
    return [re.sub(r"BatchNorm2d\(.*\)", model.batch_norm, run) for run in runs]


@pytest.mark.parametrize("name", list_models())
def test_pools_norms_and_dropouts_are_those_of_the_source(name):
    with torch.device("meta"):
        found = in_runs(called_layers(get_builder(name)(), name))
        assert found == expected_layers(name)


@pytest.mark.parametrize("name", BY_CLASS.values())
def test_weights_start_with_the_stated_deviation(name):
    torch.manual_seed(0)
    stated = get_model_info(name).init_std
    for key, layer in get_builder(name)().named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            kind = "Conv2d" if isinstance(layer, nn.Conv2d) else "Linear"
            weight = layer.weight
            receptive = weight[0, 0].numel()
            fans = {
                "fan_in": weight.shape[1] * receptive,
                "fan_out": weight.shape[0] * receptive // getattr(layer, "groups", 1),
                "groups": getattr(layer, "groups", 1),
            }
            parts = [part for part in stated if f"{key}.".startswith(f"{part}.")]
            formula = stated[max(parts, key=len, default=kind)]
            expected = eval(formula, {"sqrt": math.sqrt}, fans)
            sample = weight.flatten()[:1_000_000]
            few = 5 / math.sqrt(2 * len(sample))  # five errors of a sample this size
            assert sample.std().item() == pytest.approx(expected, rel=few), key
