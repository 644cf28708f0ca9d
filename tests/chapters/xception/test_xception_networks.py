"""Segmented convolutions, and the small networks that the page compares."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_macs, count_parameters
from edulib.chapters.xception.experiments import BETWEEN, EXPERIMENTS, ONE_PRICE
from edulib.chapters.xception.networks import SegmentedConv, SmallBlock, xception_small
from edulib.models.classification.xception import SeparableConv

IMAGE = (3, 32, 32)


def test_one_segment_a_channel_is_the_papers_separable_convolution():
    torch.manual_seed(0)
    ours, papers = SegmentedConv(6, 10), SeparableConv(6, 10)
    values = papers.state_dict().values()
    ours.load_state_dict(dict(zip(ours.state_dict(), values, strict=True)))
    x = torch.randn(2, 6, 5, 5)
    torch.testing.assert_close(ours(x), papers(x))


def test_a_filter_sees_its_own_segment():
    torch.manual_seed(0)
    conv = SegmentedConv(6, 6, segments=3).spatial
    x = torch.zeros(1, 6, 3, 3)
    x[0, 2] = 1  # in the second segment: channels 2 and 3
    answers = conv(x)[0].abs().sum((1, 2)) > 0
    assert answers.tolist() == [False, False, True, True, False, False]


def test_segments_divide_the_channels():
    with pytest.raises(ValueError, match=r"divide 6 channels, got 4"):
        SegmentedConv(6, 6, segments=4)


def test_something_between_is_applied_between():
    torch.manual_seed(0)
    layer = SegmentedConv(4, 4, between=nn.ReLU).eval()
    x = torch.randn(1, 4, 5, 5)
    expected = layer.norm(layer.pointwise(layer.spatial(x).relu()))
    torch.testing.assert_close(layer(x), expected)


def test_a_block_without_its_convolutions_is_the_identity():
    block = SmallBlock((4, 4, 4), SegmentedConv, shortcut=True)
    nn.init.zeros_(block.residual[-1][1].norm.weight)
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(block(x), x)
    assert SmallBlock((4, 4, 4), SegmentedConv, shortcut=False).shortcut is None


def test_small_networks_share_one_price():
    with torch.device("meta"):
        networks = [build() for build in (*ONE_PRICE.values(), *BETWEEN.values())]
    parameters = [count_parameters(network) for network in networks]
    macs = [count_macs(network, IMAGE) for network in networks]
    assert max(parameters) < 1.01 * min(parameters)
    assert max(macs) < 1.07 * min(macs)


def test_all_variants_are_trained_alike():
    names = ("spectrum", "between", "shortcut")
    compared = [EXPERIMENTS[f"xception-{name}"] for name in names]
    variants = [v for e in compared for v in e.variants.values()]
    assert len({str(variant.recipe) for variant in variants}) == 1
    assert len({variant.data for variant in variants}) == 1
    assert len({experiment.seeds for experiment in compared}) == 1


def test_output_shape():
    assert xception_small(width=8)(torch.rand(2, *IMAGE)).shape == (2, 10)
