"""What a forward pass keeps for the way back, counted in bytes."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from edulib.models.classification.densenet import DenseBlock


def saved_bytes(
    forward: Callable[[], Tensor], network: nn.Module, given: Sequence[Tensor] = ()
) -> int:
    """Return the bytes of all tensors that a forward pass keeps for its gradient.

    Args:
        forward: the pass, without arguments.
        network: whose parameters and buffers are not counted; they are there anyway.
        given: further tensors that are not counted.
    """
    there = (*network.parameters(), *network.buffers(), *given)
    own = {tensor.untyped_storage().data_ptr() for tensor in there}
    held = {}  # tensors that share their memory count once

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            held[storage.data_ptr()] = storage
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        output = forward()
    del output
    return sum(storage.nbytes() for storage in held.values())


def recomputed(layers: Sequence[nn.Module], x: Tensor) -> Tensor:
    """Return what a dense block returns; its layers' insides are computed twice."""
    features = [x]
    for layer in layers:
        features.append(checkpoint(read, layer, *features, use_reentrant=False))
    return torch.cat(features, dim=1)


def read(layer: nn.Module, *features: Tensor) -> Tensor:
    """Concatenate features and apply a layer."""
    return layer(torch.cat(features, dim=1))


def block_bytes(block: DenseBlock, x: Tensor) -> tuple[int, int]:
    """Return the bytes that a block keeps, without and with recomputation."""
    x = x.requires_grad_()
    return (
        saved_bytes(lambda: block(x), block),
        saved_bytes(lambda: recomputed(block.layers, x), block),
    )
