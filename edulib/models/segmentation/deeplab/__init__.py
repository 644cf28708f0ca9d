"""DeepLab: kernels with holes keep a map fine, and a small decoder finds its borders.

Chen, Zhu, Papandreou, Schroff and Adam, "Encoder-Decoder with Atrous Separable
Convolution for Semantic Image Segmentation" (DeepLabV3+), ECCV 2018.
https://arxiv.org/abs/1802.02611
Its encoder: Chen, Papandreou, Schroff and Adam, "Rethinking Atrous Convolution for
Semantic Image Segmentation" (DeepLabV3), 2017. https://arxiv.org/abs/1706.05587

Read in this order: ``atrous.py`` (take strides away, spread kernels), ``aspp.py``
(several rates side by side), ``v3.py`` (both, and an enlargement), ``v3plus.py`` (the
decoder, and the backbones), ``phones.py`` (on MobileNets), ``lraspp.py`` (MobileNetV3's
own head).
Notation: B images; C channels; H, W height and width in pixels; K classes. The output
stride is how many pixels of the image make one step in the backbone's last map; the
rate of a kernel is how many cells lie from one of its weights to the next.

Differs from the paper: as each file says; in short, where ResNet's strides stand, the
momentum of normalisations, initial weights, and, in V3 and LR-ASPP, whatever
torchvision does in another way.
"""

from edulib.models.segmentation.deeplab.aspp import ASPP, conv_norm_relu, separable
from edulib.models.segmentation.deeplab.atrous import keep_fine, set_grid, spread
from edulib.models.segmentation.deeplab.lraspp import (
    LRASPP,
    lraspp_mobilenet_v3_large,
)
from edulib.models.segmentation.deeplab.phones import (
    deeplabv3_mobilenet_v3_large,
    deeplabv3plus_mobilenet_v2,
    deeplabv3plus_mobilenet_v3_large,
)
from edulib.models.segmentation.deeplab.v3 import (
    DeepLabV3,
    deeplabv3_resnet50,
    deeplabv3_resnet101,
)
from edulib.models.segmentation.deeplab.v3plus import (
    Decoder,
    DeepLabV3Plus,
    XceptionMaps,
    deeplabv3plus_resnet50,
    deeplabv3plus_resnet101,
    deeplabv3plus_xception65,
)

__all__ = [
    "ASPP",
    "LRASPP",
    "Decoder",
    "DeepLabV3",
    "DeepLabV3Plus",
    "XceptionMaps",
    "conv_norm_relu",
    "deeplabv3_mobilenet_v3_large",
    "deeplabv3_resnet50",
    "deeplabv3_resnet101",
    "deeplabv3plus_mobilenet_v2",
    "deeplabv3plus_mobilenet_v3_large",
    "deeplabv3plus_resnet50",
    "deeplabv3plus_resnet101",
    "deeplabv3plus_xception65",
    "keep_fine",
    "lraspp_mobilenet_v3_large",
    "separable",
    "set_grid",
    "spread",
]
