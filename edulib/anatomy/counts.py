"""What a network costs: multiply-adds and activation memory."""

from torch import nn

from edulib.anatomy.inputs import Input
from edulib.anatomy.trace import trace_graph


def count_macs(model: nn.Module, *inputs: Input) -> int:
    """Count multiply-adds (MACs) for one image, or all that are given.

    They are half of what torch's own flop counter counts: those of convolutions,
    matrix products and attention. Biases, normalisations, activations and pooling,
    which the literature leaves out as well, count nothing.

    Args:
        model: any module.
        inputs: what it takes, as in `trace_graph`: (C, H, W) for an image.

    Raises:
        ValueError: if the model cannot read such inputs.
    """
    return trace_graph(model, *inputs).macs


def activation_memory(model: nn.Module, *inputs: Input) -> int:
    """Count the bytes of all activations, in the model's precision.

    Counted are the outputs of all operations, each once: what must be stored if
    nothing may be forgotten before the backward pass. Operations in place and views
    take no new memory. The image, the weights and what kernels need for themselves
    (workspaces, masks, indices) are not counted.

    Args:
        model: any module.
        inputs: what it takes, as in `trace_graph`: (C, H, W) for an image.

    Raises:
        ValueError: if the model cannot read such inputs.
    """
    return trace_graph(model, *inputs).bytes
