"""Inception-v4 and Inception-ResNet: the same blocks without and with a shortcut.

Szegedy, Ioffe, Vanhoucke and Alemi, "Inception-v4, Inception-ResNet and the Impact of
Residual Connections on Learning", 2016. https://arxiv.org/abs/1602.07261

Read in this order: ``edulib/models/blocks/inception.py`` (layers and branches, as in
Inception-v3), ``blocks.py`` (the scaled residual and what the networks share),
``pure.py`` (Inception-v4, with figure 9 of the paper), ``residual.py``
(Inception-ResNet-v1 and v2, with figure 15). Figures are numbered as on arXiv.
Notation: B images; C channels; H, W height and width in pixels.

Inception-ResNet-v2 is built twice, because paper and release are two networks:

- ``inception_resnet_v2_paper`` has the figures' stem (384 channels) and 5, 10 and 5
  blocks. The figures do not add up: figures 7 and 18 join 384 + 384 + 384 = 1152 and
  1152 + 384 + 288 + 320 = 2144 channels, but the residuals of figures 17 and 19 end in
  1154 and 2048. Only equal numbers can be added, so the residuals are built with 1152
  and 2144, and all other layers as drawn. (2048 would fit the reduction of figure 12,
  1152 + 384 + 256 + 256, but the release has that of figure 18: 1088 + 384 + 288 + 320
  = 2080.) Version 1 adds up as drawn: 256, 896, 1792.
- ``inception_resnet_v2`` is the release, which the published weights fit: a stem like
  that of Inception-v3 with an Inception block (320 channels), 10, 20 and 9 blocks, one
  more without scale and ReLU, and a 1x1 layer of 1536 channels. Section 3.2 says that
  version 2 costs what Inception-v4 does (12.3 billion multiply-adds): the release
  nearly does (13.2), the network of the figures does not (9.3).

Differs from the paper: "7x1" and "1x7" in the stem and in the longest branches of
Inception-v4's blocks stand in the order of the authors' code, the reverse of the
drawn one if height is named first. What the paper does not name is as in that code:
scales of 0.17, 0.1 and 0.2 for the residuals (the paper: between 0.1 and 0.3), epsilon
0.001 of batch normalisation, means that leave out the pixels beyond the border. Weights
start as PyTorch's layers do, as in timm.
"""

from edulib.models.classification.inception_v4.blocks import ScaledResidual
from edulib.models.classification.inception_v4.pure import InceptionV4, inception_v4
from edulib.models.classification.inception_v4.residual import (
    SCALES,
    V1,
    V2,
    V2_RELEASED,
    Design,
    InceptionResNet,
    inception_resnet_v1,
    inception_resnet_v2,
    inception_resnet_v2_paper,
)

__all__ = [
    "SCALES",
    "V1",
    "V2",
    "V2_RELEASED",
    "Design",
    "InceptionResNet",
    "InceptionV4",
    "ScaledResidual",
    "inception_resnet_v1",
    "inception_resnet_v2",
    "inception_resnet_v2_paper",
    "inception_v4",
]
