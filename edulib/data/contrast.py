"""Images made alike in mean colour and contrast: only their structure differs."""

from torch import Tensor

from edulib.checks import check_images, check_unit_range


def global_contrast_normalization(images: Tensor, contrast: float = 0.2) -> Tensor:
    """Take off each image's mean colour and give all of them the same contrast.

    A network that is shown such images cannot tell them apart by brightness or tint;
    it has to look at edges, textures and differences of colour. The mean is taken for
    each channel, which removes the tint, too; often it is one for all channels.

    Args:
        images: values in [0, 1].
        contrast: standard deviation that an image gets, before it is cut to [0, 1].

    Shape:
        - Input and output: (N, C, H, W), in [0, 1]

    Raises:
        ValueError: if they have another shape, type or range.

    Example:
        >>> import torch
        >>> global_contrast_normalization(torch.rand(2, 3, 8, 8)).shape
        torch.Size([2, 3, 8, 8])
    """
    check_images(images)
    check_unit_range(images)
    centered = images - images.mean((2, 3), keepdim=True)
    spread = centered.std((1, 2, 3), keepdim=True).clamp(min=1e-6)
    return (0.5 + contrast * centered / spread).clamp(0, 1)
