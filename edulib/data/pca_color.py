"""Colour augmentation along the principal axes of an image set's colours.

Krizhevsky, Sutskever and Hinton, 2012, section 4.1.
"""

from math import inf

import torch
from torch import Tensor, nn

from edulib.checks import check_images, check_unit_range


class PCAColor(nn.Module):
    """Add one random multiple of each principal axis of colour to a whole image.

    With p_1, p_2, p_3 the eigenvectors and l_1, l_2, l_3 the eigenvalues of the 3 x 3
    covariance matrix of the pixels, an image gets p_1 a_1 l_1 + p_2 a_2 l_2 +
    p_3 a_3 l_3 added to each of its pixels; a_1, a_2, a_3 are drawn anew for it.

    Args:
        images: (N, 3, H, W) in [0, 1], from which the axes are computed.
        strength: standard deviation of the a; 0.1 in the paper.

    Shape:
        - Input: (..., 3, H, W) in [0, 1], each image with its own draw
        - Output: the same, cut to [0, 1]

    Raises:
        ValueError: if images have another shape, type or, in the making, range; or the
            strength is below 0.

    Differs from the paper: nothing but the scale. An eigenvalue is a variance, so it
    has the unit of a squared colour, and the formula depends on whether white is 1 or
    255; the paper does not say. Here white is 1.
    """

    def __init__(self, images: Tensor, strength: float = 0.1) -> None:
        super().__init__()
        check_images(images, channels=3)
        check_unit_range(images)
        if not (isinstance(strength, int | float) and 0 <= strength < inf):
            raise ValueError(
                f"expected a strength of at least 0 and finite, got {strength!r}"
            )
        self.strength = strength
        pixels = images.movedim(1, 0).flatten(1).double()  # (3, pixels)
        values, vectors = torch.linalg.eigh(torch.cov(pixels))
        peaks = vectors.gather(0, vectors.abs().argmax(0, keepdim=True))
        vectors = vectors * peaks.sign()  # either sign would do: take one for all
        self.register_buffer("values", values.flip(0).float())
        self.register_buffer("vectors", vectors.flip(1).float())

    def forward(self, images: Tensor) -> Tensor:
        """Shift the colour of each image."""
        check_images(images, channels=3, ndim=3)
        draws = self.strength * torch.randn(*images.shape[:-3], 3)
        return self.shift(images, draws)

    def shift(self, images: Tensor, draws: Tensor) -> Tensor:
        """Shift by given multiples of the eigenvalues, ``draws`` of shape (..., 3)."""
        shift = (draws.to(images) * self.values) @ self.vectors.T  # (..., 3)
        return (images + shift[..., None, None]).clamp(0, 1)
