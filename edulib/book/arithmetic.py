"""A calculator of what a convolution makes and costs, for the page itself.

Numbers are typed into a form; a line of script computes the results, without a kernel
or a server. What the form shows before anybody has typed is computed here.
"""

from dataclasses import asdict, dataclass
from html import escape

from edulib.book.shown import Shown, one_line


@dataclass(frozen=True)
class Convolution:
    """The setting of a convolution of square images with square kernels.

    Attributes:
        size: height and width of the input, in pixels.
        in_channels: channels of the input.
        out_channels: number of kernels, which is the channels of the output.
        kernel: side of a kernel.
        stride: step of the window.
        padding: rows of zeros around the input.
        dilation: distance between neighbours in the window; 1 leaves no gaps.
        groups: parts into which the channels are divided.
    """

    size: int = 224
    in_channels: int = 3
    out_channels: int = 64
    kernel: int = 7
    stride: int = 2
    padding: int = 3
    dilation: int = 1
    groups: int = 1

    def cost(self) -> dict[str, int]:
        """Return window, output, weights, biases and MACs.

        Raises:
            ValueError: if the setting is impossible; the message names the rule.
        """
        for name, value in asdict(self).items():
            least = 0 if name == "padding" else 1
            if value < least:
                raise ValueError(f"expected {name} >= {least}, got {value}")
        if self.in_channels % self.groups or self.out_channels % self.groups:
            raise ValueError(
                f"expected channels divisible by groups = {self.groups}, got "
                f"{self.in_channels} and {self.out_channels}"
            )
        window = self.dilation * (self.kernel - 1) + 1
        room = self.size + 2 * self.padding - window
        if room < 0:
            raise ValueError(
                f"expected a window that fits, got {window} pixels on an input of "
                f"{self.size} + 2 * {self.padding}"
            )
        output = room // self.stride + 1
        weights = self.out_channels * self.in_channels // self.groups * self.kernel**2
        return {
            "window": window,
            "output": output,
            "weights": weights,
            "biases": self.out_channels,
            "macs": weights * output**2,
        }


_LABELS = {
    "size": "input size",
    "in_channels": "input channels",
    "out_channels": "output channels",
    "kernel": "kernel size",
    "stride": "stride",
    "padding": "padding",
    "dilation": "dilation",
    "groups": "groups",
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
    ":where(.eov-calculator input){font:inherit;color:inherit;background:none;"
    "border:1px solid #8888;border-radius:6px;padding:.25em .5em;width:100%;"
    "box-sizing:border-box}"
    ":where(.eov-calculator dl){display:grid;grid-template-columns:max-content 1fr;"
    "gap:.2rem 1.2rem;margin:.9rem 0 0}"
    ":where(.eov-calculator dt){opacity:.8}"
    ":where(.eov-calculator dd){margin:0;font-weight:600;"
    "font-variant-numeric:tabular-nums}"
    ":where(.eov-calculator p){margin:.6rem 0 0;min-height:1.5em}</style>"
)

# The handler stands on the outermost element: no ids, and many can share a page.
_SCRIPT = """
const v = {};
this.querySelectorAll('input').forEach(e =>
  v[e.name] = e.value === '' ? NaN : +e.value);
const wrong = Object.keys(v).find(k => !(Number.isInteger(v[k])
  && v[k] >= (k === 'padding' ? 0 : 1)));
const window_ = v.dilation * (v.kernel - 1) + 1;
const room = v.size + 2 * v.padding - window_;
const say = wrong ? wrong.replace('_', ' ') + ' must be a whole number, at least '
    + (wrong === 'padding' ? 0 : 1) + '.'
  : v.in_channels % v.groups || v.out_channels % v.groups
    ? 'Both numbers of channels must be divisible by the groups.'
  : room < 0 ? 'The window of ' + window_ + ' pixels does not fit on the input.' : '';
const output = Math.floor(room / v.stride) + 1;
const weights = v.out_channels * v.in_channels / v.groups * v.kernel ** 2;
const results = {window: window_, output: output, weights: weights,
  biases: v.out_channels, macs: weights * output ** 2};
this.querySelectorAll('dd').forEach(e => e.textContent = say ? '–'
  : results[e.dataset.name].toLocaleString('en-US'));
this.querySelector('p').textContent = say
"""


def calculator(setting: Convolution | None = None) -> Shown:
    """Show a form for the arithmetic of a convolution.

    Args:
        setting: what it shows first; the first layer of ResNet by default.

    Raises:
        ValueError: if this setting is impossible.
    """
    setting = setting or Convolution()
    cost = setting.cost()
    script = one_line(_SCRIPT)
    inputs = "".join(
        f'<label>{_LABELS[name]}<input type="number" name="{name}" value="{value}" '
        f'min="{0 if name == "padding" else 1}" step="1" inputmode="numeric" '
        'autocomplete="off"></label>'
        for name, value in asdict(setting).items()
    )
    results = "".join(
        f'<dt>{_RESULTS[name]}</dt><dd data-name="{name}">{value:,}</dd>'
        for name, value in cost.items()
    )
    html = (
        f'{_STYLE}<div class="eov-calculator" role="group" '
        f'aria-label="Calculator of a convolution" oninput="{escape(script)}">'
        f'<div class="eov-inputs">{inputs}</div>'
        f'<dl aria-live="polite">{results}</dl><p role="status"></p></div>'
    )
    lines = [f"{_LABELS[name]}: {value}" for name, value in asdict(setting).items()]
    lines += [f"{_RESULTS[name]}: {value:,}" for name, value in cost.items()]
    return Shown(html, "\n".join(["Calculator of a convolution", *lines]))
