"""What a trace could not find out about a model, in sentences."""

from collections import Counter
from collections.abc import Iterable

from torch import nn

from edulib.anatomy.graph import Graph, Op
from edulib.anatomy.op_types import OpType, is_known
from edulib.anatomy.straight import straight_lines
from edulib.anatomy.window import NOT_KNOWN

_MOST = 3


def not_known(graph: Graph) -> list[str]:
    """Say what could not be found out, one sentence for each kind; often none.

    Args:
        graph: the traced network.
    """
    found = []
    if graph.from_values:
        found.append(
            "The model asks for values, so it was run on zeros: what it does with "
            "another input, and what that costs, may differ."
        )
    found += _listed(
        "Receptive fields are not known behind", map(_where, _lost(graph)), "."
    )
    strange = [op for op in graph.ops if _is_strange(op)]
    found += _listed("There is no rule for", map(_where, strange), ": drawn as a step.")
    free = [op for op in graph.ops if op.params and _is_free(op)]
    found += _listed("No multiply-adds are counted for", map(_where, free), ".")
    packed = [path for path, call in graph.calls.items() if _is_packed(call.module)]
    found += _listed("Quantised weights are not counted in", packed, ".")
    unused = graph.params - sum(op.params for op in graph.ops)
    if unused:
        found.append(f"{unused:,} parameters are not used in evaluation.")
    return found


def _is_packed(module: nn.Module) -> bool:
    """Whether a module keeps its weights packed, and gives them only when called."""
    return callable(getattr(module, "weight", None))


def _lost(graph: Graph) -> list[Op]:
    """Find the ops at which the positions of the image are lost."""
    seen = straight_lines(graph, -1)
    return [
        op
        for op in graph.ops
        if seen[op.index] is NOT_KNOWN
        and op.inputs
        and all(seen[i] is not NOT_KNOWN for i in op.inputs)
    ]


def _is_strange(op: Op) -> bool:
    return op.op_type is OpType.OTHER and not is_known(op.name) and not op.is_constant


def _is_free(op: Op) -> bool:
    """Whether an op with weights of its own costs nothing, which no layer does."""
    return op.op_type is OpType.OTHER and not op.macs and not is_known(op.name)


def _where(op: Op) -> str:
    return ".".join(part for part in (op.path, op.name) if part)


def _listed(before: str, names: Iterable[str], after: str) -> list[str]:
    """Make a sentence of the first few names, if there are any."""
    counts = Counter(names)
    if not counts:
        return []
    shown = [f"{n} (×{c})" if c > 1 else n for n, c in counts.items()][:_MOST]
    more = f" and {len(counts) - _MOST} more" if len(counts) > _MOST else ""
    return [f"{before} {', '.join(shown)}{more}{after}"]
