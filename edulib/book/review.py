"""All models of an era side by side: their numbers, a table, a page to print."""

import json
import math
from dataclasses import dataclass
from html import escape
from pathlib import Path

import torch

from edulib.anatomy import Graph, activation_memory, stage_table, trace_graph
from edulib.book.bench.era import era_models, load_era
from edulib.book.shown import Shown
from edulib.registry import get_builder, get_model, get_paper

PUBLISHED = Path(__file__).with_name("published.json")
HEADINGS = (
    *("model", "year", "depth", "parameters (M)", "MACs (G)", "memory (MB)"),
    *("sees (px)", "ms an image", "Scenes %", "top-1 %", "top-5 %", "source"),
)


@dataclass(frozen=True)
class ModelNumbers:
    """What is known of one model.

    Attributes:
        name: in the registry.
        paper: name of its paper's network.
        year: of the paper.
        depth: layers with weights on the longest path.
        params: learned numbers.
        macs: multiply-accumulate operations for one image of the registry's size.
        memory: bytes of all activations for that image.
        field: side of the widest receptive field before the image is averaged or
            flattened, in pixels.
        milliseconds: measured time for one image.
        budget: accuracy on new scenes after the small training; None if not trained.
        top1: published accuracy on ImageNet in per cent; None if there is none.
        top5: the same, among the best five.
        source: where the two come from.
    """

    name: str
    paper: str
    year: int
    depth: int
    params: int
    macs: int
    memory: int
    field: float
    milliseconds: float
    budget: float | None
    top1: float | None
    top5: float | None
    source: str

    def cells(self) -> list[str]:
        """The row as text, in the order of `HEADINGS`."""
        return [
            *(self.name, str(self.year), str(self.depth), f"{self.params / 1e6:.1f}"),
            *(
                f"{self.macs / 1e9:.2f}",
                f"{self.memory / 1e6:.1f}",
                f"{self.field:.0f}",
            ),
            f"{self.milliseconds:.0f}",
            _percent(self.budget and 100 * self.budget, 0),
            *(_percent(self.top1, 1), _percent(self.top5, 1), self.source or "–"),
        ]


def era_numbers(era: int) -> list[ModelNumbers]:
    """Count and look up the numbers of all models of an era, by year.

    Raises:
        ValueError: if the era has not been measured.
    """
    measured = load_era(era)
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    rows = [
        _numbers(name, measured, published.get(name, {})) for name in era_models(era)
    ]
    return sorted(rows, key=lambda row: row.year)


def era_table(rows: list[ModelNumbers]) -> Shown:
    """Show the numbers as a table."""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in HEADINGS)
    body = "".join(f"<tr>{_html_row(row.cells())}</tr>" for row in rows)
    html = (
        f'<div class="eov-table" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    return Shown(html, "\n".join(" | ".join(r) for r in _lines(rows)))


def print_sheet(title: str, rows: list[ModelNumbers], points: list[str]) -> Shown:
    """Show a summary that fills one printed page; printing leaves out all else.

    Args:
        title: its heading.
        rows: models, without their sources.
        points: sentences under the table.
    """
    head = "".join(f'<th scope="col">{heading}</th>' for heading in HEADINGS[:-1])
    body = "".join(f"<tr>{_html_row(row.cells()[:-1])}</tr>" for row in rows)
    items = "".join(f"<li>{escape(point)}</li>" for point in points)
    html = (
        f'<div class="eov-sheet"><p class="eov-sheet-title">{escape(title)}</p>'
        f'<div class="eov-table" tabindex="0"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div><ul>{items}</ul></div>"
    )
    lines = [" | ".join(line[:-1]) for line in _lines(rows)]
    return Shown(html, "\n".join([title, *lines, *points]))


def longest_path(graph: Graph) -> int:
    """How many layers with weights the longest way through a network passes."""
    depths: list[int] = []
    for op in graph.ops:
        before = max((depths[index] for index in op.inputs), default=0)
        depths.append(before + (op.kind in ("convolution", "dense") and op.params > 0))
    return max(depths)


def _numbers(name: str, measured: dict, published: dict) -> ModelNumbers:
    model = get_model(name)
    paper = get_paper(model.paper)
    with torch.device("meta"):
        network = get_builder(name)()
    table = stage_table(network, model.image_shape, depth=2)
    sizes = [row.field.size[0] for row in table.rows if row.field and row.field.size]
    return ModelNumbers(
        name=name,
        paper=paper.name,
        year=paper.year,
        depth=longest_path(trace_graph(network, model.image_shape)),
        params=model.params,
        macs=table.macs,
        memory=activation_memory(network, model.image_shape),
        field=max(size for size in sizes if size < math.inf),
        milliseconds=measured["milliseconds"][name],
        budget=measured["accuracy"].get(name),
        top1=published.get("top1"),
        top5=published.get("top5"),
        source=published.get("source", ""),
    )


def _percent(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _lines(rows: list[ModelNumbers]) -> list[list[str]]:
    return [list(HEADINGS), *(row.cells() for row in rows)]


def _html_row(cells: list[str]) -> str:
    first, *rest = map(escape, cells)
    return f'<th scope="row">{first}</th>' + "".join(
        f"<td>{cell}</td>" for cell in rest
    )
