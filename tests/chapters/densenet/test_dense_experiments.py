"""The networks that are compared, what they keep, and who reads whom."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_parameters, trace_graph
from edulib.chapters.densenet.experiments import NETWORKS
from edulib.chapters.densenet.memory import block_bytes, read, recomputed, saved_bytes
from edulib.chapters.densenet.networks import (
    PreActivationBlock,
    densenet_small,
    resnet_small,
)
from edulib.chapters.densenet.reuse import (
    SEEDS,
    heat_map,
    load_reuse,
    observe,
    shares,
)
from edulib.models.classification.densenet import DenseBlock, DenseLayer

TRIOS = [
    ("dense 10", "residual 8, width 8", "residual 8, width 14"),
    ("dense 16", "residual 8, width 12", "residual 14, width 14"),
]


@pytest.mark.parametrize("names", TRIOS)
def test_opponents_have_as_many_parameters_and_three_times_as_many(names):
    dense, equal, thrice = (count_parameters(NETWORKS[name]()) for name in names)
    assert 0.9 <= equal / dense <= 1
    assert 2.7 <= thrice / dense <= 3.01


@pytest.mark.parametrize("names", TRIOS)
def test_three_times_the_parameters_take_the_same_multiply_adds(names):
    dense, _, thrice = (
        trace_graph(NETWORKS[name](), torch.rand(1, 3, 16, 16)).macs for name in names
    )
    assert thrice / dense == pytest.approx(1, abs=0.06)


def test_depth_counts_convolutions_and_the_last_layer():
    for name, build in NETWORKS.items():
        layers = [m for m in build().modules() if isinstance(m, nn.Conv2d | nn.Linear)]
        assert len(layers) == int(name.split()[1].strip(","))


def test_nothing_stands_on_the_path_of_a_preactivation_block():
    block = PreActivationBlock(3, 6, 2).eval()
    nn.init.zeros_(block.residual[-1].weight)
    x = torch.randn(2, 3, 8, 8)
    y = block(x)
    assert torch.equal(y[:, :3], x[:, :, ::2, ::2])
    assert not y[:, 3:].any()


def test_the_residual_branch_leaves_its_input_as_it_was():
    x = torch.randn(2, 4, 6, 6)
    before = x.clone()
    resnet_small(1, 4)[1](x)
    assert torch.equal(x, before)


def test_a_block_keeps_what_the_formula_says():
    depth, first, growth = 6, 5, 3
    kept, recomputing = block_bytes(
        DenseBlock(DenseLayer, depth, first, growth), torch.rand(1, first, 8, 8)
    )
    channels = sum(first + growth * n for n in range(depth))
    statistics = 2 * channels  # mean and deviation of each normalised channel
    assert kept == 4 * (64 * 2 * channels + statistics)
    assert recomputing == 4 * 64 * (first + growth * (depth - 1))


def test_parameters_and_what_is_given_are_not_counted():
    layer = nn.Linear(3, 2, bias=False)
    x = torch.rand(4, 3)
    assert saved_bytes(lambda: layer(x), layer) == x.nbytes
    assert saved_bytes(lambda: layer(x), layer, [x]) == 0


def test_recomputation_gives_the_same():
    block = DenseBlock(DenseLayer, 3, 4, 2)
    x = torch.randn(2, 4, 5, 5)
    assert torch.equal(recomputed(block.layers, x), block(x))
    assert torch.equal(read(block.layers[0], x), block.layers[0](x))


def test_equal_weights_are_shared_evenly():
    assert shares(torch.ones(4 + 3 * 2), 2, 4) == [1.0] * 4


def test_a_source_that_is_read_more_is_seen_in_its_column():
    network = densenet_small(depth=3, growth=2)
    for block in (1, 2, 3):
        reader = getattr(network, f"block{block}").layers[2].layers[2]
        first = reader.in_channels - 4
        nn.init.ones_(reader.weight)
        with torch.no_grad():
            reader.weight[:, first : first + 2] = -3  # what layer 1 made
        row = heat_map(network, block)[2]
        assert row[1] == max(row)
        assert row[1] / row[0] == pytest.approx(3)
    nn.init.constant_(reader.weight, 1)
    gammas = network.block3.layers[2].layers[0].weight
    with torch.no_grad():
        gammas[first : first + 2] = 2
    assert heat_map(network, 3)[2] == pytest.approx([1] * 3)
    row = heat_map(network, 3, scaled=True)[2]
    assert row[1] / row[0] == pytest.approx(2)


def test_transitions_and_the_classifier_are_the_last_columns():
    network = densenet_small(depth=3, growth=2)
    rows = heat_map(network, 1)
    assert [len(row) for row in rows] == [1, 2, 3, 4]
    with torch.no_grad():
        network.head[4].weight[:, -2:] += 5  # the last layer's maps
    last = heat_map(network, 3)[-1]
    assert last.index(max(last)) == 3


def test_observations_are_those_of_the_page():
    even = [[1.0], [1.0, 1.0], [1.0, 1.0, 1.0], [1.0] * 4, [1.0] * 5]
    later = [[1.0], [0.4, 1.6], [0.5, 1.0, 1.5], [0.9, 1, 1, 1], [0.5, 1, 1, 2, 2.0]]
    found = observe([even, later, later])
    assert found["layers"] == 0.4
    assert found["transitions"] == 0.5
    assert found["input least"] == 1
    assert found["late"] == 2
    assert observe([even, later, [*later[:3], [2, 1, 1, 1], later[4]]])[
        "input least"
    ] == pytest.approx(5 / 6)


def test_each_seed_is_stored_before_and_after_training():
    runs = load_reuse()
    assert tuple(run["seed"] for run in runs) == SEEDS
    for run in runs:
        assert 0 < run["error"] < 15  # trained
        for when in ("start", "trained"):
            for kind in ("weights", "scaled"):
                lengths = [[len(row) for row in block] for block in run[when][kind]]
                assert lengths == [list(range(1, 8))] * 3
        # One channel, one input map: a column's mean over channels is 1
        for row in run["trained"]["weights"][0]:
            channels = [16, *[8] * (len(row) - 1)]
            total = sum(c * share for c, share in zip(channels, row, strict=True))
            assert total / sum(channels) == pytest.approx(1, abs=0.002)
