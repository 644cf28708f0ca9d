"""A small network of inception blocks with branches of one width."""

import torch

from edulib.chapters.googlenet.networks import googlenet_small
from edulib.models.classification.googlenet import Inception


def test_the_small_network_has_five_blocks_of_equal_branches():
    with torch.device("meta"):
        network = googlenet_small()
    blocks = [m for m in network.modules() if isinstance(m, Inception)]
    branches = [b for block in blocks for b in block.children()]
    x = torch.zeros(1, 16, 8, 8, device="meta")
    first = [branch.eval()(x).shape[1] for branch in branches[:4]]
    last = []
    assert len(blocks) == 5
    assert first == [16] * 4
    network.inception5.register_forward_hook(lambda m, x, y: last.append(y.shape))
    assert network(torch.zeros(1, 3, 64, 64, device="meta")).shape == (1, 10)
    assert last == [(1, 64, 8, 8)]
