"""A network as an ONNX graph without weights: a few kilobytes that Netron can draw.

The graph is made from a trace of the module, not by an exporter: every node is a
module of the code, under its own name, with batch normalisation where it stands, and
no memory is needed for weights. Filled with them it computes what the module does.
"""

from typing import TYPE_CHECKING

import torch
from torch import nn

from edulib.anatomy import trace_graph
from edulib.anatomy.graph import Graph, Node, Op
from edulib.anatomy.inputs import Input
from edulib.anatomy.onnx.ops import OPSET, OWN_DOMAIN, OnnxOp, onnx_op

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto


def weightless_graph(model: nn.Module, *inputs: Input, name: str) -> "ModelProto":
    """Make the graph of a model.

    Args:
        model: any module.
        inputs: what it takes, as in `trace_graph`: (C, H, W) for an image.
        name: what the graph is called.

    Returns:
        An ONNX model whose weights have a shape and no values. A step that the
        standard has no name for carries its type (as in `OpType`), the graph its number
        of parameters, of which the statistics of batch normalisation are none.

    Raises:
        ValueError: if the model cannot read such inputs.
    """
    from onnx import helper

    graph = trace_graph(model, *inputs)
    steps = graph.steps
    ops = {op.name: op for op in graph.inputs}
    names = {-1 - op.index: op.name for op in graph.inputs}
    nodes, weights = [], {}
    for k, step in enumerate(steps):
        reads = [names[i] for i in step.inputs]
        op = onnx_op(step, [ops[read].shape for read in reads])
        names[k] = _unique(step.path.strip(".") or op.name, ops)
        ops[names[k]] = step.output
        weights |= _weights(step, op)
        nodes.append(_node(op, reads, step, names[k]))
    values = {name: _value(name, op) for name, op in ops.items()}
    outputs = [values[name] for name in _output_names(graph, steps, names)]
    made = helper.make_graph(
        nodes,
        name,
        [values[op.name] for op in graph.inputs],
        outputs,
        [*weights.values()],
        value_info=[values[names[k]] for k in range(len(steps))],
    )
    made.metadata_props.add(key="parameters", value=str(graph.params))
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(OWN_DOMAIN, 1)]
    return helper.make_model(
        made, opset_imports=opsets, ir_version=9, producer_name="Eras of Vision"
    )


def _output_names(graph: Graph, steps: list[Node], names: dict[int, str]) -> list[str]:
    """Return the names of the values that the model returns, each once."""
    maker = {op.index: k for k, step in enumerate(steps) for op in step.ops}
    found = [names[maker.get(end.op, -1 - end.op)] for end in graph.outputs]
    return list(dict.fromkeys(found))


def _node(op: OnnxOp, reads: list[str], step: Node, name: str) -> "NodeProto":
    from onnx import helper

    inputs = [*reads, *(f"{step.path}.{weight}" for weight in op.weights)]
    node = helper.make_node(
        op.name, inputs, [name], name=name, domain=op.domain, **op.attributes
    )
    if op.domain == OWN_DOMAIN:
        node.metadata_props.add(key="op_type", value=step.op_type)
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


def _value(name: str, op: Op) -> "ValueInfoProto":
    from onnx import TensorProto, helper

    real = op.dtype.is_floating_point or op.dtype.is_complex
    number = TensorProto.FLOAT if real else TensorProto.INT64
    if op.dtype is torch.bool:
        number = TensorProto.BOOL
    shape = (1, *op.shape) if op.has_batch else op.shape
    return helper.make_tensor_value_info(name, number, shape)


def _unique(name: str, taken: dict[str, Op]) -> str:
    number, unique = 1, name
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    return unique
