"""The small SOLOv2, its rivals of Matrix NMS, and what is measured."""

import json

import pytest
import torch
from torch import nn

from edulib.chapters.solov2 import apart, pictures, times
from edulib.chapters.solov2.measures import Ways, all_cells, compare_ways
from edulib.chapters.solov2.networks import Blanks, small_solov2
from edulib.chapters.solov2.suppression import WAYS, fast_nms, hard_nms, soft_nms
from edulib.models.detection.solov2 import RELEASED, matrix_nms
from edulib.models.ops import nms
from edulib.models.ops.iou import pairwise_iou
from edulib.training.batches import Batch
from edulib.training.measures import compare


def random_boxes(count=40):
    torch.manual_seed(0)
    corners = 20 * torch.rand(count, 2)
    boxes = torch.cat([corners, corners + 10 + 10 * torch.rand(count, 2)], 1)
    scores = torch.rand(count).sort(descending=True).values
    return boxes, scores


def test_hard_and_soft_nms_are_those_of_boxes():
    boxes, scores = random_boxes()
    ious = pairwise_iou(boxes, boxes).triu(diagonal=1)
    kept = hard_nms(ious, scores).nonzero()[:, 0]
    assert torch.equal(kept, nms.nms(boxes, scores, 0.5))
    assert 1 < len(kept) < len(boxes)
    order, expected = nms.soft_nms(boxes, scores, nms.gaussian_decay(), min_score=0)
    torch.testing.assert_close(soft_nms(ious, scores)[order], expected)


def test_fast_nms_lets_the_struck_out_strike_out():
    ious = torch.zeros(3, 3)
    ious[0, 1] = ious[1, 2] = 0.7
    scores = torch.tensor([0.9, 0.8, 0.7])
    assert fast_nms(ious, scores).tolist() == pytest.approx([0.9, 0, 0])
    assert hard_nms(ious, scores).tolist() == pytest.approx([0.9, 0, 0.7])


@pytest.mark.parametrize("way", WAYS)
def test_no_way_fails_without_masks_or_raises_a_score(way):
    assert WAYS[way](torch.zeros(0, 0), torch.zeros(0)).shape == (0,)
    boxes, scores = random_boxes()
    found = WAYS[way](pairwise_iou(boxes, boxes).triu(diagonal=1), scores)
    assert (found <= scores).all()


def test_without_coordinates_there_are_as_many_weights_and_the_same_ones():
    torch.manual_seed(0)
    told = small_solov2()
    torch.manual_seed(0)
    blind = small_solov2(coordinates=False)
    pairs = zip(told.parameters(), blind.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    x = torch.randn(1, 3, 4, 4)
    assert torch.equal(Blanks()(x), nn.functional.pad(x, (0, 0, 0, 0, 0, 2)))


def made_surer():
    torch.manual_seed(0)
    network = small_solov2().eval()
    with torch.no_grad():
        network.head.kinds[-1].weight.normal_(std=0.5)
        network.head.kinds[-1].bias.fill_(0.0)
        network.head.kernels[-1].weight.normal_(std=0.1)
    mask = torch.zeros(1, 128, 128, dtype=torch.bool)
    mask[:, 20:50, 30:60] = True
    box, label = torch.tensor([[30.0, 20, 60, 50]]), torch.tensor([4])
    return network, {"boxes": box, "labels": label, "masks": mask}


def test_all_ways_are_measured_on_the_same_network():
    network, target = made_surer()
    other = all_cells(network)
    assert isinstance(other.peaks, nn.Identity)
    assert not isinstance(network.peaks, nn.Identity)
    assert other.head is network.head
    objective = Ways()
    batch = Batch(torch.rand(1, 3, 128, 128), [target], 0, 1.0)
    found = objective.measures(objective.validate(network, batch))
    names = {"", "mask_", *(f"{way}_" for way in WAYS)}
    expected = {name + ap for name in names for ap in ("AP", "AP50", "AP75")}
    assert set(found) == expected


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_compared_as_the_network_would_decide(way):
    network, target = made_surer()
    images = torch.rand(1, 3, 128, 128)
    with torch.no_grad():
        said = network(images)
        found = compare_ways(network, said, 0, target)[way]
    decided = all_cells(network).detect(images, WAYS[way])[0]
    assert len(decided["scores"]) > 1
    expected = compare(decided, target, masks=True)
    for ours, other in zip(found, expected, strict=True):
        torch.testing.assert_close(torch.tensor(ours), torch.tensor(other))


def test_the_network_decides_as_its_detections_say():
    network, _ = made_surer()
    images = torch.rand(2, 3, 128, 128)
    first = network.detect(images)
    with torch.no_grad():
        said = network(images)
    second = network.decide(said, (128, 128), matrix_nms, RELEASED)
    assert len(first[0]["scores"])
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one["masks"], other["masks"])


def test_scenes_are_split_by_whether_two_objects_are_of_a_kind():
    stored = json.loads(apart.FILE.read_text())
    assert stored["alone_scenes"] + stored["twins_scenes"] == 500
    found = apart.measure_apart(count=8)
    assert found.keys() == stored.keys()
    assert found["alone_scenes"] + found["twins_scenes"] == 8


def test_matrix_nms_is_timed_against_each_other_way():
    stored = json.loads(times.FILE.read_text())
    found = times.time_ways(masks=20, budget=0.01)
    assert found.keys() == WAYS.keys() - {"matrix", "none"}
    assert found.keys() < stored.keys()


def test_a_walk_goes_cell_by_cell():
    assert pictures.walk((1, 1), (1, 1)) == [(1, 1)]
    assert pictures.walk((0, 4), (4, 2)) == [(0, 4), (1, 4), (2, 3), (3, 2), (4, 2)]


def test_a_cells_mask_is_its_kernels():
    network, _ = made_surer()
    with torch.no_grad():
        said = network(torch.rand(1, 3, 128, 128))
    mask = pictures.mask_of_cell(said, 1, (3, 7))
    kernel = said.kernels[1][0, :, 3, 7]
    logits = (kernel[:, None, None] * said.features[0]).sum(0)
    expected = nn.functional.interpolate(
        logits.sigmoid()[None, None], size=(128, 128), mode="bilinear"
    )
    torch.testing.assert_close(mask, expected[0, 0])
