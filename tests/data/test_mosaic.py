"""Mosaic: where the four images and their boxes stand, and what a view leaves."""

import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from edulib.data import RandomZoom
from edulib.data.mosaic import Mosaic, around, draw_point

STILL = RandomZoom((1, 1), 0, flip=0)


class Plain(Dataset):
    """Images of one value each, with one box of that label in the middle."""

    def __init__(self, count: int, side: int = 16) -> None:
        self.count, self.side = count, side

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, k: int) -> tuple[Tensor, dict[str, Tensor]]:
        quarter, three = self.side / 4, 3 * self.side / 4
        box = torch.tensor([[quarter, quarter, three, three]])
        image = torch.full((3, self.side, self.side), k / self.count)
        return image, {"boxes": box, "labels": torch.tensor([k])}


def test_four_images_meet_at_the_point():
    parts = [Plain(4)[k] for k in range(4)]
    canvas, target = around(parts, (16, 16))
    assert canvas.shape == (3, 32, 32)
    quarters = [canvas[0, j : j + 16, i : i + 16] for j in (0, 16) for i in (0, 16)]
    for k, quarter in enumerate(quarters):
        assert quarter.unique().tolist() == [k / 4]
    expected = [[4, 4, 12, 12], [20, 4, 28, 12], [4, 20, 12, 28], [20, 20, 28, 28]]
    assert target["boxes"].tolist() == expected
    assert target["labels"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("point", [(8, 8), (24, 10), (11, 24)])
def test_each_pixel_of_the_canvas_is_that_of_its_image(point):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(4, 1, 16, 16, generator=generator)
    empty = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0).long()}
    canvas, _ = around([(image, empty) for image in images], point)
    x, y = point
    for j in range(32):
        for i in range(32):
            which = 2 * (j >= y) + (i >= x)
            row = j - y if j >= y else j - y + 16
            column = i - x if i >= x else i - x + 16
            inside = 0 <= row < 16 and 0 <= column < 16
            wanted = images[which, 0, row, column].item() if inside else 0.5
            assert canvas[0, j, i].item() == pytest.approx(wanted), (i, j)


def test_boxes_follow_their_images():
    parts = [Plain(4)[k] for k in range(4)]
    _, moved = around(parts, (10, 22))
    _, still = around(parts, (16, 16))
    shift = torch.tensor([-6.0, 6.0, -6.0, 6.0])
    assert torch.equal(moved["boxes"] - still["boxes"], shift.expand(4, 4))


def test_a_still_view_is_the_middle_of_the_canvas():
    torch.manual_seed(3)
    image, target = Mosaic(Plain(9), STILL)[2]
    torch.manual_seed(3)
    others = torch.randint(9, (3,)).tolist()
    point = draw_point(16)
    canvas, boxes = around([Plain(9)[k] for k in (2, *others)], point)
    torch.testing.assert_close(image, canvas[:, 8:24, 8:24])
    for box, label in zip(target["boxes"], target["labels"], strict=True):
        rows = boxes["boxes"][boxes["labels"] == label] - 8
        assert (rows.clamp(0, 16) == box).all(1).any()


def test_the_image_that_was_asked_for_is_in_it_and_the_others_change():
    mosaic = Mosaic(Plain(50), RandomZoom((0.5, 0.5), 0, flip=0))
    torch.manual_seed(0)
    seen = [set(mosaic[7][1]["labels"].tolist()) for _ in range(12)]
    assert sum(7 in labels for labels in seen) >= 8
    assert len(set(map(frozenset, seen))) > 8
    assert len(mosaic) == 50


def test_half_the_zoom_shows_the_whole_canvas():
    torch.manual_seed(1)
    _, target = Mosaic(Plain(5), RandomZoom((0.5, 0.5), 0, flip=0, least=0))[0]
    sides = target["boxes"][:, 2:] - target["boxes"][:, :2]
    assert len(target["boxes"]) == 4
    assert sides.max() <= 4


def test_points_lie_in_the_middle_half():
    torch.manual_seed(0)
    points = torch.tensor([draw_point(16) for _ in range(400)])
    assert points.amin(0).tolist() == [8, 8]
    assert points.amax(0).tolist() == [24, 24]


def test_an_empty_set_is_refused():
    with pytest.raises(ValueError, match="at least one image"):
        Mosaic(Plain(0), STILL)
