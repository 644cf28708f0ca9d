"""Xception: equal to timm's, as drawn in the paper; nothing inside its convolutions."""

import timm
import torch
from model_helpers import assert_equal_outputs, copy_in_order, layer_shapes
from torch import nn

from edulib.models.classification.xception import Block, SeparableConv, xception


def test_equals_timm():
    torch.manual_seed(0)
    reference = timm.create_model("legacy_xception", num_classes=11)
    assert_equal_outputs(xception(num_classes=11), reference, 96)


def test_equals_timm_in_training():
    torch.manual_seed(0)
    reference = timm.create_model("legacy_xception", num_classes=11).double().train()
    ours = xception(num_classes=11).double().train()
    copy_in_order(reference, ours)
    ours.head[2].p = 0.0
    images = torch.randn(2, 3, 96, 96, dtype=torch.double)
    torch.testing.assert_close(ours(images), reference(images), rtol=1e-9, atol=1e-9)


def test_flows_are_those_of_figure_5():
    with torch.device("meta"):
        network = xception()
        shapes = layer_shapes(network, 299)
    assert shapes == {
        "stem": (64, 147, 147),
        "entry": (728, 19, 19),
        "middle": (728, 19, 19),
        "exit": (2048, 10, 10),
        "head": (1000,),
    }
    separable = [m for m in network.modules() if isinstance(m, SeparableConv)]
    assert len(separable) + 2 == 36  # section 3: 36 convolutional layers


def test_a_separable_convolution_is_one_linear_map_before_its_norm():
    """Without an activation in between the two kernels multiply to one."""
    torch.manual_seed(0)
    layer = SeparableConv(3, 5).double()
    joint = layer.pointwise.weight * layer.depthwise.weight.transpose(0, 1)
    x = torch.randn(2, 3, 7, 7, dtype=torch.double)
    expected = layer.norm(torch.conv2d(x, joint, padding=1))
    torch.testing.assert_close(layer(x), expected)


def test_a_zeroed_residual_is_the_identity():
    block = Block((4, 4, 4))
    nn.init.zeros_(block.residual[-1].norm.weight)
    x = torch.randn(1, 4, 5, 5)
    torch.testing.assert_close(block(x), x)
