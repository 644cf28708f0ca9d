"""Small detectors: the book's own, with a fraction of their widths."""

from collections import OrderedDict

import torch
from torch import nn

from edulib.models.blocks.frozen_norm import freeze_batch_norm
from edulib.models.blocks.stages import Stages
from edulib.models.classification import resnet, vgg
from edulib.models.detection import faster_rcnn as _rcnn
from edulib.models.detection import fpn, mask_rcnn, retinanet
from edulib.models.detection import ssd as _ssd
from edulib.models.detection import yolo_v1 as _yolo_v1
from edulib.models.detection.yolov5.builders import build as _build_yolov5
from edulib.models.detection.yolov5.network import YOLOv5
from edulib.models.narrow import narrow

SIZES = ((8,), (16,), (32,), (48,), (64,))  # of anchors
STRIDES = (4, 8, 16, 32)
SAMPLER = _rcnn.Sampler(64, 0.5)
KEEP = _rcnn.Keep(100, 50)


def yolo_v1(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build YOLO with a thirty-second of its widths."""
    with torch.device("meta"):
        model = _yolo_v1.yolo_v1(num_classes, in_channels)
    return narrow(model, 32, 7 * 7 * (10 + num_classes), in_channels)


def fast_yolo_v1(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build Fast YOLO with an eighth of its widths."""
    with torch.device("meta"):
        model = _yolo_v1.fast_yolo_v1(num_classes, in_channels)
    return narrow(model, 8, 7 * 7 * (10 + num_classes), in_channels)


def ssd300_vgg16(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build SSD300 with a sixteenth of its widths."""
    return _ssd.ssd300_vgg16(num_classes, in_channels, width=4)


def yolov5(num_classes: int = 3, in_channels: int = 3) -> YOLOv5:
    """Build YOLOv5 with a sixteenth of the widths and a third of the blocks."""
    return _build_yolov5(num_classes, in_channels, width=1 / 16, depth=1 / 3)


def fasterrcnn_resnet50_fpn(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build Faster R-CNN on a pyramid of 8 channels, for small objects."""
    return _rcnn.FasterRCNN(*_stages_of_rcnn(num_classes, in_channels))


def fasterrcnn_vgg16(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build the paper's Faster R-CNN with 4 to 16 channels, for small objects."""
    widths = (4, 8, 8, 16, 16)
    stages = vgg.make_stages((1, 1, 1, 1, 1), vgg.conv3x3_relu, in_channels, widths)
    network = Stages(nn.Sequential(*stages[:-1], stages[-1][:-1]), ["4"])
    backbone = _rcnn.Backbone(network, in_channels, divisor=16)
    head = _rcnn.RPNHead(16, _rcnn.TwoClassScore(16, 9), 9)
    anchors = _rcnn.Anchors([(12, 24, 48)], (0.5, 1, 2))
    rpn = _rcnn.RPN(anchors, head, SAMPLER, KEEP, KEEP, margin=0)
    layers = nn.Sequential(nn.Flatten(), *vgg.dense_head(16 * 7 * 7, 16, 1)[:-1])
    pooling = _rcnn.RegionPooling(_rcnn.RoIPool(7), [16])
    box_head = _rcnn.BoxHead(pooling, layers, 16, num_classes, SAMPLER)
    return _rcnn.FasterRCNN(backbone, rpn, box_head)


def maskrcnn_resnet50_fpn(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build Mask R-CNN on a pyramid of 8 channels, for small objects."""
    pooling = _rcnn.RegionPooling(_rcnn.RoIAlign(14), STRIDES)
    mask_head = mask_rcnn.MaskHead(pooling, 8, num_classes, width=8, depth=1)
    return mask_rcnn.MaskRCNN(*_stages_of_rcnn(num_classes, in_channels), mask_head)


def retinanet_resnet50_fpn(num_classes: int = 3, in_channels: int = 3) -> nn.Module:
    """Build RetinaNet on a pyramid of 8 channels, for small objects."""
    channels = (8, 8, 16, 16)
    body = resnet.ResNet(resnet.Bottleneck, (2, 1, 1, 1), channels, 1, in_channels)
    body = freeze_batch_norm(Stages(body, fpn.STAGES[1:]))
    further = retinanet.further_levels(8)
    pyramid = fpn.FeaturePyramid(channels[1:], 8, further)
    network = nn.Sequential(OrderedDict(body=body, pyramid=pyramid))
    backbone = _rcnn.Backbone(network, in_channels)
    anchors = _rcnn.Anchors(SIZES, (0.5, 1, 2))
    head = retinanet.RetinaHead(num_classes, 8, num_anchors=3, depth=1)
    return retinanet.RetinaNet(backbone, anchors, head)


def _stages_of_rcnn(num_classes: int, in_channels: int) -> tuple[nn.Module, ...]:
    channels = (8, 8, 16, 16)
    body = resnet.ResNet(resnet.Bottleneck, (2, 1, 1, 1), channels, 1, in_channels)
    body = freeze_batch_norm(Stages(body, fpn.STAGES))
    pyramid = fpn.FeaturePyramid(channels, 8, further=[fpn.Subsample()])
    network = nn.Sequential(OrderedDict(body=body, pyramid=pyramid))
    head = _rcnn.RPNHead(8, nn.Conv2d(8, 3, 1), 3)
    anchors = _rcnn.Anchors(SIZES, (0.5, 1, 2))
    rpn = _rcnn.RPN(anchors, head, keep=KEEP, keep_training=KEEP)
    layers = nn.Sequential(nn.Flatten(), nn.Linear(8 * 7 * 7, 16), nn.ReLU())
    pooling = _rcnn.RegionPooling(_rcnn.RoIAlign(7), STRIDES)
    box_head = _rcnn.BoxHead(pooling, layers, 16, num_classes, SAMPLER)
    return _rcnn.Backbone(network, in_channels), rpn, box_head
