"""The figure in which a reader chooses a cell and sees its kernel's mask."""

import base64
import io
import json
import re
from html import unescape

import numpy as np
import pytest
import torch
from PIL import Image

from edulib.notebook import Grid, cell_picker
from edulib.notebook.cells import ZERO
from edulib.notebook.mixer import OPACITY, TINT

SIDES = {"fine": 4, "coarse": 2}


def some_grids():
    generator = torch.Generator().manual_seed(0)
    features = 5 * torch.rand(3, 6, 8, generator=generator)
    features[2] = 0
    grids = {
        name: Grid(
            torch.randn(3, side, side, generator=generator),
            [f"{name} {k}" for k in range(side**2)],
        )
        for name, side in SIDES.items()
    }
    return features, grids


@pytest.fixture
def html():
    image = torch.rand(3, 12, 16, generator=torch.Generator().manual_seed(1))
    return cell_picker(image, *some_grids(), "A picture.", cell=(1, 2)).html


def test_features_and_kernels_are_in_it(html):
    features, grids = some_grids()
    data = json.loads(unescape(re.search(r'data-grids="([^"]*)"', html)[1]))
    levels = torch.tensor(list(base64.b64decode(data["features"]))).view(2, 6, 8)
    found = levels * torch.tensor(data["scales"])[:, None, None]
    assert not features[2].any()  # and so it is left out
    assert (found - features[:2]).abs().max() <= features.max() / 500 + 1e-3
    for stored, (name, grid) in zip(data["grids"], grids.items(), strict=True):
        side = SIDES[name]
        levels = torch.tensor(list(base64.b64decode(stored["kernels"])))
        found = (levels.view(side, side, 2) - ZERO).permute(2, 0, 1) * stored["scale"]
        kernels = grid.kernels[:2]
        assert (found - kernels).abs().max() <= kernels.abs().max() / 250
        assert (stored["side"], stored["says"].split("\n")) == (side, grid.says)


def test_the_first_state_needs_no_script(html):
    features, grids = some_grids()
    kernel = grids["fine"].kernels[:, 1, 2]
    mask = (kernel[:, None, None] * features).sum(0).sigmoid()
    uri = re.search(r'class="eov-mask" href="data:image/png;base64,([^"]*)"', html)[1]
    drawn = torch.from_numpy(
        np.array(Image.open(io.BytesIO(base64.b64decode(uri))))
    ).flatten(0, 1)
    assert (drawn[:, :3] == torch.tensor(TINT)).all()
    opacity = drawn[:, 3].view(6, 8) / OPACITY
    torch.testing.assert_close(opacity, mask, rtol=0, atol=0.03)
    share = re.search(r"row 2, column 3: fine 6; its kernel marks (\d+) %", html)[1]
    assert int(share) == pytest.approx(100 * (mask > 0.5).float().mean(), abs=3)
    assert 'x="160" y="60" width="80" height="60"' in html  # of 320 x 240


def test_it_is_reached_by_keyboard_and_has_a_name(html):
    assert 'tabindex="0" role="slider" aria-label="A picture."' in html
    assert 'aria-valuemax="15" aria-valuenow="6"' in html
    assert html.count('<button type="button"') == 2
    assert html.count('aria-pressed="true"') == 1
    assert "http" not in html


def test_what_does_not_fit_is_named():
    image = torch.rand(3, 12, 16)
    features, grids = some_grids()
    with pytest.raises(ValueError, match="at least one grid"):
        cell_picker(image, features, {}, "A picture.")
    with pytest.raises(ValueError, match="what is shown, got nothing"):
        cell_picker(image, features, grids, " ")
    with pytest.raises(ValueError, match=r"kernels \(2, S, S\).*\(3, 4, 4\).*'fine'"):
        cell_picker(image, features[:2], grids, "A picture.")
    fewer = {"fine": grids["fine"]._replace(says=["a"])}
    with pytest.raises(ValueError, match="and 1 of 'fine'"):
        cell_picker(image, features, fewer, "A picture.")
    with pytest.raises(ValueError, match=r"from 0 to 3, got \(1, 4\)"):
        cell_picker(image, features, grids, "A picture.", cell=(1, 4))


def test_in_words_it_says_what_is_shown():
    features, grids = some_grids()
    shown = cell_picker(torch.rand(3, 12, 16), features, grids, "A picture.")
    assert repr(shown).startswith("A picture.\n  fine, coarse; row 1, column 1: fine 0")
