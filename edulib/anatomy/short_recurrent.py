"""The results of torch's recurrent layers, on shapes alone.

On the meta device torch computes each step of a sequence with a dozen functions. Each
function here takes what torch's of the same name takes, and returns empty tensors, or
None where the results are not plain. `shortcuts` says when they are asked.
"""

from torch import Tensor

# With biases, layers, dropout, whether it trains, in both directions, batch first.
_OPTIONS = (bool, int, float, bool, bool, bool)


def lstm(
    input: Tensor, hx: tuple[Tensor, ...], params: list[Tensor], *options: bool | float
) -> tuple[Tensor, ...] | None:
    """Return the sequence, the last state and the last cell."""
    if len(hx) != 2:
        return None
    output = _sequence(input, *hx, params, options)
    return None if output is None else (output, *map(_usual, hx))


def gru(
    input: Tensor, hx: Tensor, params: list[Tensor], *options: bool | float
) -> tuple[Tensor, ...] | None:
    """Return the sequence and the last state; also of a plain recurrent layer."""
    output = _sequence(input, hx, hx, params, options)
    return None if output is None else (output, _usual(hx))


def _usual(state: Tensor) -> Tensor:
    return state.new_empty(state.shape)


def _sequence(
    input: Tensor, hidden: Tensor, cell: Tensor, params: list[Tensor], options: tuple
) -> Tensor | None:
    """Return what the last layer gives at each step, if all shapes fit.

    Shape:
        - input: (T, B, F), or (B, T, F) where the batch comes first
        - hidden, cell: (layers * directions, B, H); H of the cell may be another
    """
    if tuple(map(type, options)) != _OPTIONS or (input.ndim, hidden.ndim) != (3, 3):
        return None
    has_biases, layers, _, _, is_both, batch_first = options
    given = [input, hidden, cell, *params]
    if any(not t.is_meta or t.dtype != input.dtype for t in given):
        return None
    steps, batch = input.shape[1::-1] if batch_first else input.shape[:2]
    chains, sides = layers * (1 + is_both), (hidden.shape[-1], cell.shape[-1])
    states = [(chains, batch, side) for side in sides]
    if [tuple(hidden.shape), tuple(cell.shape)] != states or not steps:
        return None
    width = hidden.shape[-1] * (1 + is_both)
    if not _fit(params, (chains, has_biases), (input.shape[-1], width), sides):
        return None
    output = input.new_empty(steps, batch, width)
    return output.transpose(0, 1) if batch_first else output


def _fit(
    params: list[Tensor],
    counts: tuple[int, bool],
    widths: tuple[int, int],
    sides: tuple[int, int],
) -> bool:
    """Whether weights are those of so many layers and directions.

    Args:
        params: of each chain weights of the input and of the state, both biases if
            there are any, and a projection if state and cell differ in size.
        counts: of chains, and whether there are biases.
        widths: of what the first layer reads, and of what each layer gives.
        sides: sizes of the state and of the cell.
    """
    (chains, has_biases), (hidden, cell) = counts, sides
    each = 2 + 2 * has_biases + (hidden != cell)
    if len(params) != chains * each:
        return False
    directions, rows = widths[1] // hidden, params[0].shape[0]
    for k in range(chains):
        first, second, *rest = params[k * each : (k + 1) * each]
        read = widths[0] if k < directions else widths[1]
        shapes = [(rows,)] * (2 * has_biases) + [(hidden, cell)] * (hidden != cell)
        if (first.shape, second.shape) != ((rows, read), (rows, hidden)):
            return False
        if [tuple(one.shape) for one in rest] != shapes:
            return False
    return rows % cell == 0
