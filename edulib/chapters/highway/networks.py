"""The general highway layer, for a drawing and an exercise."""

from torch import Tensor, nn


class GeneralHighway(nn.Module):
    """y = H(x) T(x) + x C(x), with a carry gate C that has weights of its own.

    Args:
        width: of the layer.

    Shape:
        - Input: (B, width)
        - Output: as the input

    Source: Srivastava et al., 2015, equation 2. As in the paper, which then ties C to
    1 - T and trains nothing else.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.transform = nn.Sequential(nn.Linear(width, width), nn.ReLU())
        self.gate = nn.Sequential(nn.Linear(width, width), nn.Sigmoid())
        self.carry = nn.Sequential(nn.Linear(width, width), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """Return new features and old ones, each as far as its gate is open."""
        return self.transform(x) * self.gate(x) + x * self.carry(x)
