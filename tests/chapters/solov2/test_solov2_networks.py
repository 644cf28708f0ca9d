"""The small SOLOv2, its rivals of Matrix NMS, and what is measured."""

import pytest
import torch
from torch import nn

from edulib.chapters.solov2.measures import ALL, Ways, all_cells
from edulib.chapters.solov2.networks import Blanks, small_solov2
from edulib.chapters.solov2.suppression import WAYS, fast_nms, hard_nms, soft_nms
from edulib.models.detection.solov2 import matrix_nms
from edulib.models.ops import nms
from edulib.models.ops.iou import pairwise_iou
from edulib.training.batches import Batch


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
    told = small_solov2(pretrained=False)
    torch.manual_seed(0)
    blind = small_solov2(coordinates=False, pretrained=False)
    pairs = zip(told.parameters(), blind.parameters(), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    x = torch.randn(1, 3, 4, 4)
    assert torch.equal(Blanks()(x), nn.functional.pad(x, (0, 0, 0, 0, 0, 2)))


def test_all_ways_are_measured_on_the_same_network():
    torch.manual_seed(0)
    network = small_solov2(pretrained=False).eval()
    with torch.no_grad():
        network.head.kinds[-1].bias.fill_(0.0)
        network.head.kernels[-1].bias.fill_(1.0)
    other = all_cells(network)
    assert isinstance(other.peaks, nn.Identity)
    assert not isinstance(network.peaks, nn.Identity)
    assert other.head is network.head
    mask = torch.zeros(1, 96, 96, dtype=torch.bool)
    mask[:, 20:50, 30:60] = True
    box, label = torch.tensor([[30.0, 20, 60, 50]]), torch.tensor([4])
    target = {"boxes": box, "labels": label, "masks": mask}
    objective = Ways(masks=True)
    batch = Batch(torch.rand(1, 3, 96, 96), [target], 0, 1.0)
    found = objective.measures(objective.validate(network, batch))
    names = {"", "mask_", *(f"{ALL}{way}_" for way in WAYS)}
    expected = {name + ap for name in names for ap in ("AP", "AP50", "AP75")}
    assert set(found) == expected


def test_the_network_decides_as_its_detections_say():
    torch.manual_seed(0)
    network = small_solov2(pretrained=False).eval()
    with torch.no_grad():
        network.head.kinds[-1].bias.fill_(0.0)
        network.head.kernels[-1].bias.fill_(1.0)
    images = torch.rand(2, 3, 96, 96)
    first = network.detect(images)
    second = network.detect(images, matrix_nms)
    assert len(first[0]["scores"])
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one["masks"], other["masks"])
