"""The small network, its scenes, and where a class is found."""

import itertools
import math

import pytest
import torch
from torch import nn

from edulib.anatomy import count_macs
from edulib.chapters.efficientnet.data import scenes_with_objects
from edulib.chapters.efficientnet.experiments import BASE_SIZE, DOUBLINGS, WAYS
from edulib.chapters.efficientnet.measures import (
    Focus,
    class_activation_map,
    label_of,
    share_inside,
)
from edulib.chapters.efficientnet.networks import SmallEfficientNet, small_efficientnet
from edulib.data import Scenes
from edulib.exercises import check
from edulib.training.batches import Batch


def cost(way):
    width, depth, resolution = way
    side = round(BASE_SIZE * resolution)
    with torch.device("meta"):
        return count_macs(small_efficientnet(width, depth), (3, side, side))


def test_four_ways_cost_about_four_times_the_base():
    costs = [cost(way) for name, way in WAYS.items() if name != "base"]
    assert max(costs) < 1.13 * min(costs)
    assert 3.9 < min(costs) / cost(WAYS["base"]) < max(costs) / cost(WAYS["base"]) < 4.5


@pytest.mark.parametrize("way", [name for name in WAYS if name != "base"])
def test_each_way_doubles_its_cost_and_its_last_step_is_no_smaller(way):
    names = [n for n in (f"{way} 2", way, f"{way} 8") if n in WAYS | DOUBLINGS]
    costs = [cost((WAYS | DOUBLINGS)[name]) for name in ("base", *names)]
    steps = [after / before for before, after in itertools.pairwise(costs)]
    assert len(steps) == (2 if way == "depth" else 3)
    assert 1.9 < min(steps) < max(steps) < 2.15
    assert steps[-1] > 0.98 * steps[0]


@pytest.mark.parametrize(("name", "phi"), [("all three 2", 0.5), ("all three 8", 3)])
def test_all_three_with_another_exponent(name, phi):
    width, depth, resolution = DOUBLINGS[name]
    assert (width, depth) == pytest.approx((1.1**phi, 1.2**phi), rel=5e-3)
    assert round(BASE_SIZE * resolution) == round(BASE_SIZE * 1.15**phi)


def test_all_three_is_the_rule_of_equation_3():
    width, depth, resolution = WAYS["all three"]
    assert (width, depth) == pytest.approx((1.1**2, 1.2**2))
    assert round(BASE_SIZE * resolution) == round(BASE_SIZE * 1.15**2)


@pytest.mark.parametrize("size", [32, 42, 45])
def test_the_last_maps_are_an_eighth_and_make_the_answer(size):
    torch.manual_seed(0)
    network = SmallEfficientNet(0.5, 0.5).eval()
    images = torch.rand(2, 3, size, size)
    maps = network.features(images)
    assert maps.shape == (2, 48, -(-size // 8), -(-size // 8))
    answers = maps.mean((2, 3)) @ network.classifier.weight.T + network.classifier.bias
    torch.testing.assert_close(network(images), answers)


def test_the_small_network_is_made_of_efficientnets_blocks():
    network = small_efficientnet()
    made = []
    for block in network.blocks:
        filters = block.depthwise[0]
        kernel, stride = filters.kernel_size[0], filters.stride[0]
        squeezed = block.squeeze.weigh[1].out_channels
        last = block.project[0].out_channels
        made.append((kernel, stride, filters.groups, squeezed, last))
    assert made == [
        (3, 1, 8, 2, 8),
        (3, 2, 48, 2, 16),
        (3, 1, 96, 4, 16),
        (5, 2, 96, 4, 24),
        (5, 1, 144, 6, 24),
    ]
    assert [block.has_shortcut for block in network.blocks] == [1, 0, 1, 0, 1]
    modules = list(network.modules())
    assert not any(isinstance(one, nn.ReLU | nn.ReLU6 | nn.Dropout) for one in modules)
    swishes = sum(isinstance(one, nn.SiLU) for one in modules)
    assert swishes == 2 + 5 + 4 + 5  # both ends; depthwise, widened, squeezed
    norms = [one for one in modules if isinstance(one, nn.BatchNorm2d)]
    assert len(norms) == 2 + 2 + 4 * 3
    assert all((norm.momentum, norm.eps) == (0.1, 1e-5) for norm in norms)


def test_the_small_network_takes_pixels_and_scales_its_head():
    torch.manual_seed(0)
    network = small_efficientnet(2.15, 1.44).eval()
    grey = torch.full((1, 3, 8, 8), 0.5)
    torch.testing.assert_close(network.stem(grey), network.stem[1](0 * grey))
    torch.testing.assert_close(network.stem(grey + 0.5), network.stem[1](2 + 0 * grey))
    assert network.stem[1][0].stride == (2, 2)
    assert network.last[0].out_channels == 206
    assert len(network.blocks) == 2 + 3 + 3  # each stage rounded up
    filters = network.blocks[-1].depthwise[0].weight
    assert filters.std().item() == pytest.approx(math.sqrt(2 / 25), rel=0.05)
    assert network.last[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_validation_scenes_carry_maps_of_their_one_object():
    (images, labels), (new, maps) = scenes_with_objects(20, 10)
    assert images.shape == (20, 3, 32, 32)
    assert sorted(labels[:10].tolist()) == list(range(10))
    assert new.shape == (10, 3, 32, 32)
    wanted = Scenes(10, 32, seed=1, scale="large")
    assert label_of(maps).tolist() == [wanted[k][1] for k in range(10)]
    assert torch.equal(new[3], wanted[3][0])
    for one in maps:
        assert len(one.unique()) == 2  # the background and the object


def test_a_map_adds_up_to_the_score_where_nothing_speaks_against_it():
    torch.manual_seed(0)
    maps, weight = torch.rand(2, 5, 3, 4), torch.rand(7, 5)
    heat = class_activation_map(maps, weight, torch.tensor([6, 2]))
    scores = maps.mean((2, 3)) @ weight.T
    torch.testing.assert_close(heat.mean((1, 2)), scores[[0, 1], [6, 2]])
    assert not class_activation_map(maps, -weight, torch.tensor([6, 2])).any()


def test_the_share_inside_is_all_half_or_nothing():
    heat = torch.zeros(3, 4, 4)
    heat[:2] = 1
    inside = torch.zeros(3, 32, 32, dtype=torch.bool)
    inside[0] = True
    inside[1, :16] = True
    inside[2] = True
    assert share_inside(heat, inside).tolist() == pytest.approx([1, 0.5, 0])


def test_a_coarse_map_is_enlarged_smoothly_with_its_cells_in_place():
    heat = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    inside = torch.zeros(1, 8, 8, dtype=torch.bool)
    inside[:, :4, :4] = True
    steps = torch.tensor([1, 1, 0.875, 0.625, 0.375, 0.125, 0, 0])
    wanted = (steps[:4].sum() / steps.sum()) ** 2
    torch.testing.assert_close(share_inside(heat, inside), wanted[None])


@torch.no_grad()
def test_validation_measures_answers_and_focus():
    torch.manual_seed(0)
    network, objective = small_efficientnet().eval(), Focus()
    images, maps = scenes_with_objects(10, 10)[1]
    batch = Batch(images, maps, 0, 1.0)
    objective.check(network, batch)
    found = objective.measures(objective.validate(network, batch))
    assert set(found) == {"error", "loss", "inside"}
    heat = class_activation_map(
        network.features(images), network.classifier.weight, label_of(maps)
    )
    assert found["inside"] == pytest.approx(share_inside(heat, maps > 0).mean().item())
    wrong = network(images).argmax(1) != label_of(maps)
    assert found["error"] == pytest.approx(wrong.float().mean().item())


def test_an_expression_with_other_rounding_counts():
    factor = 1.2**2 * 1.1**4 * 1.15**4
    assert "3 of 3 points" in repr(check("efficientnet-count", (factor, 120, 26)))
    assert "2 of 3 points" in repr(check("efficientnet-count", (3.7, 120, 26)))
