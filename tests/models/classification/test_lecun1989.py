"""The network of 1989: its paper's counts, its layers against slow loops."""

import pytest
import torch

from edulib.models.classification.lecun1989 import H2_TABLE, UnitBiasConv2d, lecun1989

PAPER = {  # section 3: units, free parameters, connections
    "h1": (768, 1_068, 19_968),
    "h2": (192, 2_592, 38_592),
    "h3": (30, 5_790, 5_790),
    "output": (10, 310, 310),
}


@pytest.mark.parametrize("layer", PAPER)
def test_units_parameters_and_connections_of_the_paper(layer):
    model, seen = lecun1989(), {}
    module = model.get_submodule(layer)
    module.register_forward_hook(
        lambda module, inputs, output: seen.update(units=output[0].numel())
    )
    model(torch.zeros(1, 1, 16, 16))
    weight = getattr(module, "kernels", module).weight
    connections = seen["units"] * (weight[0].numel() + 1)
    parameters = sum(p.numel() for p in module.parameters())
    assert (seen["units"], parameters, connections) == PAPER[layer]


def test_a_map_of_h2_sees_its_eight_maps_and_no_other():
    assert {len(set(seen)) for seen in H2_TABLE} == {8}
    assert len(set(H2_TABLE)) == 12
    model = lecun1989().double()
    maps = torch.rand(1, 12, 8, 8, dtype=torch.double, requires_grad=True)
    output = model.h2(maps[:, sum(H2_TABLE, ())])
    for k, inputs in enumerate(H2_TABLE):
        (gradient,) = torch.autograd.grad(output[0, k].sum(), maps, retain_graph=True)
        reached = gradient[0].abs().amax((1, 2)).nonzero()[:, 0]
        assert set(reached.tolist()) == set(inputs)


def test_a_layer_is_the_sum_over_its_windows_and_a_bias_for_each_unit():
    torch.manual_seed(0)
    layer = UnitBiasConv2d(4, 6, out_size=3, groups=2).double()
    torch.nn.init.normal_(layer.bias)
    x = torch.randn(1, 4, 6, 6, dtype=torch.double)
    padded = torch.full((4, 10, 10), -1.0, dtype=torch.double)
    padded[:, 2:8, 2:8] = x[0]
    output = layer(x)[0]
    for k in range(6):
        seen = padded[0:2] if k < 3 else padded[2:4]
        for i in range(3):
            for j in range(3):
                window = seen[:, 2 * i : 2 * i + 5, 2 * j : 2 * j + 5]
                total = (layer.kernels.weight[k] * window).sum() + layer.bias[k, i, j]
                torch.testing.assert_close(output[k, i, j], total)


def test_outputs_can_reach_their_targets():
    model = lecun1989()
    a = torch.tensor([-100.0, -1, 0, 1, 100])
    right = torch.tensor([-1.7159, -1, 0, 1, 1.7159])
    torch.testing.assert_close(model.squash(a), right, rtol=0, atol=1e-4)


def test_larger_images_are_refused():
    with pytest.raises(ValueError, match=r"H, W <= 16, got \(1, 1, 28, 28\): resize"):
        lecun1989()(torch.zeros(1, 1, 28, 28))
