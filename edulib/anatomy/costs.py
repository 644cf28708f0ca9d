"""What a function costs: multiply-adds, and the memory inside of attention."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Size, Tensor
from torch._ops import OpOverload
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from edulib.anatomy.recorder import Draft

_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")
_HEADS = 4  # place of the number of heads among the arguments of attention
_EUCLIDEAN = 2  # the norm whose differences are multiplied by themselves
_PARTS = "CompositeImplicitAutograd"  # the kernel of what is made of other functions
_MATRIX = 2  # dimensions of queries without a batch, and of a recurrent weight


class MacCounter(TorchDispatchMode):
    """Counts the multiply-adds of what runs, by the rules of torch's own counter.

    That one opens each function in search of parts that it knows, normalisation on the
    CPU among them, and counts for each module; both cost more than the counting. And
    it does not count products with vectors.

    Attributes:
        macs: counted so far.
    """

    supports_higher_order_operators = True

    def __init__(self) -> None:
        super().__init__()
        self.macs = 0
        self._rules = _rules()

    def add(self, function: Callable, args: tuple, result: Tensor) -> None:
        """Count a function that took a short way and did not run, if it multiplies."""
        if function is F.linear:
            self.macs += result.numel() * args[0].shape[-1]
        elif function is F.scaled_dot_product_attention:
            query, key, *_ = args
            self.macs += (query.numel() + result.numel()) * key.shape[-2]

    def __torch_dispatch__(
        self,
        func: Callable,
        types: tuple,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> object:
        """Run a function, or its parts if it is made of others, and count it."""
        kwargs = kwargs or {}
        rule = self._rules.get(getattr(func, "_overloadpacket", func))
        if rule is None and _has_parts(func):
            with self:
                return func.decompose(*args, **kwargs)
        result = func(*args, **kwargs)
        if rule is not None:
            self.macs += rule(*args, **kwargs, out_val=result) // 2
        return result


@cache
def _has_parts(function: Callable) -> bool:
    """Whether torch opens a function; in inference mode that happens late."""
    has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key
    return isinstance(function, OpOverload) and has_kernel(function.name(), _PARTS)


def _rules() -> dict[object, Callable[..., int]]:
    """Return what counts the operations of a function, by torch's name of it."""
    from torch.utils import flop_counter  # slow: brings triton

    aten = torch.ops.aten
    own = {
        aten._scaled_dot_product_flash_attention_for_cpu: _attention,
        aten.mv: _product,
        aten.dot: _product,
        aten.vdot: _product,
        aten.addmv: _added_product,
        aten.addbmm: _added_product,
        aten._cdist_forward: _distances,
    }
    wrapped = {name: flop_counter.shape_wrapper(rule) for name, rule in own.items()}
    return {**wrapped, **flop_counter.flop_registry}


def _attention(query: Size, key: Size, value: Size, *_: object, **__: object) -> int:
    """Count attention on the CPU, which torch does from version 2.15 on."""
    from torch.utils.flop_counter import sdpa_flop_count

    return sdpa_flop_count(query, key, value)


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
