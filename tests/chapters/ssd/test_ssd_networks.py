"""The small SSDs, and the pictures of their boxes."""

import matplotlib.pyplot as plt
import pytest
import torch

from edulib.chapters.ssd.experiments import BUILDS
from edulib.chapters.ssd.networks import STRIDES, small_ssd
from edulib.chapters.ssd.pictures import above, candidates, map_of_boxes, match_one


@pytest.mark.parametrize(
    ("name", "boxes"),
    [
        ("three maps", 1344),
        ("one map", 1280),
        ("all negatives", 1344),
        ("squares", 672),
    ],
)
def test_variants_have_the_boxes_that_the_page_tells(name, boxes):
    network = BUILDS[name]()
    logits, offsets = network(torch.rand(1, 3, 128, 128))
    assert len(network.boxes) == boxes
    assert logits.shape == (1, boxes, 11)
    assert offsets.shape == (1, boxes, 4)


def test_the_small_network_is_the_one_that_the_page_tells():
    network = small_ssd()
    assert network.loss.negatives == 3
    squares = network.boxes[map_of_boxes() == 1][:4]
    sides = squares[:, 2:] - squares[:, :2]
    expected = torch.tensor(
        [[0.24, 0.24], [0.317, 0.317], [0.339, 0.17], [0.17, 0.339]]
    )
    torch.testing.assert_close(sides / 128, expected, atol=1e-3, rtol=0)


def test_predictions_stand_where_their_boxes_do():
    """What changes in the picture's upper left corner changes boxes there most."""
    torch.manual_seed(0)
    network = small_ssd().eval()
    image = torch.full((1, 3, 128, 128), 0.5)
    corner = image.clone()
    corner[..., :24, :24] = torch.rand(3, 24, 24)
    with torch.no_grad():
        change = (network(corner)[0] - network(image)[0])[0].abs().sum(1)
    for k in range(3):
        of_map = map_of_boxes() == k
        most = network.boxes[of_map][change[of_map].argmax()]
        assert (most[:2] + most[2:]).max() / 2 < 64


def test_boxes_of_a_map_stand_in_the_middle_of_its_cells():
    boxes, maps = small_ssd().boxes, map_of_boxes()
    assert len(maps) == len(boxes)
    for k, stride in enumerate(STRIDES):
        middle = (boxes[maps == k][:, :2] + boxes[maps == k][:, 2:]) / 2
        torch.testing.assert_close(middle % stride, torch.full_like(middle, stride / 2))


def test_a_larger_object_is_matched_on_a_coarser_map():
    small, large = (match_one(side, side, squares=False) for side in (20, 90))
    plt.close("all")
    assert small[1][0] > 0
    assert small[1][2] == 0
    assert large[1][:2] == [0, 0]
    assert large[1][2] > 0


def test_candidates_are_what_the_network_detects():
    torch.manual_seed(0)
    network = small_ssd().eval()
    image = torch.rand(3, 128, 128)
    found = candidates(network, image)
    assert len(found["boxes"]) == 1344
    most = found["scores"].max().item()
    (detection,) = network.detect(image[None], score_threshold=most - 1e-3)
    sure = above(found, most - 1e-3, suppressed=True)
    torch.testing.assert_close(sure["boxes"][:1], detection["boxes"][:1])
    assert len(above(found, most, suppressed=False)["boxes"]) == 0


@pytest.mark.parametrize(("shift", "left"), [(4.0, 1), (8.0, 2)])
def test_suppression_is_that_of_the_network(shift, left):
    """Squares of 20 pixels, moved: an IoU of 0.67, and one of 0.43."""
    boxes = torch.tensor([[10.0, 10.0, 30.0, 30.0]]).repeat(2, 1)
    boxes[1, ::2] += shift
    found = {
        "boxes": boxes,
        "scores": torch.tensor([0.9, 0.8]),
        "labels": torch.zeros(2).long(),
        "map": torch.zeros(2).long(),
    }
    assert len(above(found, 0.5, suppressed=True)["boxes"]) == left
