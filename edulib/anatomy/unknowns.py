"""What a trace could not find out about a model, in sentences."""

from collections import Counter
from collections.abc import Iterable

from edulib.anatomy.graph import Graph, Op
from edulib.anatomy.packed import hides_weights
from edulib.anatomy.straight import axes_of, reads_image, straight_lines
from edulib.anatomy.window import NOT_KNOWN

_MOST = 3
_SINGLE = ("item", "float", "int", "complex", "index")  # give one number of Python
_STRANGE = "Not among the known operations:"
_COSTS = ". Receptive fields are not followed through them."
_COSTS_NOTHING = (
    ". Their multiply-adds are not counted, and receptive fields are not followed "
    "through them."
)


def not_known(graph: Graph) -> list[str]:
    """Say what could not be found out, one sentence for each kind; often none.

    Of what hands numbers to other libraries, one function of torch escapes: no trace
    sees `torch.utils.dlpack.to_dlpack` (but `torch.from_dlpack(x)` is seen).

    Args:
        graph: the traced network.
    """
    found = []
    if graph.from_values:
        found.append(
            "The model asks for values, so it was run on zeros: what it does with "
            "another input, and what that costs, may differ."
        )
    found += _left(graph) + _blind(graph)
    if not graph.outputs:
        found.append("What the model returns holds no tensor that could be followed.")
    lost = [op for op in _lost(graph) if not op.is_strange]
    found += _listed("Receptive fields are not known behind", map(_where, lost), ".")
    strange = [op for op in graph.ops if op.is_strange]
    uncounted = [op for op in strange if not op.macs]
    counted = [op for op in strange if op.macs]
    found += _listed(_STRANGE, map(_where, uncounted), _COSTS_NOTHING)
    found += _listed(_STRANGE, map(_where, counted), _COSTS)
    hidden = [
        path
        for path, call in graph.calls.items()
        if call.is_leaf and hides_weights(call.module)
    ]
    found += _listed(
        "Weights that torch keeps packed, and their multiply-adds, are not counted in",
        hidden,
        ".",
    )
    unused = graph.params - sum(op.params for op in graph.ops)
    if unused:
        found.append(f"{unused:,} parameters are not used in evaluation.")
    return found


def _left(graph: Graph) -> list[str]:
    """Tell which functions gave numbers away; without values there were none to give.

    What becomes of a single number, that is printed or multiplies a map, is not seen.
    """
    left = graph.left if graph.from_values else ()
    single = [name for name in left if name.rpartition(".")[2] in _SINGLE]
    return _listed(
        "Numbers leave torch by",
        (name for name in left if name not in single),
        ": what becomes of them is not seen, and what only leads there is not drawn.",
    ) + _listed(
        "Single numbers leave torch by",
        single,
        ": where one comes back, it is taken for a constant.",
    )


def _blind(graph: Graph) -> list[str]:
    """Tell that no input has axes, where something slides along axes of its own."""
    names = [op.name for op in graph.inputs]
    has_axes = any(op.place.grid for op in graph.inputs)
    slides = any(op.kernel is not None for op in graph.ops)
    told = "Receptive fields are not known, as no axes could be followed back to"
    return [] if has_axes or not slides else _listed(told, names, ".")


def _lost(graph: Graph) -> list[Op]:
    """Find the ops at which the positions of the image are lost, and not found again.

    What attention follows on sees the whole image whatever was lost inside, so only
    those count whose loss a module above them, or the model, gives away.
    """
    lost = [_is_lost(graph, op) for op in graph.ops]
    given = _given_away(graph)
    behind: dict[int, bool] = {}  # whether what is given away is lost, from the end on
    readers: dict[int, list[int]] = {}
    for op in reversed(graph.ops):
        after = any(behind[k] for k in readers.get(op.index, ()))
        behind[op.index] = lost[op.index] and (op.index in given or after)
        for source in op.inputs:
            readers.setdefault(source, []).append(op.index)
    return [
        op
        for op in graph.ops
        if behind[op.index]
        and op.inputs
        and reads_image(graph, op.index)
        and not any(lost[i] for i in op.inputs if reads_image(graph, i))
    ]


def _is_lost(graph: Graph, op: Op) -> bool:
    """Whether it is not known what an op sees along some axis."""
    axes = axes_of(graph, op)
    return any(straight_lines(graph, axis)[op.index] is NOT_KNOWN for axis in axes)


def _given_away(graph: Graph) -> set[int]:
    """Find what the model gives, and what its parts give: the rows of its table."""
    parts = {call.output for path, call in graph.calls.items() if "." not in path}
    return parts | {output.op for output in graph.outputs}


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
