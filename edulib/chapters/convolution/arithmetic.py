"""A calculator of what convolution and pooling make and cost, for the page itself.

Numbers are typed into a form; a line of script computes the results, without a kernel
or a server. What the form shows before anybody has typed is computed here.
"""

import json
from dataclasses import asdict, dataclass
from html import escape

from edulib.notebook.html_output import HtmlOutput, one_line

KINDS = ("convolution", "transposed convolution", "pooling")
_UNUSED = {  # numbers that make no difference
    "convolution": ("output_padding",),
    "transposed convolution": (),
    "pooling": ("out_channels", "groups", "output_padding"),
}
_FROM_ZERO = ("padding", "output_padding")


@dataclass(frozen=True)
class ConvSpec:
    """The setting of a layer with a square window, on square images.

    Attributes:
        size: height and width of the input, in pixels.
        in_channels: channels of the input.
        out_channels: number of kernels, which is the channels of the output.
        kernel: side of the window.
        stride: step of the window; in a transposed convolution, on the output.
        padding: rows of zeros around the input; in a transposed convolution, rows
            that are cut off the output.
        dilation: distance between neighbours in the window; 1 leaves no gaps.
        groups: parts into which the channels are divided.
        output_padding: rows added to the output of a transposed convolution.
        kind: one of `KINDS`.
    """

    size: int = 224
    in_channels: int = 3
    out_channels: int = 64
    kernel: int = 7
    stride: int = 2
    padding: int = 3
    dilation: int = 1
    groups: int = 1
    output_padding: int = 0
    kind: str = "convolution"

    def cost(self) -> dict[str, int]:
        """Return window, output, weights, biases and MACs.

        Raises:
            ValueError: if the setting is impossible; the message names the rule.
        """
        self._check()
        window = self.dilation * (self.kernel - 1) + 1
        output = self._output(window)
        weights = self.out_channels * self.in_channels // self.groups * self.kernel**2
        biases = self.out_channels
        if self.kind == "pooling":
            weights = biases = 0
        computed = self.size if self.kind == "transposed convolution" else output
        return {
            "window": window,
            "output": output,
            "weights": weights,
            "biases": biases,
            "macs": weights * computed**2,
        }

    def _check(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"expected one of {KINDS}, got {self.kind!r}")
        used = _used(self)
        for name, value in used.items():
            least = int(name not in _FROM_ZERO)
            if value < least:
                raise ValueError(f"expected {name} >= {least}, got {value}")
        channels = self.in_channels, self.out_channels
        if "groups" in used and any(count % self.groups for count in channels):
            raise ValueError(
                f"expected channels divisible by groups = {self.groups}, got "
                f"{self.in_channels} and {self.out_channels}"
            )
        limit = max(self.stride, self.dilation)
        if self.kind == "transposed convolution" and self.output_padding >= limit:
            raise ValueError(
                f"expected an output_padding below {limit}, the larger of stride and "
                f"dilation, got {self.output_padding}"
            )
        if self.kind == "pooling" and 2 * self.padding > self.kernel:
            raise ValueError(
                f"expected a padding of at most half of {self.kernel}, got "
                f"{self.padding}"
            )

    def _output(self, window: int) -> int:
        if self.kind == "transposed convolution":
            spread = (self.size - 1) * self.stride + window + self.output_padding
            output = spread - 2 * self.padding
        else:
            output = (self.size + 2 * self.padding - window) // self.stride + 1
        if output < 1:
            raise ValueError(
                f"expected a window that fits, got {window} pixels on an input of "
                f"{self.size} with padding {self.padding}"
            )
        return output


_LABELS = {
    "size": "input size",
    "in_channels": "input channels",
    "out_channels": "output channels",
    "kernel": "kernel size",
    "stride": "stride",
    "padding": "padding",
    "dilation": "dilation",
    "groups": "groups",
    "output_padding": "output padding",
}
_RESULTS = {
    "window": "window, in pixels",
    "output": "output size",
    "weights": "weights",
    "biases": "biases",
    "macs": "multiply-adds (MACs)",
}

_STYLE = (
    "<style>:where(.eov-calculator){border:1px solid #8886;border-radius:8px;"
    "padding:.9rem 1.1rem;max-width:46rem}"
    ":where(.eov-calculator .eov-inputs){display:grid;gap:.6rem 1rem;"
    "grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr))}"
    ":where(.eov-calculator label){display:grid;gap:.15rem;font-size:.92em}"
    ":where(.eov-calculator :is(input,select)){font:inherit;color:inherit;"
    "background:none;border:1px solid #8888;border-radius:6px;padding:.25em .5em;"
    "width:100%;box-sizing:border-box}"
    ":where(.eov-calculator option){color:#000;background:#fff}"
    ":where(.eov-calculator label:has(:disabled)){opacity:.45}"
    ":where(.eov-calculator dl){display:grid;grid-template-columns:auto max-content;"
    "justify-content:start;gap:.2rem 1.2rem;margin:.9rem 0 0}"
    ":where(.eov-calculator dt){opacity:.8}"
    ":where(.eov-calculator dd){margin:0;font-weight:600;"
    "font-variant-numeric:tabular-nums}"
    ":where(.eov-calculator p){margin:.6rem 0 0;min-height:1.5em}</style>"
)

# The handler stands on the outermost element: no ids, and many can share a page.
_SCRIPT = """
const kind = this.querySelector('select').value;
const unused = UNUSED[kind];
const zero = FROM_ZERO;
const v = {};
this.querySelectorAll('input').forEach(e => {
  e.disabled = unused.includes(e.name);
  v[e.name] = e.value === '' ? NaN : +e.value;
});
const used = Object.keys(v).filter(k => !unused.includes(k));
const least = k => zero.includes(k) ? 0 : 1;
const wrong = used.find(k => !(Number.isInteger(v[k]) && v[k] >= least(k)));
const back = kind === 'transposed convolution';
const pool = kind === 'pooling';
const window_ = v.dilation * (v.kernel - 1) + 1;
const output = back
  ? (v.size - 1) * v.stride + window_ + v.output_padding - 2 * v.padding
  : Math.floor((v.size + 2 * v.padding - window_) / v.stride) + 1;
const say = wrong ? wrong.replace('_', ' ') + ' must be a whole number, at least '
    + least(wrong) + '.'
  : !pool && (v.in_channels % v.groups || v.out_channels % v.groups)
    ? 'Both numbers of channels must be divisible by the groups.'
  : back && v.output_padding >= Math.max(v.stride, v.dilation)
    ? 'output padding must be below the larger of stride and dilation.'
  : pool && 2 * v.padding > v.kernel
    ? 'padding must be at most half of the kernel size.'
  : output < 1 ? 'The window of ' + window_ + ' pixels does not fit on the input.' : '';
const weights = pool ? 0 : v.out_channels * v.in_channels / v.groups * v.kernel ** 2;
const results = {window: window_, output: output, weights: weights,
  biases: pool ? 0 : v.out_channels,
  macs: weights * (back ? v.size : output) ** 2};
this.querySelectorAll('dd').forEach(e => e.textContent = say ? '–'
  : results[e.dataset.name].toLocaleString('en-US'));
this.querySelector('p').textContent = say
"""


def calculator(setting: ConvSpec | None = None) -> HtmlOutput:
    """Show a form for the arithmetic of convolution and pooling.

    Args:
        setting: what it shows first; the first layer of ResNet by default.

    Raises:
        ValueError: if this setting is impossible.
    """
    setting = setting or ConvSpec()
    cost = setting.cost()
    script = one_line(_SCRIPT)
    for name, value in {"UNUSED": _UNUSED, "FROM_ZERO": _FROM_ZERO}.items():
        script = script.replace(f" {name}", f" {json.dumps(value)}", 1)
    results = "".join(
        f'<dt>{_RESULTS[name]}</dt><dd data-name="{name}">{value:,}</dd>'
        for name, value in cost.items()
    )
    html = (
        f'{_STYLE}<div class="eov-calculator" role="group" '
        f'aria-label="Calculator of a layer" oninput="{escape(script)}">'
        f'<div class="eov-inputs">{_select(setting.kind)}{_inputs(setting)}</div>'
        f'<dl aria-live="polite">{results}</dl><p role="status"></p></div>'
    )
    lines = [f"{_LABELS[name]}: {value}" for name, value in _used(setting).items()]
    lines += [f"{_RESULTS[name]}: {value:,}" for name, value in cost.items()]
    return HtmlOutput(html, "\n".join([f"Calculator of a {setting.kind}", *lines]))


def _used(setting: ConvSpec) -> dict[str, int]:
    """Return the numbers that make a difference."""
    numbers = asdict(setting)
    kind = numbers.pop("kind")
    return {k: v for k, v in numbers.items() if k not in _UNUSED[kind]}


def _select(kind: str) -> str:
    options = "".join(
        f"<option{' selected' if name == kind else ''}>{name}</option>"
        for name in KINDS
    )
    return f'<label>layer<select name="kind">{options}</select></label>'


def _inputs(setting: ConvSpec) -> str:
    return "".join(
        f'<label>{label}<input type="number" name="{name}" '
        f'value="{getattr(setting, name)}" min="{int(name not in _FROM_ZERO)}" '
        'step="1" inputmode="numeric" autocomplete="off"'
        f"{' disabled' if name in _UNUSED[setting.kind] else ''}></label>"
        for name, label in _LABELS.items()
    )
