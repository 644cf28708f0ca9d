"""Objects in pictures: each where it is, named, and legible on a phone."""

from itertools import combinations

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import to_hex

from edulib.drawing import show_anchors, show_detections, show_matches, use_style
from edulib.drawing.curves import place_labels
from edulib.drawing.detections import FALSE, FOUND, MISSED
from edulib.drawing.phone import PHONE_WIDTH, SMALLEST, fit_phone, smallest_letter

CLASSES = ("cat", "dog", "butterfly")
IMAGES = torch.full((8, 3, 64, 96), 0.5)


@pytest.fixture(autouse=True)
def _one_style():
    with plt.rc_context():
        use_style()
        yield
    plt.close("all")


def objects(corners, labels, scores=None, masks=False):
    boxes = torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)
    found = {"boxes": boxes, "labels": torch.tensor(labels, dtype=torch.int64)}
    if scores is not None:
        found["scores"] = torch.tensor(scores)
    if masks:
        found["masks"] = torch.zeros(len(boxes), 64, 96, dtype=torch.bool)
        for mask, (x, y, x2, y2) in zip(found["masks"], boxes.int(), strict=True):
            mask[y:y2, x:x2] = True
        del found["boxes"]
    return found


ONE = objects([[10, 20, 40, 50], [60, 0, 96, 30]], [0, 2], [0.9, 0.6])


def outlines(ax):
    """Edges, colour and dash of each box, without the bright hem below it."""
    return [
        (
            (box.get_x(), box.get_y(), box.get_width(), box.get_height()),
            to_hex(box.get_edgecolor()).upper(),
            box.get_linestyle(),
        )
        for box in ax.patches[1::2]
    ]


def plates(ax):
    """Where the plates of an axes' tags were drawn, in pixels of the drawing."""
    return [text.get_bbox_patch().get_window_extent() for text in ax.texts]


def assert_inside(figure):
    """Assert that all tags stand in their pictures."""
    place_labels(figure)
    figure.canvas.draw()
    for ax in figure.axes:
        for plate in plates(ax):
            assert plate.x0 >= ax.bbox.x0 - 0.5
            assert plate.y0 >= ax.bbox.y0 - 0.5
            assert plate.x1 <= ax.bbox.x1 + 0.5
            assert plate.y1 <= ax.bbox.y1 + 0.5


def test_boxes_lie_on_their_pixels_and_say_what_they_are():
    (ax,) = show_detections(IMAGES[:1], [ONE], CLASSES).axes
    assert [edges for edges, _, _ in outlines(ax)] == [
        (10, 20, 30, 30),
        (60, 0, 36, 30),
    ]
    assert [text.get_text() for text in ax.texts] == ["cat 0.90", "butterfly 0.60"]
    assert tuple(ax.images[0].get_extent()) == (0, 96, 64, 0)
    assert len({color for _, color, _ in outlines(ax)}) == 2


def test_only_what_is_confident_is_shown_most_confident_first():
    one = objects([[0, 0, 9, 9]] * 3, [0, 1, 2], [0.2, 0.5, 0.8])
    (ax,) = show_detections(IMAGES[:1], [one]).axes
    assert [text.get_text() for text in ax.texts] == ["2 0.80", "1 0.50"]
    (ax,) = show_detections(IMAGES[:1], [one], min_score=0).axes
    assert len(ax.texts) == 3


def test_targets_have_no_scores_and_images_may_have_no_objects():
    target = {name: ONE[name] for name in ("boxes", "labels")}
    figure = show_detections(IMAGES[:2], [target, objects([], [])], CLASSES)
    first, second = figure.axes
    assert [text.get_text() for text in first.texts] == ["cat", "butterfly"]
    assert not second.texts


def test_masks_are_tinted_and_outlined_and_tagged_where_they_are():
    one = objects([[10, 20, 40, 50], [60, 0, 96, 30]], [0, 2], [0.9, 0.6], masks=True)
    (ax,) = show_detections(IMAGES[:1], [one], CLASSES).axes
    tint = ax.images[1].get_array()
    assert (tint[..., 3] > 0).sum() == one["masks"].sum()
    assert tint[25, 15, :3].tolist() != tint[5, 70, :3].tolist()
    lines = [line.get_paths()[0].get_extents() for line in ax.collections]
    assert lines[1].extents == pytest.approx([10, 20, 40, 50], abs=0.01)
    assert lines[3].x1 == pytest.approx(96, abs=0.51)  # closed at the picture's edge
    ax.figure.canvas.draw()
    left = ax.transData.inverted().transform(plates(ax)[0].get_points())[0, 0]
    assert left == pytest.approx(10, abs=1)


def test_an_empty_mask_is_no_error():
    one = objects([[10, 20, 10, 20]], [0], [0.9], masks=True)
    show_detections(IMAGES[:1], [one])


CROWD = objects(
    [[8 * k, 3 * k, 8 * k + 30, 3 * k + 30] for k in range(5)]
    + [[80, 50, 96, 64], [0, 0, 9, 9]],
    [2, 0, 1, 0, 1, 2, 0],
    [0.9 - 0.05 * k for k in range(7)],
)


def test_tags_stand_off_one_another():
    (ax,) = show_detections(IMAGES[:1], [CROWD], CLASSES).axes
    ax.figure.canvas.draw()
    pairs = combinations(plates(ax), 2)
    assert not any(a.shrunk(0.95, 0.9).overlaps(b) for a, b in pairs)


def test_tags_stand_in_the_picture_even_if_it_is_small():
    assert_inside(show_detections(IMAGES[:4], [CROWD] * 4, CLASSES))


def test_eight_pictures_stand_two_in_a_row_on_a_phone_and_can_be_read():
    figure = show_detections(IMAGES, [ONE] * 8, CLASSES)
    assert len({round(ax.get_position().y0, 3) for ax in figure.axes}) == 2
    fit_phone(figure)
    assert_inside(figure)
    assert len({round(ax.get_position().y0, 3) for ax in figure.axes}) == 4
    assert smallest_letter(figure) >= SMALLEST
    assert figure.get_tightbbox().width * 72 <= PHONE_WIDTH
    assert all(ax.bbox.width > 150 for ax in figure.axes)


def test_three_pictures_leave_no_gap_on_a_phone():
    figure = show_detections(IMAGES[:3], [ONE] * 3, titles=["one", "two", "three"])
    fit_phone(figure)
    rows = [round(ax.get_position().y0, 2) for ax in figure.axes]
    assert rows[0] == rows[1] > rows[2]


TRUTH = objects([[10, 20, 40, 50], [60, 10, 80, 30]], [0, 1])
GUESSES = objects(
    [[12, 20, 42, 50], [10, 20, 40, 48], [60, 10, 80, 30]], [0, 0, 2], [0.7, 0.9, 0.8]
)


def test_what_is_found_false_and_missed_differs_in_colour_or_dash():
    (ax,) = show_matches(IMAGES[:1], [GUESSES], [TRUTH], CLASSES).axes
    assert outlines(ax) == [
        ((10, 20, 30, 28), FOUND, "-"),
        ((60, 10, 20, 20), FALSE, "-"),
        ((12, 20, 30, 30), FALSE, "-"),
        ((60, 10, 20, 20), MISSED, "--"),
    ]
    words = [text.get_text() for text in ax.texts]
    assert words == ["cat 0.90", "butterfly 0.80", "cat 0.70", "dog"]


def test_crowds_are_neither_found_nor_missed():
    crowd = {**TRUTH, "crowd": torch.tensor([True, False])}
    (ax,) = show_matches(IMAGES[:1], [GUESSES], [crowd], CLASSES).axes
    assert [color for _, color, _ in outlines(ax)] == [FALSE, MISSED]


def test_an_image_without_objects_has_only_false_detections():
    (ax,) = show_matches(IMAGES[:1], [GUESSES], [objects([], [])]).axes
    assert {color for _, color, _ in outlines(ax)} == {FALSE}


def test_the_legend_has_its_own_room_on_a_phone():
    figure = show_matches(IMAGES[:4], [GUESSES] * 4, [TRUTH] * 4, CLASSES)
    (legend,) = figure.legends
    said = [text.get_text() for text in legend.get_texts()]
    assert said == ["found", "false", "missed"]
    fit_phone(figure)
    assert_inside(figure)
    bottom = min(ax.bbox.y0 for ax in figure.axes)
    assert legend.get_window_extent().y1 <= bottom
    assert all(ax.bbox.width > 150 for ax in figure.axes)
    assert smallest_letter(figure) >= SMALLEST


def test_anchors_are_shown_as_far_as_they_reach():
    anchors = {
        "16 px": torch.tensor([[40.0, 24, 56, 40]]),
        "80 px": torch.tensor([[8.0, -8, 88, 72]]),
    }
    figure = show_anchors(IMAGES[0], anchors)
    (ax,) = figure.axes
    first, second = outlines(ax)
    assert (first[0], second[0]) == ((40, 24, 16, 16), (8, -8, 80, 80))
    assert first[1:] != second[1:]
    bottom, top = ax.get_ylim()
    assert top < -8 < 72 < bottom
    assert [t.get_text() for t in figure.legends[0].get_texts()] == list(anchors)
    many = {"all": anchors["16 px"].repeat(20, 1), "none": torch.zeros(0, 4)}
    thin = show_anchors(IMAGES[0], many).axes[0].patches[1]
    assert thin.get_linewidth() < ax.patches[1].get_linewidth()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: show_detections([], []), "at least one image"),
        (lambda: show_detections(IMAGES, [ONE]), "a dict for each of 8 images, got 1"),
        (
            lambda: show_detections(IMAGES[:1], [ONE], titles=[]),
            "a title for each of 1",
        ),
        (lambda: show_detections(IMAGES[:1], [ONE], CLASSES[:2]), "2 names and the"),
        (
            lambda: show_detections(IMAGES[:1], [{}]),
            "labels, of each image, got",
        ),
        (
            lambda: show_detections(IMAGES[:1], [{**ONE, "boxes": torch.ones(2, 5)}]),
            r"boxes \(N, 4\), got float32 \(2, 5\)",
        ),
        (
            lambda: show_detections(IMAGES[:1, :, 1:], [objects([], [], [], True)]),
            r"masks \(N, 63, 96\), got .* \(0, 64, 96\)",
        ),
        (
            lambda: show_detections(IMAGES[:1], [{**ONE, "boxes": [[1, 1, 5, 5]]}]),
            "expected boxes as a tensor, got a list of 1",
        ),
        (lambda: show_anchors(IMAGES[0], {"a": [[1]]}), r"\(N, 4\), got a list of 1"),
        (
            lambda: show_detections(IMAGES[:1], [ONE], columns=0),
            "columns of at least 1",
        ),
        (lambda: show_matches(IMAGES[:1], [ONE], []), "a dict for each of 1 images"),
        (lambda: show_anchors(IMAGES[0], {}), "at least one group"),
        (
            lambda: show_anchors(IMAGES[0], {"a": torch.ones(4)}),
            r"\(N, 4\), got float32 \(4,",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
