"""ZFNet's and AlexNet's first look, small."""

import pytest
import torch
import torch.nn.functional as F

from edulib.anatomy import receptive_field, trace_graph
from edulib.chapters.zfnet.networks import alexnet_small, zfnet_small


def test_the_two_small_networks_differ_in_two_layers():
    ours = dict(zfnet_small().named_parameters())
    theirs = dict(alexnet_small().named_parameters())
    assert ours.keys() == theirs.keys()
    different = {name for name in ours if ours[name].shape != theirs[name].shape}
    assert different == {"conv1.weight"}
    for build, size in ((zfnet_small, 7), (alexnet_small, 11)):
        assert receptive_field(build(), (3, 64, 64), "conv1").size == (size, size)
        graph = trace_graph(build(), (3, 64, 64))
        assert graph.ops[graph.call("conv3").output].shape == (64, 7, 7)


@pytest.mark.parametrize("build", [zfnet_small, alexnet_small])
def test_a_small_network_takes_its_options_and_learns(build):
    torch.manual_seed(0)
    net = build(num_classes=3, in_channels=1)
    images, labels = torch.rand(6, 1, 72, 64), torch.tensor([0, 1, 2, 0, 1, 2])
    assert net(images).shape == (6, 3)
    optimizer = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(40):
        loss = F.cross_entropy(net.eval()(images), labels)
        optimizer.zero_grad()
        loss.backward()
        assert all(p.grad.abs().max() > 0 for p in net.parameters())
        optimizer.step()
    assert loss < 0.3


@pytest.mark.parametrize("build", [zfnet_small, alexnet_small])
def test_a_small_network_names_bad_input(build):
    with pytest.raises(ValueError, match=r"H, W >= 64, got \(2, 3, 32, 64\)"):
        build()(torch.zeros(2, 3, 32, 64))
    with pytest.raises(TypeError, match="divide by 255"):
        build()(torch.zeros(2, 3, 64, 64, dtype=torch.uint8))
    with pytest.raises(ValueError, match="got 0"):
        build(num_classes=0)
