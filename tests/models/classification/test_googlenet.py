"""GoogLeNet: equal to torchvision's, as in table 1, with its side classifiers."""

import pytest
import torch
import torchvision
from model_helpers import (
    assert_equal_outputs,
    copy_in_order,
    layer_shapes,
    randomize_statistics,
)
from torch import nn

from edulib.models.classification.googlenet import (
    Inception,
    conv_relu,
    googlenet,
    googlenet_auxiliary,
    googlenet_bn,
    googlenet_bn_auxiliary,
)


def torchvisions(auxiliary):
    return torchvision.models.googlenet(
        num_classes=11, aux_logits=auxiliary, init_weights=False
    )


def test_batch_norm_form_equals_torchvisions():
    torch.manual_seed(0)
    assert_equal_outputs(googlenet_bn(num_classes=11), torchvisions(False), 64)


def test_all_three_logits_equal_torchvisions():
    torch.manual_seed(0)
    reference = torchvisions(True).double()
    randomize_statistics(reference)
    ours = googlenet_bn_auxiliary(num_classes=11).double()
    theirs = reference.state_dict()
    side = [key for key in theirs if key.startswith("aux")]
    ours.auxiliary.load_state_dict(
        dict(zip(ours.auxiliary.state_dict(), map(theirs.get, side), strict=True))
    )
    side_heads, ours.auxiliary = ours.auxiliary, nn.ModuleList()
    heads = reference.aux1, reference.aux2
    reference.aux1 = reference.aux2 = None
    copy_in_order(reference, ours)
    ours.auxiliary, (reference.aux1, reference.aux2) = side_heads, heads
    for network in (ours, reference):
        network.train()
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    images = torch.randn(3, 3, 96, 96, dtype=torch.double)
    expected = reference(images)
    logits = ours.forward_with_aux(images)
    for ours_k, theirs_k in zip(
        logits,
        (expected.logits, expected.aux_logits1, expected.aux_logits2),
        strict=True,
    ):
        torch.testing.assert_close(ours_k, theirs_k, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("build", "params"),
    [(googlenet_auxiliary, 13_378_280), (googlenet_bn_auxiliary, 13_004_888)],
)
def test_size_with_side_classifiers(build, params):
    with torch.device("meta"):
        assert sum(p.numel() for p in build().parameters()) == params


@pytest.mark.parametrize(
    ("build", "head"), [(googlenet_auxiliary, 0.4), (googlenet_bn_auxiliary, 0.2)]
)
def test_the_side_classifiers_drop_seven_tenths(build, head):
    with torch.device("meta"):
        layers = list(build().modules())
    assert [m.p for m in layers if isinstance(m, nn.Dropout)] == [0.7, 0.7, head]


@pytest.mark.parametrize("build", [googlenet, googlenet_bn])
def test_parts_have_the_shapes_of_table_1(build):
    with torch.device("meta"):
        shapes = layer_shapes(build(), 224)
    assert shapes == {
        "stem": (192, 28, 28),
        "inception3": (480, 14, 14),
        "inception4a": (512, 14, 14),
        "inception4d": (528, 14, 14),
        "inception4e": (832, 7, 7),
        "inception5": (1024, 7, 7),
        "head": (1000,),
    }


def test_an_inception_block_joins_its_branches_in_the_papers_order():
    torch.manual_seed(0)
    block = Inception(8, (1, 2, 3, 4, 5, 6), conv_relu, kernel5=5)
    x = torch.randn(1, 8, 6, 6)
    output = block(x)
    assert output.shape == (1, 15, 6, 6)
    torch.testing.assert_close(output[:, 1:4], block.branch2(x))
    torch.testing.assert_close(output[:, 4:9], block.branch3(x))
    pooled = nn.functional.max_pool2d(x, 3, stride=1, padding=1)
    torch.testing.assert_close(output[:, 9:], block.branch4[1](pooled))


def test_a_network_without_side_classifiers_says_so():
    with torch.device("meta"), pytest.raises(ValueError, match="no auxiliary"):
        googlenet().forward_with_aux(torch.empty(1, 3, 64, 64))
