"""LR-ASPP: MobileNetV3's head for segmentation on a phone.

Howard and others, "Searching for MobileNetV3", ICCV 2019, section 6.4 and figure 10.
https://arxiv.org/abs/1905.02244

Output of each part of ``lraspp_mobilenet_v3_large`` for a 512 x 1024 image:

    low       (B, 40, 64, 128)      output stride 8
    high      (B, 960, 32, 64)      output stride 16
    scores    (B, K, 64, 128)

Differs from the paper, as torchvision does, whose published weights fit: the mean is
taken over the whole map, where the paper slides a window of 49 x 49 with strides of 16
and 20; the backbone's last stage keeps its channels, of which the paper's fastest
networks have half; the fine map is that of the first block at its stride; the kernel
that lost its stride is spread as well.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.classification.mobilenet_v3 import mobilenet_v3_large
from edulib.models.segmentation.deeplab.aspp import conv_norm_relu
from edulib.models.segmentation.deeplab.phones import large_stages


class LRASPP(nn.Module):
    """Weigh the channels of the coarse map by its mean; add scores of a finer map.

    scores = W_low low + W_high up(layer(high) * gate(mean(high)))

    Args:
        backbone: from images to a fine and a coarse map.
        low_channels: of the fine map.
        high_channels: of the coarse map.
        num_classes: K, background among them.
        in_channels: channels of the images.
        width: channels between.

    Shape:
        - Input: (B, in_channels, H, W), normalised, H and W at least 32
        - Output: (B, num_classes, H, W), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Howard et al., 2019, figure 10; 128 channels by table 7, row 8.

    Differs from the paper: see the module.
    """

    def __init__(
        self,
        backbone: nn.Module,
        low_channels: int,
        high_channels: int,
        num_classes: int = 21,
        in_channels: int = 3,
        width: int = 128,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.backbone = backbone
        self.layer = conv_norm_relu(high_channels, width, 1)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(high_channels, width, 1, bias=False),
            nn.Sigmoid(),
        )
        self.low_scores = nn.Conv2d(low_channels, num_classes, 1)
        self.high_scores = nn.Conv2d(width, num_classes, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each pixel."""
        check_images(images, self.in_channels, min_size=32)
        low, high = self.backbone(images)
        x = self.layer(high) * self.gate(high)  # (B, width, H/16, W/16)
        x = F.interpolate(x, low.shape[-2:], mode="bilinear")
        scores = self.low_scores(low) + self.high_scores(x)
        return F.interpolate(scores, images.shape[-2:], mode="bilinear")


def lraspp_mobilenet_v3_large(num_classes: int = 21, in_channels: int = 3) -> LRASPP:
    """Build LR-ASPP on MobileNetV3-Large: 3,221,538 parameters.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    classifier = mobilenet_v3_large(in_channels=in_channels)
    backbone = large_stages(classifier, ["first2", "last"])
    return LRASPP(backbone, 40, 960, num_classes, in_channels)
