"""One output pixel of a convolution: which window it saw, and the sum.

Plain HTML with a line of script: a click, or an arrow key, chooses the output pixel.
"""

import json
from html import escape

from torch import Tensor
from torch.nn import functional as F

from edulib.notebook.html_output import HtmlOutput, one_line

_STYLE = (
    "<style>:where(.eov-window .eov-maps){display:flex;flex-wrap:wrap;gap:1rem 1.5rem;"
    "justify-content:center}"
    ":where(.eov-window figure){margin:0}"
    ":where(.eov-window .eov-label){font-size:.92em;margin:0 0 .3rem;text-align:left}"
    ":where(.eov-window .eov-grid){display:grid;width:min(20rem,80vw);gap:1px}"
    ":where(.eov-window .eov-grid span,.eov-window .eov-grid button){aspect-ratio:1;"
    "border:0;padding:0;margin:0;min-width:0;border-radius:0}"
    ":where(.eov-window button){cursor:pointer}"
    ".eov-window .eov-seen{outline:3px solid #e69f00;outline-offset:-3px}"
    ".eov-window button[aria-pressed=true]{outline:3px solid #e69f00!important;"
    "outline-offset:-1px!important;position:relative;z-index:1}"
    ".eov-window button:focus-visible{box-shadow:0 0 0 5px #0b55b8!important;"
    "z-index:2}"
    ":where(.eov-window table){border-collapse:collapse;margin:.8rem auto;"
    "font-variant-numeric:tabular-nums}"
    ":where(.eov-window td){padding:.15rem .7rem;text-align:right;"
    "border:1px solid #8886}"
    ":where(.eov-window .eov-sum){text-align:center;margin:.3rem 0}</style>"
)

# Arrow keys and clicks rise to the outermost element. The chosen output pixel alone
# can be reached by Tab; arrows move on from there.
_SCRIPT = """
const d = JSON.parse(this.dataset.numbers), all = [...this.querySelectorAll('button')];
const pressed = b => b.getAttribute('aria-pressed') === 'true';
let at = all.indexOf(event.target.closest('button'));
if (at < 0) return;
if (event.type === 'keydown') {
  const w = d.output[0].length, i = Math.floor(at / w), j = at % w;
  const to = {ArrowLeft: [i, j - 1], ArrowRight: [i, j + 1], ArrowUp: [i - 1, j],
    ArrowDown: [i + 1, j], Home: [i, 0], End: [i, w - 1]}[event.key];
  if (!to) return;
  event.preventDefault();
  if (to[0] < 0 || to[1] < 0 || to[0] >= d.output.length || to[1] >= w) return;
  at = to[0] * w + to[1];
  all[at].focus();
}
all.forEach((b, n) => { b.setAttribute('aria-pressed', n === at);
  b.tabIndex = n === at ? 0 : -1; });
const w = d.output[0].length, i = Math.floor(at / w), j = at % w;
const cells = [...this.querySelectorAll('.eov-grid span')];
cells.forEach(c => c.classList.remove('eov-seen'));
const rows = [...this.querySelectorAll('tr')];
d.kernel.forEach((line, u) => line.forEach((k, v) => {
  const y = i * d.stride + u * d.dilation, x = j * d.stride + v * d.dilation;
  cells[y * d.image[0].length + x].classList.add('eov-seen');
  rows[u].cells[v].textContent = d.image[y][x] + ' × ' + (k < 0 ? '\u2212' + -k : k);
}));
const sum = d.output[i][j];
this.querySelector('.eov-sum').textContent = 'Output pixel in row ' + (i + 1)
  + ', column ' + (j + 1) + ': the sum is ' + (sum < 0 ? '\u2212' + -sum : sum) + '.'
"""


def convolution_demo(
    image: Tensor,
    kernel: Tensor,
    *,
    stride: int = 1,
    dilation: int = 1,
    start: tuple[int, int] = (0, 0),
) -> HtmlOutput:
    """Show an image and its convolution; one output pixel with its window and sum.

    Args:
        image: (H, W) whole numbers from 0 (black) to 255 (white).
        kernel: (K, K) whole numbers.
        stride: step of the window.
        dilation: distance between neighbours in the window.
        start: row and column of the output pixel that is chosen first.

    Raises:
        ValueError: if image or kernel are no matrices of whole numbers, the window
            does not fit, or there is no such output pixel.
    """
    for name, matrix in (("image", image), ("kernel", kernel)):
        if matrix.ndim != 2 or (matrix != matrix.round()).any():
            raise ValueError(
                f"expected the {name} as a matrix of whole numbers, got shape "
                f"{tuple(matrix.shape)} of {matrix.dtype}"
            )
    if dilation * (max(kernel.shape) - 1) + 1 > min(image.shape):
        raise ValueError(
            f"expected a window that fits on the image {tuple(image.shape)}, got a "
            f"kernel {tuple(kernel.shape)} with dilation {dilation}"
        )
    output = F.conv2d(
        image.double()[None, None],
        kernel.double()[None, None],
        stride=stride,
        dilation=dilation,
    )[0, 0]
    if not (0 <= start[0] < output.shape[0] and 0 <= start[1] < output.shape[1]):
        raise ValueError(
            f"expected start within the output {tuple(output.shape)}, got {start}"
        )
    return _draw(image, kernel, output, (stride, dilation), start)


def _draw(
    image: Tensor,
    kernel: Tensor,
    output: Tensor,
    steps: tuple[int, int],
    start: tuple[int, int],
) -> HtmlOutput:
    numbers = {
        "image": image.long().tolist(),
        "kernel": kernel.long().tolist(),
        "output": output.long().tolist(),
        "stride": steps[0],
        "dilation": steps[1],
    }
    row, column = start
    rows = [row * steps[0] + u * steps[1] for u in range(kernel.shape[0])]
    columns = [column * steps[0] + v * steps[1] for v in range(kernel.shape[1])]
    products = "".join(
        "<tr>"
        + "".join(
            f"<td>{int(image[y, x])} × {_signed(kernel[u, v])}</td>"
            for v, x in enumerate(columns)
        )
        + "</tr>"
        for u, y in enumerate(rows)
    )
    spans = "".join(
        f'<span style="background:{_grey(float(value) / 255)}"'
        + (' class="eov-seen"' if i in rows and j in columns else "")
        + "></span>"
        for i, line in enumerate(image.tolist())
        for j, value in enumerate(line)
    )
    said = (
        f"Output pixel in row {row + 1}, column {column + 1}: the sum is "
        f"{_signed(output[row, column])}."
    )
    script = one_line(_SCRIPT)
    html = (
        f'{_STYLE}<div class="eov-window" role="group" aria-label="An image, its '
        f'convolution, and the window of one output pixel" '
        f'data-numbers="{escape(json.dumps(numbers, separators=(",", ":")))}" '
        f'onclick="{escape(script)}" '
        'onkeydown="this.onclick(event)"><div class="eov-maps">'
        f"{_figure('Image', image.shape[1], spans, 'aria-hidden=true')}"
        f"{_figure('Output: choose a pixel', output.shape[1], _buttons(output, start))}"
        f"</div><table><caption hidden>pixel × weight</caption>{products}</table>"
        f'<p class="eov-sum" role="status">{said}</p></div>'
    )
    shape = "×".join(map(str, image.shape))
    return HtmlOutput(html, f"An image of {shape} pixels and its convolution.\n{said}")


def _figure(label: str, columns: int, cells: str, more: str = "") -> str:
    return (
        f'<div><p class="eov-label">{label}</p><div class="eov-grid" {more} '
        f'style="grid-template-columns:repeat({columns},1fr)">{cells}</div></div>'
    )


def _buttons(output: Tensor, start: tuple[int, int]) -> str:
    most = float(output.abs().max()) or 1.0
    parts = []
    for i, line in enumerate(output.tolist()):
        for j, value in enumerate(line):
            chosen = (i, j) == start
            parts.append(
                f'<button type="button" tabindex="{0 if chosen else -1}" '
                f'aria-pressed="{str(chosen).lower()}" '
                f'aria-label="row {i + 1}, column {j + 1}" '
                f'style="background:{_grey(0.5 + value / most / 2)}"></button>'
            )
    return "".join(parts)


def _grey(value: float) -> str:
    level = round(255 * value)
    return f"rgb({level},{level},{level})"


def _signed(number: Tensor) -> str:
    value = int(number)
    return f"\u2212{-value}" if value < 0 else str(value)
