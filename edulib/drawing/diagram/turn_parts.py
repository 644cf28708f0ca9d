"""The parts of a turn of a loop, and the names of what turns hand on."""

from collections import Counter

from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.numbers import all_shapes, shape_words
from edulib.anatomy.op_types import OpType
from edulib.drawing.diagram.joins import NAMES

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


def place_in(loop: Call, index: int) -> tuple[int, int]:
    """Return the number of the turn that an op is in, and its place from the end."""
    number = sum(turn.last <= index for turn in loop.children)
    return number, loop.children[number].last - index


def lags_of(loop: Call) -> dict[int, list[int]]:
    """Return by how many turns later the last one reads, by places from the end."""
    found: dict[int, list[int]] = {}
    for index in reversed(loop.carried):
        number, place = place_in(loop, index)
        found.setdefault(place, []).append(loop.turns - 1 - number)
    return found


def is_memory(graph: Graph, loop: Call, place: int) -> bool:
    """Whether results of all turns before are read, more in each turn."""
    number = loop.turns - 1
    if lags_of(loop).get(place) != list(range(1, loop.turns)):
        return False
    index = loop.children[number - 1].last - place
    turn, before = loop.children[number], loop.children[number - 1]
    readers = [o for o in graph.ops[turn.first : turn.last] if index in o.inputs]
    ops = [(op, graph.ops[before.last - (turn.last - op.index)]) for op in readers]
    return any(_joined(op) > _joined(other) for op, other in ops)


def _joined(op: Op) -> int:
    return op.joined or len(op.inputs)


def carries_of(graph: Graph, loop: Call) -> tuple[str, ...]:
    """Tell what a turn hands on, with its shape, and to which turns."""
    told = []
    for place, lags in lags_of(loop).items():
        index = loop.children[-1 - lags[0]].last - place
        name = carry_name(graph, loop, index)
        until = (
            ", to all later turns" if is_memory(graph, loop, place) else _until(lags)
        )
        told.append(f"{name} {_shape(graph, loop, index)}{until}")
    return tuple(told[::-1])


def _shape(graph: Graph, loop: Call, index: int) -> str:
    """Write the shapes of what is handed on of one op."""
    op, last = graph.ops[index], loop.children[-1]
    readers = [o for o in graph.ops[last.first : last.last] if index in o.inputs]
    taken = {reader.taken[reader.inputs.index(index)] for reader in readers}
    is_several = -1 in taken or len(taken) > 1
    return all_shapes(op.shape, op.others) if is_several else shape_words(op.shape)


def _until(lags: list[int]) -> str:
    """Tell to which turns something is handed on, if not to the next one alone."""
    if lags == [1]:
        return ""
    if lags == list(range(1, len(lags) + 1)):
        return f", to the next {len(lags)} turns"
    return f", read {' and '.join(map(str, lags))} turns later"


def carry_name(graph: Graph, loop: Call, index: int) -> str:
    """Name an op of a loop by the part of a turn that holds it, or by what it does."""
    op = graph.ops[index]
    added = _added(graph, loop, op)
    maker = "" if added is None else _maker(graph, loop, added)
    if maker:
        return f"running {NAMES.get(op.name, op.name)} of {maker}"
    turn = loop.children[place_in(loop, index)[0]]
    if len(parts_of(turn)) > 1 and (holder := _holder(turn, index)):
        return holder
    return NAMES.get(op.name, op.name.replace("_", " "))


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
    if op.op_type is not OpType.ADD or op.index < loop.first:
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
