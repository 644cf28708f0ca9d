"""The small YOLOv5, its average, its data and its pictures."""

import math

import matplotlib.pyplot as plt
import pytest
import torch

from edulib.chapters.yolov5.data import (
    VIEW,
    Viewed,
    seen_often,
    sizes_of,
    training_scenes,
)
from edulib.chapters.yolov5.networks import (
    SCENE_ANCHORS,
    Averaged,
    averaged_yolov5,
    small_yolov5,
)
from edulib.chapters.yolov5.objective import AveragedDetection
from edulib.chapters.yolov5.pictures import learners, show_clusters, show_mosaic
from edulib.data.mosaic import Mosaic
from edulib.models.detection.yolov5 import cluster_sizes
from edulib.training import Recipe, fit


def test_it_has_the_levels_that_the_page_tells():
    network = small_yolov5()
    levels = network(torch.rand(1, 3, 96, 96))
    assert [x.shape[1:] for x in levels] == [(3, s, s, 15) for s in (12, 6, 3)]


def test_its_anchors_are_those_of_the_training_scenes():
    sizes = sizes_of(training_scenes(500))
    expected = cluster_sizes(sizes, 9).round().view(3, 3, 2)
    assert torch.equal(torch.tensor(SCENE_ANCHORS), expected)


def test_the_average_follows_all_weights_by_the_formula():
    torch.manual_seed(0)
    model = Averaged(small_yolov5(), decay=0.9, patience=5.0)
    now = model.network.state_dict()
    expected = {name: value.clone() for name, value in now.items()}
    for step in range(1, 8):
        d = 0.9 * (1 - math.exp(-step / 5))
        for name, value in now.items():
            if value.is_floating_point():
                value += torch.randn_like(value)
                expected[name] = d * expected[name] + (1 - d) * value
            else:
                value += step
                expected[name] = value.clone()
        model.follow()
    found = model.average.module.state_dict()
    assert found.keys() == expected.keys()
    for name, value in found.items():
        torch.testing.assert_close(value, expected[name])


def test_the_average_has_means_of_norms_and_no_gradient():
    torch.manual_seed(0)
    model = averaged_yolov5()
    image = torch.rand(2, 3, 64, 64)
    norm = model.average.module.backbone.backbone.stem[2]
    before = norm.running_mean.clone()
    model.train()(image)
    model.follow()
    assert not torch.equal(norm.running_mean, before)
    assert not any(p.requires_grad for p in model.average.parameters())


def test_training_measures_both_and_is_not_changed_by_the_average():
    scenes, val = seen_often(train=8, val=4, times=1)
    recipe = Recipe(epochs=2, batch_size=4, lr=1e-3, optimizer="adamw")
    results = {}
    for decay in (0.5, 0.99):
        torch.manual_seed(0)
        model = Averaged(small_yolov5(), decay=decay)
        history = fit(
            model, scenes, val, recipe, objective=AveragedDetection(), progress=False
        )
        results[decay] = history
        assert {"AP", "AP50", "mean_AP", "mean_AP50"} <= set(history.val)
    first, second = results.values()
    assert first.train == second.train
    assert first.val["AP"] == second.val["AP"]


@pytest.mark.parametrize("mosaic", [True, False])
def test_an_epoch_shows_each_scene_several_times_each_time_anew(mosaic):
    scenes, val = seen_often(train=5, val=3, times=3, mosaic=mosaic)
    assert (len(scenes), len(val)) == (15, 3)
    torch.manual_seed(0)
    first, again = scenes[0], scenes[5]
    assert first[0].shape == again[0].shape == (3, 96, 96)
    assert not torch.equal(first[0], again[0])


def test_with_and_without_mosaic_an_object_has_the_same_sizes():
    """The middle of the canvas is seen as a scene by itself would be."""
    scenes = training_scenes(120)
    torch.manual_seed(0)
    areas = []
    for one in (Viewed(scenes), Mosaic(scenes, VIEW)):
        sizes = sizes_of(one).prod(1).sqrt()
        areas.append(sizes.median().item())
    assert areas[1] == pytest.approx(areas[0], rel=0.25)


def test_the_places_of_an_object_are_those_that_learn_it():
    anchors = torch.tensor(SCENE_ANCHORS)
    chosen, cells = learners((30.0, 30.0, 50.0, 46.0), anchors[0], 8)
    assert chosen == [0, 1, 2]
    assert cells == [(4, 5), (4, 4), (5, 5)]  # 40 / 8 = 5.0 across, 38 / 8 = 4.75 down


def test_pictures_are_drawn():
    scenes = training_scenes(8)
    figure = show_mosaic(scenes, (0, 1, 2, 3), (88, 104))
    assert len(figure.axes) == 5
    sizes = sizes_of(scenes)
    figure = show_clusters(sizes, cluster_sizes(sizes, 3))
    assert len(figure.axes[0].lines) == 6
    plt.close("all")
