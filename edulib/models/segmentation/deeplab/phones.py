"""DeepLab on networks for phones.

None of the two papers on MobileNets has these networks: MobileNetV2's takes ASPP
without its wide kernels, MobileNetV3's LR-ASPP. Backbone by backbone: of MobileNetV2
the map of 320 channels is read, as in its paper's section 6.3, and not the 1,280 that
are there for a thousand classes; DeepLabV3 on MobileNetV3 is torchvision's, and
DeepLabV3+ on it stands in no paper.
"""

from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from edulib.models.blocks.stages import Stages
from edulib.models.classification.mobilenet_v2 import mobilenet_v2
from edulib.models.classification.mobilenet_v3 import MobileNetV3, mobilenet_v3_large
from edulib.models.segmentation.deeplab.aspp import ASPP, separable
from edulib.models.segmentation.deeplab.atrous import keep_fine, spread
from edulib.models.segmentation.deeplab.v3 import DeepLabV3
from edulib.models.segmentation.deeplab.v3plus import Decoder, DeepLabV3Plus


def large_stages(classifier: MobileNetV3, names: Sequence[str]) -> Stages:
    """Return MobileNetV3-Large's parts at output stride 16, as torchvision has them.

    Args:
        classifier: whose parts are shared, not copied.
        names: of the maps that are read: "stage1" to "stage4"; "first2", the first
            block of the second stage; "last", the 1x1 convolution behind all.

    Differs from the paper on DeepLabV3: torchvision spreads the kernel that lost its
    stride, too, so that the numbers of before are found in no row.
    """
    parts = OrderedDict(
        stem=classifier.stem,
        stage1=classifier.stage1,
        first2=classifier.stage2[:1],
        stage2=classifier.stage2[1:],
        stage3=classifier.stage3,
        stage4=classifier.stage4,
        last=classifier.head[0],
    )
    backbone = keep_fine(Stages(nn.Sequential(parts), names), 16)
    spread(backbone.stage4[0].depthwise, 2)
    return backbone


def deeplabv3_mobilenet_v3_large(
    num_classes: int = 21, in_channels: int = 3
) -> DeepLabV3:
    """Build DeepLabV3 on MobileNetV3-Large: 11,025,477 parameters.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    classifier = mobilenet_v3_large(in_channels=in_channels)
    aspp = ASPP(960, (12, 24, 36), dropout=0.5)
    backbone = large_stages(classifier, ["last"])
    return DeepLabV3(backbone, aspp, num_classes, in_channels)


def deeplabv3plus_mobilenet_v2(
    num_classes: int = 21, in_channels: int = 3
) -> DeepLabV3Plus:
    """Build DeepLabV3+ on MobileNet v2: 2,719,813 parameters.

    Separable, output stride 16; the fine map has 24 channels.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    classifier = mobilenet_v2(in_channels=in_channels)
    backbone = keep_fine(Stages(classifier, ["stage2", "stage7"]), 16)
    parts = ASPP(320, layer=separable), Decoder(24, layer=separable)
    return DeepLabV3Plus(backbone, *parts, num_classes, in_channels)


def deeplabv3plus_mobilenet_v3_large(
    num_classes: int = 21, in_channels: int = 3
) -> DeepLabV3Plus:
    """Build DeepLabV3+ on MobileNetV3-Large: 4,720,373 parameters.

    Separable, output stride 16; the fine map has 24 channels. In no paper.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    classifier = mobilenet_v3_large(in_channels=in_channels)
    backbone = large_stages(classifier, ["stage1", "last"])
    parts = ASPP(960, layer=separable), Decoder(24, layer=separable)
    return DeepLabV3Plus(backbone, *parts, num_classes, in_channels)
