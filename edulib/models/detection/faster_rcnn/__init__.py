"""Faster R-CNN: the network that classifies regions also proposes them.

Ren, He, Girshick and Sun, "Faster R-CNN: Towards Real-Time Object Detection with Region
Proposal Networks", 2015. https://arxiv.org/abs/1506.01497

Read in this order: ``backbone.py`` (maps of images), ``rpn.py`` (anchors, the head over
every map, proposals and their loss), ``pooling.py`` (a region as a map of fixed size),
``box_head.py`` (kind and corrected box of a region, and their loss), ``detector.py``
(the whole), ``builders.py``. ``selection.py`` draws samples and removes duplicates.
Notation: B images; C channels; H, W height and width in pixels; M anchors of an image;
R regions of all images of a batch; K kinds of object.

Differs from the paper: all parts are trained at once, as in the code that followed it;
see also :class:`FasterRCNN`.
"""

from edulib.models.detection.faster_rcnn.backbone import Backbone, Features
from edulib.models.detection.faster_rcnn.box_head import BoxHead, Detections, Samples
from edulib.models.detection.faster_rcnn.builders import (
    fasterrcnn_resnet50_fpn,
    fasterrcnn_vgg16,
)
from edulib.models.detection.faster_rcnn.detector import (
    FasterRCNN,
    Predictions,
    region_losses,
)
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

__all__ = [
    "RPN",
    "Anchors",
    "Backbone",
    "BoxHead",
    "Detections",
    "FasterRCNN",
    "Features",
    "Keep",
    "Predictions",
    "RPNHead",
    "RegionPooling",
    "RoIAlign",
    "RoIPool",
    "Sampler",
    "Samples",
    "TwoClassScore",
    "fasterrcnn_resnet50_fpn",
    "fasterrcnn_vgg16",
    "region_losses",
]
