"""Xception-65: equal to timm's, which holds the authors' released weights."""

import timm
import torch
from model_helpers import assert_equal_outputs, copy_in_order, layer_shapes
from torch import nn

from edulib.models.classification.xception65 import AlignedBlock, xception65


def test_equals_timm():
    torch.manual_seed(0)
    reference = timm.create_model("xception65", num_classes=11)
    assert_equal_outputs(xception65(num_classes=11), reference, 64)


def test_equals_timm_in_training():
    torch.manual_seed(0)
    reference = timm.create_model("xception65", num_classes=11).double().train()
    ours = xception65(num_classes=11).double().train()
    copy_in_order(reference, ours)
    images = torch.randn(2, 3, 48, 48, dtype=torch.double)
    torch.testing.assert_close(ours(images), reference(images), rtol=1e-8, atol=1e-8)


def test_flows_are_those_of_figure_4():
    with torch.device("meta"):
        network = xception65()
        shapes = layer_shapes(network, 299)
    assert shapes == {
        "stem": (64, 150, 150),
        "entry1": (128, 75, 75),
        "entry2": (256, 38, 38),
        "entry3": (728, 19, 19),
        "middle": (728, 19, 19),
        "exit1": (1024, 10, 10),
        "exit2": (2048, 10, 10),
        "head": (1000,),
    }
    pooled = [m for m in network.modules() if "Pool" in type(m).__name__]
    assert len(pooled) == 1  # the mean before the classes
    depthwise = [m for m in network.modules() if getattr(m, "groups", 1) > 1]
    assert len(depthwise) == 3 * (3 + 16 + 1 + 1)
    assert len(depthwise) + 2 == 65  # with the two of the stem


def test_a_zeroed_residual_is_the_identity():
    block = AlignedBlock((4, 6, 6, 4))
    nn.init.zeros_(block.last[-1][-1].weight)
    x = torch.randn(1, 4, 5, 5)
    torch.testing.assert_close(block(x), x)


def test_the_fine_map_stands_before_the_stride():
    block = AlignedBlock((4, 6, 6, 8), stride=2)
    x = torch.randn(1, 4, 9, 7)
    assert block.fine(x).shape == (1, 6, 9, 7)
    assert block(x).shape == (1, 8, 5, 4)
