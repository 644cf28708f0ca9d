"""Architecture diagrams, drawn from the live module, so that they cannot be wrong."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from torch import nn

from edulib.anatomy.graph import Graph
from edulib.anatomy.inputs import Input
from edulib.anatomy.numbers import shape_words, short_count
from edulib.anatomy.trace import trace_graph
from edulib.drawing.diagram.canvas import Canvas
from edulib.drawing.diagram.items import Item
from edulib.drawing.diagram.make_blocks import input_block
from edulib.drawing.diagram.network import Network
from edulib.drawing.diagram.page import PHONE, WIDE, draw_page
from edulib.drawing.diagram.regions import cut_network
from edulib.drawing.diagram.tree import open_network
from edulib.drawing.diagram.words import describe_items

_ZEROS = ", run on zeros: what depends on the image's values may differ"
_EDGES = 8  # a row may reach into the margins
_FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif'
_RULES = (
    ".eov-net{fill:currentColor;font-family:" + _FONT + ";font-size:11px;"
    "stroke-linejoin:round;stroke-linecap:round}"
    ".eov-net .b{font-weight:700}"
    ".eov-net :is(polygon,rect){stroke:currentColor;stroke-width:.75}"
    ".eov-net :is(.e,.s){fill:none;stroke:currentColor;stroke-width:1.5}"
    ".eov-net .a{fill:none;stroke:currentColor;stroke-width:1.25}"
    ".eov-net .h{stroke:none}"
    ".eov-net .o{fill:none;stroke:currentColor;stroke-width:1.5}"
    ".eov-net .c{fill:none;stroke:currentColor;stroke-width:5}"
    ".eov-net .p{fill:none;stroke:#fff;stroke-width:1;stroke-linecap:butt}"
)
_FRAME = (
    ".eov-diagram{container-type:inline-size;width:100%;overflow-x:auto;"
    f"contain-intrinsic-inline-size:{WIDE}px}}"
    ".eov-diagram svg{display:block;margin:0 auto}"
    ".eov-diagram .eov-phone{display:none}"
)
_ALONE = "svg{color:#1f2937}@media(prefers-color-scheme:dark){svg{color:#e5e7eb}}"


@dataclass(frozen=True)
class Diagram:
    """A drawn network: two layouts, of which the page shows the one that fits.

    Attributes:
        title: what is drawn.
        alt: the diagram in words.
        wide: what is drawn for a wide page.
        phone: what is drawn for a phone.
    """

    title: str
    alt: str
    wide: Canvas
    phone: Canvas

    @property
    def svg(self) -> str:
        """The drawing for a wide page, complete in itself."""
        return self._svg(self.wide, "eov-wide", alone=True)

    @property
    def phone_svg(self) -> str:
        """The drawing for a phone, complete in itself."""
        return self._svg(self.phone, "eov-phone", alone=True)

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        wide = self._svg(self.wide, "eov-wide", alone=False)
        phone = self._svg(self.phone, "eov-phone", alone=False)
        key = self._key(self.wide)
        switch = (
            f"@container (max-width:{self._size(self.wide)[0] - 1}px)"
            f"{{.eov-diagram.{key} .eov-wide{{display:none}}"
            f".eov-diagram.{key} .eov-phone{{display:block}}}}"
        )
        style = f"<style>{_RULES}{_FRAME}{switch}</style>"
        scrolls = self._size(self.phone)[0] > PHONE
        focus = ' tabindex="0"' if scrolls else ""
        return f'{style}<div class="eov-diagram {key}"{focus}>{wide}{phone}</div>'

    def save(self, path: str | Path) -> None:
        """Write the drawing for a wide page to a file, as SVG."""
        Path(path).write_text(self.svg, encoding="utf-8")

    @property
    def width(self) -> int:
        """Pixels of the drawing for a wide page."""
        return self._size(self.wide)[0]

    @property
    def is_too_wide(self) -> bool:
        """Whether a page cannot show the whole width."""
        return self.width > WIDE + _EDGES

    def _key(self, canvas: Canvas) -> str:
        """Return a name that is the same for the same drawing, wherever it is made."""
        drawn = self.alt + "".join(canvas.elements)
        return "eov-" + hashlib.sha256(drawn.encode()).hexdigest()[:8]

    def _size(self, canvas: Canvas) -> tuple[int, int]:
        left, top, right, bottom = canvas.bounds
        return round(right - left + 2), round(bottom - top + 2)

    def _svg(self, canvas: Canvas, layout: str, alone: bool) -> str:
        left, top, _, _ = canvas.bounds
        width, height = self._size(canvas)
        body, key = "".join(canvas.elements), self._key(canvas)
        style = f"<style>{_RULES}{_ALONE}</style>" if alone else ""
        space = ' xmlns="http://www.w3.org/2000/svg"' if alone else ""
        return (
            f'<svg{space} class="eov-net {layout}" role="img" width="{width}" '
            f'height="{height}" viewBox="{round(left) - 1} {round(top) - 1} '
            f'{width} {height}" '
            f'aria-labelledby="{key}-t {key}-d">'
            f'<title id="{key}-t">{escape(self.title)}</title>'
            f'<desc id="{key}-d">{escape(self.alt)}</desc>{style}{body}</svg>'
        )


def diagram(
    model: nn.Module,
    *inputs: Input,
    depth: int | None = None,
    title: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> Diagram:
    """Draw the architecture of a model.

    Each block is the volume that a step puts out: its height and depth are the
    resolution, its width the channels, both on logarithmic scales; its colour is the
    kind of layer, attention where a block holds it. Normalisation and activation are
    thin bands behind their layer.

    Where paths cross, as in a U-Net or a feature pyramid, each resolution has a row,
    an encoder runs down a column and a decoder up the next; on a phone, or where the
    columns are wider than a page, all stand below each other with brackets for skips.
    A module that is called again and again with the same weights is drawn once.

    Args:
        model: any module; a part of a network is drawn in detail.
        inputs: what it takes, as in `trace_graph`: (C, H, W) for an image.
        depth: how many levels of modules to open; by default as many as stay legible,
            with rows of like blocks folded into one.
        title: a heading; by default the name of the model's class.
        labels: names to print instead of the modules' paths, such as {"0": "C1"}.

    Raises:
        ValueError: if the model cannot read such inputs, `depth` is less than 1, or
            `labels` names a step that is not drawn.
    """
    graph = trace_graph(model, *inputs)
    title, labels = title or type(model).__name__, dict(labels or {})
    network = open_network(graph, depth, labels)
    drawn = _draw(network, cut_network(network, labels), title)
    if drawn.is_too_wide or drawn._size(drawn.phone)[0] > PHONE:
        other = _draw(network, cut_network(network, labels, in_levels=True), title)
        if drawn.is_too_wide and other.width < drawn.width:
            return other
        phone = min(drawn.phone, other.phone, key=lambda canvas: canvas.bounds[2])
        return replace(drawn, phone=phone)
    return drawn


def _draw(network: Network, items: list[Item], title: str) -> Diagram:
    """Draw the steps of a network in both layouts."""
    graph, start = network.graph, network.start
    steps = [input_block(start), *items] if start else items
    summary = _summary(graph)
    return Diagram(
        title=title,
        alt=_alt(graph, title, items),
        wide=draw_page(steps, title, summary, WIDE),
        phone=draw_page(steps, title, summary, PHONE),
    )


def _summary(graph: Graph) -> list[str]:
    lines = [f"{short_count(graph.params)} parameters"]
    if graph.macs:
        lines.append(f"{short_count(graph.macs)} multiply-adds")
    if graph.from_values:
        lines.append("run on zeros")
    return lines


def _alt(graph: Graph, title: str, items: list[Item]) -> str:
    return (
        f"Diagram of {title}: {graph.params:,} parameters, {graph.macs:,} "
        f"multiply-adds for {_inputs(graph)}{_ZEROS if graph.from_values else ''}. "
        f"{describe_items(items)}."
    )


def _inputs(graph: Graph) -> str:
    """Return the inputs in words, each with its shape."""
    shapes = [(op.name, shape_words(op.shape)) for op in graph.inputs]
    if len(shapes) == 1:
        count = f"{graph.batch} inputs" if graph.batch > 1 else "an input"
        return f"{count} of {shapes[0][1]}"
    each = f", {graph.batch} of each" * (graph.batch > 1)
    return "inputs " + ", ".join(f"{name} {shape}" for name, shape in shapes) + each
