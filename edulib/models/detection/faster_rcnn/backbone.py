"""What both stages read: maps of the images, and how large the images were."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from edulib.models.blocks.checks import check_images


class Features(NamedTuple):
    """What a backbone made of a batch of images.

    Args:
        maps: (B, C, H_k, W_k) each, the finest first.
        size: (height, width) of the images that it read.
    """

    maps: list[Tensor]
    size: tuple[int, int]


class Backbone(nn.Module):
    """Read images of any size with a network that halves them again and again.

    They are filled with zeros, on the right and below, to a multiple of a number that
    every stride divides: a map then has exactly the image's side divided by its stride.

    Args:
        network: from images to a list of maps, the finest first.
        in_channels: channels of the images.
        divisor: the number, such as the stride of the coarsest map.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= divisor
        - Output: `Features`

    Raises:
        ValueError: if the images do not fit, or there are none.

    Source: torchvision and Detectron fill images up in the same way.
    """

    def __init__(
        self, network: nn.Module, in_channels: int = 3, divisor: int = 32
    ) -> None:
        super().__init__()
        self.network = network
        self.in_channels, self.divisor = in_channels, divisor

    def forward(self, images: Tensor) -> Features:
        """Fill up the images and compute their maps."""
        check_images(images, self.in_channels, min_size=self.divisor)
        if not len(images):
            raise ValueError(f"expected at least one image, got {tuple(images.shape)}")
        height, width = images.shape[-2:]
        below, right = -height % self.divisor, -width % self.divisor
        if below or right:
            images = F.pad(images, (0, right, 0, below))
        return Features(self.network(images), (height + below, width + right))
