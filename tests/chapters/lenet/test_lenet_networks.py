"""LeNet-5 with rubbish, with exchanged parts, and its dense rival."""

import torch
import torch.nn.functional as F

from edulib.anatomy import count_parameters
from edulib.chapters.lenet.networks import (
    WithRubbish,
    dense_300_100,
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
