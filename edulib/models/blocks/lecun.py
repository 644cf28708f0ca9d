"""What LeCun's networks of 1989 and 1998 share: the scale of ink and their activation.

LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 1998. https://doi.org/10.1109/5.726791
"""

import torch
from torch import Tensor, nn


class InkScale(nn.Module):
    """Map images in [0, 1], ink 1 on background 0, to two other values.

    Args:
        background: value of an empty pixel.
        ink: value of full ink.

    Shape:
        - Input, output: any, the same
    """

    def __init__(self, background: float, ink: float) -> None:
        super().__init__()
        self.background = background
        self.ink = ink

    def forward(self, image: Tensor) -> Tensor:
        """Scale each pixel."""
        return self.background + (self.ink - self.background) * image


class ScaledTanh(nn.Module):
    """Squash: f(a) = A tanh(S a), with A = 1.7159 and S = 2/3.

    With these constants f(1) = 1 and f(-1) = -1, near where the curve bends most (at
    0.99 and -0.99; the paper says at 1 and -1).

    Source: equation 6 and appendix A of the paper. The one of 1989 has the function,
    but does not give its constants.
    """

    amplitude = 1.7159
    slope = 2 / 3

    def forward(self, a: Tensor) -> Tensor:
        """Squash each number of a tensor of any shape."""
        return self.amplitude * torch.tanh(self.slope * a)
