"""DeepLabV3: a fine map by holes, several rates side by side, and an enlargement.

Chen et al., 2017. As torchvision builds it, so that its published weights fit.

Output of each part of ``deeplabv3_resnet50`` for a 520 x 520 image:

    backbone    (B, 2048, 65, 65)
    aspp        (B, 256, 65, 65)
    scores      (B, K, 65, 65)
    enlarged    (B, K, 520, 520)

Differs from the paper: the output stride is 8 and the rates 12, 24 and 36 in training
too; there is no multi-grid; a 3x3 convolution stands before the last 1x1; dropout is
0.5; the enlargement does not align corners.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import ResNet, resnet50, resnet101
from edulib.models.segmentation.deeplab.aspp import ASPP, conv_norm_relu
from edulib.models.segmentation.deeplab.atrous import keep_fine


class DeepLabV3(nn.Module):
    """A backbone that keeps its map fine, ASPP, and scores that are enlarged.

    Args:
        backbone: from images to a list whose last map is read.
        aspp: reads this map; has ``out_channels``.
        num_classes: K, background among them.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), normalised, H and W at least 32
        - Output: (B, num_classes, H, W), logits

    Raises:
        ValueError: if ``num_classes`` is below 1 or images have another shape.
        TypeError: if images are not floating point.

    Source: Chen et al., 2017, figure 5.

    Differs from the paper: see the module.
    """

    def __init__(
        self,
        backbone: nn.Module,
        aspp: nn.Module,
        num_classes: int = 21,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.backbone, self.aspp = backbone, aspp
        width = aspp.out_channels
        self.scores = nn.Sequential(
            *conv_norm_relu(width, width, 3), nn.Conv2d(width, num_classes, 1)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each pixel."""
        check_images(images, self.in_channels, min_size=32)
        scores = self.scores(self.aspp(self.backbone(images)[-1]))
        return F.interpolate(scores, images.shape[-2:], mode="bilinear")


def _on_resnet(classifier: ResNet, num_classes: int) -> DeepLabV3:
    backbone = keep_fine(Stages(classifier, ["stage4"]), 8)
    aspp = ASPP(2048, (12, 24, 36), dropout=0.5)
    return DeepLabV3(backbone, aspp, num_classes, classifier.in_channels)


def deeplabv3_resnet50(num_classes: int = 21, in_channels: int = 3) -> DeepLabV3:
    """Build DeepLabV3 on ResNet-50: 39,638,869 parameters.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    return _on_resnet(resnet50(in_channels=in_channels), num_classes)


def deeplabv3_resnet101(num_classes: int = 21, in_channels: int = 3) -> DeepLabV3:
    """Build DeepLabV3 on ResNet-101: 58,630,997 parameters.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    return _on_resnet(resnet101(in_channels=in_channels), num_classes)
