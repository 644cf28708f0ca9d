"""What is counted beside the times, and that what is stored can be read."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_macs
from edulib.chapters.mobilenet import timing
from edulib.models.classification.mobilenet_v1 import MobileNetV1, mobilenet_v1


def test_traffic_counts_each_number_once():
    layer = timing.convolution("depthwise", 4)
    image = torch.rand(1, 4, 5, 5)
    counts = timing.traffic(layer, image, layer(image))
    assert counts == {"macs": 9 * 4 * 25, "bytes": 4 * (100 + 36 + 100)}
    dense = nn.Linear(3, 2)
    counts = timing.traffic(dense, torch.rand(1, 3), torch.rand(1, 2))
    assert counts == {"macs": 6, "bytes": 4 * (3 + 6 + 2 + 2)}


def test_folding_changes_nothing_that_is_computed():
    torch.manual_seed(0)
    network = MobileNetV1(0.25, num_classes=5)
    network(torch.randn(4, 3, 64, 64))  # running statistics that are not 0 and 1
    network.eval()
    folded = timing.folded(network)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    assert any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    image = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(folded(image), network(image), rtol=1e-4, atol=1e-5)


def test_every_layer_is_timed_and_counted():
    network = MobileNetV1(0.25, num_classes=5).eval()
    clock = timing.LayerClock(network)
    for _ in range(3):
        network(torch.rand(1, 3, 64, 64))
    assert {len(seconds) for seconds in clock.seconds.values()} == {3}
    macs = sum(layer["macs"] for layer in clock.about.values())
    assert macs == count_macs(network, (3, 64, 64))
    shares = clock.shares(skip=1)
    assert {len(values) for values in shares.values()} == {2}
    assert sum(values[0] for values in shares.values()) == pytest.approx(1)


def test_functions_take_turns():
    calls = []
    names = "ab"
    slow = {name: lambda name=name: calls.append(name) for name in names}
    found = timing.in_turns(slow, rounds=4)
    assert {len(found[name]) for name in names} == {4}
    assert calls.count("a") > 4


def test_stored_times_are_those_of_this_network():
    stored = timing.load_times()
    assert {"date", "machine", "load", "remake"} <= stored.keys()
    rows = {
        row["name"]: row for row in stored["mobilenet"]["default, folded"]["layers"]
    }
    with torch.device("meta"):
        network = mobilenet_v1()
    total = count_macs(network, (3, 224, 224))
    assert len(rows) == 28
    assert sum(row["macs"] for row in rows.values()) == total
    assert len(stored["networks"]["seconds"]) == 20
