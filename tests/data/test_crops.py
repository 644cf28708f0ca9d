import pytest
import torch

from edulib.data import PCAColor, photo_crops, photos


def test_a_crop_is_cut_from_its_place():
    images, labels = photo_crops(130, 64)
    assert images.shape == (130, 3, 24, 24)
    assert labels[:3].tolist() == [0, 1, 2]
    assert labels[64:66].tolist() == [0, 1]
    again, _ = photo_crops(130, 64)
    assert torch.equal(images, again)
    assert not torch.equal(images, photo_crops(130, 64, seed=1)[0])


def test_crops_of_a_place_resemble_each_other():
    images, labels = photo_crops(640, 8)
    flat = (images - images.mean((2, 3), keepdim=True)).flatten(1)
    alike = torch.corrcoef(flat).abs()
    same = labels[:, None] == labels
    assert alike[same].mean() > 1.5 * alike[~same].mean()


def test_numbers_below_one_are_refused():
    with pytest.raises(ValueError, match="length of at least 1, got 0"):
        photo_crops(0)
    with pytest.raises(ValueError, match="a seed that is a whole number, got '0'"):
        photo_crops(2, seed="0")


@pytest.fixture
def images():
    return torch.stack([photos()[n][:, :64, :64] for n in ("cat", "coffee")])


def test_axes_are_those_of_the_covariance(images):
    augment = PCAColor(images)
    pixels = images.movedim(1, -1).reshape(-1, 3).double()
    centered = pixels - pixels.mean(0)
    covariance = centered.T @ centered / (len(pixels) - 1)
    rebuilt = augment.vectors @ augment.values.diag() @ augment.vectors.T
    torch.testing.assert_close(rebuilt.double(), covariance, rtol=1e-4, atol=1e-6)
    assert augment.values.diff().max() <= 0
    assert torch.equal(augment.vectors.abs().amax(0), augment.vectors.amax(0))


def test_one_axis_is_added_to_every_pixel(images):
    augment = PCAColor(images)
    middle = 0.25 + 0.5 * images
    shifted = augment.shift(middle, torch.tensor([[0.5, 0, 0], [0, -0.5, 0]]))
    first = 0.5 * augment.values[0] * augment.vectors[:, 0]
    second = -0.5 * augment.values[1] * augment.vectors[:, 1]
    expected = middle + torch.stack([first, second])[:, :, None, None]
    torch.testing.assert_close(shifted, expected)


def test_each_image_has_its_own_draw_and_stays_in_range(images):
    torch.manual_seed(0)
    shifts = PCAColor(images, strength=5.0)(images) - images
    assert not torch.equal(shifts[0], shifts[1])
    assert (images + shifts).aminmax().min >= 0
    assert (images + shifts).aminmax().max <= 1
    assert torch.equal(PCAColor(images, strength=0)(images), images)


def test_wrong_arguments_are_refused(images):
    with pytest.raises(
        ValueError, match=r"\(N, 3, H, W\), .*got float32 \(3, 64, 64\)"
    ):
        PCAColor(images[0])
    with pytest.raises(ValueError, match="at least 0 and finite, got -1"):
        PCAColor(images, strength=-1)
