"""What is exchanged before it is timed, and that what is stored can be read."""

import torch
from torch import nn

from edulib.chapters.mobilenetv2 import timing
from edulib.models.blocks.mobile import SqueezeExcitation


def count(network: nn.Module, kind: type) -> int:
    return sum(isinstance(module, kind) for module in network.modules())


def test_one_kind_of_layer_is_exchanged_in_the_large_network():
    with torch.device("meta"):
        networks = {change: timing.large(change) for change in timing.CHANGES}
    usual = networks["as it is"]
    assert (count(usual, nn.Hardswish), count(usual, SqueezeExcitation)) == (21, 8)
    assert count(networks["without squeezing"], SqueezeExcitation) == 0
    assert count(networks["swish"], nn.SiLU) == 21
    for change in ("ReLU", "swish"):
        assert count(networks[change], nn.Hardswish) == 0
        assert count(networks[change], SqueezeExcitation) == 8


def test_hard_swish_in_steps_is_hard_swish():
    x = torch.linspace(-5, 5, 41)
    torch.testing.assert_close(timing.hard_swish_in_steps(x), nn.Hardswish()(x))


def test_everything_is_measured(monkeypatch):
    monkeypatch.setattr(timing, "NETWORKS", ("mobilenet_v3_small",))
    monkeypatch.setattr(timing, "CHANGES", ("as it is", "without squeezing"))
    monkeypatch.setattr(timing, "MAP", (4, 5, 5))
    found = timing.measure(rounds=2)
    stored = timing.load_times()
    assert found.keys() == stored.keys()
    assert stored["networks"].keys() == {
        *("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"),
        *("resnet18", "efficientnet_lite0"),
    }
    assert found["changes"]["as it is"]["share"]["median"] == 1
    assert found["activations"].keys() == stored["activations"].keys()
