"""What PyTorch's modules and functions are called in ONNX.

A step gets a standard name only where the standard means exactly the same; any other
step keeps the name that it has in PyTorch, in a domain of our own, which Netron shows
like the rest.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import nn

from edulib.anatomy.graph import Node

OWN_DOMAIN = "edulib"
OPSET = 20


@dataclass(frozen=True)
class OnnxOp:
    """An operation of a graph.

    Attributes:
        name: its type.
        attributes: its numbers.
        weights: names of the module's tensors that it reads, in order.
        domain: "" for the standard's own operations.
    """

    name: str
    attributes: dict[str, object] = field(default_factory=dict)
    weights: tuple[str, ...] = ()
    domain: str = ""


def onnx_op(node: Node, input_shapes: list[tuple[int, ...]]) -> OnnxOp:
    """Return the operation that a step of a traced network is.

    Args:
        node: a step that is not opened further.
        input_shapes: of the activations that it reads, without the batch.
    """
    if node.call is None:
        return _function(node, input_shapes)
    module = node.call.module
    make = _MODULES.get(type(module))
    standard = make(module) if make and len(input_shapes) == 1 else None
    if standard is None or not _accepts(standard, input_shapes[0]):
        return _own(type(module).__name__.lstrip("_"), _tensors(module))
    return standard


def _accepts(op: OnnxOp, shape: tuple[int, ...]) -> bool:
    """Whether the standard's operation takes activations with these dimensions."""
    if op.name == "Gemm":
        return len(shape) == 1
    return op.name not in _SPATIAL or len(shape) == 3


def _function(node: Node, input_shapes: list[tuple[int, ...]]) -> OnnxOp:
    name, shapes = node.output.name, input_shapes
    if name in _UNARY and len(shapes) == 1:
        return OnnxOp(_UNARY[name])
    if name in _BINARY and len(shapes) == 2:
        return OnnxOp(_BINARY[name])
    if name == "flatten" and len(node.shape) == 1:
        return OnnxOp("Flatten", {"axis": 1})
    if name == "cat" and node.shape[0] == sum(shape[0] for shape in shapes):
        return OnnxOp("Concat", {"axis": 1})
    return _own(name)


def _own(name: str, weights: tuple[str, ...] = ()) -> OnnxOp:
    return OnnxOp(name, {}, weights, OWN_DOMAIN)


def _tensors(module: nn.Module) -> tuple[str, ...]:
    names = [*module._parameters.items(), *module._buffers.items()]
    return tuple(name for name, tensor in names if tensor is not None)


def _pair(value: object) -> list[int]:
    return [value, value] if isinstance(value, int) else [int(v) for v in value]


def _pads(value: object) -> list[int]:
    return _pair(value) * 2


def _convolution(module: nn.Conv2d) -> OnnxOp | None:
    if isinstance(module.padding, str) or module.padding_mode != "zeros":
        return None
    attributes = {
        "kernel_shape": _pair(module.kernel_size),
        "strides": _pair(module.stride),
        "pads": _pads(module.padding),
        "dilations": _pair(module.dilation),
        "group": module.groups,
    }
    if isinstance(module, nn.ConvTranspose2d):
        attributes["output_padding"] = _pair(module.output_padding)
        return OnnxOp("ConvTranspose", attributes, _tensors(module))
    return OnnxOp("Conv", attributes, _tensors(module))


def _batch_norm(module: nn.BatchNorm2d) -> OnnxOp | None:
    if not (module.affine and module.track_running_stats):
        return None
    weights = ("weight", "bias", "running_mean", "running_var")
    return OnnxOp("BatchNormalization", {"epsilon": module.eps}, weights)


def _max_pool(module: nn.MaxPool2d) -> OnnxOp:
    attributes = _window(module)
    return OnnxOp("MaxPool", {**attributes, "dilations": _pair(module.dilation)})


def _average_pool(module: nn.AvgPool2d) -> OnnxOp | None:
    if module.divisor_override is not None:
        return None
    padded = int(module.count_include_pad)
    return OnnxOp("AveragePool", {**_window(module), "count_include_pad": padded})


def _window(module: nn.MaxPool2d | nn.AvgPool2d) -> dict[str, object]:
    return {
        "kernel_shape": _pair(module.kernel_size),
        "strides": _pair(module.stride),
        "pads": _pads(module.padding),
        "ceil_mode": int(module.ceil_mode),
    }


def _global_pool(module: nn.AdaptiveAvgPool2d) -> OnnxOp | None:
    if _pair(module.output_size) != [1, 1]:
        return None
    return OnnxOp("GlobalAveragePool")


def _linear(module: nn.Linear) -> OnnxOp:
    return OnnxOp("Gemm", {"transB": 1}, _tensors(module))


def _response_norm(module: nn.LocalResponseNorm) -> OnnxOp | None:
    if module.size % 2 == 0:
        return None  # the two pad an even window on different sides
    names = {"size": module.size, "alpha": module.alpha, "beta": module.beta}
    return OnnxOp("LRN", {**names, "bias": float(module.k)})


def _flatten(module: nn.Flatten) -> OnnxOp | None:
    whole = module.start_dim == 1 and module.end_dim == -1
    return OnnxOp("Flatten", {"axis": 1}) if whole else None


def _layer_norm(module: nn.LayerNorm) -> OnnxOp | None:
    if not module.elementwise_affine:
        return None
    attributes = {"axis": -len(module.normalized_shape), "epsilon": module.eps}
    return OnnxOp("LayerNormalization", attributes, _tensors(module))


def _gelu(module: nn.GELU) -> OnnxOp:
    return OnnxOp("Gelu", {"approximate": module.approximate})


_MODULES: dict[type[nn.Module], Callable[..., OnnxOp | None]] = {
    nn.Conv2d: _convolution,
    nn.ConvTranspose2d: _convolution,
    nn.BatchNorm2d: _batch_norm,
    nn.MaxPool2d: _max_pool,
    nn.AvgPool2d: _average_pool,
    nn.AdaptiveAvgPool2d: _global_pool,
    nn.Linear: _linear,
    nn.LocalResponseNorm: _response_norm,
    nn.Flatten: _flatten,
    nn.LayerNorm: _layer_norm,
    nn.GELU: _gelu,
    nn.ReLU: lambda _: OnnxOp("Relu"),
    nn.Tanh: lambda _: OnnxOp("Tanh"),
    nn.Sigmoid: lambda _: OnnxOp("Sigmoid"),
    nn.Hardswish: lambda _: OnnxOp("HardSwish"),
    nn.Dropout: lambda _: OnnxOp("Dropout"),
    nn.Identity: lambda _: OnnxOp("Identity"),
    nn.Softmax: lambda module: OnnxOp("Softmax", {"axis": module.dim}),
}
_SPATIAL = {"Conv", "ConvTranspose", "MaxPool", "AveragePool", "LRN"}
_UNARY = {"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid", "dropout": "Dropout"}
_BINARY = {"add": "Add", "mul": "Mul", "sub": "Sub", "matmul": "MatMul"}
