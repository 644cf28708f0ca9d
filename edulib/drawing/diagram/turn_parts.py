"""The parts of a turn of a loop, and the names of what turns hand on."""

from collections import Counter

from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.op_types import OpType
from edulib.drawing.diagram.joins import NAMES
from edulib.drawing.diagram.turn_hands import (
    handed_on,
    place_in,
    shape_handed,
    until_words,
)

_SEVERAL = 2
_PASSES = (OpType.RESHAPE, OpType.DROPOUT)


def parts_of(turn: Call) -> dict[str, Call]:
    """Name the modules of a turn, in order; the main one is opened if it has parts."""
    paths = Counter(module.path for module in turn.modules)
    named: list[tuple[str, Call]] = []
    for module in turn.modules:
        inside = [part for part in module.children if part.last > part.first]
        is_main = module.module is turn.module and paths[module.path] == 1
        if is_main and len(inside) >= _SEVERAL:
            own = [module.inner(part.path) for part in inside]
            is_clear = len(paths) == 1 or not any(map(str.isdigit, own))
            front = "" if is_clear else f"{_short(module)}."
            named += zip((front + name for name in own), inside, strict=True)
        else:
            named.append((_short(module), module))
    counts = Counter(name for name, _ in named)
    seen: Counter[str] = Counter()
    found: dict[str, Call] = {}
    for name, part in named:
        seen[name] += 1
        which = f" (call {seen[name]} of {counts[name]})" if counts[name] > 1 else ""
        found[name + which] = part
    return found


def _short(call: Call) -> str:
    return call.path.rpartition(".")[2]


def carries_of(graph: Graph, loop: Call) -> tuple[str, ...]:
    """Tell what a turn hands on, with its shape, and to which turns."""
    told = []
    for place, handed in handed_on(graph, loop).items():
        index = loop.children[handed.latest].last - place
        name = carry_name(graph, loop, index)
        shape = shape_handed(graph, loop, place, handed)
        told.append(until_words(handed, f"{name} {shape}"))
    return tuple(told[::-1])


def carry_name(graph: Graph, loop: Call, index: int) -> str:
    """Name an op of a loop by the part of a turn that holds it, or by what it does."""
    op = graph.ops[index]
    added = _running(graph, loop, op)
    maker = "" if added is None else _maker(graph, loop, added)
    if maker:
        return f"running {NAMES.get(op.name, op.name)} of {maker}"
    turn = loop.children[place_in(loop, index)[0]]
    if len(parts_of(turn)) > 1 and (holder := _holder(turn, index)):
        return holder
    return NAMES.get(op.name, op.name.replace("_", " "))


def _running(graph: Graph, loop: Call, op: Op) -> Op | None:
    """Return what the last turn adds to an op, if each but the first adds such."""
    if op.op_type is not OpType.ADD or op.index < loop.first:
        return None
    place = place_in(loop, op.index)[1]
    alike = [graph.ops[turn.last - place] for turn in loop.children[1:]]
    added = [_added(graph, loop, other) for other in alike]
    return None if None in added else added[-1]


def _maker(graph: Graph, loop: Call, op: Op) -> str:
    """Name the part, or the module, of a turn in which a result was made."""
    turn = loop.children[place_in(loop, op.index)[0]]
    while turn.first <= op.index < turn.last:
        modules = {_short(module): module for module in turn.modules}
        holder = _holder(turn, op.index) or _inside(modules, op.index)
        if holder or len(op.inputs) != 1:
            return holder
        op = graph.ops[op.inputs[0]]
    return ""


def _holder(turn: Call, index: int) -> str:
    """Name the part that holds an op, or the module whose result it is; else ""."""
    ends = {_short(m): m for m in turn.modules if m.output == index and m.children}
    name = _inside(parts_of(turn), index)
    return _inside(ends, index) or name if name.isdigit() else name


def _inside(parts: dict[str, Call], index: int) -> str:
    found = (name for name, part in parts.items() if part.first <= index < part.last)
    return next(found, "")


def _added(graph: Graph, loop: Call, op: Op) -> Op | None:
    """Return what an op of a loop adds to what the same op gave in the turn before."""
    if op.op_type is not OpType.ADD:
        return None
    number, place = place_in(loop, op.index)
    for index in op.inputs:
        before = graph.ops[index]
        while len(before.inputs) == 1 and _passes(before):
            before = graph.ops[before.inputs[0]]
        if before.index >= loop.first and place_in(loop, before.index) == (
            number - 1,
            place,
        ):
            return next((graph.ops[i] for i in op.inputs if i != index), None)
    return None


def _passes(op: Op) -> bool:
    return op.op_type in _PASSES or op.name == "detach"
