"""The small DETRs, what is measured of them, and the pictures of their sets."""

import matplotlib.pyplot as plt
import pytest
import torch
from torch import Tensor

from edulib.chapters.detr.experiments import OBJECTIVE
from edulib.chapters.detr.measures import (
    ZONES,
    looks,
    slots_of,
    suppressed,
    zone_shares,
)
from edulib.chapters.detr.networks import GRID, NUM_QUERIES, small_detr
from edulib.chapters.detr.pictures import invented, layer_pictures, show_matching
from edulib.data.splits import annotated_scenes
from edulib.explanation import attention_maps
from edulib.models.losses.set_matching import SetLoss, match_sets
from edulib.models.ops.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh
from edulib.training.batches import Batch


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return small_detr().eval()


@pytest.fixture
def images():
    torch.manual_seed(1)
    return torch.rand(2, 3, 128, 128)


@pytest.mark.parametrize("helped", [True, False])
def test_both_forms_have_the_shapes_that_the_page_tells(helped, images):
    torch.manual_seed(0)
    logits, boxes = small_detr(helped)(images)
    assert logits.shape == (3, 2, 16, 11)
    assert boxes.shape == (3, 2, 16, 4)


def test_slots_begin_with_a_grid_of_boxes(network):
    boxes = network.box_head.reference.sigmoid()
    torch.testing.assert_close(boxes[:, 2:], torch.full((16, 2), 0.25))
    middles = boxes[:, :2].view(4, 4, 2)
    expected = torch.tensor([0.125, 0.375, 0.625, 0.875])
    torch.testing.assert_close(middles[0, :, 0], expected)
    torch.testing.assert_close(middles[:, 0, 1], expected)
    network.box_head.head[-1].weight.data.zero_()
    network.box_head.head[-1].bias.data.zero_()
    slots = torch.randn(3, 2, 16, 96)
    found = network.box_head(slots).sigmoid()
    torch.testing.assert_close(found, boxes.expand_as(found))


def test_slots_look_at_their_boxes_first(images):
    torch.manual_seed(0)
    network = small_detr().eval()
    layer = "transformer.decoder.0.cross_attention"
    weights = attention_maps(network, images, layer)[0].weights.mean((0, 1))
    rows, columns = GRID
    places = torch.arange(rows * columns)
    middle = torch.stack([places % columns, places // columns], 1) + 0.5
    own = network.box_head.reference[:, :2].sigmoid() * columns
    distances = (weights @ middle - own).norm(dim=1)
    others = (weights @ middle - own[torch.arange(NUM_QUERIES) - 8]).norm(dim=1)
    assert distances.mean() < 0.7 * others.mean()


def test_even_attention_is_shared_out_by_area():
    box = torch.tensor([20.0, 30.0, 90.0, 100.0])
    whole, outer = zone_shares(torch.full(GRID, 1 / 64), box)
    assert whole == pytest.approx(70 * 70 / 128**2, rel=1e-5)
    assert outer == pytest.approx(0.5, abs=1e-5)


def test_attention_in_the_middle_and_at_the_rim():
    box = torch.tensor([32.0, 32.0, 96.0, 96.0])
    middle, rim = torch.zeros(2, *GRID)
    middle[3:5, 3:5] = 1 / 4
    rim[2, 2] = rim[5, 5] = 1 / 2
    assert zone_shares(middle, box) == pytest.approx((1, 0), abs=1e-6)
    whole, outer = zone_shares(rim, box)
    assert whole == pytest.approx(1)
    assert outer > 0.8


def test_of_two_alike_the_surest_stays():
    boxes = torch.tensor([[10.0, 10, 30, 30], [11, 10, 31, 30], [10, 10, 30, 30]])
    found = {
        "boxes": boxes,
        "scores": torch.tensor([0.9, 0.8, 0.7]),
        "labels": torch.tensor([1, 1, 2]),
    }
    assert suppressed(found)["scores"].tolist() == pytest.approx([0.9, 0.7])


def test_slots_are_the_detections_in_another_order(images):
    torch.manual_seed(0)
    network = small_detr().eval()
    for slots, found in zip(
        slots_of(network, images), network.detect(images), strict=True
    ):
        order = slots["scores"].argsort(descending=True, stable=True)
        torch.testing.assert_close(slots["boxes"][order], found["boxes"])
        assert torch.equal(slots["labels"][order], found["labels"])


def sure_of(target: dict[str, Tensor], side: int = 128):
    """Return predictions in which slots 3 and 5 find the two objects of a target."""
    logits = torch.full((3, 1, NUM_QUERIES, 11), -9.0)
    logits[..., 10] = 9
    boxes = torch.full((3, 1, NUM_QUERIES, 4), 0.5)
    shares = xyxy_to_cxcywh(target["boxes"] / side)
    for slot, label, box in zip((3, 5), target["labels"], shares, strict=True):
        logits[:, 0, slot, label], logits[:, 0, slot, 10] = 9.0, -9.0
        boxes[:, 0, slot] = box
    return logits, boxes


def test_only_large_objects_that_were_found_are_looked_at(monkeypatch, images):
    torch.manual_seed(0)
    network = small_detr().eval()
    target = {
        "boxes": torch.tensor([[20.0, 20, 100, 90], [5, 5, 25, 25]]),
        "labels": torch.tensor([4, 7]),
    }
    said = sure_of(target)
    forward = type(network).forward
    predictions = type(network(images[:1]))(*said)
    monkeypatch.setattr(
        type(network), "forward", lambda *call: (forward(*call), predictions)[1]
    )
    found = looks(network, images[:1], [target])
    assert [len(found[zone]) for zone in ZONES] == [1, 1]
    batch = Batch(images[:1], [target], 0, 1.0)
    measures = OBJECTIVE.measures(OBJECTIVE.validate(network, batch))
    assert measures["looked"] == 1
    assert measures["AP"] == measures["layer1_NMS_AP50"] == pytest.approx(1)


def test_the_invented_predictions_are_matched_as_the_page_tells():
    scenes = annotated_scenes(train=1, val=500, image_size=128)[1]
    image, target = scenes[32]
    logits, boxes = invented(target)
    truths = xyxy_to_cxcywh(target["boxes"].as_subclass(Tensor) / 128)
    labels = target["labels"].as_subclass(Tensor)
    costs = SetLoss().costs(logits, boxes, labels, truths)
    rows, columns = match_sets(costs)
    assert rows.tolist() == [0, 2, 3]
    assert columns.tolist() == [0, 1, 2]
    kind = labels[0]
    first, second = logits[:2].softmax(-1)[:, kind].tolist()
    assert (first, second) == pytest.approx((0.5, 0.7))  # "surer of its kind"
    assert (cxcywh_to_xyxy(boxes) <= 1).all()
    show_matching(image, target, scenes.classes)
    plt.close("all")


def test_there_is_a_picture_of_each_layer(network, images):
    groups = layer_pictures(network, images[0])
    assert list(groups) == ["as it is", "suppressed"]
    assert all(len(pictures) == 3 for pictures in groups.values())
