"""The network of 1989 and its dense rival: counts, loss, data of the experiment."""

import torch
from torch import nn

from edulib.anatomy import count_parameters
from edulib.chapters.convolution.data import swapped_digits
from edulib.chapters.convolution.experiments import EXPERIMENTS
from edulib.chapters.convolution.networks import dense_40
from edulib.chapters.convolution.objective import SquaredError, squared_error
from edulib.data.splits import digits
from edulib.training import Recipe, fit


def test_the_dense_rival_has_the_connections_of_the_paper():
    assert count_parameters(dense_40()) == 10_690


def test_the_loss_is_zero_for_the_targets_of_the_paper_and_no_others():
    labels = torch.tensor([1, 0])
    targets = torch.tensor([[-1.0, 1.0], [1.0, -1.0]])
    assert squared_error(targets, labels) == 0
    assert squared_error(targets.flip(1), labels) == 4


def test_training_takes_steps_down_the_squared_error():
    torch.manual_seed(0)
    images = torch.rand(20, 1, 16, 16)
    labels = torch.arange(20) % 10
    network = dense_40()
    before = squared_error(network(images), labels)
    recipe = Recipe(epochs=5, batch_size=5, lr=0.1)
    fit(network, (images, labels), recipe=recipe, objective=SquaredError())
    assert squared_error(network(images), labels) < 0.8 * before


def test_few_digits_are_learned_and_many_tested():
    few, many = swapped_digits()
    train, test = digits(16)
    assert (len(few[1]), len(many[1])) == (355, 1442)
    assert torch.equal(few[0], test[0])
    assert torch.equal(many[0], train[0])


def test_all_variants_but_the_network_and_the_number_of_digits_are_alike():
    variants = EXPERIMENTS["convolution-sharing"].variants.values()
    assert len({(v.recipe, v.objective) for v in variants}) == 1
    assert all(isinstance(v.build(), nn.Module) for v in variants)
