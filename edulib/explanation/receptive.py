"""The part of the image that one position of a layer depends on."""

import re
from collections import Counter

from torch import Tensor
from torch.autograd.graph import Node

Box = tuple[int, int, int, int]

_POINTWISE = frozenset(
    """Relu Hardtanh ClampMin LeakyRelu Elu Gelu Silu Sigmoid Tanh Hardswish Hardsigmoid
    Add Sub Mul Div Pow Cat Clone Alias ToCopy NativeBatchNorm CudnnBatchNorm
    MiopenBatchNorm""".split()
)
_WINDOWED = frozenset("Convolution MaxPool2DWithIndices AvgPool2D".split())


def receptive_box(features: Tensor, image: Tensor, position: tuple[int, int]) -> Box:
    """Follow one position of a layer's maps down to the image.

    The box is theoretical: it may reach over the image's edge, where padding is. An
    operation that does not keep places (flatten, adaptive pooling, ...) makes it
    the whole image.

    Args:
        features: what a layer gave, with the graph that leads to ``image``.
        image: the leaf of that graph, which requires a gradient.
        position: row and column in the layer's maps.

    Shape:
        - features: (B, units, rows, columns) or (B, units)
        - image: (B, C, H, W)

    Returns:
        Left, top, right, bottom, in pixels; right and bottom excluded.
    """
    whole = (0, 0, image.shape[3] - 1, image.shape[2] - 1)
    if features.ndim != 4:
        return _excluded(whole)
    boxes = {features.grad_fn: (position[1], position[0], position[1], position[0])}
    waiting = _uses(features.grad_fn)
    ready = [features.grad_fn]
    while ready:
        node = ready.pop()
        if getattr(node, "variable", None) is image:
            return _excluded(boxes[node])
        box = _below(node, boxes[node], whole)
        for below, _ in node.next_functions:
            if below is not None:
                boxes[below] = _union(boxes.get(below, box), box)
                waiting[below] -= 1
                if not waiting[below]:
                    ready.append(below)
    return _excluded(whole)


def _uses(root: Node) -> Counter:
    """How many operations take the result of each one."""
    uses, stack, seen = Counter(), [root], {root}
    while stack:
        for below, _ in stack.pop().next_functions:
            if below is not None:
                uses[below] += 1
                if below not in seen:
                    seen.add(below)
                    stack.append(below)
    return uses


def _below(node: Node, box: Box, whole: Box) -> Box:
    kind = re.sub(r"Backward\d*$", "", node.name())
    if kind in _POINTWISE:
        return box
    if kind not in _WINDOWED or getattr(node, "_saved_transposed", False):
        return whole
    if kind == "Convolution":
        kernel = tuple(node._saved_weight.shape[2:])
    else:
        kernel = node._saved_kernel_size
    stride, padding = node._saved_stride or kernel, node._saved_padding
    dilation = getattr(node, "_saved_dilation", (1, 1))
    left, top, right, bottom = box
    return (
        left * stride[1] - padding[1],
        top * stride[0] - padding[0],
        right * stride[1] - padding[1] + (kernel[1] - 1) * dilation[1],
        bottom * stride[0] - padding[0] + (kernel[0] - 1) * dilation[0],
    )


def _union(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def _excluded(box: Box) -> Box:
    return box[0], box[1], box[2] + 1, box[3] + 1
