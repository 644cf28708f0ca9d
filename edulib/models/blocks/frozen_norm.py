"""Batch normalisation that no longer learns: a fixed scale and shift for each channel.

A detector sees one or two images at a time, too few for a mean and a deviation. So it
keeps those that its backbone had learned before. He and others froze them in 2015
("Deep Residual Learning for Image Recognition", appendix A), and so did the feature
pyramid and Mask R-CNN.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FrozenBatchNorm2d(nn.Module):
    """Batch normalisation with constants: its four vectors are buffers.

    Args:
        num_features: channels.
        eps: what is added to the variance.

    Shape:
        - Input, output: (B, num_features, H, W), the same
    """

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", torch.ones(num_features))
        self.register_buffer("bias", torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def forward(self, x: Tensor) -> Tensor:
        """Scale and shift, in training too."""
        mean, variance = self.running_mean, self.running_var
        return F.batch_norm(x, mean, variance, self.weight, self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        """Return what is printed between the brackets."""
        return f"{len(self.weight)}, eps={self.eps}"


def freeze_batch_norm(model: nn.Module) -> nn.Module:
    """Replace every batch normalisation by a frozen one with what it has learned.

    Args:
        model: whose layers are exchanged in place.

    Returns:
        The model.
    """
    for parent in list(model.modules()):
        for name, layer in list(parent.named_children()):
            if isinstance(layer, nn.BatchNorm2d):
                frozen = FrozenBatchNorm2d(layer.num_features, layer.eps)
                frozen.to(layer.weight)
                for key, buffer in frozen.named_buffers():
                    buffer.copy_(getattr(layer, key).detach())
                setattr(parent, name, frozen)
    return model
