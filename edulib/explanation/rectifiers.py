"""Rectifiers on the way from the image to a layer, in all the forms they are written.

The backward pass of autograd is the transposed network; here its rectifiers are found
and overruled. ``relu``, ``relu6``, ``hardtanh(0, c)``, ``clamp`` with a lower bound of
0 and ``maximum`` with 0 show in the graph of autograd what they are. ``x * (x > 0)``,
``torch.where(x > 0, x, 0)``, ``masked_fill`` and ``threshold`` do not: to autograd
they are products with a fixed factor, or less. So it is watched which tensors are
computed from the image, and where one of them gates another, the outcome is compared
with that of a ReLU.
"""

import re
from collections import defaultdict
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.graph import Node
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from edulib.anatomy.structure import tensors_in

Rule = Callable[[Tensor, Tensor], Tensor]

_LINEAR = frozenset(
    """Add Sub Neg Cat Stack View UnsafeView ReshapeAlias Permute Transpose T Squeeze
    Unsqueeze Expand Repeat Select Slice Split SplitWithSizes Unbind Index Clone Alias
    AsStrided ToCopy Sum Mean Flip Roll PixelShuffle ConstantPadNd ReflectionPad2D
    ReplicationPad2D AvgPool2D AdaptiveAvgPool2D MaxPool2DWithIndices AdaptiveMaxPool2D
    UpsampleNearest2D UpsampleBilinear2D AccumulateGrad""".split()
)
_WEIGHTED = frozenset("Convolution Addmm Mm Bmm Mul Div".split())
_NORMS = frozenset("NativeBatchNorm CudnnBatchNorm MiopenBatchNorm".split())
_CLIPS = {
    "Hardtanh": "_saved_min_val",
    "ClampMin": "_saved_min",
    "Clamp": "_saved_min",
}
_NO_GATES = frozenset(
    """add radd iadd sub rsub isub subtract cat concat concatenate stack hstack vstack
    getitem gather index_select take_along_dim copy expand_as view_as reshape_as
    type_as to""".split()
)
_HANDLED = (
    "convolution, linear, ReLU, ReLU6, max and average pooling, batch norm with "
    "running statistics, local response norm, dropout, addition, concatenation, "
    "reshaping, fixed factors"
)


class ImageFlow(TorchFunctionMode):
    """Follow what is computed from the image, and note where it gates itself.

    Within it, local response norm divides by a number that is held fixed.

    Attributes:
        passes: for each node of autograd that is a rectifier, where it lets pass.
        gates: for each node that multiplies by, or chooses by, what was computed
            from the image, and is no rectifier: the name of the function.
    """

    def __init__(self, image: Tensor) -> None:
        super().__init__()
        self.passes: dict[Node, Tensor] = {}
        self.gates: dict[Node, str] = {}
        self._from_image = WeakTensorKeyDictionary()
        self._from_image[image] = True

    def __torch_function__(
        self,
        func: Callable,
        types: object,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> object:
        """Run a function, and note what it does to the image."""
        kwargs = kwargs or {}
        if func is F.local_response_norm:
            func = _fixed_local_response_norm
        inputs = [t for t in tensors_in((args, kwargs)) if t in self._from_image]
        if not inputs:
            return func(*args, **kwargs)
        name = func.__name__.strip("_")
        moving = [tensor for tensor in inputs if tensor.requires_grad]
        gates = len(inputs) > 1 and name not in _NO_GATES
        before = None
        if len(moving) == 1 and (gates or name == "threshold"):
            before = moving[0].detach().clone()
        result = func(*args, **kwargs)
        changed = args[0] if name == "setitem" else result
        for tensor in tensors_in(changed):
            self._from_image[tensor] = True
        if before is not None and isinstance(changed, Tensor) and changed.requires_grad:
            self._judge(changed, before, name)
        return result

    def _judge(self, result: Tensor, before: Tensor, name: str) -> None:
        value = result.detach()
        if value.shape == before.shape and torch.equal(value, before.clamp(min=0)):
            self.passes[result.grad_fn] = before > 0
        else:
            self.gates[result.grad_fn] = name


def _fixed_local_response_norm(
    x: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    squares = x.detach().square().movedim(1, -1)
    windows = F.pad(squares, (size // 2, (size - 1) // 2)).unfold(-1, size, 1)
    return x * (k + alpha * windows.mean(-1).movedim(-1, 1)) ** -beta


def path_to(image: Tensor, root: Node) -> set[Node]:
    """Find all operations through which the image reaches the root."""
    above = defaultdict(list)
    stack, seen, leaf = [root], {root}, None
    while stack:
        node = stack.pop()
        if getattr(node, "variable", None) is image:
            leaf = node
        for below, _ in node.next_functions:
            if below is not None:
                above[below].append(node)
                if below not in seen:
                    seen.add(below)
                    stack.append(below)
    path, stack = {leaf}, [leaf]
    while stack:
        new = [node for node in above[stack.pop()] if node not in path]
        path.update(new)
        stack.extend(new)
    return path - {None}


def overrule_rectifiers(
    path: set[Node], rule: Rule, where: str, flow: ImageFlow
) -> None:
    """Make every rectifier of this one backward pass follow the rule.

    Args:
        path: the operations between the image and the layer.
        rule: what a rectifier passes on.
        where: what the messages call the layer.
        flow: what was noted in the run.

    Raises:
        ValueError: if the rule is not defined for some of them, which are named.
    """
    strange = set()
    for node in path:
        kind = re.sub(r"Backward\d*$", "", node.name().split("::")[-1])
        if node in flow.passes:
            _overrule(node, path, rule, flow.passes[node])
        elif node in flow.gates:
            strange.add(f"{flow.gates[node]} by what is computed from the image")
        elif _is_rectifier(node, kind, path):
            _overrule(node, path, rule, _open(node, kind, path))
        elif not _is_linear(node, kind, path):
            strange.add(kind)
    if strange:
        raise ValueError(
            f"no rule for {', '.join(sorted(strange))} between the image and "
            f"{where}: handled are {_HANDLED}"
        )


def _overrule(node: Node, path: set[Node], rule: Rule, passes: Tensor | None) -> None:
    at = _place_of_input(node, path)

    def follow(passed: tuple, came: tuple) -> tuple:
        gradient = passed[at] if passes is None else passed[at] * passes
        return (*passed[:at], rule(came[0], gradient), *passed[at + 1 :])

    node.register_hook(follow)


def _place_of_input(node: Node, path: set[Node]) -> int:
    return next(k for k, (below, _) in enumerate(node.next_functions) if below in path)


def _is_rectifier(node: Node, kind: str, path: set[Node]) -> bool:
    if kind in _CLIPS:
        return _is_zero(getattr(node, _CLIPS[kind]))
    if kind in ("Maximum", "Fmax"):
        inside = [below in path for below, _ in node.next_functions]
        bound = node._saved_other if inside[0] else node._saved_self
        return sum(inside) == 1 and _is_zero(bound)
    return kind == "Relu"


def _is_zero(bound: float | Tensor | None) -> bool:
    return bound is not None and not torch.as_tensor(bound).any()


def _open(node: Node, kind: str, path: set[Node]) -> Tensor | None:
    """Where a rectifier lets pass: at 0 a clamp would, and a ReLU does not."""
    if kind == "Relu":
        return None
    is_second = kind in ("Maximum", "Fmax") and _place_of_input(node, path) == 1
    return (node._saved_other if is_second else node._saved_self).detach() > 0


def _is_linear(node: Node, kind: str, path: set[Node]) -> bool:
    """Whether an operation scales what comes from the image by fixed numbers."""
    if kind in _WEIGHTED:
        inputs = [below in path for below, _ in node.next_functions]
        return sum(inputs) == 1 and not (kind == "Div" and inputs[1])
    return kind in _LINEAR or (kind in _NORMS and not node._saved_training)
