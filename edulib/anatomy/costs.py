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
_MATRIX = 2  # dimensions of queries without a batch, and of a recurrent weight


def make_counter() -> "FlopCounterMode":
    """Make torch's counter, and let it know attention on the CPU.

    Torch counts it from version 2.15 on.
    """
    from torch.utils import flop_counter  # slow: brings triton

    def attention(query: Size, key: Size, value: Size, *_: object, **__: object) -> int:
        return flop_counter.sdpa_flop_count(query, key, value)

    on_cpu = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    known = on_cpu in flop_counter.flop_registry
    own = {} if known else {on_cpu: attention}
    counter = flop_counter.FlopCounterMode(display=False, custom_mapping=own)
    counter.mod_tracker = _Untold()
    return counter


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
    if not name.startswith("deform_conv"):
        return 0
    kernel = max(tensors, key=Tensor.numel)
    return output.numel() * kernel[0].numel()
