"""Torchvision's transforms move pictures, boxes and masks of our sets together."""

import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

from edulib.data import Scenes, detection_scenes

ITEMS = list(detection_scenes(6, 64, seed=11, target="masks", objects=(2, 6)))
MOVES = {
    "flip": v2.RandomHorizontalFlip(1.0),
    "zoom out": v2.RandomZoomOut(p=1.0),
    "crop": v2.Compose([v2.RandomCrop(48), v2.SanitizeBoundingBoxes()]),
    "crop by IoU": v2.Compose([v2.RandomIoUCrop(), v2.SanitizeBoundingBoxes()]),
    "resize": v2.Resize((96, 80)),
    "jitter of scale": v2.ScaleJitter((64, 64), (0.5, 2)),
    "affine": v2.Compose([v2.RandomAffine(0, (0.1, 0.1)), v2.SanitizeBoundingBoxes()]),
}
COLORS = {
    "jitter of color": v2.ColorJitter(0.3, 0.3, 0.3),
    "photometric": v2.RandomPhotometricDistort(p=1.0),
    "normalize": v2.Normalize((0.5,) * 3, (0.25,) * 3),
}
CHANGES = {**MOVES, **COLORS}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_boxes_and_masks_move_together(move):
    torch.manual_seed(0)
    seen = 0
    for image, target in ITEMS:
        moved, found = move(image, target)
        size = tuple(moved.shape[-2:])
        assert found["boxes"].canvas_size == size
        assert tuple(found["masks"].shape) == (len(found["labels"]), *size)
        assert found["masks"].dtype == torch.bool
        for box, mask in zip(found["boxes"], found["masks"], strict=True):
            rows, columns = mask.nonzero().T
            if len(rows) < 20:  # an end of it: the box is of the whole, cut off
                continue
            seen += 1
            edges = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            inside = (torch.stack(edges) - box) * torch.tensor([1, 1, -1, -1])
            assert inside.min() > -1.5
    assert seen > 5


@pytest.mark.parametrize("color", COLORS.values(), ids=COLORS)
def test_colors_leave_targets_alone(color):
    for image, target in ITEMS:
        changed, found = color(image, target)
        assert not torch.equal(changed, image)
        assert all(torch.equal(found[name], target[name]) for name in target)


@pytest.mark.parametrize(
    "change", {**MOVES, **COLORS}.values(), ids={**MOVES, **COLORS}
)
def test_images_without_objects_are_changed_as_others(change):
    torch.manual_seed(0)
    image, target = ITEMS[0]
    boxes = tv_tensors.wrap(target["boxes"][:0], like=target["boxes"])
    masks = tv_tensors.Mask(target["masks"][:0])
    empty = {"boxes": boxes, "labels": target["labels"][:0], "masks": masks}
    changed, found = change(image, empty)
    assert found["boxes"].shape == (0, 4)
    assert found["masks"].shape == (0, *changed.shape[-2:])
    assert found["labels"].shape == (0,)


def test_the_map_of_stuff_moves_with_the_picture():
    crop = v2.RandomCrop(24)
    scenes = Scenes(8, 48, target="stuff")
    for image, stuff in scenes:
        both = torch.cat([image, stuff[None] / 23])  # as a fourth channel
        torch.manual_seed(1)
        _, found = crop(image, stuff)
        torch.manual_seed(1)
        expected = crop(tv_tensors.Image(both))[3] * 23
        assert torch.equal(found, expected.round().long())


def test_labels_are_taken_for_an_image_where_there_is_none():
    """A pitfall of torchvision: give transforms the image with its target."""
    target = {"labels": torch.tensor([1, 2, 3])}
    assert v2.RandomHorizontalFlip(1.0)(target)["labels"].tolist() == [3, 2, 1]
    _, found = v2.RandomHorizontalFlip(1.0)(ITEMS[0][0], target)
    assert found["labels"].tolist() == [1, 2, 3]
