"""Make a graph of what was recorded: which constants are steps of their own.

A weight is part of the operation that reads it. A parameter that is used as an
activation (learned queries, a class token), what is computed of parameters alone in
another module (an embedding of the time), and a buffer with numbers for each position
or along two dimensions (a sine embedding, a grid, anchors) is a step: it is credited to
the module that holds it, and it has an arrow to where it is used.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from torch import nn

from edulib.anatomy.attention import Step, scores_of, with_attention
from edulib.anatomy.batch import Batch
from edulib.anatomy.graph import Call, Graph, Op, Output
from edulib.anatomy.op_types import ATTENTIONS, CONCATS, VIEWS, OpType, type_of
from edulib.anatomy.recorder import Draft, Exit, Recorder
from edulib.anatomy.reordering import Reordering
from edulib.anatomy.window import UNKNOWN

_TOKENS = 2  # dimensions of a row of tokens, (N, D)
_MAPS = 3  # dimensions of a map, (C, H, W) or (H, W, D)
_SUMS = ("add", "sub", "rsub")
_PRODUCTS = ("mul", "div", "truediv", "rtruediv")
_JOINS = CONCATS.union(ATTENTIONS)


def assemble(recorder: Recorder, params: int, from_values: bool = False) -> Graph:
    """Make the graph of a run.

    Args:
        recorder: what was written down.
        params: learned numbers of the model.
        from_values: whether it was run on zeros, because it asks for values.
    """
    plan = _Plan(recorder)
    plan.choose()
    plan.credit()
    return replace(_number(recorder, plan, params), from_values=from_values)


@dataclass
class _Plan:
    """Which of the recorded drafts become ops, and what each of them reads."""

    recorder: Recorder
    kept: set[Draft] = field(default_factory=set)
    edges: dict[Draft, list[Draft]] = field(default_factory=dict)
    reordering: Reordering = field(default_factory=Reordering)

    def __post_init__(self) -> None:
        tape = self.recorder.tape
        self.drafts = [item for item in tape if isinstance(item, Draft)]
        self.called = {item.path for item in tape if isinstance(item, Call)}
        self.parents = {path.rpartition(".")[0] for path in self.called if path}
        self.weights = {weight for draft in self.drafts for weight in draft.weights}
        self.looks = self._looks() if any(d.aside for d in self.drafts) else set()
        self._learned: dict[Draft, bool] = {}
        self._buffered: dict[Draft, bool] = {}
        self._apart: dict[Draft, bool] = {}

    @cached_property
    def scores(self) -> set[Draft]:
        """What masks are added to."""
        return scores_of(map(_step, self.drafts))

    def _looks(self) -> set[Draft]:
        """Find what hooks compute and nothing that the model returns reads."""
        read = {draft for _, draft, _ in self.recorder.outputs}
        looks: set[Draft] = set()
        for draft in reversed(self.drafts):
            if draft.aside and draft not in read:
                looks.add(draft)
            else:
                read.update([*draft.inputs, *draft.weights])
        return looks

    def _into_weights(self) -> set[Draft]:
        """Find products, but of layers, of which weights are computed, and weights."""
        seen, todo = set(self.weights), [*self.weights]
        while todo:
            new = {d for d in todo.pop().inputs if d.is_constant} - seen
            seen |= new
            todo += new
        return self.weights | {draft for draft in seen if not draft.weights}

    def choose(self) -> None:
        """Keep what depends on an input, and the constants that are steps."""
        for draft in self.drafts:
            if not (draft.is_constant or draft in self.looks):
                self.kept.add(draft)
                self._keep(other for other in draft.inputs if self.joins(other, draft))
        self._keep(draft for _, draft, _ in self.recorder.outputs)
        costly = {draft for draft in self.drafts if draft.macs > 0}
        self.kept |= costly - self._into_weights() - self.looks
        for draft in self.kept:
            self.edges[draft] = [
                other
                for other in draft.inputs
                if not other.is_constant or self._feeds(other, draft)
            ]

    def _feeds(self, constant: Draft, draft: Draft) -> bool:
        if draft.is_constant:
            return constant in self.kept
        return self.joins(constant, draft)

    def _keep(self, drafts: Iterable[Draft]) -> None:
        for draft in drafts:
            if draft.is_constant and draft not in self.kept:
                self.kept.add(draft)
                is_learned = self.is_learned(draft)
                self._keep(
                    other
                    for other in draft.inputs
                    if self.is_learned(other)
                    or not is_learned
                    or (self.is_buffered(other) and other.output.is_floating_point())
                )

    def joins(self, constant: Draft, draft: Draft) -> bool:
        """Whether a constant is a step that an op reads, no setting of the op."""
        if not constant.is_constant:
            return False
        if not self.is_learned(constant):
            return self._is_embedding(constant, draft)
        if draft.name in _JOINS or self.home(constant) != draft.path:
            return True
        if self.is_apart(constant) or _is_position(constant, draft, _TOKENS):
            return True
        if draft.name in _SUMS and _is_spread(constant, draft):
            return True
        holds_layers = self.home(constant) in self.parents
        return holds_layers and _is_position(constant, draft, _MAPS)

    def _is_embedding(self, constant: Draft, draft: Draft) -> bool:
        """Whether a buffer is joined, not to scores as a mask, and is no setting.

        A setting is one number, or one for each channel.
        """
        if not self.is_buffered(constant) or draft in self.scores:
            return False
        if draft.name in CONCATS:
            return True
        sides = [side for side in constant.output.shape if side > 1]
        is_table = len(sides) > 1 or _is_spread(constant, draft)
        return is_table and draft.name in (*_SUMS, *_PRODUCTS)

    def is_buffered(self, draft: Draft) -> bool:
        """Whether buffers that are no weights of a layer are in a constant."""
        if draft not in self._buffered:
            is_buffer = draft.held is not None and draft not in self.weights
            self._buffered[draft] = is_buffer or any(
                map(self.is_buffered, draft.inputs)
            )
        return self._buffered[draft]

    def home(self, draft: Draft) -> str:
        """Return the path of the innermost module that was called and holds it."""
        path = draft.path
        while path not in self.called and path:
            path = path.rpartition(".")[0]
        return path

    def is_learned(self, draft: Draft) -> bool:
        """Whether parameters that are no weights of a layer are in a constant."""
        if draft not in self._learned:
            is_parameter = isinstance(draft.held, nn.Parameter)
            self._learned[draft] = (
                (is_parameter and draft not in self.weights)
                or (draft.held is None and bool(draft.weights))
                or any(map(self.is_learned, draft.inputs))
            )
        return self._learned[draft]

    def is_apart(self, draft: Draft) -> bool:
        """Whether a layer made a constant, or more than one module."""
        if draft not in self._apart:
            self._apart[draft] = draft.is_constant and (
                bool(draft.weights)
                or any(map(self.is_apart, draft.inputs))
                or any(self.home(other) != draft.path for other in draft.inputs)
            )
        return draft.held is None and self._apart[draft]

    def credit(self) -> None:
        """Give each parameter to the op that uses it first, or stands for it."""
        taken: set[Draft] = set()
        for draft in [*self.recorder.leaves.values(), *self.drafts]:
            if draft not in self.kept:
                continue
            for part in self._parts(draft):
                is_parameter = isinstance(part.held, nn.Parameter)
                draft.is_learned |= is_parameter
                if part in taken:
                    continue
                taken.add(part)
                if is_parameter:
                    draft.params += part.held.numel()
                if part is not draft:
                    draft.macs += part.macs

    def _parts(self, draft: Draft) -> Iterator[Draft]:
        """Find what belongs to an op: itself, and constants that are no ops."""
        seen, todo = {draft}, [draft]
        while todo:
            part = todo.pop()
            yield part
            for other in [*part.inputs, *part.weights]:
                if other.is_constant and other not in self.kept and other not in seen:
                    seen.add(other)
                    todo.append(other)


def _is_position(constant: Draft, draft: Draft, ndim: int) -> bool:
    """Whether a constant has numbers for each position that it is added to.

    They may be the same for all channels of a map.
    """
    ones = (1,) * ndim
    shape = (*ones, *constant.output.shape)[-ndim:]
    of_one = tuple(draft.output.shape[1:])
    if draft.name not in _SUMS or len(of_one) != ndim:
        return False
    of_all = (1, *of_one[1:]) if ndim == _MAPS and of_one[1] > 1 else of_one
    return shape in (of_one, of_all)


def _is_spread(constant: Draft, draft: Draft) -> bool:
    """Whether a constant has numbers for positions, the same for all channels."""
    shape = constant.output.shape
    along = [k for k in range(-len(shape), 0) if shape[k] > 1]
    return len(along) == 1 and along[0] in _positions(draft)


def _positions(draft: Draft) -> tuple[int, ...]:
    """Return the dimensions of positions, from the end; those of rows if not known.

    Where maps of several sizes meet they are those of the maps before.
    """
    source: Draft | None = draft
    while source is not None and source.output.ndim == draft.output.ndim:
        if source.step.place.dims:
            return source.step.place.dims
        active = [other for other in source.inputs if not other.is_constant]
        source = None if source.name in VIEWS else next(iter(active), None)
    return (-_TOKENS,) if draft.output.ndim > _TOKENS else ()


def _step(draft: Draft) -> Step:
    """Say of a draft what the search for attention asks."""
    active = [other for other in draft.inputs if not other.is_constant]
    return Step(draft, draft.name, type_of(draft.name, len(active), False), active)


def _number(recorder: Recorder, plan: _Plan, params: int) -> Graph:
    """Put ops in order, parameters where the module that holds them begins."""
    waiting: dict[str, list[Draft]] = {}
    for leaf in recorder.leaves.values():
        if leaf in plan.kept:
            waiting.setdefault(plan.home(leaf), []).append(leaf)
    places = {draft: k for k, draft in enumerate(recorder.inputs)}
    batch = Batch(recorder.batch)
    for item in recorder.tape:
        if isinstance(item, Call):
            item.first = len(places)
            for leaf in waiting.pop(item.path, []):
                places[leaf] = len(places)
        elif isinstance(item, Exit):
            item.call.last = len(places)
            item.call.output = places.get(item.output, len(places) - 1)
            item.call.others = tuple(batch.without(s) for s in item.call.others)
            item.call.more = tuple(places.get(d, -1) for d in item.more)
            given = ((name, places.get(d, -1)) for name, d in item.given)
            item.call.given = tuple((name, at) for name, at in given if at >= 0)
        elif item in plan.kept:
            places[item] = len(places)
    ops = tuple(_op(k, draft, plan, places, batch) for draft, k in places.items())
    ops = with_attention(ops)
    root = next(item for item in recorder.tape if isinstance(item, Call))
    ends = tuple(
        Output(name or "output", places[draft], taken)
        for name, draft, taken in recorder.outputs
    )
    left = tuple(recorder.left)
    return Graph(ops, root, ends, params, batch=batch.size, left=left)


def _op(
    index: int, draft: Draft, plan: _Plan, places: dict[Draft, int], batch: Batch
) -> Op:
    read = plan.edges.get(draft, ())
    inputs = {places[other]: draft.taken.get(other, 0) for other in read}
    op_type = draft.op_type or type_of(draft.name, len(inputs), draft.pools)
    shape = batch.of_one(draft)
    return Op(
        index=index,
        name=draft.name,
        op_type=OpType(op_type),
        inputs=tuple(inputs),
        shape=shape,
        dtype=draft.output.dtype,
        path=draft.path,
        params=draft.params,
        is_learned=draft.is_learned,
        macs=draft.macs,
        bytes=draft.bytes,
        kernel=draft.step.kernel,
        window=UNKNOWN if draft.read_as else draft.step.window,
        place=draft.read_as or draft.step.place,
        is_constant=draft.is_constant,
        has_batch=len(shape) < draft.output.ndim,
        others=tuple(batch.without(other) for other in draft.others),
        chosen=draft.chosen,
        reordered=plan.reordering.words(draft),
        joined=draft.joined,
        paired=draft.paired,
        taken=tuple(inputs.values()),
        hook=draft.hook,
        shows=places.get(draft.shows),
        constants=sum(maker not in read for maker in draft.given),
    )
