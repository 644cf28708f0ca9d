"""A network as an ONNX graph without weights: a few kilobytes that Netron can draw.

The graph is made from a trace of the module, not by an exporter: every node is a
module of the code, under its own name, with batch normalisation where it stands, and
no memory is needed for weights. Filled with them it computes what the module does.
"""

from typing import TYPE_CHECKING

from torch import nn

from edulib.anatomy import trace_graph
from edulib.anatomy.graph import Node
from edulib.anatomy.onnx.ops import OPSET, OWN_DOMAIN, OnnxOp, onnx_op

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto


def weightless_graph(
    model: nn.Module, image_shape: tuple[int, int, int], name: str
) -> "ModelProto":
    """Make the graph of a model.

    Args:
        model: takes one image and returns one tensor.
        image_shape: (C, H, W).
        name: what the graph is called.

    Returns:
        An ONNX model whose weights have a shape and no values. A step that the
        standard has no name for carries its kind (as in `edulib.drawing`).

    Raises:
        ValueError: if the model cannot read such an image.
    """
    from onnx import helper

    steps = trace_graph(model, image_shape).fold(lambda call: True)
    shapes = {"image": tuple(image_shape)}
    names: list[str] = []
    nodes, weights = [], {}
    for step in steps:
        reads = [names[i] if i >= 0 else "image" for i in step.inputs]
        op = onnx_op(step, [shapes[read] for read in reads])
        names.append(_unique(step.path.strip(".") or op.name, shapes))
        shapes[names[-1]] = step.shape
        weights |= _weights(step, op)
        nodes.append(_node(op, reads, step, names[-1]))
    values = [_value(name, shape) for name, shape in shapes.items()]
    graph = helper.make_graph(
        nodes, name, values[:1], values[-1:], [*weights.values()], value_info=values[1:]
    )
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(OWN_DOMAIN, 1)]
    return helper.make_model(
        graph, opset_imports=opsets, ir_version=9, producer_name="Eras of Vision"
    )


def _node(op: OnnxOp, reads: list[str], step: Node, name: str) -> "NodeProto":
    from onnx import helper

    inputs = [*reads, *(f"{step.path}.{weight}" for weight in op.weights)]
    node = helper.make_node(
        op.name, inputs, [name], name=name, domain=op.domain, **op.attributes
    )
    if op.domain == OWN_DOMAIN:
        node.metadata_props.add(key="kind", value=step.kind)
    return node


def _weights(step: Node, op: OnnxOp) -> dict[str, "TensorProto"]:
    from onnx import TensorProto

    found = {}
    for weight in op.weights:
        name = f"{step.path}.{weight}"
        shape = getattr(step.call.module, weight).shape
        found[name] = TensorProto(
            name=name, dims=tuple(shape), data_type=TensorProto.FLOAT
        )
    return found


def _value(name: str, shape: tuple[int, ...]) -> "ValueInfoProto":
    from onnx import TensorProto, helper

    return helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, *shape))


def _unique(name: str, taken: dict[str, tuple]) -> str:
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique
