"""SSD: boxes of all sizes from one pass, small ones from fine maps, large from coarse.

Liu, Anguelov, Erhan, Szegedy, Reed, Fu and Berg, "SSD: Single Shot MultiBox Detector",
ECCV 2016. https://arxiv.org/abs/1512.02325

Read in this order: ``backbone.py`` (VGG-16 and the layers that SSD adds, with figure 2
of the paper), ``loss.py`` (matching, hard negatives, equations 1 to 3), ``network.py``
(the predictors, the detector, SSD300).
Notation: B images; C channels; H, W height and width in pixels; A default boxes; K
kinds of object.

Differs from the paper: in numbers that stand only in its code, with which it was
trained. Offsets are multiplied by (10, 10, 5, 5) (divided by "variances" there). The
default boxes stand 8, 16, 32, 64, 100 and 300 pixels apart, not 300 / 38, 300 / 19, ...
as in section 2.2, and their scales are those of equation 4 with a rounded step: 0.15,
0.33, 0.51, 0.69, 0.87 for COCO (0.2, 0.37, 0.54, 0.71, 0.88 for VOC, where the first
map has 0.1), not 0.15 to 0.9. As in torchvision, whose published weights fit, no
default box is larger than the image. Of IoU a match needs 0.5, where the paper says
more than 0.5.
"""

from edulib.models.detection.ssd.backbone import L2Norm, VGGBackbone
from edulib.models.detection.ssd.loss import MultiBoxLoss
from edulib.models.detection.ssd.network import SSD, SSDHead, ssd300_vgg16

__all__ = [
    "SSD",
    "L2Norm",
    "MultiBoxLoss",
    "SSDHead",
    "VGGBackbone",
    "ssd300_vgg16",
]
