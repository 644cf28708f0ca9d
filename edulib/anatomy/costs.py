"""What a function costs that torch does not count: attention on the CPU, memory."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch
from torch import Size, Tensor

if TYPE_CHECKING:
    from torch.utils.flop_counter import FlopCounterMode

    from edulib.anatomy.recorder import Draft

_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_HEADS = 4  # place of the number of heads among the arguments of attention
_EUCLIDEAN = 2  # the norm whose differences are multiplied by themselves
_MATRIX = 2  # dimensions of queries without a batch, and of a recurrent weight


def make_counter() -> "FlopCounterMode":
    """Make torch's counter, and let it know attention on the CPU.

    Torch counts it from version 2.15 on. Products with vectors it does not count.
    """
    from torch.utils import flop_counter  # slow: brings triton

    def attention(query: Size, key: Size, value: Size, *_: object, **__: object) -> int:
        return flop_counter.sdpa_flop_count(query, key, value)

    aten = torch.ops.aten
    own = {
        aten._scaled_dot_product_flash_attention_for_cpu: attention,
        aten.mv: _product,
        aten.dot: _product,
        aten.vdot: _product,
        aten.addmv: _added_product,
        aten.addbmm: _added_product,
        aten._cdist_forward: _distances,
    }
    own = {
        op: count for op, count in own.items() if op not in flop_counter.flop_registry
    }
    counter = flop_counter.FlopCounterMode(display=False, custom_mapping=own)
    counter.mod_tracker = _Untold()
    return counter


def _product(first: Size, second: Size, *_: object, **__: object) -> int:
    """Count the operations of a product whose second factor may be a vector."""
    columns = second[-1] if len(second) > 1 else 1
    return 2 * first.numel() * columns


def _added_product(
    _: Size, first: Size, second: Size, *__: object, **___: object
) -> int:
    return _product(first, second)


def _distances(
    first: Size, second: Size, power: float, *_: object, **__: object
) -> int:
    """Count the operations of the distances between all pairs of rows."""
    squares = power == _EUCLIDEAN
    return 2 * first.numel() * second[-2] * squares


class _Untold(nullcontext):
    """Tells the counter no module: torch's own tracker asks each tensor it is given."""

    parents = ("Global",)


def inner_bytes(args: tuple, kwargs: dict) -> int:
    """Count the memory inside of attention that is one function of torch.

    It is that of the opened form: queries, keys, values, and what they give; scores
    and weights as well where they are returned.
    """
    named = dict(zip(("query", "key", "value"), args, strict=False)) | kwargs
    query, key, value = (named[name] for name in ("query", "key", "value"))
    numbers = 3 * query.numel() + key.shape[:-1].numel() * query.shape[-1]
    numbers += value.shape[:-1].numel() * query.shape[-1]
    if named.get("need_weights", True):
        heads = named.get("num_heads", args[4] if len(args) > _HEADS else 1)
        batch = query.shape[1] if query.ndim > _MATRIX else 1
        numbers += 2 * batch * heads * query.shape[0] * key.shape[0]
    return numbers * query.element_size()


def uncounted(
    name: str,
    inputs: "Sequence[Draft]",
    weights: "Sequence[Draft]",
    output: Tensor,
) -> int:
    """Count the MACs of what torch's counter does not know, perhaps on a device."""
    tensors = [weight.output for weight in weights]
    if name in _RECURRENT:
        steps = inputs[0].output.shape[:-1].numel()
        return steps * sum(t.numel() for t in tensors if t.ndim == _MATRIX)
    if name == "linalg_vecdot":
        factors = [draft.output.shape for draft in inputs]
        return torch.broadcast_shapes(*factors).numel()
    if not (tensors and name.startswith(("deform_conv", "bilinear"))):
        return 0
    kernel = max(tensors, key=Tensor.numel)
    return output.numel() * kernel[0].numel()
