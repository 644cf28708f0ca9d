"""LeNet-5 with rubbish, with exchanged parts, and its dense rival."""

import pytest
import torch
import torch.nn.functional as F

from edulib.anatomy import count_parameters
from edulib.chapters.lenet.networks import (
    PARTS,
    WithRubbish,
    dense_300_100,
    exchanged,
    lenet5_with_rubbish,
)
from edulib.models.classification.lenet import lenet5, map_loss


def test_its_cross_entropy_is_equation_9():
    torch.manual_seed(0)
    network = lenet5()
    images, labels = torch.rand(4, 1, 32, 32), torch.tensor([0, 3, 9, 3])
    found = F.cross_entropy(WithRubbish(network, j=7.0)(images), labels)
    expected = map_loss(network(images), labels, rubbish=7.0)
    torch.testing.assert_close(found, expected)


def test_the_dense_network_is_the_papers_but_for_its_larger_image():
    weights = count_parameters(dense_300_100()) - 300 * (32 * 32 - 28 * 28)
    assert weights == 266_610


@pytest.mark.parametrize("part", PARTS)
def test_exchanged_networks_differ_in_that_part_alone(part):
    torch.manual_seed(0)
    original = dict(lenet5_with_rubbish().network.named_children())
    changed = dict(exchanged(part).network.named_children())
    kinds = {n for n in original if type(original[n]) is not type(changed[n])}
    assert kinds == set(PARTS[part])
    assert exchanged(part)(torch.rand(2, 1, 32, 32)).shape == (2, 11)
