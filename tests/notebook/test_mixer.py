"""The figure in which a reader mixes a mask out of prototypes."""

import base64
import io
import json
import re
from html import unescape

import numpy as np
import pytest
import torch
from PIL import Image

from edulib.notebook import Mixture, mask_mixer
from edulib.notebook.mixer import OPACITY, TINT

PROTOTYPES = 3


def some_objects():
    generator = torch.Generator().manual_seed(0)
    prototypes = 5 * torch.rand(PROTOTYPES, 6, 8, generator=generator)
    prototypes[2] = 0
    inside = torch.zeros(6, 8, dtype=torch.bool)
    inside[1:4, 2:7] = True
    objects = {
        name: Mixture(
            torch.rand(PROTOTYPES, generator=generator) * 2 - 1,
            inside if name == "cat" else ~torch.zeros_like(inside),
            torch.rand(6, 8, generator=generator) > 0.5,
        )
        for name in ("cat", "dog")
    }
    return prototypes, objects


@pytest.fixture
def html():
    image = torch.rand(3, 12, 16, generator=torch.Generator().manual_seed(1))
    return mask_mixer(image, *some_objects(), "A picture.").html


def data_of(html):
    return json.loads(unescape(re.search(r'data-mix="([^"]*)"', html)[1]))


def test_prototypes_and_objects_are_in_it(html):
    prototypes, objects = some_objects()
    data = data_of(html)
    for packed, scale, exact in zip(
        data["prototypes"], data["scales"], prototypes, strict=True
    ):
        levels = torch.tensor(list(base64.b64decode(packed))).view(6, 8)
        assert (levels * scale - exact).abs().max() <= exact.max() / 500 + 1e-3
    for stored, one in zip(data["objects"], objects.values(), strict=True):
        found = torch.tensor(stored["coefficients"])
        assert (found - one.coefficients).abs().max() <= 0.0251
        assert stored["truth"] == "".join(str(int(v)) for v in one.truth.flatten())
    assert [one["crop"] for one in data["objects"]] == [[2, 1, 7, 4], [0, 0, 8, 6]]


def test_the_first_state_needs_no_script(html):
    prototypes, objects = some_objects()
    one = objects["cat"]
    rounded = (one.coefficients * 20).round() / 20
    values = (rounded[:, None, None] * prototypes).sum(0).sigmoid() * one.inside
    uri = re.search(r'class="eov-mask" href="data:image/png;base64,([^"]*)"', html)[1]
    drawn = torch.from_numpy(
        np.array(Image.open(io.BytesIO(base64.b64decode(uri))))
    ).flatten(0, 1)
    assert (drawn[:, :3] == torch.tensor(TINT)).all()
    opacity = drawn[:, 3].view(6, 8) / OPACITY
    torch.testing.assert_close(opacity, values, rtol=0, atol=0.01)
    is_in, true = values > 0.5, one.truth
    fit = (is_in & true).sum() / (is_in | true).sum()
    assert f">IoU with the true mask: {fit:.2f}</output>" in html
    shown = [float(x) for x in re.findall(r"<output>(-?[\d.]+)</output>", html)]
    assert shown == pytest.approx(rounded.tolist(), abs=1e-6)


def test_it_is_reached_by_keyboard_and_has_a_name(html):
    assert 'role="img" aria-label="A picture."' in html
    assert html.count('<input type="range"') == PROTOTYPES
    assert 'aria-label="coefficient of prototype 3"' in html
    assert html.count('<button type="button"') == 3
    assert html.count('aria-pressed="true"') == 2
    assert "http" not in html


def test_what_does_not_fit_is_named():
    image = torch.rand(3, 12, 16)
    prototypes, objects = some_objects()
    with pytest.raises(ValueError, match="at least one object"):
        mask_mixer(image, prototypes, {}, "A picture.")
    with pytest.raises(ValueError, match="what is shown, got nothing"):
        mask_mixer(image, prototypes, objects, " ")
    with pytest.raises(ValueError, match=r"2 coefficients.*got \(3,\).*of 'cat'"):
        mask_mixer(image, prototypes[:2], objects, "A picture.")
    with pytest.raises(ValueError, match=r"masks \(5, 8\)"):
        mask_mixer(image, prototypes[:, :5], objects, "A picture.")


def test_a_box_without_cells_leaves_nothing():
    prototypes, objects = some_objects()
    none = objects["cat"]._replace(inside=torch.zeros(6, 8, dtype=torch.bool))
    shown = mask_mixer(torch.rand(3, 12, 16), prototypes, {"cat": none}, "A picture.")
    assert "IoU with the true mask: 0.00" in shown.html
    assert repr(shown) == "A picture.\n  3 prototypes; cat"
