"""The figures of the chapter on normalisation: what shares a mean, and the company."""

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.colors import same_color
from torch import nn

from edulib.chapters.normalization.company import company_picture
from edulib.chapters.normalization.shared import SHARED, draw_shares, shares_with

SHAPE, PLACE = (3, 4, 2, 2), (1, 2, 0, 1)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (nn.BatchNorm2d(4), (slice(None), 2)),
        (nn.LayerNorm((4, 2, 2)), (1, slice(None))),
        (nn.InstanceNorm2d(4), (1, 2)),
        (nn.GroupNorm(2, 4), (1, slice(2, 4))),
        (nn.Identity(), PLACE),
    ],
)
def test_gradients_tell_which_numbers_share(module, expected):
    wanted = torch.zeros(SHAPE, dtype=torch.bool)
    wanted[expected] = True
    assert torch.equal(shares_with(module, SHAPE, PLACE), wanted)


def test_the_drawing_has_a_square_for_each_number():
    cuts = {"batch": nn.BatchNorm2d(4), "instance": nn.InstanceNorm2d(4)}
    cuts |= {"layer": nn.LayerNorm((4, 2, 2)), "group": nn.GroupNorm(2, 4)}
    figure = draw_shares(cuts, SHAPE, PLACE)
    counts = {}
    for ax in figure.axes:
        assert len(ax.patches) == 3 * 4 * 2 * 2
        blue = [p for p in ax.patches if same_color(p.get_facecolor(), SHARED)]
        counts[ax.get_title(loc="left") or ax.get_title()] = 1 + len(blue)
    plt.close(figure)
    assert counts == {"batch": 12, "instance": 4, "layer": 16, "group": 8}


def test_a_company_is_drawn_beside_its_first_image():
    batch = [torch.zeros(3, 96, 96), torch.ones(3, 96, 96)]
    picture = company_picture(batch, torch.zeros(3, 96, 96))
    assert picture.shape == (3, 192, 246)
    assert picture[0, 10, 10] == 0
    assert picture[0, 58, 10] == 1
    assert torch.allclose(picture[:, :, 60:], torch.tensor(0.5))
    with pytest.raises(ValueError, match="1 to 4 images, got 5"):
        company_picture([batch[0]] * 5, batch[0])
