"""YOLO v1: detection as one regression, from one look at the image.

Redmon, Divvala, Girshick and Farhadi, "You Only Look Once: Unified, Real-Time Object
Detection", CVPR 2016. https://arxiv.org/abs/1506.02640

Read in this order: ``layers.py`` (the convolutions and the dense layers, with figure 3
of the paper), ``grid.py`` (what the numbers of a cell mean), ``network.py`` (the
detector: one pass, equation 3, detections).
Notation: B images; C channels; H, W height and width in pixels; S rows and columns of
the grid; K boxes in each cell (the paper's B).

The 30 numbers of a cell, in the order of section 2: for each of K = 2 boxes x, y (its
centre, from the cell's upper left corner, in cells), the square roots of its width and
height (as fractions of the image's) and its confidence; then a probability for each
class, which all boxes of the cell share.

The network predicts the roots themselves ("we predict the square root of the bounding
box width and height instead of the width and height directly", section 2.2). A box is
decoded by squaring them, so that their sign does not matter, and no root of an output
is taken, which might be negative. The last layer is linear: no sigmoid holds centres in
their cells, nor confidences and probabilities between 0 and 1. The confidence of a
responsible box shall be its IoU of the moment with the object, not 1; no gradient goes
through that IoU.

Differs from the paper: in what it does not say. Of several objects in one cell the
first of the target counts; the authors' program, darknet, takes the first too, in
random order. Where no box of a cell overlaps its object, the first is responsible; in
darknet the nearest is. Darknet's gradients are half of equation 3's: a learning rate of
0.01 there is one of 0.005 here. It orders the outputs by kind (all classes, all
confidences, all boxes), and its ``yolov1.cfg`` of today, with batch normalisation, a
locally connected layer and three boxes a cell, is another network. Of Fast YOLO the
paper tells only that it has 9 convolutions instead of 24, and fewer filters: the layers
here are those of darknet's ``yolo-tiny.cfg`` of 2015. The initialisation, too, is not
the paper's (see ``layers.py``), which trains the first 20 convolutions on ImageNet.
"""

from edulib.models.detection.yolo_v1.grid import ROOTS, Cells, Sides
from edulib.models.detection.yolo_v1.layers import (
    Backbone,
    GridHead,
    dense_layers,
    make_stages,
)
from edulib.models.detection.yolo_v1.network import (
    LAMBDAS,
    Lambdas,
    YOLOv1,
    fast_yolo_v1,
    yolo_v1,
)

__all__ = [
    "LAMBDAS",
    "ROOTS",
    "Backbone",
    "Cells",
    "GridHead",
    "Lambdas",
    "Sides",
    "YOLOv1",
    "dense_layers",
    "fast_yolo_v1",
    "make_stages",
    "yolo_v1",
]
