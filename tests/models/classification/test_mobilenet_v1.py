"""MobileNet v1: equal to timm's, as tabulated in the paper, cheap as it counts."""

import pytest
import timm
import torch
from model_helpers import assert_equal_outputs, copy_in_order, layer_shapes
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from edulib.models.classification.mobilenet_v1 import (
    DepthwiseSeparable,
    MobileNetV1,
    mobilenet_v1,
    mobilenet_v1_025,
)


def test_equals_timm():
    torch.manual_seed(0)
    reference = timm.create_model("mobilenetv1_100", num_classes=11)
    assert_equal_outputs(mobilenet_v1(num_classes=11), reference, 64)


def test_equals_timm_in_training():
    torch.manual_seed(0)
    reference = timm.create_model("mobilenetv1_100", num_classes=11).double().train()
    ours = mobilenet_v1(num_classes=11).double().train()
    copy_in_order(reference, ours)
    images = torch.randn(2, 3, 64, 64, dtype=torch.double)
    torch.testing.assert_close(ours(images), reference(images), rtol=1e-9, atol=1e-9)


def test_stages_are_those_of_table_1():
    with torch.device("meta"):
        network = mobilenet_v1()
        shapes = layer_shapes(network, 224)
    assert shapes == {
        "stem": (32, 112, 112),
        "stage1": (64, 112, 112),
        "stage2": (128, 56, 56),
        "stage3": (256, 28, 28),
        "stage4": (512, 14, 14),
        "stage5": (1024, 7, 7),
        "head": (1000,),
    }
    layers = [m for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert len(layers) == 28


@pytest.mark.parametrize(("channels", "out_channels"), [(16, 32), (32, 32), (8, 64)])
def test_costs_one_over_n_and_one_over_nine_of_a_full_convolution(
    channels, out_channels
):
    image = torch.empty(1, channels, 12, 12, device="meta")
    with torch.device("meta"):
        costs = []
        for layer in (
            DepthwiseSeparable(channels, out_channels),
            nn.Conv2d(channels, out_channels, 3, padding=1),
        ):
            with FlopCounterMode(display=False) as counter:
                layer(image)
            costs.append(counter.get_total_flops())
    assert costs[0] / costs[1] == pytest.approx(1 / out_channels + 1 / 9)


def test_activations_stop_at_six():
    block = DepthwiseSeparable(2, 2)
    for norm in (block.depthwise[1], block.pointwise[1]):
        nn.init.constant_(norm.bias, 10)
    images = torch.randn(2, 2, 5, 5)
    assert block.depthwise(images).max() == 6
    assert block(images).max() == 6


def test_a_dial_that_gives_no_whole_width_is_refused():
    for alpha in (0, -1, 0.01):
        with pytest.raises(ValueError, match=rf"32 \* alpha > 0, got {alpha}"):
            MobileNetV1(alpha)
    assert mobilenet_v1_025().stem[0].out_channels == 8
