"""Projecting one activation down to the image, by a rule for its rectifiers.

Gradient, DeconvNet and guided backpropagation differ in one thing only: in what a
ReLU does to the signal that comes down to it (Springenberg et al., 2015, figure 1,
https://arxiv.org/abs/1412.6806). Everything else is the same transposed network,
and the backward pass of autograd is that network: a convolution's backward pass is
the transposed filter, a max pooling's puts each value back at its switch. So one
ordinary backward pass is run here, in which only the rectifiers are overruled.

How each layer is treated on the way down:

    convolution, linear    transposed weights; the bias takes no part
    max pooling            unpooling by switches; a pixel that won several
                           overlapping windows receives the sum of them
    average pooling        shared evenly among the window
    batch norm             the fixed scale of evaluation mode
    local response norm    its divisor, held fixed at this image's value
    addition, concat       copied to, or cut for, each branch
    dropout                nothing (evaluation mode)
"""

import re
from collections import defaultdict
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.graph import Node
from torch.overrides import TorchFunctionMode

from edulib.explanation.layers import as_batch, check_unit, layer_output

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
_HANDLED = (
    "convolution, linear, ReLU, ReLU6, max and average pooling, batch norm with "
    "running statistics, local response norm, dropout, addition, concatenation, "
    "reshaping, fixed factors"
)


def project(
    model: nn.Module,
    images: Tensor,
    layer: str,
    unit: int,
    position: tuple[int, int] | None,
    rule: Rule | None,
) -> tuple[Tensor, Tensor]:
    """Send a 1 from one unit at one position down to the image.

    Args:
        model: any module that takes the images; left as it was.
        images: what the model takes.
        layer: dotted path of the layer.
        unit: number of the unit: a channel, or a feature of a linear layer.
        position: row and column in the layer's map; by default where the unit is
            strongest, in each image by itself.
        rule: what a rectifier passes on, given the signal that came down to it and
            what the ordinary gradient would pass on. None: the ordinary gradient.

    Returns:
        The projections and the activations they started from.

    Shape:
        - images: (B, C, H, W), or (C, H, W) for B = 1
        - Output: (B, C, H, W) and (B,)

    Raises:
        TypeError: if the images do not hold floating-point numbers.
        ValueError: if the layer, the unit or the position does not exist, or the
            rule is not defined for operations below the layer, which are named.
    """
    with torch.inference_mode(False), torch.enable_grad():
        image = as_batch(images).detach().clone().requires_grad_()
        with FixedScales():
            features = layer_output(model, image, layer)
        start = _start(features, unit, position, layer)
        if not features.requires_grad:
            raise ValueError(f"layer {layer!r} does not depend on the image")
        if rule is not None:
            overrule_rectifiers(_path(features.grad_fn, image), rule, layer)
        (picture,) = torch.autograd.grad(features, image, start)
    activation = (features * start).flatten(1).sum(1)
    return picture.detach(), activation.detach()


class FixedScales(TorchFunctionMode):
    """Within it, local response norm divides by a number that is held fixed."""

    def __torch_function__(
        self,
        func: Callable,
        types: object,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> object:
        """Replace the one function, and let every other one pass."""
        if func is F.local_response_norm:
            func = _fixed_local_response_norm
        return func(*args, **(kwargs or {}))


def _fixed_local_response_norm(
    x: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    squares = x.detach().square().movedim(1, -1)
    windows = F.pad(squares, (size // 2, (size - 1) // 2)).unfold(-1, size, 1)
    return x * (k + alpha * windows.mean(-1).movedim(-1, 1)) ** -beta


def _start(
    features: Tensor, unit: int, position: tuple[int, int] | None, layer: str
) -> Tensor:
    """A 1 at the unit's position, or where it is strongest; 0 elsewhere."""
    check_unit(unit, features.shape[1], f"layer {layer!r}")
    maps = features.detach()[:, unit].reshape(len(features), -1)
    rows, columns = features.shape[2:] or (1, 1)
    if position is None:
        chosen = maps.argmax(1)
    elif 0 <= position[0] < rows and 0 <= position[1] < columns:
        chosen = torch.full((len(maps),), position[0] * columns + position[1])
    else:
        raise ValueError(
            f"expected a position within {rows} rows and {columns} columns, "
            f"got {tuple(position)}"
        )
    start = torch.zeros_like(maps)
    start[torch.arange(len(maps)), chosen] = 1
    whole = torch.zeros_like(features)
    whole[:, unit] = start.reshape(whole[:, unit].shape)
    return whole


def _path(root: Node, image: Tensor) -> set[Node]:
    """All operations through which the image reaches the root."""
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
    return path


def overrule_rectifiers(path: set[Node], rule: Rule, layer: str) -> None:
    """Make every rectifier of this one backward pass follow the rule."""
    strange = set()
    for node in path:
        kind = re.sub(r"Backward\d*$", "", node.name().split("::")[-1])
        if _is_rectifier(node, kind):
            node.register_hook(lambda passed, came: (rule(came[0], passed[0]),))
        elif not _is_linear(node, kind, path):
            strange.add(kind)
    if strange:
        raise ValueError(
            f"no rule for {', '.join(sorted(strange))} between the image and layer "
            f"{layer!r}: handled are {_HANDLED}"
        )


def _is_rectifier(node: Node, kind: str) -> bool:
    if kind in ("Hardtanh", "ClampMin"):
        return getattr(node, "_saved_min_val", getattr(node, "_saved_min", None)) == 0
    return kind == "Relu"


def _is_linear(node: Node, kind: str, path: set[Node]) -> bool:
    """Whether an operation scales what comes from the image by fixed numbers."""
    if kind in _WEIGHTED:
        inputs = [below in path for below, _ in node.next_functions]
        return sum(inputs) == 1 and not (kind == "Div" and inputs[1])
    return kind in _LINEAR or (kind in _NORMS and not node._saved_training)
