"""EfficientNet: scale depth, width and resolution together, from one small network.

Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
ICML 2019. https://arxiv.org/abs/1905.11946

EfficientNet-Lite, the form for phones, stands in no paper: Liu, "Higher accuracy on
vision models with EfficientNet-Lite", TensorFlow blog, 16 March 2020.
https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html

Read in this order: ``blocks.py`` (the mobile inverted bottleneck), ``network.py``
(table 1 of the paper and its scaling). Notation: B images; C channels; H, W height and
width in pixels.

Differs from the paper: B0 to B7 pad alike on both sides, as torchvision's, whose
published weights were trained so. The authors pad as TensorFlow does, and so does the
Lite form, whose published weights are Google's (see :class:`SameConv2d`). What paper
and blog do not name is as in the authors' code: the initialisation, epsilon 0.001 of
batch normalisation, squeezing to a quarter of a block's input.
"""

from edulib.models.classification.efficientnet.blocks import (
    MBConv,
    SameConv2d,
    StochasticDepth,
    conv_norm_relu6,
    conv_norm_swish,
)
from edulib.models.classification.efficientnet.network import (
    TABLE_1,
    EfficientNet,
    Stage,
    efficientnet,
    efficientnet_b0,
    efficientnet_b1,
    efficientnet_b2,
    efficientnet_b3,
    efficientnet_b4,
    efficientnet_b5,
    efficientnet_b6,
    efficientnet_b7,
    efficientnet_lite,
    efficientnet_lite0,
    efficientnet_lite1,
    efficientnet_lite2,
    efficientnet_lite3,
    efficientnet_lite4,
    scale_depth,
)

__all__ = [
    "TABLE_1",
    "EfficientNet",
    "MBConv",
    "SameConv2d",
    "Stage",
    "StochasticDepth",
    "conv_norm_relu6",
    "conv_norm_swish",
    "efficientnet",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_lite",
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
    "efficientnet_lite3",
    "efficientnet_lite4",
    "scale_depth",
]
