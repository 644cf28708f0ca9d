import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from edulib.drawing import (
    draw_boxes,
    draw_masks,
    normalize_image,
    normalize_signed,
    show_detections,
    show_images,
)
from edulib.drawing.images import as_picture

RAMP = torch.linspace(0, 1, 192).view(3, 8, 8)
ONE = torch.tensor(1.0)


@pytest.fixture(autouse=True)
def _close_figures():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def test_signed_zero_is_grey_and_signs_keep_their_side():
    x = torch.tensor([-2.0, 0.0, 1.0])
    assert normalize_signed(x).tolist() == [0.0, 0.5, 0.75]


def test_images_are_stretched_to_the_unit_interval():
    assert normalize_image(torch.tensor([3.0, 5.0, 7.0])).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("normalize", [normalize_image, normalize_signed])
def test_a_blank_picture_becomes_grey_instead_of_nan(normalize):
    assert normalize(torch.zeros(2, 2)).eq(0.5).all()


def test_grid_has_a_picture_for_each_image_and_hides_empty_cells():
    figure = show_images(torch.rand(5, 3, 4, 4), titles=list("abcde"), columns=3)
    shown = [axis for axis in figure.axes if axis.images]
    assert len(figure.axes) == 6
    assert [axis.get_title() for axis in shown] == list("abcde")


def test_grid_shows_the_pixels_it_is_given():
    image = torch.rand(3, 4, 6)
    picture = show_images([image]).axes[0].images[0].get_array()
    assert torch.allclose(torch.as_tensor(picture), image.movedim(0, -1))


@pytest.mark.parametrize(
    ("images", "titles", "message"),
    [
        ([], None, "at least one image"),
        (torch.rand(2, 4, 8, 8), None, r"\(4, 8, 8\)"),
        (torch.rand(2, 3, 8, 8).numpy(), None, r"or \(3, H, W\), got a ndarray"),
        ([torch.full((3, 8, 8), torch.nan)], None, "values in .*, got nan"),
        (torch.rand(2, 3, 8, 8), ["one"], "each of 2 images, got 1"),
    ],
)
def test_wrong_grids_say_what_is_wrong(images, titles, message):
    with pytest.raises(ValueError, match=message):
        show_images(images, titles=titles)


@pytest.mark.parametrize("shape", [(4,), (2, 3), (1, 2, 4)])
def test_boxes_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"tensor of boxes \(N, 4\), got float32 \("):
        draw_boxes(torch.rand(3, 8, 8), torch.rand(shape))


@pytest.mark.parametrize("normalize", [normalize_image, normalize_signed])
def test_nothing_is_normalized_to_nothing(normalize):
    assert normalize(torch.zeros(0, 3)).shape == (0, 3)


def test_bytes_and_truths_are_shown_as_what_they_mean():
    ramp = torch.arange(64, dtype=torch.uint8).reshape(1, 8, 8) * 4
    shown, truth = (axis.images[0] for axis in show_images([ramp, ramp > 99]).axes)
    assert torch.equal(torch.as_tensor(shown.get_array().data), ramp[0].float() / 255)
    assert torch.equal(torch.as_tensor(truth.get_array().data) > 0, ramp[0] > 99)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (torch.full((3, 8, 8), 255.0), "got 255 to 255: divide by"),
        (torch.linspace(-2.1, 2.6, 192).view(3, 8, 8), "got -2.1 to 2.6: undo the"),
        (torch.linspace(0, 2.1, 192).view(3, 8, 8), "got 0 to 2.1: divide by"),
        (torch.linspace(-1.1, 1, 192).view(3, 8, 8), "got -1.1 to 1: undo the"),
        (torch.full((3, 8, 8), 255), "or bytes, got torch.int64"),
        (RAMP * 2 - 1, "got -1 to 1: undo the"),
        (RAMP - 0.5, "got -0.5 to 0.5: undo the"),
        (0.35 + 0.1 * RAMP - 0.5, "got -0.15 to -0.05: undo the"),
        ((0.35 + 0.2 * RAMP - 0.45) / 0.22, "got -0.4545 to 0.4545: undo the"),
        (torch.full((3, 8, 8), -0.1307 / 0.3081), "got -0.4242 to -0.4242: undo"),
        (RAMP + 0.5, "got 0.5 to 1.5: divide by"),
        ((RAMP * 2.49).round(), "got 0 to 2: divide by"),
        (RAMP * 295 - 20, "got -20 to 275: divide by"),
        (torch.full((3, 8, 8), torch.inf), "got inf$"),
        (torch.full((3, 8, 8), -torch.inf), "got -inf$"),
        (torch.rand(3, 8, 8) + 0j, r"got torch.complex64: take its \.abs\(\)"),
        (torch.rand(3, 0, 5), r"pixels in it, got float32 \(3, 0, 5\)"),
    ],
)
def test_pictures_of_another_scale_are_refused(image, message):
    boxes = torch.tensor([[1.0, 1, 4, 4]])
    for draw in (
        lambda: show_images([image]),
        lambda: draw_boxes(image, boxes),
        lambda: draw_masks(image, image[:1] != 0),
    ):
        with pytest.raises(ValueError, match=message):
            draw()


BLACK_AND_WHITE = {
    "an edge": torch.tensor([0.0, 0, 0, 0, 1, 1, 1, 1]),
    "lines": torch.tensor([0.0, 1]),
    "double lines": torch.tensor([0.0, 1, 1, 0]),
    "a board": torch.tensor([[0.0, 1], [1, 0]]),
    "the worst": torch.tensor([[0.0, 0, 1], [0, 0, 1], [1, 1, 0]]),
    "a point": torch.zeros(16, 16).index_put((torch.tensor(3), torch.tensor(4)), ONE),
}


@pytest.mark.parametrize("pattern", BLACK_AND_WHITE.values(), ids=BLACK_AND_WHITE)
@pytest.mark.parametrize("invert", [False, True])
def test_what_resampling_overshoots_is_cut_off(pattern, invert):
    picture = pattern.expand(len(pattern), -1) if pattern.ndim == 1 else pattern
    picture = picture.repeat(*(24 // side for side in picture.shape))
    picture = 1 - picture if invert else picture
    for side in (40, 48, 192):
        size = (side, side)
        by_torch = F.interpolate(picture[None, None], size, mode="bicubic")[0]
        by_pillow = np.asarray(
            Image.fromarray(picture.numpy()).resize(size, Image.Resampling.LANCZOS)
        )
        for image in (by_torch, torch.from_numpy(by_pillow.copy())[None]):
            shown = torch.from_numpy(as_picture(image))
            assert torch.equal(shown, image[0].clamp(0, 1))


def test_what_is_drawn_upon_an_overshoot_is_in_the_unit_range():
    image = F.interpolate(torch.eye(6).expand(1, 3, 6, 6), (24, 24), mode="bicubic")[0]
    assert image.min() < 0
    assert image.max() > 1
    for drawn in (
        draw_boxes(image, torch.tensor([[2.0, 2, 9, 9]])),
        draw_boxes(image, torch.zeros(0, 4)),
        draw_masks(image, torch.ones(1, 24, 24)),
    ):
        assert drawn.min() >= 0
        assert drawn.max() <= 1


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize("normalize", [normalize_image, normalize_signed])
def test_what_is_no_number_is_not_normalized(normalize, value):
    with pytest.raises(ValueError, match=f"expected finite numbers, got {value}$"):
        normalize(torch.tensor([0.0, value]))


def test_boxes_of_no_numbers_are_refused():
    boxes = torch.tensor([[1.0, 1, 4, 4], [1.0, 1, torch.nan, 4]])
    with pytest.raises(ValueError, match=r"of finite numbers, got \[1.0, 1.0, nan"):
        draw_boxes(torch.rand(3, 8, 8), boxes)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (torch.rand(2, 8, 8), "True and False, got float32 .*: compare"),
        (torch.full((1, 8, 8), torch.nan), "of nan to nan: compare"),
        (torch.ones(1, 8, 9), r"of masks \(N, 8, 8\), got float32 \(1, 8, 9\)"),
        (torch.ones(8, 8), r"of masks \(N, 8, 8\), got float32 \(8, 8\)"),
    ],
)
def test_masks_that_are_none_are_refused(masks, message):
    one = {"masks": masks, "labels": torch.zeros(len(masks)).long()}
    image = torch.rand(3, 8, 8)
    for draw in (
        lambda: draw_masks(image, masks),
        lambda: show_detections([image], [one]),
    ):
        with pytest.raises(ValueError, match=message):
            draw()


def test_bytes_are_drawn_upon_as_their_values():
    image = torch.full((3, 16, 16), 51, dtype=torch.uint8)
    boxes, masks = torch.tensor([[2.0, 2, 9, 9]]), image[:1] > 99
    for drawn in (draw_boxes(image, boxes), draw_masks(image, masks)):
        assert drawn[0, 12, 12] == pytest.approx(0.2)


def test_boxes_change_their_border_and_leave_the_inside():
    image = torch.full((3, 32, 32), 0.2)  # a multiple of 1 / 255
    drawn = draw_boxes(image, torch.tensor([[8.0, 8, 24, 24]]))
    assert not torch.equal(drawn[:, 8, 8:24], image[:, 8, 8:24])
    assert torch.allclose(drawn[:, 12:20, 12:20], image[:, 12:20, 12:20])
    assert image.eq(0.2).all()


def test_masks_tint_only_their_own_pixels():
    image = torch.full((3, 8, 8), 0.5)
    mask = torch.zeros(1, 8, 8)
    mask[0, :4] = 1
    tinted = draw_masks(image, mask)
    assert torch.equal(tinted[:, 4:], image[:, 4:])
    assert not torch.equal(tinted[:, :4], image[:, :4])


def test_no_boxes_and_no_masks_give_the_image_back():
    image = torch.rand(3, 8, 8)
    assert torch.equal(draw_boxes(image, torch.zeros(0, 4)), image)
    assert torch.equal(draw_masks(image, torch.zeros(0, 8, 8)), image)


WHOLE = {
    "uint8": torch.tensor([0, 51, 255], dtype=torch.uint8),
    "int8": torch.tensor([-128, -77, 127], dtype=torch.int8),
    "int64": torch.tensor([-5000, -4000, 0]),
    "uint16": torch.tensor([0, 13107, 65535], dtype=torch.uint16),
    "half": torch.tensor([-6e4, -3.6e4, 6e4]).half(),
    "float32": torch.tensor([-3e38, -1.8e38, 3e38]),
    "float64": torch.tensor([-1.7e308, -1.02e308, 1.7e308], dtype=torch.float64),
    "tiny": torch.tensor([0, 1e-37, 5e-37]),
}


@pytest.mark.parametrize("x", WHOLE.values(), ids=WHOLE)
def test_numbers_of_every_type_and_size_are_stretched(x):
    for stretched in (normalize_image(x), normalize_signed(x)):
        kept = x.dtype if x.is_floating_point() else torch.float32
        assert stretched.dtype == kept
        assert 0 <= stretched.min() <= stretched.max() <= 1
    torch.testing.assert_close(
        normalize_image(x).double(),
        torch.tensor([0, 0.2, 1]).double(),
        atol=6e-3,
        rtol=0,
    )
    wanted = 0.5 + 0.5 * (x.double() / x.double().abs().max())
    torch.testing.assert_close(normalize_signed(x).double(), wanted, atol=1e-3, rtol=0)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64, torch.bool, torch.half])
@pytest.mark.parametrize("normalize", [normalize_image, normalize_signed])
def test_a_blank_picture_of_any_type_becomes_grey(normalize, dtype):
    assert normalize(torch.zeros(2, 2, dtype=dtype)).tolist() == [[0.5, 0.5]] * 2


def test_ordinary_numbers_are_stretched_as_ever():
    x = torch.randn(3, 9, 9, generator=torch.Generator().manual_seed(0))
    low, high, peak = x.min(), x.max(), x.abs().max()
    assert normalize_image(x).equal((x - low) / (high - low))
    assert normalize_signed(x).equal(0.5 + 0.5 * x / peak)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("normalize", [normalize_image, normalize_signed])
def test_what_is_no_tensor_of_real_numbers_is_not_normalized(normalize):
    packed = torch.quantize_per_tensor(RAMP, 0.1, 0, torch.quint8)
    others = (RAMP + 0j, RAMP.to_sparse(), RAMP.to("meta"), packed, RAMP.numpy())
    for x in (*others, None, [1.0, 2.0], Image.new("L", (2, 2))):
        with pytest.raises(ValueError, match="expected a tensor of real numbers, got"):
            normalize(x)


@pytest.mark.parametrize("alpha", [-1, -1e-9, 1.01, torch.nan, "a", None, True])
def test_a_tint_is_a_share(alpha):
    with pytest.raises(ValueError, match="a finite number from 0 to 1, got"):
        draw_masks(RAMP, RAMP[:1] > 0.1, alpha)


@pytest.mark.parametrize("alpha", [0, 1, 0.5, np.float32(0.5), torch.tensor(0.5)])
def test_a_tint_stays_in_the_unit_range(alpha):
    mask = torch.ones(1, 8, 8, dtype=torch.bool)
    drawn = draw_masks(RAMP, mask, alpha)
    shown = draw_masks(RAMP, mask, 1.0)
    torch.testing.assert_close(drawn, RAMP * (1 - alpha) + shown * alpha)


@pytest.mark.filterwarnings("ignore")
def test_what_is_no_picture_is_refused():
    boxes, masks = torch.tensor([[1.0, 1, 4, 4]]), torch.ones(1, 8, 8, dtype=torch.bool)
    packed = torch.quantize_per_tensor(RAMP, 0.1, 0, torch.quint8)
    draws = (
        lambda image: show_images([image]),
        lambda image: draw_boxes(image, boxes),
        lambda image: draw_masks(image, masks),
    )
    odd = (RAMP.to_sparse(), RAMP.to("meta"), packed)
    shapes = (RAMP[0], RAMP[None], torch.rand(4, 8, 8), torch.rand(8, 8, 3))
    for draw in draws:
        for image in (*odd, *shapes, RAMP.numpy(), RAMP.tolist(), None):
            with pytest.raises(ValueError, match=r"expected an image .*, got ."):
                draw(image)


@pytest.mark.parametrize(
    ("boxes", "message"),
    [
        ([[1, 1, 5, 5]], "a tensor of boxes .* got a list of 1"),
        (np.ones((1, 4)), "got a ndarray"),
        (None, "got None"),
        (torch.ones(1, 4) + 0j, "got complex64"),
        (torch.ones(1, 4).to_sparse(), "got sparse_coo float32"),
        (torch.tensor([[5.0, 5, 1, 1]]), r"x2 >= x1 and y2 >= y1, got \[5.0, 5.0, 1.0"),
        (torch.tensor([[1, 5, 2, 4]]), r"x2 >= x1 and y2 >= y1, got \[1.0, 5.0, 2.0"),
    ],
)
def test_boxes_that_are_none_are_refused(boxes, message):
    with pytest.raises(ValueError, match=message):
        draw_boxes(RAMP, boxes)


@pytest.mark.parametrize("labels", [[1], [b"a"], [torch.tensor(1)]])
def test_labels_are_words(labels):
    with pytest.raises(ValueError, match="a word for each box, got"):
        draw_boxes(RAMP, torch.tensor([[1.0, 1, 4, 4]]), labels)


@pytest.mark.parametrize("masks", [np.ones((1, 8, 8), bool), [RAMP[0] > 0], None])
def test_masks_are_a_tensor(masks):
    with pytest.raises(ValueError, match=r"a tensor of masks .* got"):
        draw_masks(RAMP, masks)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *[
            ({"cell": v}, "a finite number from 0.1, got")
            for v in (0, -1, torch.nan, "a")
        ],
        *[({"columns": v}, "columns of at least 1, got") for v in (0, -1, 1.5, True)],
    ],
)
def test_grids_that_are_none_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        show_images([RAMP], **options)
