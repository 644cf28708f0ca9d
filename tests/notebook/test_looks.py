"""The figure in which a reader chooses a patch and sees where it looks."""

import json
import re
from html import unescape

import pytest
import torch

from edulib.notebook import attention_picker, slot_picker
from edulib.notebook.looks import LEVELS

GRID = (2, 3)


def some_maps(tokens, layers=2, heads=2):
    generator = torch.Generator().manual_seed(0)
    weights = torch.rand(layers, heads, tokens, tokens, generator=generator)
    weights = (4 * weights).softmax(-1)
    return {f"layer {k + 1}": layer for k, layer in enumerate(weights)}


def picker(prefix=0):
    maps = some_maps(prefix + 6)
    image = torch.rand(3, 8, 12, generator=torch.Generator().manual_seed(1))
    shown = attention_picker(image, maps, "A picture.", grid=GRID, prefix_tokens=prefix)
    return shown.html, maps


def data_of(html):
    return json.loads(unescape(re.search(r'data-attention="([^"]*)"', html)[1]))


@pytest.mark.parametrize("prefix", [0, 1])
def test_the_weights_of_all_pairs_are_in_it(prefix):
    html, maps = picker(prefix)
    data = data_of(html)
    tokens = prefix + 6
    assert len(data["names"]) == tokens
    for stored, weights in zip(data["maps"], maps.values(), strict=True):
        for head, exact in zip(stored, weights, strict=True):
            levels = torch.tensor([LEVELS.index(letter) for letter in head["rows"]])
            peaks = exact.amax(-1, keepdim=True)
            found = levels.view(tokens, tokens) / 63 * peaks
            assert (found - exact).abs().max() <= peaks.max() / 126 + 1e-6
            assert head["peaks"] == [round(100 * p) for p in peaks[:, 0].tolist()]


def test_the_first_state_needs_no_script():
    html, maps = picker()
    row = maps["layer 1"][0, 4]  # the patch in the middle
    best = row.argmax().item()
    name = "itself" if best == 4 else f"row {best // 3 + 1}, column {best % 3 + 1}"
    words = f"layer 1, head 1: row 2, column 2 looks most at {name}"
    assert f'aria-valuetext="{words}' in html
    assert f'<output aria-live="polite">{words}' in html
    found = [float(x) for x in re.findall(r'fill-opacity="([^"]*)"', html)]
    assert len(found) == 6
    assert found[best] == min(found) == 0
    chosen = re.search(r'class="eov-chosen" x="([^"]*)" y="([^"]*)"', html)
    assert chosen.groups() == ("1", "1")


def test_it_is_reached_by_keyboard_and_has_a_name():
    html, _ = picker()
    assert 'tabindex="0" role="slider" aria-label="A picture."' in html
    assert html.count('<button type="button"') == 4
    assert html.count('aria-pressed="true"') == 2
    assert "http" not in html


def test_the_class_token_stands_above_the_image():
    html, _ = picker(prefix=1)
    assert data_of(html)["names"][0] == "the class token"
    assert '<rect data-token="0" x="0" y="0"' in html
    assert ">class token</text>" in html
    assert '<rect data-token="1" x="0" y="1.5"' in html


def test_what_does_not_fit_is_named():
    image, maps = torch.rand(1, 8, 12), some_maps(6)
    with pytest.raises(ValueError, match=r"1 \+ 2 x 3 tokens.*got \(2, 6, 6\)"):
        attention_picker(image, maps, "A.", grid=GRID, prefix_tokens=1)
    with pytest.raises(ValueError, match="at least one layer"):
        attention_picker(image, {}, "A.", grid=GRID)
    with pytest.raises(ValueError, match="expected alt"):
        attention_picker(image, maps, " ", grid=GRID)


def test_the_veil_may_be_thinner():
    image = torch.rand(3, 8, 12)
    shown = attention_picker(image, some_maps(6), "A.", grid=GRID, veil=0.5)
    found = [float(x) for x in re.findall(r'fill-opacity="([^"]*)"', shown.html)]
    assert max(found) <= 0.5
    assert data_of(shown.html)["veil"] == 0.5


def some_slots(count=2):
    generator = torch.Generator().manual_seed(0)
    weights = (4 * torch.rand(3, count, 6, generator=generator)).softmax(-1)
    names = [f"slot {k + 1}" for k in range(count)]
    image = torch.rand(3, 8, 12, generator=generator)
    return image, {"layer 1": weights}, names


def test_slots_look_at_patches_and_patches_are_looked_at():
    image, maps, names = some_slots()
    html = slot_picker(image, maps, "A picture.", grid=GRID, slots=names).html
    data = data_of(html)
    assert data["names"][:3] == ["slot 1", "slot 2", "row 1, column 1"]
    head, exact = data["maps"][0][1], maps["layer 1"][1]
    for key, wanted in (("rows", exact), ("back", exact.mT)):
        levels = torch.tensor([LEVELS.index(x) for x in head[key]]).view(wanted.shape)
        found = levels / 63 * wanted.amax(-1, keepdim=True)
        assert (found - wanted).abs().max() <= wanted.max() / 126 + 1e-6
    peaks = [*exact.amax(1).tolist(), *exact.amax(0).tolist()]
    assert head["peaks"] == [round(100 * peak) for peak in peaks]
    best = maps["layer 1"][0, 0].argmax().item()
    words = f"layer 1, head 1: slot 1 looks most at row {best // 3 + 1}"
    assert words in html
    assert "is looked at most by" in html
    assert html.count("<text") == 2


def test_slots_that_do_not_fit_are_named():
    image, maps, _ = some_slots()
    with pytest.raises(ValueError, match="expected 1 to 3 slots, got 4"):
        slot_picker(image, maps, "A picture.", grid=GRID, slots=["a"] * 4)
    with pytest.raises(ValueError, match=r"expected weights \(3, 1, 6\)"):
        slot_picker(image, maps, "A picture.", grid=GRID, slots=["a"])
