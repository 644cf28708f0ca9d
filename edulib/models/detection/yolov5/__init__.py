"""YOLOv5: anchors on three levels, in five sizes, in the form of release 6.

Jocher and others, "YOLOv5 by Ultralytics", software, 2020; release 6.0 is of October
2021. https://doi.org/10.5281/zenodo.3908559

There is no paper. Written from the project's documentation ("Ultralytics YOLOv5
Architecture"), from descriptions by others and from the published parameter counts,
which all five sizes have; the original's source, which is under the AGPL, was not read.

Read in this order: ``layers.py`` (C3, SPPF), ``network.py`` (backbone, neck, head),
``builders.py`` (the five sizes), ``grid.py`` (boxes, and which object a place learns),
``loss.py``, ``anchors.py`` (k-means).
Notation: B images; A anchors at a place; K kinds of object; H, W of a map or an image.

Differs from the paper, in whose place the documentation stands, in `YOLOv5Loss` and
`cluster_sizes`, which say how, and what was chosen where it is silent.
"""

from edulib.models.detection.yolov5.anchors import cluster_sizes, share_that_fits
from edulib.models.detection.yolov5.builders import (
    yolov5l,
    yolov5m,
    yolov5n,
    yolov5s,
    yolov5x,
)
from edulib.models.detection.yolov5.layers import C3, SPPF
from edulib.models.detection.yolov5.loss import YOLOv5Loss
from edulib.models.detection.yolov5.network import (
    COCO_ANCHORS,
    Backbone,
    Head,
    Neck,
    YOLOv5,
)

__all__ = [
    "C3",
    "COCO_ANCHORS",
    "SPPF",
    "Backbone",
    "Head",
    "Neck",
    "YOLOv5",
    "YOLOv5Loss",
    "cluster_sizes",
    "share_that_fits",
    "yolov5l",
    "yolov5m",
    "yolov5n",
    "yolov5s",
    "yolov5x",
]
