"""Small layers and networks that experiments of several chapters share."""

from torch import Tensor, nn


class Rescale(nn.Module):
    """Bring values from [0, 1] to [-2, 2].

    Shape:
        - Input, output: any, the same
    """

    def forward(self, x: Tensor) -> Tensor:
        """Take off the middle and stretch."""
        return 4 * (x - 0.5)
