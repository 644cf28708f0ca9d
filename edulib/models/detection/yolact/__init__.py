"""YOLACT: a mask is a mixture of a few pictures that the whole image has in common.

Bolya, Zhou, Xiao and Lee, "YOLACT: Real-time Instance Segmentation", ICCV 2019.
https://arxiv.org/abs/1904.02689

Read in this order: ``layers.py`` (pyramid, protonet, prediction head: figures 2 to 4),
``assembly.py`` (equation 1 and the crop), ``suppression.py`` (Fast NMS, equation 2),
``detections.py`` (from predictions to masks), ``loss.py`` (section 3.3), ``network.py``
(anchors, the network, ResNet-50).
Notation: B images; C channels; H, W height and width of the image in pixels; h, w those
of the prototypes in cells; A anchors; K kinds of object; k prototypes; N detections.

Differs from the paper: in what it leaves to the released code, with which its networks
were trained. The pyramid enlarges bilinearly and has a ReLU behind its 3x3
convolutions; offsets are multiplied by (10, 10, 5, 5), as in SSD's; anchors with an IoU
from 0.4 to 0.5 are not asked; an IoU of exactly the threshold does not remove a box.
Anchors have the paper's shapes. The released code gives each of them its width as
height, by a mistake that its weights were trained with (``use_square_anchors``): it
draws squares of the sides s, 0.71 s and 1.41 s. Where an image has more than 100
matched anchors the code draws 100 of them for the masks' loss; here all are asked.
"""

from edulib.models.detection.yolact.assembly import cells_inside, mix
from edulib.models.detection.yolact.detections import Detections
from edulib.models.detection.yolact.layers import (
    PredictionHead,
    Predictions,
    Protonet,
    Pyramid,
)
from edulib.models.detection.yolact.loss import YolactLoss
from edulib.models.detection.yolact.network import (
    Yolact,
    anchors_of_maps,
    yolact_resnet50,
)
from edulib.models.detection.yolact.suppression import fast_nms

__all__ = [
    "Detections",
    "PredictionHead",
    "Predictions",
    "Protonet",
    "Pyramid",
    "Yolact",
    "YolactLoss",
    "anchors_of_maps",
    "cells_inside",
    "fast_nms",
    "mix",
    "yolact_resnet50",
]
