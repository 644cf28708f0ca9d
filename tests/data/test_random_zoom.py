"""RandomZoom moves boxes and masks with the image, and drops what is cut off."""

import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import tv_tensors
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from edulib.data import RandomZoom, Scenes, detection_scenes

SCENES = detection_scenes(12, 64, seed=4, target="masks", objects=(2, 5))
ITEMS = list(SCENES)
STILL = {"zoom": (1, 1), "shift": 0, "flip": 0}


def target_of(boxes, size=(40, 60), **more):
    boxes = tv_tensors.BoundingBoxes(
        torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        format="XYXY",
        canvas_size=size,
    )
    return {"boxes": boxes, "labels": torch.arange(len(boxes)), **more}


def image_of(size=(40, 60)):
    return tv_tensors.Image(torch.rand(3, *size))


def same(one, other):
    return all(
        torch.equal(one[name], other[name]) for name in one.keys() | other.keys()
    )


def test_nothing_moves_without_zoom_shift_and_flip():
    for image, target in ITEMS:
        moved, found = RandomZoom(**STILL)(image, target)
        assert type(moved) is tv_tensors.Image
        torch.testing.assert_close(moved, image, rtol=0, atol=1e-6)
        assert same(found, target)


def test_a_flip_is_torchvisions():
    image, target = ITEMS[0]
    moved, found = RandomZoom(**{**STILL, "flip": 1})(image, target)
    torch.testing.assert_close(moved, F.horizontal_flip(image), rtol=0, atol=1e-6)
    assert same(found, v2.RandomHorizontalFlip(1.0)(image, target)[1])


def test_boxes_follow_the_map_of_the_window():
    """Twice as large about the middle: x goes to 2 x - side / 2, and is cut off."""
    boxes = [[20, 12, 40, 20], [0, 0, 30, 20], [0, 0, 10, 8]]
    _, found = RandomZoom((2, 2), 0, flip=0, least=0)(image_of(), target_of(boxes))
    assert found["boxes"].tolist() == [[10, 4, 50, 20], [0, 0, 30, 20]]
    assert found["labels"].tolist() == [0, 1]
    assert found["boxes"].canvas_size == (40, 60)


@pytest.mark.parametrize(("least", "kept"), [(0.25, [0, 1]), (0.26, [0])])
def test_objects_of_which_too_little_is_left_are_dropped(least, kept):
    zoom = RandomZoom((2, 2), 0, flip=0, least=least)
    target = target_of(
        [[20, 12, 40, 20], [0, 0, 30, 20]],
        crowd=torch.tensor([False, True]),
        area=torch.tensor([100.0, 60.0]),
        image_id=7,
    )
    _, found = zoom(image_of(), target)
    assert found["labels"].tolist() == kept
    assert found["crowd"].tolist() == [bool(k) for k in kept]
    assert found["area"].tolist() == [400.0, 60.0][: len(kept)]
    assert found["image_id"] == 7


def test_what_is_left_of_a_mask_counts_where_there_are_masks():
    """A quarter of the box is left, but none of its pixels, or all of them."""
    masks = torch.zeros(2, 40, 60, dtype=torch.bool)
    masks[0, :10, :15] = True
    masks[1, 10:20, 15:30] = True
    target = target_of([[0, 0, 30, 20]] * 2, masks=tv_tensors.Mask(masks))
    _, found = RandomZoom((2, 2), 0, flip=0, least=0.9)(image_of(), target)
    assert found["labels"].tolist() == [1]
    assert found["masks"].shape == (1, 40, 60)
    assert found["masks"].sum() == 4 * 10 * 15


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_masks_lie_in_their_boxes_and_where_the_image_shows_them(seed):
    _, target = ITEMS[seed % len(ITEMS)]
    painted = tv_tensors.Image(target["masks"].float())  # one channel for each mask
    zoom = RandomZoom((1, 1.6), least=0, fill=0)
    torch.manual_seed(seed)
    shown, found = zoom(painted, {**target, "labels": torch.arange(len(painted))})
    for box, mask, k in zip(*map(found.get, ("boxes", "masks", "labels")), strict=True):
        rows, columns = mask.nonzero().T + 0.5
        edges = torch.stack([columns.min(), rows.min(), columns.max(), rows.max()])
        inside = (edges - box) * torch.tensor([1, 1, -1, -1])
        assert inside.min() > -1e-3
        whole = (box[:2] > 0).all() and (box[2:] < 64).all()
        assert inside.max() < 1 + 1e-3 or not whole
        # The nearest of four pixels has a weight of at least 1/4 in the image.
        assert shown[k][mask].min() > 0.25 - 1e-3
        assert shown[k][~mask].max() < 0.75 + 1e-3


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_most_objects_stay_and_boxes_are_in_the_image(seed):
    torch.manual_seed(seed)
    image, target = ITEMS[seed % len(ITEMS)]
    _, found = RandomZoom()(image, target)
    boxes = found["boxes"]
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert boxes.min() >= 0 if len(boxes) else True
    assert (boxes <= 64).all()
    assert len(boxes) == len(found["labels"]) == len(found["masks"])
    assert found["masks"].any((1, 2)).all()


def test_zoom_and_shift_have_their_range():
    torch.manual_seed(0)
    target = target_of([[25, 15, 35, 25]], size=(40, 60))
    zoom = RandomZoom((0.5, 2), 0.1, flip=0)
    boxes = torch.cat([zoom(image_of(), target)[1]["boxes"] for _ in range(400)])
    side = boxes[:, 3] - boxes[:, 1]
    assert 5 <= side.min() < 6
    assert 18 < side.max() <= 20
    assert side.log().mean().exp().item() == pytest.approx(10, abs=0.7)
    shifts = ((boxes[:, 2] + boxes[:, 0]) / 2 - 30) * 10 / side  # before the zoom
    assert -6 <= shifts.min() < -5.5
    assert 5.5 < shifts.max() <= 6


def test_what_lies_beyond_the_image_is_filled():
    image = tv_tensors.Image(torch.ones(3, 40, 60))
    moved, mask = RandomZoom((0.5, 0.5), 0, fill=0.25)(
        image, tv_tensors.Mask(torch.ones(40, 60, dtype=torch.int64))
    )
    assert moved[:, 10:30, 15:45].min() == 1
    assert moved.sum().item() == pytest.approx(3 * 600 * (1 + 3 * 0.25))
    assert mask.sum() == 600
    assert mask.dtype == torch.int64


def test_images_without_objects_are_examples_too():
    target = target_of([], masks=tv_tensors.Mask(torch.zeros(0, 40, 60).bool()))
    image, found = RandomZoom()(image_of(), target)
    assert image.shape == (3, 40, 60)
    assert found["boxes"].shape == (0, 4)
    assert found["masks"].shape == (0, 40, 60)
    assert found["labels"].dtype == torch.int64


def test_labels_and_captions_stay_as_they_are():
    zoomed = Scenes(5, 32, transforms=RandomZoom())
    assert [label for _, label in zoomed] == [label for _, label in Scenes(5, 32)]


def test_fits_among_torchvisions_transforms_and_into_other_processes():
    chain = v2.Compose([RandomZoom(), v2.Normalize((0.5,) * 3, (0.25,) * 3)])
    image, target = pickle.loads(pickle.dumps(chain))(*ITEMS[1])
    assert image.min() < -0.5
    assert isinstance(target["boxes"], tv_tensors.BoundingBoxes)


def test_a_seed_gives_the_same_view():
    views = []
    for _ in range(2):
        torch.manual_seed(3)
        views.append(RandomZoom()(*ITEMS[2]))
    assert torch.equal(views[0][0], views[1][0])
    assert same(views[0][1], views[1][1])
    assert not torch.equal(RandomZoom()(*ITEMS[2])[0], views[0][0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"zoom": (2, 1)}, r"zoom \(least, most\) above 0, got \(2, 1\)"),
        ({"zoom": (0, 1)}, r"zoom \(least, most\) above 0, got \(0, 1\)"),
        ({"zoom": 2}, r"zoom \(least, most\) above 0, got 2"),
        ({"shift": 1.5}, r"shift in \[0, 1\], got 1\.5"),
        ({"flip": -1}, r"flip in \[0, 1\], got -1"),
        ({"least": 40}, r"least in \[0, 1\], got 40"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        RandomZoom(**arguments)


def test_wrong_images_and_targets():
    with pytest.raises(ValueError, match=r"expected images .* got uint8 .* divide"):
        RandomZoom()(torch.zeros(3, 8, 8, dtype=torch.uint8), 1)
    with pytest.raises(ValueError, match="target with boxes, got a dict with 'labels'"):
        RandomZoom()(image_of(), {"labels": torch.zeros(1)})
