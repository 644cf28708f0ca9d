"""The small YOLO, what its cells say, and neighbours."""

import matplotlib.pyplot as plt
import pytest
import torch

from edulib.chapters.yolo.experiments import BUILDS
from edulib.chapters.yolo.measure import (
    DETECTORS,
    crowded_scenes,
    detect,
    load_measures,
)
from edulib.chapters.yolo.neighbours import (
    GROUPS,
    Objects,
    group_of_objects,
    look_for_objects,
    matched_gap,
    recall_by_group,
)
from edulib.chapters.yolo.networks import small_yolo
from edulib.chapters.yolo.pictures import show_cell, show_grid, what_cells_say
from edulib.weights import load_checkpoint

NAMES = tuple("abcdefghij")


@pytest.mark.parametrize("name", BUILDS)
def test_gives_twenty_numbers_for_each_cell(name):
    network = BUILDS[name]().eval()
    assert network(torch.rand(2, 3, 96, 128)).shape == (2, 6, 8, 20)


def test_a_dense_head_has_a_grid_of_its_own():
    network = small_yolo(dense=6).eval()
    assert network(torch.rand(1, 3, 96, 96)).shape == (1, 6, 6, 20)
    with pytest.raises(ValueError, match="resize"):
        network(torch.rand(1, 3, 128, 128))


def test_variants_differ_in_what_they_are_named_after():
    paper, ones, plain = (build() for build in BUILDS.values())
    assert (paper.lambdas, ones.lambdas) == ((5, 0.5), (1, 1))
    quarter = torch.tensor(0.25)
    assert paper.sides.encode(quarter) == 0.5
    assert plain.sides.encode(quarter) == 0.25
    assert plain.sides.decode(-quarter) == 0


def test_cells_say_what_is_detected():
    torch.manual_seed(0)
    network, image = small_yolo().eval(), torch.rand(3, 128, 128)
    said = what_cells_say(network, image)
    (found,) = network.detect(image[None])
    scores = said.confidence[..., None] * said.classes[:, :, None]
    assert scores.max() == pytest.approx(found["scores"].max().item())
    best = scores.amax(-1).flatten().argmax()
    torch.testing.assert_close(said.boxes.flatten(0, 2)[best], found["boxes"][0])
    for figure in (
        show_grid(image, said, NAMES),
        show_cell(image, said, (3, 4), NAMES),
    ):
        assert figure.axes
        plt.close(figure)


def boxes_at(*centres):
    middle = torch.tensor(centres, dtype=torch.float32)
    return torch.cat([middle - 5, middle + 5], 1)


@pytest.mark.parametrize(
    ("centres", "groups"),
    [
        ([(20, 20), (28, 28)], [0, 0]),  # 16 to 32
        ([(30, 20), (34, 20)], [1, 1]),  # a line between
        ([(30, 20), (60, 20)], [2, 2]),
        ([(20, 20), (28, 28), (35, 20), (100, 100)], [0, 0, 1, 2]),
        ([(17, 17)], [2]),
    ],
)
def test_objects_are_grouped_by_their_cells_and_distance(centres, groups):
    assert group_of_objects(boxes_at(*centres)).tolist() == groups


def test_no_objects_have_no_groups():
    assert group_of_objects(torch.zeros(0, 4)).tolist() == []


def test_recall_is_counted_in_each_group():
    boxes = boxes_at((20, 20), (28, 28), (100, 100))
    target = {"boxes": boxes, "labels": torch.tensor([1, 1, 2])}
    one = {
        "boxes": boxes[[0, 2]],
        "scores": torch.tensor([0.9, 0.01]),
        "labels": torch.tensor([1, 2]),
    }
    target["boxes"] = torch.cat([target["boxes"], boxes_at((30, 60), (34, 60))])
    target["labels"] = torch.tensor([1, 1, 2, 3, 3])
    found = recall_by_group(look_for_objects([one], [target]))
    assert found == {GROUPS[0]: (0.5, 2), GROUPS[1]: (0.0, 2), GROUPS[2]: (1.0, 1)}


def test_only_objects_that_are_as_near_and_as_large_are_compared():
    """Two in one cell and one as near are alike; the others have no match."""
    objects = Objects(
        groups=torch.tensor([0, 0, 1, 1, 0, 2]),
        found=torch.tensor([True, False, True, False, False, True]),
        distances=torch.tensor([6.0, 7, 7.5, 9, 2, 40]),
        sides=torch.tensor([20.0, 23, 18, 20, 20, 20]),
    )
    assert matched_gap(objects) == 0.5


def test_only_the_surest_twenty_count():
    target = {"boxes": boxes_at((50, 50)), "labels": torch.tensor([1])}
    many = {
        "boxes": torch.cat([boxes_at((100, 100)).repeat(20, 1), target["boxes"]]),
        "scores": torch.linspace(0.9, 0.1, 21),
        "labels": torch.ones(21, dtype=torch.int64),
    }
    fewer = {name: value[1:] for name, value in many.items()}
    for detection, is_found in ((many, False), (fewer, True)):
        assert look_for_objects([detection], [target]).found.tolist() == [is_found]


@pytest.mark.parametrize("name", ["YOLO", "SSD"])
def test_stored_recall_is_that_of_the_checkpoint(name):
    images, targets = crowded_scenes(2)
    network = load_checkpoint(DETECTORS[name]).eval()
    objects = look_for_objects(detect(network, images), targets)
    stored = load_measures()
    assert matched_gap(objects) == pytest.approx(stored["matched"][name][0], abs=0.05)
    again = recall_by_group(objects)
    for group, (share, count) in stored["neighbours"][name][0].items():
        assert again[group] == (pytest.approx(share, abs=0.02), count)
