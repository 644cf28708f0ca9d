"""What a network costs: multiply-accumulates and activation memory."""

from torch import nn

from edulib.anatomy.trace import trace_graph


def count_macs(model: nn.Module, image_shape: tuple[int, ...]) -> int:
    """Count multiply-accumulate operations (MACs) for one image.

    They are half of what torch's own flop counter counts: those of convolutions,
    matrix products and attention. Biases, normalisations, activations and pooling,
    which the literature leaves out as well, count nothing.

    Args:
        model: any module that takes one image.
        image_shape: (C, H, W).

    Raises:
        ValueError: if the model cannot read such images.
    """
    return trace_graph(model, image_shape).macs


def activation_memory(model: nn.Module, image_shape: tuple[int, ...]) -> int:
    """Count the bytes of all activations for one image, in the model's precision.

    Counted are the outputs of all operations, each once: what must be stored if
    nothing may be forgotten before the backward pass. Operations in place and views
    take no new memory. The image, the weights and what kernels need for themselves
    (workspaces, masks, indices) are not counted.

    Args:
        model: any module that takes one image.
        image_shape: (C, H, W).

    Raises:
        ValueError: if the model cannot read such images.
    """
    return trace_graph(model, image_shape).bytes
