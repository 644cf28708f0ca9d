"""What a network is: its operations, shapes, parameters, cost, receptive field.

Everything here takes any `nn.Module`, also one that this package did not write, with
any inputs and outputs, and needs neither its weights nor an image.
"""

from edulib.anatomy.counts import activation_memory, count_macs
from edulib.anatomy.graph import Call, Graph, Node, Op, Output
from edulib.anatomy.op_types import OpType
from edulib.anatomy.receptive import (
    ReceptiveField,
    receptive_field,
    receptive_window,
)
from edulib.anatomy.table import Row, Table, stage_table
from edulib.anatomy.trace import count_parameters, trace_graph
from edulib.anatomy.unknowns import not_known

__all__ = [
    "Call",
    "Graph",
    "Node",
    "Op",
    "OpType",
    "Output",
    "ReceptiveField",
    "Row",
    "Table",
    "activation_memory",
    "count_macs",
    "count_parameters",
    "not_known",
    "receptive_field",
    "receptive_window",
    "stage_table",
    "trace_graph",
]
