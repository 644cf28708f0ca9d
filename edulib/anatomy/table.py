"""The table of stages: a network on one page, beside the numbers of its paper."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

from torch import nn

from edulib.anatomy.describe import describe
from edulib.anatomy.graph import Graph, Node
from edulib.anatomy.inputs import Input
from edulib.anatomy.numbers import shape_words, short_bytes, short_count
from edulib.anatomy.op_types import OpType
from edulib.anatomy.receptive import ReceptiveField, field_of
from edulib.anatomy.trace import trace_graph
from edulib.anatomy.turns import fold_runs

_QUIET = (OpType.RESHAPE, OpType.DROPOUT, OpType.OTHER, OpType.CONSTANT)
_FREE = (OpType.ACTIVATION, OpType.DROPOUT, OpType.NORMALISATION)
NOTHING = "–"
ZEROS = " (on zeros; they depend on the input's values)"


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        path: dotted path of the module, or the caller's path and a function's name.
        name: what is printed for it.
        op_type: type of what computes most inside, such as "convolution".
        layer: what it is, in words.
        shape: shape of its output, without the batch; None if it was not called.
        params: learned numbers.
        macs: multiply-adds for what was given.
        bytes: memory of its outputs for what was given.
        field: theoretical receptive field of its output.
        paper: what the paper says, "" where it says nothing.
        more: how many tensors it gives besides the one of this shape, the first.
        follows: whether it reads the row before it, and nothing else.
    """

    path: str
    name: str
    op_type: OpType
    layer: str
    shape: tuple[int, ...] | None
    params: int
    macs: int
    bytes: int
    field: ReceptiveField | None
    paper: str = ""
    more: int = 0
    follows: bool = False

    def cells(self) -> list[str]:
        """Return the printed cells, the paper's excepted."""
        return [
            self.name,
            self.layer,
            NOTHING if self.shape is None else shape_words(self.shape, self.more),
            NOTHING if self.field is None else str(self.field),
            f"{self.params:,}" if self.params else NOTHING,
            short_count(self.macs) if self.macs else NOTHING,
            short_bytes(self.bytes) if self.bytes else NOTHING,
        ]

    def adds_nothing_to(self, previous: "Row") -> bool:
        """Tell whether this only activates, drops or scales what a row puts out."""
        free = self.op_type in _FREE and not (self.params or self.macs or self.paper)
        if not (free and self.follows) or self.field != previous.field:
            return False
        return prod(self.shape) == prod(previous.shape)

    def joined(self, later: "Row") -> "Row":
        """Return a row for this one and one that adds nothing to it."""
        layer = f"{self.layer}; {later.layer}"
        return replace(self, layer=layer, bytes=self.bytes + later.bytes)


_HEADINGS = [
    "Stage",
    "Layer",
    "Output",
    "Receptive field",
    "Parameters",
    "Multiply-adds",
    "Activations",
]
_TEXT = 2
_PAPER = 3
_IMAGE = 3


@dataclass(frozen=True)
class Table:
    """The stages of a network: text in a console, a table on a page.

    Attributes:
        title: name of the network.
        inputs: shapes of the inputs, without the batch, by name.
        rows: the stages, in order.
        has_paper: whether a column shows the paper's own numbers.
        from_values: whether they were counted on zeros, and depend on the input.
        batch: how many of each input were given; counts are of all together.
    """

    title: str
    inputs: dict[str, tuple[int, ...]]
    rows: tuple[Row, ...]
    has_paper: bool = False
    from_values: bool = False
    batch: int = 1

    @property
    def params(self) -> int:
        """Learned numbers of the whole network."""
        return sum(row.params for row in self.rows)

    @property
    def macs(self) -> int:
        """Multiply-adds for what was given."""
        return sum(row.macs for row in self.rows)

    @property
    def bytes(self) -> int:
        """Memory of all activations for what was given."""
        return sum(row.bytes for row in self.rows)

    @property
    def caption(self) -> str:
        """What the table shows, with the exact totals."""
        return (
            f"{self.title} on {self._shown_inputs()}: {self.params:,} parameters, "
            f"{self.macs:,} multiply-adds{ZEROS if self.from_values else ''}"
        )

    def _shown_inputs(self) -> str:
        shapes = list(map(shape_words, self.inputs.values()))
        if len(shapes) == 1:
            (shape,) = self.inputs.values()
            noun = "image" if len(shape) == _IMAGE else "input"
            count = f"{self.batch} {noun}s" if self.batch > 1 else f"one {noun}"
            return f"{count} of {shapes[0]}"
        named = zip(self.inputs, shapes, strict=True)
        each = f", {self.batch} of each" * (self.batch > 1)
        return ", ".join(f"{name} {shape}" for name, shape in named) + each

    def _lines(self) -> tuple[list[str], list[list[str]], list[str]]:
        """Return headings, rows and totals; the paper's column is beside the output."""
        body = [row.cells() for row in self.stages]
        total = ["Total", "", "", "", f"{self.params:,}"]
        total += [short_count(self.macs), short_bytes(self.bytes)]
        heading = list(_HEADINGS)
        if self.has_paper:
            papers = ["Paper", *(row.paper for row in self.stages), ""]
            for line, paper in zip([heading, *body, total], papers, strict=True):
                line.insert(_PAPER, paper)
        return heading, body, total

    def __repr__(self) -> str:
        heading, body, total = self._lines()
        lines = [heading, *body, total]
        columns = range(len(heading))
        widths = [max(len(line[k]) for line in lines) for k in columns]
        rule = "  ".join("─" * width for width in widths)
        printed = [
            "  ".join(
                line[k].ljust(widths[k]) if k < _TEXT else line[k].rjust(widths[k])
                for k in columns
            ).rstrip()
            for line in lines
        ]
        parts = [self.caption, printed[0], rule, *printed[1:-1], rule, printed[-1]]
        return "\n".join(parts)

    @property
    def stages(self) -> tuple[Row, ...]:
        """The rows that are shown; what adds nothing to a row stands in it."""
        stages: list[Row] = []
        for row in self.rows:
            if stages and row.adds_nothing_to(stages[-1]):
                stages[-1] = stages[-1].joined(row)
            else:
                stages.append(row)
        return tuple(stages)

    def _repr_html_(self) -> str:
        from edulib.anatomy.table_html import table_html

        return table_html(self)


def stage_table(
    model: nn.Module,
    *inputs: Input,
    depth: int = 1,
    labels: Mapping[str, str] | None = None,
    paper: Mapping[str, str] | None = None,
    title: str | None = None,
) -> Table:
    """List the stages of a network, as in the table of a paper.

    Args:
        model: any module.
        inputs: what it takes, as in `trace_graph`: (C, H, W) for an image.
        depth: how many levels of modules to open; 1 shows the model's own parts.
        labels: names to print, by path of the row.
        paper: what the paper says of a stage, by path or label of the row.
        title: name of the network; that of its class by default.

    Raises:
        ValueError: if the model cannot read such inputs, `depth` is less than 1, or
            `labels` or `paper` name a row that is not there.

    Example:
        >>> table = stage_table(nn.Sequential(nn.Linear(4, 2)), (4,))
        >>> table.rows[0].params
        10
    """
    graph = trace_graph(model, *inputs)
    labels, paper = dict(labels or {}), dict(paper or {})
    steps = fold_runs(graph, graph.nodes(depth))
    nodes = [node for node in steps if _is_shown(node)]
    follow = _following(steps)
    rows = [
        replace(_row(graph, run, labels, paper), follows=run[0].output.index in follow)
        for run in _runs(graph, nodes, {*labels, *paper})
    ]
    rows += _unused(model, graph, labels)
    known = {row.path for row in rows} | {row.name for row in rows}
    for name in [*labels, *paper]:
        if name not in known:
            paths = ", ".join(dict.fromkeys(row.path for row in rows))
            raise ValueError(f"expected the name of a row among {paths}; got {name!r}")
    shapes = {op.name: op.shape for op in graph.inputs}
    name = title or type(model).__name__
    from_values, batch = graph.from_values, graph.batch
    return Table(name, shapes, tuple(rows), bool(paper), from_values, batch)


def _is_shown(node: Node) -> bool:
    """Hide functions that only reshape: they cost nothing, and move nothing."""
    is_seen = node.output.moves or node.output.hook or node.output.is_strange
    is_loud = node.op_type not in _QUIET or is_seen
    if node.call is not None or is_loud:
        return True
    return bool(node.params or node.macs or node.bytes)


def _following(steps: list[Node]) -> set[int]:
    """Find the outputs of steps that read the one shown before them, nothing else.

    What is hidden hands on what it reads.
    """
    found: set[int] = set()
    read: list[set[int]] = []
    before: int | None = None
    for k, node in enumerate(steps):
        hidden = {at for at in node.inputs if at >= 0 and not _is_shown(steps[at])}
        read.append(set(node.inputs) - hidden)
        read[-1].update(*(read[at] for at in hidden))
        if _is_shown(node):
            if read[-1] == {before}:
                found.add(node.output.index)
            before = k
    return found


def _runs(graph: Graph, nodes: list[Node], named: set[str]) -> list[list[Node]]:
    """Put blocks alike together that follow each other in a list of modules."""
    runs: list[list[Node]] = []
    for node in nodes:
        alike = _in_list(graph, node, named)
        if runs and alike and alike == _in_list(graph, runs[-1][0], named):
            runs[-1].append(node)
        else:
            runs.append([node])
    return runs


def _in_list(graph: Graph, node: Node, named: set[str]) -> tuple | None:
    """Return what blocks of a list share that are told as one; None if apart."""
    holder, _, number = node.path.rpartition(".")
    if node.call is None or node.call.is_leaf or not number.isdigit():
        return None
    if holder in graph.calls or node.path in named:
        return None
    return holder, describe(node), node.shape, len(node.others), node.params, node.macs


def _row(graph: Graph, run: list[Node], labels: dict, paper: dict) -> Row:
    node, layer = run[0], describe(run[0])
    path = node.path
    if len(run) > 1:
        path = f"{path}–{run[-1].path.rpartition('.')[-1]}"
        is_name = layer.isidentifier()
        layer = f"{len(run)} × {layer if is_name else f'({layer})'}"
    name = labels.get(path, path)
    return Row(
        path=path,
        name=name,
        op_type=node.op_type,
        layer=layer,
        shape=node.shape,
        params=sum(node.params for node in run),
        macs=sum(node.macs for node in run),
        bytes=sum(node.bytes for node in run),
        field=field_of(graph, run[-1].output.index),
        paper=paper.get(path, paper.get(name, "")),
        more=len(node.others),
    )


def _unused(model: nn.Module, graph: Graph, labels: dict) -> list[Row]:
    """List what has parameters and was not called, such as auxiliary classifiers."""
    rows = []
    missing = graph.params - sum(op.params for op in graph.ops)
    for path, child in model.named_children():
        count = sum(parameter.numel() for parameter in child.parameters())
        ran = any(f"{called}.".startswith(f"{path}.") for called in graph.calls)
        if ran or not 0 < count <= missing:
            continue
        missing -= count
        name = labels.get(path, path)
        rows.append(
            Row(
                path,
                name,
                OpType.OTHER,
                "not called in evaluation",
                None,
                count,
                0,
                0,
                None,
            )
        )
    if missing:
        rows.append(
            Row(
                "", "not used", OpType.OTHER, "in evaluation", None, missing, 0, 0, None
            )
        )
    return rows
