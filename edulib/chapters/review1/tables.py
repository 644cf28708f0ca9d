"""All models of an era side by side: their numbers, a table, a page to print."""

import json
import math
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import mean
from typing import Literal

import torch

from edulib.anatomy import Graph, OpType, stage_table, trace_graph
from edulib.chapters.review1.timing import load_era
from edulib.experiments import load_experiment
from edulib.notebook.html_output import HtmlOutput, html_table
from edulib.notebook.tables import show_table
from edulib.registry import get_builder, get_model_info, get_paper, list_models

PUBLISHED = Path(__file__).with_name("published.json")
COSTS = (
    *("model", "depth", "parameters (M)", "MACs (G)", "memory (MB)", "sees (px)"),
    "ms an image",
)
ACCURACIES = (
    *("model", "paper, top-1", "top-5", "where, crops"),
    *("later, top-1", "top-5", "by whom"),
)
SHEET = (*COSTS, "Scenes %", "paper, top-5", "later, top-5")
_STYLE = (
    "<style>.eov-era{overflow-x:auto}.eov-era table :is(th,td){text-align:right}"
    ".eov-era table td{white-space:nowrap}"
    ".eov-era table :is(th:first-child,td.eov-words){text-align:left}</style>"
)


@dataclass(frozen=True)
class Published:
    """An accuracy on ImageNet's validation images that somebody published.

    Attributes:
        top1: in %; None if it was not told.
        top5: the right class among the best five, in %; None if it was not told.
        how: where it stands, or whose weights, and how it was measured.
    """

    top1: float | None = None
    top5: float | None = None
    how: str = ""

    def cells(self) -> list[str]:
        """Return top-1, top-5 and how, as text."""
        return [_percent(self.top1, 1), _percent(self.top5, 1), self.how or "–"]


@dataclass(frozen=True)
class ModelNumbers:
    """What is known of one model.

    Attributes:
        name: in the registry.
        paper: name of its paper's network.
        year: in which the paper first appeared.
        depth: layers with weights on the longest path.
        params: learned numbers.
        macs: multiply-adds for one image of the registry's size.
        memory: bytes of all activations for that image.
        field: side of the widest receptive field before the image is averaged or
            flattened, in pixels.
        milliseconds: measured time for one image.
        race: accuracy on new scenes after the small training, from each start.
        in_paper: the accuracy that the paper itself gives for one network.
        later: that of weights which others, or the authors later, gave away.
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
    race: tuple[float, ...]
    in_paper: Published
    later: Published

    def costs(self) -> list[str]:
        """Return what the network costs, in the order of `COSTS`."""
        return [
            *(self.name, str(self.depth), f"{self.params / 1e6:.1f}"),
            *(f"{self.macs / 1e9:.2f}", f"{self.memory / 1e6:.1f}"),
            *(f"{self.field:.0f}", f"{self.milliseconds:.0f}"),
        ]

    def accuracies(self) -> list[str]:
        """Return what was published, in the order of `ACCURACIES`."""
        return [self.name, *self.in_paper.cells(), *self.later.cells()]

    def sheet(self) -> list[str]:
        """Return the line of the sheet, in the order of `SHEET`."""
        return [
            *(*self.costs(), _percent(100 * mean(self.race), 0)),
            *(_percent(self.in_paper.top5, 1), _percent(self.later.top5, 1)),
        ]


def era_numbers(era: int) -> list[ModelNumbers]:
    """Count and look up the numbers of all models of an era, by year.

    Raises:
        ValueError: if the era has not been timed, or its networks not been raced.
    """
    times = load_era(era)["milliseconds"]
    races = race_accuracies()
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    rows = [
        _numbers(name, times[name], races[name], published.get(name, {}))
        for name in list_models(era=era)
    ]
    return sorted(rows, key=lambda row: row.year)


def race_accuracies(
    on: Literal["train", "val"] = "val", experiment: str = "review1-race"
) -> dict[str, tuple[float, ...]]:
    """Return the accuracy in the race's last epoch from each start, by network.

    Args:
        on: "train", the images it learned from, or "val", new ones.
        experiment: the race, or another with its data and recipe.
    """
    return {
        name: tuple(round(1 - errors[-1], 4) for errors in runs[f"{on}_error"])
        for name, runs in load_experiment(experiment).items()
    }


def cost_table(rows: list[ModelNumbers]) -> HtmlOutput:
    """Show what the networks cost."""
    return show_table("Costs of the era's networks", COSTS, [r.costs() for r in rows])


def accuracy_table(rows: list[ModelNumbers]) -> HtmlOutput:
    """Show the published accuracies of the networks that have one."""
    lines = [row.accuracies() for row in rows if row.in_paper.how or row.later.how]
    return show_table("Published accuracies of the era's networks", ACCURACIES, lines)


def print_sheet(title: str, rows: list[ModelNumbers], points: list[str]) -> HtmlOutput:
    """Show a summary that fills one printed page; printing leaves out all else.

    Args:
        title: its heading.
        rows: its models.
        points: sentences under the table.
    """
    lines = [list(SHEET), *(row.sheet() for row in rows)]
    items = "".join(f"<li>{escape(point)}</li>" for point in points)
    html = (
        f'<div class="eov-sheet"><p class="eov-sheet-title">{escape(title)}</p>'
        f"{_html(lines)}<ul>{items}</ul></div>"
    )
    return HtmlOutput(html, "\n".join([title, *map(" | ".join, lines), *points]))


def longest_path(graph: Graph) -> int:
    """How many layers with weights the longest way through a network passes."""
    depths: list[int] = []
    for op in graph.ops:
        before = max((depths[index] for index in op.inputs), default=0)
        depths.append(
            before
            + (op.op_type in (OpType.CONVOLUTION, OpType.DENSE) and op.params > 0)
        )
    return max(depths)


def _numbers(
    name: str, milliseconds: float, race: tuple[float, ...], published: dict
) -> ModelNumbers:
    model = get_model_info(name)
    paper = get_paper(model.paper)
    with torch.device("meta"):
        network = get_builder(name)()
    table = stage_table(network, model.image_shape, depth=2)
    graph = trace_graph(network, model.image_shape)
    sizes = [row.field.size[0] for row in table.rows if row.field and row.field.size]
    return ModelNumbers(
        name=name,
        paper=paper.name,
        year=paper.year,
        depth=longest_path(graph),
        params=model.params,
        macs=graph.macs,
        memory=graph.bytes,
        field=max(size for size in sizes if size < math.inf),
        milliseconds=milliseconds,
        race=race,
        in_paper=Published(**published.get("paper", {})),
        later=Published(**published.get("later", {})),
    )


def _percent(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _html(lines: list[list[str]]) -> str:
    table = html_table(lines[0], lines[1:])
    return f'{_STYLE}<div class="eov-table eov-era" tabindex="0">{table}</div>'
