"""Recording what attention attends to, as the model computes it.

Three ways to write attention are recognised while a model runs: a call of
``F.scaled_dot_product_attention``, of ``F.multi_head_attention_forward`` (which is what
``nn.MultiheadAttention`` calls), and a softmax over keys whose result multiplies
something (``attention @ value``, or ``value @ attention.mT``). Where the function keeps
the probabilities to itself they are computed again from what it was given; the model
goes on with its own result.
"""

import inspect
import math
from collections.abc import Callable
from contextlib import ExitStack

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from edulib.explanation.layers import refuse_scripts

_PRODUCTS = frozenset("matmul bmm mm".split())
_SUMS = frozenset("baddbmm addmm".split())  # products that something is added to
_PASSED_ON = frozenset(
    """dropout to type type_as float half double bfloat16 contiguous clone reshape view
    flatten unflatten squeeze unsqueeze""".split()
)
_TURNS = frozenset("transpose swapaxes permute mT t get".split())
_MHA = inspect.signature(F.multi_head_attention_forward)


class AttentionRecorder(TorchFunctionMode):
    """Within it, every attention that a model computes is written down.

    Attributes:
        found: path of the module that attended, and the probabilities (..., queries,
            keys), in the order of execution.
        unused: the same of each softmax over tokens that weighed nothing as it was,
            by the address of the probabilities (talking heads mix them first, others
            may weigh values without a matrix product).
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.found: list[tuple[str, Tensor]] = []
        self.unused: dict[int, tuple[str, Tensor]] = {}
        self._model = model
        self._running: list[str] = []
        self._probabilities = WeakTensorKeyDictionary()
        self._hooks = ExitStack()

    def __enter__(self) -> "AttentionRecorder":
        refuse_scripts(self._model, "what attends in it cannot be seen from outside")
        for path, module in self._model.named_modules():

            def begin(module: nn.Module, args: tuple, path: str = path) -> None:
                self._running.append(path)

            def end(module: nn.Module, args: tuple, output: object) -> None:
                self._running.pop()

            before = module.register_forward_pre_hook(begin)
            self._hooks.callback(before.remove)
            self._hooks.callback(module.register_forward_hook(end).remove)
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        self._hooks.close()
        super().__exit__(*error)

    def __torch_function__(
        self,
        func: Callable,
        types: object,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> object:
        """Run a function, and write down the attention in it."""
        kwargs = kwargs or {}
        if func is F.scaled_dot_product_attention:
            self._write(sdpa_probabilities(*args, **kwargs))
        if func is F.multi_head_attention_forward:
            self._write(_mha_probabilities(*args, **kwargs))
        result = func(*args, **kwargs)
        if isinstance(result, Tensor):
            self._follow(getattr(func, "__name__", "").strip("_"), args, kwargs, result)
        return result

    def _follow(self, name: str, args: tuple, kwargs: dict, result: Tensor) -> None:
        """Follow what a softmax gave, to the product that it weighs."""
        if name == "softmax" and _dim_of(args, kwargs) in (-1, result.ndim - 1):
            self._begin(result)
        tensors = [value for value in args if isinstance(value, Tensor)]
        for place, tensor in enumerate(tensors):
            if tensor not in self._probabilities:
                continue
            weights, is_turned, origin = self._probabilities[tensor]
            if _weighs(name, args, place, is_turned):
                self.unused.pop(origin, None)
                self._write(weights)
            elif name in _TURNS and _is_turned(result, tensor):
                self._probabilities[result] = (weights, not is_turned, origin)
            elif name in _PASSED_ON and result.shape[-2:] == tensor.shape[-2:]:
                weights = weights.reshape(*result.shape[:-2], *weights.shape[-2:])
                self._probabilities[result] = (weights, is_turned, origin)

    def _begin(self, result: Tensor) -> None:
        weights = result.detach().clone()
        self._probabilities[result] = (weights, False, id(weights))
        if weights.ndim > 2 and weights.shape[-1] == weights.shape[-2]:
            self.unused[id(weights)] = (self._path, weights)

    @property
    def _path(self) -> str:
        return self._running[-1] if self._running else ""

    def _write(self, weights: Tensor) -> None:
        self.found.append((self._path, weights.detach()))


def _weighs(name: str, args: tuple, place: int, is_turned: bool) -> bool:
    """Whether a product adds up over the keys of the operand at a place."""
    if name == "einsum":
        if not isinstance(args[0], str) or "->" not in args[0]:
            return False
        operands, _, output = args[0].replace(" ", "").partition("->")
        letters = operands.split(",")[place]
        return letters[-2 if is_turned else -1] not in output
    operand = place - int(name in _SUMS)
    return name in _PRODUCTS | _SUMS and operand == int(is_turned)


def _is_turned(result: Tensor, tensor: Tensor) -> bool:
    return result.shape == tensor.mT.shape and result.equal(tensor.mT)


def _dim_of(args: tuple, kwargs: dict) -> int | None:
    return kwargs.get("dim", args[1] if len(args) > 1 else None)


def sdpa_probabilities(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """Return the probabilities that ``F.scaled_dot_product_attention`` weighs by.

    The arguments are those of that function, of which values and dropout play no part.

    Args:
        query: queries.
        key: keys.
        value: values.
        attn_mask: True where a query may attend, or what is added to the scores.
        dropout_p: probability of dropout.
        is_causal: whether a query attends to no later key.
        scale: factor of the scores; 1 / sqrt(D) by default.
        enable_gqa: whether several heads of the queries share one of the keys.

    Shape:
        - query: (..., heads, queries, D)
        - key: (..., heads, keys, D)
        - Output: (..., heads, queries, keys)
    """
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], -3)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = query @ key.mT * scale
    if is_causal:
        attn_mask = torch.ones_like(scores, dtype=torch.bool).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, -math.inf)
    elif attn_mask is not None:
        scores = scores + attn_mask
    masked = scores.isneginf().all(-1, keepdim=True)  # these attend to nothing
    return scores.softmax(-1).masked_fill(masked, 0)


def _mha_probabilities(*args: object, **kwargs: object) -> Tensor:
    """Return the probabilities of each head, (B, heads, queries, keys)."""
    call = _MHA.bind(*args, **kwargs)
    call.arguments |= {"need_weights": True, "average_attn_weights": False}
    if call.arguments.get("is_causal") and call.arguments.get("attn_mask") is not None:
        call.arguments["is_causal"] = False
    return F.multi_head_attention_forward(*call.args, **call.kwargs)[1]
