"""SOLOv2: an object is its place, and its mask a kernel that its place makes.

Wang, Zhang, Kong, Li and Shen, "SOLOv2: Dynamic and Fast Instance Segmentation", 2020.
https://arxiv.org/abs/2003.10152

Sections, equations, figures and tables are numbered as at NeurIPS 2020; the first
preprint, "Dynamic, Faster and Stronger", has others.

Notation: B images; H, W height and width in pixels; S cells along a side of a grid;
K kinds of object; E channels of the mask features.

Output of each part for an 800 x 800 image, ResNet-50 with a pyramid (P2 to P6):

    grid of P2, halved    logits (B, K, 40, 40)    kernels (B, 256, 40, 40)
    grid of P3            logits (B, K, 36, 36)    kernels (B, 256, 36, 36)
    grid of P4            logits (B, K, 24, 24)    kernels (B, 256, 24, 24)
    grid of P5            logits (B, K, 16, 16)    kernels (B, 256, 16, 16)
    grid of P6, doubled   logits (B, K, 12, 12)    kernels (B, 256, 12, 12)
    mask features         (B, 256, 200, 200)       from P2 to P5

``layers.py`` holds the branches, ``assignment.py`` which cell learns which object,
``network.py`` the whole, ``suppression.py`` Matrix NMS.

Differs from the paper: where the paper is silent this is as in the authors' code; what
two objects do that meet in a cell, see `assign_cells`; a cell of a mask's target may be
a fraction.
"""

from edulib.models.detection.solov2.assignment import assign_cells, centres_of_mass
from edulib.models.detection.solov2.layers import (
    Coordinates,
    GridHead,
    MaskFeatures,
    PointsNMS,
)
from edulib.models.detection.solov2.network import (
    RELEASED,
    Found,
    Limits,
    Predictions,
    SOLOv2,
    cut_out,
    solov2_resnet50,
)
from edulib.models.detection.solov2.suppression import mask_ious, matrix_nms

__all__ = [
    "RELEASED",
    "Coordinates",
    "Found",
    "GridHead",
    "Limits",
    "MaskFeatures",
    "PointsNMS",
    "Predictions",
    "SOLOv2",
    "assign_cells",
    "centres_of_mass",
    "cut_out",
    "mask_ious",
    "matrix_nms",
    "solov2_resnet50",
]
