"""Faster R-CNN as it is used, on a feature pyramid, and as in the paper, on VGG-16."""

from torch import nn

from edulib.models.blocks.stages import Stages
from edulib.models.classification.vgg import vgg16
from edulib.models.detection.faster_rcnn.backbone import Backbone
from edulib.models.detection.faster_rcnn.box_head import BoxHead
from edulib.models.detection.faster_rcnn.detector import FasterRCNN
from edulib.models.detection.faster_rcnn.pooling import (
    RegionPooling,
    RoIAlign,
    RoIPool,
)
from edulib.models.detection.faster_rcnn.rpn import (
    RPN,
    Anchors,
    RPNHead,
    TwoClassScore,
)
from edulib.models.detection.faster_rcnn.selection import Keep, Sampler
from edulib.models.detection.fpn import resnet50_fpn

SIZES = ((32,), (64,), (128,), (256,), (512,))  # of the anchors on P2 to P6
RATIOS = (0.5, 1.0, 2.0)
STRIDES = (4, 8, 16, 32)  # of P2 to P5
WIDTH = 1024


def fasterrcnn_resnet50_fpn(num_classes: int = 90, in_channels: int = 3) -> FasterRCNN:
    """Build Faster R-CNN on ResNet-50 with a feature pyramid: 41,755,286 parameters.

    As torchvision's of this name, which has 91 classes, background being one. It was
    trained on images with ImageNet's mean and deviation taken off, their shorter side
    800 pixels. Batch normalisation is frozen, so load weights before training.

    Source: Lin et al., "Feature Pyramid Networks for Object Detection", 2016, sections
    4 and 5.2. https://arxiv.org/abs/1612.03144

    Differs from the paper: regions are cut out by RoIAlign, which it has not yet.

    Args:
        num_classes: kinds of object, background not counted: 90 numbers of COCO's 80.
        in_channels: channels of the images.
    """
    rpn, box_head = fpn_rpn(), fpn_box_head(num_classes)
    backbone = Backbone(resnet50_fpn(in_channels), in_channels)
    return FasterRCNN(backbone, rpn, box_head)


def fpn_rpn(channels: int = 256) -> RPN:
    """Build the first stage on a pyramid of five maps: one size of anchor for each.

    Args:
        channels: of every map.
    """
    head = RPNHead(channels, nn.Conv2d(channels, len(RATIOS), 1), len(RATIOS))
    return RPN(Anchors(SIZES, RATIOS), head)


def fpn_box_head(num_classes: int, channels: int = 256, width: int = WIDTH) -> BoxHead:
    """Build the second stage on a pyramid: two dense layers on 7 x 7 cells.

    Args:
        num_classes: kinds of object.
        channels: of every map.
        width: of the two layers.
    """
    layers = nn.Sequential(
        nn.Flatten(),
        nn.Linear(channels * 7 * 7, width),
        nn.ReLU(inplace=True),
        nn.Linear(width, width),
        nn.ReLU(inplace=True),
    )
    pooling = RegionPooling(RoIAlign(7), STRIDES)
    return BoxHead(pooling, layers, width, num_classes)


def fasterrcnn_vgg16(num_classes: int = 20, in_channels: int = 3) -> FasterRCNN:
    """Build the paper's Faster R-CNN on VGG-16: 137,078,239 parameters.

    The network of its table 3, and of the released code where the paper is silent, for
    images whose shorter side is 600 pixels. VGG's dense layers fc6 and fc7, with their
    dropout, are those of the second stage.

    Differs from the paper: see the parts; all layers learn, where the paper leaves the
    first two stages of VGG as they are.

    Args:
        num_classes: kinds of object, background not counted: VOC's 20.
        in_channels: channels of the images.
    """
    network = vgg16(in_channels=in_channels)
    network.stage5 = network.stage5[:-1]  # to conv5_3
    backbone = Backbone(Stages(network, ["stage5"]), in_channels, divisor=16)
    anchors = Anchors([(128, 256, 512)], RATIOS)
    rpn = RPN(
        anchors,
        RPNHead(512, TwoClassScore(512, 9), 9),
        keep=Keep(6000, 300),
        keep_training=Keep(12000, 2000),
        margin=0,
    )
    layers = nn.Sequential(nn.Flatten(), *network.head[:-1])
    pooling = RegionPooling(RoIPool(7), [16])
    box_head = BoxHead(pooling, layers, 4096, num_classes, Sampler(128, 0.25))
    return FasterRCNN(backbone, rpn, box_head)
