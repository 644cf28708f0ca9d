"""The calculator of a layer against torch's own, in Python and on a page."""

import itertools
from dataclasses import asdict, fields, replace

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from edulib.chapters.convolution.arithmetic import ConvSpec, calculator

KERNELS = (1, 3, 4), (1, 2, 3), (0, 2), (1, 2)  # kernel, stride, padding, dilation
GRID = [
    *(
        ConvSpec(*values)
        for values in itertools.product((7, 16), (4, 6), (2, 12), *KERNELS, (1, 2))
    ),
    *(
        ConvSpec(*values, kind="transposed convolution")
        for values in itertools.product((7,), (4,), (2, 12), *KERNELS, (1, 2), (0, 1))
        if values[8] < max(values[4], values[6])
    ),
    *(
        ConvSpec(*values, kind="pooling")
        for values in itertools.product((7, 16), (4,), (4,), *KERNELS)
        if 2 * values[5] <= values[3]
    ),
]
POOLING = ConvSpec(kind="pooling")
BACK = ConvSpec(kind="transposed convolution")
WRONG = [
    (ConvSpec(stride=0), "expected stride >= 1, got 0", "stride must be a whole"),
    (ConvSpec(padding=-1), "expected padding >= 0, got -1", "padding must be"),
    (ConvSpec(groups=2), "divisible by groups = 2, got 3 and 64", "divisible by"),
    (ConvSpec(size=4, padding=0), "got 7 pixels on an input of 4", "does not fit"),
    (replace(BACK, size=1, kernel=1), "got 1 pixels on an input of 1", "does not fit"),
    (
        replace(BACK, output_padding=2),
        "below 2, the larger of stride",
        "below the l",
    ),
    (replace(POOLING, padding=4), "at most half of 7, got 4", "at most half"),
]


def build(c: ConvSpec) -> nn.Module:
    """Build torch's own layer of a setting."""
    steps = {"stride": c.stride, "padding": c.padding, "dilation": c.dilation}
    if c.kind == "pooling":
        return nn.MaxPool2d(c.kernel, **steps)
    channels = c.in_channels, c.out_channels, c.kernel
    if c.kind == "convolution":
        return nn.Conv2d(*channels, groups=c.groups, **steps)
    more = {"groups": c.groups, "output_padding": c.output_padding}
    return nn.ConvTranspose2d(*channels, **steps, **more)


def by_torch(c: ConvSpec) -> dict[str, int]:
    """What torch itself makes of a setting."""
    with torch.device("meta"):
        layer = build(c)
        with FlopCounterMode(display=False) as counter:
            output = layer(torch.empty(1, c.in_channels, c.size, c.size))
    sizes = {name: p.numel() for name, p in layer.named_parameters()}
    return {
        "output": output.shape[-1],
        "weights": sizes.get("weight", 0),
        "biases": sizes.get("bias", 0),
        "macs": counter.get_total_flops() // 2,
    }


TYPE = """(settings) => settings.map(({kind, ...numbers}) => {
  const type = (control, value) => {
    control.value = value;
    control.dispatchEvent(new Event("input", {bubbles: true}));
    control.dispatchEvent(new Event("change", {bubbles: true}));
  };
  type(document.querySelector("select"), kind);
  for (const [name, value] of Object.entries(numbers)) {
    const control = document.querySelector(`input[name=${name}]`);
    if (!control.disabled) type(control, value);
  }
  const shown = [...document.querySelectorAll("dd")].map(
    (e) => [e.dataset.name, e.innerText]);
  const message = document.querySelector("[role=status]").innerText;
  return [Object.fromEntries(shown), message];
})"""


def typed(page, *settings: ConvSpec) -> list[tuple[dict[str, str], str]]:
    """Type settings into the form; return the results and the message of each."""
    found = page.evaluate(TYPE, [asdict(setting) for setting in settings])
    return [(shown, message) for shown, message in found]


def test_every_setting_of_a_grid_is_what_torch_makes():
    for setting in GRID:
        cost = setting.cost()
        window = cost.pop("window")
        assert window == setting.dilation * (setting.kernel - 1) + 1
        assert cost == by_torch(setting), setting


@pytest.mark.browser
def test_the_page_computes_what_torch_makes(page):
    page.set_content(calculator()._repr_html_())
    settings = GRID[::17]
    found = typed(page, *settings)
    for setting, (shown, message) in zip(settings, found, strict=True):
        shown.pop("window")
        wanted = {name: f"{value:,}" for name, value in by_torch(setting).items()}
        assert (shown, message) == (wanted, ""), setting


@pytest.mark.browser
@pytest.mark.parametrize(("setting", "_", "message"), WRONG)
def test_the_page_says_what_is_impossible(page, setting, _, message):
    page.set_content(calculator()._repr_html_())
    (shown, said), after = typed(page, setting, ConvSpec())
    assert message in said
    assert set(shown.values()) == {"–"}
    shown, said = after
    assert said == ""
    assert shown["macs"] == "118,013,952"


@pytest.mark.browser
def test_the_form_starts_with_its_results_and_labels(page):
    page.set_content(calculator(ConvSpec(kernel=5))._repr_html_())
    before = page.inner_text("dl")
    page.focus("input[name=kernel]")
    page.keyboard.press("ArrowUp")
    assert page.inner_text("dl") != before
    page.keyboard.press("ArrowDown")
    assert page.inner_text("dl") == before
    for field in fields(ConvSpec)[:-1]:
        assert page.get_by_label(field.name.replace("_", " ").split()[0]).count()


@pytest.mark.browser
def test_numbers_that_make_no_difference_cannot_be_typed(page):
    page.set_content(calculator(ConvSpec(kind="pooling", padding=1))._repr_html_())
    assert page.locator("input:disabled").count() == 3
    page.focus("select")
    page.keyboard.press("ArrowUp")
    assert page.locator("input:disabled").count() == 0
    assert page.input_value("select") == "transposed convolution"
    page.keyboard.press("ArrowUp")
    assert page.locator("input:disabled").count() == 1


@pytest.mark.browser
def test_large_numbers_fit_on_a_phone(page):
    setting = ConvSpec(size=4096, in_channels=256, out_channels=512, padding=0)
    html = calculator(setting)._repr_html_()
    page.set_content(f'<div style="width:300px">{html}</div>')
    assert page.eval_on_selector(
        ".eov-calculator", "e => e.scrollWidth <= e.clientWidth"
    )


def test_a_layer_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="got 'dense'"):
        calculator(ConvSpec(kind="dense"))


@pytest.mark.parametrize(("setting", "message", "_"), WRONG)
def test_impossible_settings_are_named(setting, message, _):
    with pytest.raises(ValueError, match=message):
        calculator(setting)
