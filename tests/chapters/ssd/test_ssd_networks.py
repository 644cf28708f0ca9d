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
