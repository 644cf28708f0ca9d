"""The calculator of a convolution against torch's Conv2d, in Python and on a page."""

import itertools
from dataclasses import asdict, fields

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from edulib.book import Convolution, calculator

GRID = [
    Convolution(*values)
    for values in itertools.product(
        (7, 16), (4, 6), (2, 12), (1, 3, 4), (1, 2, 3), (0, 2), (1, 2), (1, 2)
    )
]
WRONG = [
    (Convolution(stride=0), "expected stride >= 1, got 0", "stride must be a whole"),
    (Convolution(padding=-1), "expected padding >= 0, got -1", "padding must be"),
    (Convolution(groups=2), "divisible by groups = 2, got 3 and 64", "divisible by"),
    (Convolution(size=4, padding=0), "got 7 pixels on an input of 4", "does not fit"),
]


def by_torch(c: Convolution) -> dict[str, int]:
    """What torch itself makes of a setting."""
    with torch.device("meta"):
        layer = nn.Conv2d(
            c.in_channels,
            c.out_channels,
            c.kernel,
            stride=c.stride,
            padding=c.padding,
            dilation=c.dilation,
            groups=c.groups,
        )
        with FlopCounterMode(display=False) as counter:
            output = layer(torch.empty(1, c.in_channels, c.size, c.size))
    return {
        "output": output.shape[-1],
        "weights": layer.weight.numel(),
        "biases": layer.bias.numel(),
        "macs": counter.get_total_flops() // 2,
    }


def typed(page, setting: Convolution) -> tuple[dict[str, str], str]:
    """Type a setting into the form; return its results and its message."""
    for name, value in asdict(setting).items():
        page.fill(f"input[name={name}]", str(value))
    shown = page.eval_on_selector_all(
        "dd", "all => Object.fromEntries(all.map(e => [e.dataset.name, e.innerText]))"
    )
    return shown, page.inner_text("[role=status]")


def test_every_setting_of_a_grid_is_what_torch_makes():
    for setting in GRID:
        cost = setting.cost()
        window = cost.pop("window")
        assert window == setting.dilation * (setting.kernel - 1) + 1
        assert cost == by_torch(setting), setting


@pytest.mark.browser
def test_the_page_computes_what_torch_makes(page):
    page.set_content(calculator()._repr_html_())
    for setting in GRID[::17]:
        shown, message = typed(page, setting)
        shown.pop("window")
        wanted = {name: f"{value:,}" for name, value in by_torch(setting).items()}
        assert (shown, message) == (wanted, ""), setting


@pytest.mark.browser
@pytest.mark.parametrize(("setting", "_", "message"), WRONG)
def test_the_page_says_what_is_impossible(page, setting, _, message):
    page.set_content(calculator()._repr_html_())
    shown, said = typed(page, setting)
    assert message in said
    assert set(shown.values()) == {"–"}
    shown, said = typed(page, Convolution())
    assert said == ""
    assert shown["macs"] == "118,013,952"


@pytest.mark.browser
def test_the_form_starts_with_its_results_and_labels(page):
    page.set_content(calculator(Convolution(kernel=5))._repr_html_())
    before = page.inner_text("dl")
    page.focus("input[name=kernel]")
    page.keyboard.press("ArrowUp")
    assert page.inner_text("dl") != before
    page.keyboard.press("ArrowDown")
    assert page.inner_text("dl") == before
    for field in fields(Convolution):
        assert page.get_by_label(field.name.replace("_", " ").split()[0]).count()


@pytest.mark.parametrize(("setting", "message", "_"), WRONG)
def test_impossible_settings_are_named(setting, message, _):
    with pytest.raises(ValueError, match=message):
        calculator(setting)
