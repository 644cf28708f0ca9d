"""A traced network: its operations, and the module calls that made them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby

import torch
from torch import nn

from edulib.anatomy.op_types import MERGES, MOVES, RANK, OpType, is_known
from edulib.anatomy.place import Place
from edulib.anatomy.window import InputWindow, Kernel

_SILENT = (OpType.RESHAPE, OpType.DROPOUT, OpType.CONSTANT)


@dataclass(frozen=True)
class Op:
    """One function that was called on activations; the first ops are the inputs.

    Attributes:
        index: its place in the order of execution.
        name: name of the function, such as "conv2d" or "add"; of an input or of a
            parameter that is used as an activation, its own name.
        op_type: type of layer, such as "convolution".
        inputs: indices of the ops whose outputs it reads.
        shape: shape of its output, without the batch.
        dtype: type of the numbers in its output.
        path: dotted path of the innermost module that called it, "" for the root.
        params: learned numbers that it is the first to use.
        macs: multiply-adds for the batch.
        bytes: memory that its output newly occupies for the batch; 0 for views and
            for operations in place.
        kernel: kernel and stride, None if it has none.
        window: what an output position reads of its inputs.
        place: where its output has the positions of an image.
        is_constant: whether it depends on no input.
        has_batch: whether a batch stands before its shape; not in windows or boxes of
            one image, nor in parameters.
        others: shapes of the tensors that it returned besides the first, which
            `shape` is of.
        chosen: what an index takes, in words, such as "row 0".
        reordered: what it and the views before it do to the order of numbers, in
            words, such as "channel shuffle"; "" where it is no such view.
        joined: how many tensors a concatenation joins.
        paired: which tensors of one op it joins number by number, in words, such as
            "with itself"; "" where several ops made them.
        taken: for each of `inputs` which of its tensors is read, 0 for the first; -1
            where that is more than one of them.
        hook: whether a hook called it, "before" or "behind" its module; else "".
        shows: the op whose positions it has as they were, where these were laid in one
            vector or beside a class token; None where it reads `inputs`.
        constants: how many tensors it was given that no op of `inputs` made, weights
            among them.
    """

    index: int
    name: str
    op_type: OpType
    inputs: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: torch.dtype
    path: str
    params: int
    macs: int
    bytes: int
    kernel: Kernel | None
    window: InputWindow
    place: Place
    is_constant: bool
    has_batch: bool = True
    others: tuple[tuple[int, ...], ...] = ()
    chosen: str = ""
    reordered: str = ""
    joined: int = 0
    paired: str = ""
    taken: tuple[int, ...] = ()
    hook: str = ""
    shows: int | None = None
    constants: int = 0

    @property
    def axes(self) -> tuple[int, ...] | None:
        """The dimensions of the output that are height and width, from the end."""
        return self.place.axes

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of all tensors that it returned."""
        return self.shape, *self.others

    @property
    def sources(self) -> tuple[int, ...]:
        """Indices of the ops whose positions it reads."""
        return self.inputs if self.shows is None else (self.shows,)

    @property
    def moves(self) -> bool:
        """Whether it does nothing but put numbers at other positions."""
        return bool(self.reordered) or self.name in MOVES

    @property
    def is_strange(self) -> bool:
        """Whether nothing is known of what it does with positions, or costs."""
        hides = bool(self.params) or not self.is_constant
        return hides and self.op_type is OpType.OTHER and not is_known(self.name)

    def side(self, axis: int) -> int:
        """Return the positions along an axis, -1 the width; 1 where it has none."""
        grid = self.place.grid
        return grid[axis] if grid is not None and len(grid) >= -axis else 1


@dataclass(frozen=True)
class Output:
    """A tensor that a model returns.

    Attributes:
        name: its dotted key in what the model returns; "output" if it is all.
        op: index of the op that made it.
        taken: which of the tensors of that op it is, 0 for the first.
        others: the other tensors for which it stands.
    """

    name: str
    op: int
    taken: int = 0
    others: tuple["Output", ...] = ()


@dataclass
class Call:
    """One call of a module: ops `first` to `last`, the latter excluded.

    Attributes:
        path: dotted path of the module in the model, "" for the model itself.
        module: a copy of the module, without values (on the meta device).
        first: index of the first op that ran inside.
        last: one more than the index of the last op that ran inside.
        output: index of the op that made what it returned.
        children: the calls of other modules that it made, in order; where several
            turns stand for one, a call for each, with the calls that it made.
        turns: how many turns it stands for, each of one module or several.
        taken: which of the tensors of that op it returned, 0 for the first.
        others: shapes of the tensors that it returned besides that one.
        carried: where several turns stand for one, indices of the ops of turns before
            that the last one reads; none if no turn reads another.
        more: indices of the ops that made the tensors of `others`, where known.
        given: names of its arguments, with the ops that made the tensors.
    """

    path: str
    module: nn.Module
    first: int
    last: int
    output: int
    children: list["Call"]
    turns: int = 1
    others: tuple[tuple[int, ...], ...] = ()
    carried: tuple[int, ...] = ()
    more: tuple[int, ...] = ()
    given: tuple[tuple[str, int], ...] = ()
    taken: int = 0

    @property
    def type(self) -> str:
        """Name of the module's class; where turns stand for one, of all of a turn."""
        if self.turns == 1:
            return type(self.module).__name__
        runs = [list(run) for _, run in groupby(self.children[-1].modules, _path)]
        names = [f"{len(r)} × {r[0].type}" if len(r) > 1 else r[0].type for r in runs]
        return f"({', '.join(names)})" if len(names) > 1 else names[0]

    @property
    def modules(self) -> list["Call"]:
        """The calls that it made of modules with weights; all if none has any."""
        able = [call for call in self.children if call.has_weights]
        return able or self.children

    @property
    def has_weights(self) -> bool:
        """Whether its module, or one of a turn, has parameters."""
        calls = [self] if self.turns == 1 else self.children[-1].children
        return any(next(c.module.parameters(), None) is not None for c in calls)

    @property
    def is_leaf(self) -> bool:
        """Whether no module inside it did any work."""
        return not any(child.last > child.first for child in self.children)

    @property
    def again(self) -> set[int]:
        """The ops of modules that it had called before."""
        seen: set[str] = set()
        found: set[int] = set()
        for call in _walk(self):
            if call.path in seen:
                found.update(range(call.first, call.last))
            seen.add(call.path)
        return found

    def inner(self, path: str) -> str:
        """Return the path of a module as it is inside of this one; "" for itself."""
        if path == self.path:
            return ""
        return path.removeprefix(f"{self.path}.").strip(".")


@dataclass(frozen=True)
class Node:
    """A module call, an op outside of any, or a run of such, as a single step.

    Attributes:
        path: path of the module; of an op, the path of its caller and its name, with
            a number from the second one on: "max_pool2d", "max_pool2d_2"; of a run of
            ops how many they are, "84 steps".
        call: the module call, or None for ops.
        ops: the operations inside, in order.
        output: the op that made its result.
        inputs: positions, in the list of nodes, of those whose results it reads;
            -1 is the first input of the network, -2 the second.
    """

    path: str
    call: Call | None
    ops: tuple[Op, ...]
    output: Op
    inputs: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result, without the batch."""
        return self.output.shapes[0 if self.call is None else self.call.taken]

    @property
    def others(self) -> tuple[tuple[int, ...], ...]:
        """Shapes of what it gives besides the first tensor, which `shape` is of."""
        return self.output.others if self.call is None else self.call.others

    @property
    def params(self) -> int:
        """Learned numbers that no earlier node used."""
        return sum(op.params for op in self.ops)

    @property
    def macs(self) -> int:
        """Multiply-adds for the batch."""
        return sum(op.macs for op in self.ops)

    @property
    def bytes(self) -> int:
        """Memory of all new outputs inside, for the batch."""
        return sum(op.bytes for op in self.ops)

    @property
    def main(self) -> Op:
        """The op that computes most, which gives the node its character."""
        return max(self.ops, key=lambda op: (op.macs, RANK[op.op_type]))

    @property
    def op_type(self) -> OpType:
        """Type of the main op; attention where a block of several layers holds it."""
        macs = {OpType.CONVOLUTION: 0, OpType.ATTENTION: 0, OpType.DENSE: 0}
        attends = False
        for op in self.ops:
            attends = attends or op.op_type is OpType.ATTENTION
            if op.op_type in macs:
                macs[op.op_type] += op.macs
        opened = self.call is not None and not self.call.is_leaf
        convolves = 2 * macs[OpType.CONVOLUTION] > sum(macs.values())
        if opened and attends and not convolves:
            return OpType.ATTENTION
        done = [op for op in self.ops if op.op_type not in _SILENT]
        joins = self.call is not None and self.main.op_type in MERGES
        return OpType.OTHER if joins and len(done) > 1 else self.main.op_type


@dataclass(frozen=True)
class Graph:
    """Everything that happened while a model looked at one image.

    Attributes:
        ops: all operations, in order; the first are the inputs.
        root: the call of the model itself.
        outputs: what the model returns.
        params: learned numbers of the model, those that were not used included.
        from_values: whether the model asked for values, and was run on zeros: what it
            does with another input may differ.
        batch: how many of each input were given, 1 where shapes are given; counts are
            of all together.
        left: functions that handed numbers to what is not torch, with their path.
        cache: what was computed of all ops, for the next question.
    """

    ops: tuple[Op, ...]
    root: Call
    outputs: tuple[Output, ...]
    params: int
    from_values: bool = False
    batch: int = 1
    left: tuple[str, ...] = ()
    cache: dict = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def inputs(self) -> tuple[Op, ...]:
        """The inputs of the model."""
        return tuple(op for op in self.ops if op.op_type is OpType.INPUT)

    @property
    def macs(self) -> int:
        """Multiply-adds for the batch."""
        return sum(op.macs for op in self.ops)

    @property
    def bytes(self) -> int:
        """Memory of all outputs together, for the batch."""
        return sum(op.bytes for op in self.ops)

    @cached_property
    def steps(self) -> list[Node]:
        """Its leaf modules, and the ops outside of any."""
        return self.fold(lambda call: True)

    @cached_property
    def calls(self) -> dict[str, Call]:
        """The first call of each module, by path."""
        found: dict[str, Call] = {}
        for call in _walk(self.root):
            found.setdefault(call.path, call)
        return found

    def call(self, layer: str | None) -> Call:
        """Find the first call of a layer.

        Args:
            layer: dotted path; None or "" for the model itself, whose output is the
                first tensor that it returns.

        Raises:
            ValueError: if no module of this path was called.
        """
        if not isinstance(layer, str | None) or (layer or "") not in self.calls:
            known = ", ".join(path for path in self.calls if path)
            raise ValueError(f"expected a layer among {known}; got {layer!r}")
        return self.calls[layer or ""]

    def nodes(self, depth: int = 1) -> list[Node]:
        """Fold the network to the modules `depth` levels below the root."""
        if isinstance(depth, bool) or not isinstance(depth, int) or depth < 1:
            raise ValueError(f"expected depth >= 1, a whole number, got {depth}")
        return self.fold(lambda call: call.path.count(".") + 1 < depth)

    def fold(
        self, expand: Callable[[Call], bool], root: Call | None = None
    ) -> list[Node]:
        """Return the steps of a call, opening those calls inside that are expanded.

        Args:
            expand: whether to show what is inside a call; leaves stay closed.
            root: the call to fold; the whole network by default.
        """
        return self.group(list(_pieces(root or self.root, expand)))

    def group(self, pieces: list["Call | range"]) -> list[Node]:
        """Return the steps that calls and runs of ops, given in order, make."""
        owner = {}
        for position, piece in enumerate(pieces):
            first, last = _extent(piece)
            owner.update(dict.fromkeys(range(first, last), position))
        return _number([self._node(piece, owner) for piece in pieces])

    def _node(self, piece: Call | range, owner: dict[int, int]) -> Node:
        first, last = _extent(piece)
        ops = self.ops[first:last]
        sources = (owner.get(i, -1 - i) for op in ops for i in op.inputs if i < first)
        inputs = tuple(dict.fromkeys(sources))
        if isinstance(piece, Call):
            return Node(piece.path, piece, ops, self.ops[piece.output], inputs)
        name = ops[0].name if len(ops) == 1 else f"{len(ops)} steps"
        path = ".".join(part for part in (ops[0].path, name) if part)
        return Node(path, None, ops, ops[-1], inputs)


def _path(call: Call) -> str:
    return call.path


def _walk(call: Call) -> Iterator[Call]:
    yield call
    for child in call.children:
        yield from _walk(child)


def _number(nodes: list[Node]) -> list[Node]:
    """Tell functions of one name apart."""
    seen: Counter[str] = Counter()
    numbered = []
    for node in nodes:
        seen[node.path] += 1
        again = node.call is None and seen[node.path] > 1
        path = f"{node.path}_{seen[node.path]}" if again else node.path
        numbered.append(replace(node, path=path))
    return numbered


def _extent(piece: Call | range) -> tuple[int, int]:
    if isinstance(piece, Call):
        return piece.first, piece.last
    return piece.start, piece.stop


def _single(ops: range) -> Iterator[range]:
    return (range(op, op + 1) for op in ops)


def _pieces(call: Call, expand: Callable[[Call], bool]) -> Iterator[Call | range]:
    """Cut a call into calls and single ops, in order; empty calls vanish."""
    at = call.first
    for child in call.children:
        if child.first == child.last:
            continue
        yield from _single(range(at, child.first))
        if not child.is_leaf and expand(child):
            yield from _pieces(child, expand)
        else:
            yield child
        at = child.last
    yield from _single(range(at, call.last))
