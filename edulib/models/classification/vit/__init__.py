"""ViT: an image is a row of patches, and a plain transformer reads it.

Dosovitskiy, Beyer, Kolesnikov, Weissenborn, Zhai, Unterthiner, Dehghani, Minderer,
Heigold, Gelly, Uszkoreit and Houlsby, "An Image is Worth 16x16 Words: Transformers for
Image Recognition at Scale", ICLR 2021. https://arxiv.org/abs/2010.11929

Read in this order: ``network.py`` (patches, a layer of the encoder, the network and
its sizes), ``hybrid.py`` (the part of a ResNet that may stand in front) and
``finetune.py`` (positions for images of another size). Notation: B images; H, W height
and width in pixels; N patches; D token width.

The paper has the sizes Base, Large and Huge (the last has no builder here); Tiny and
Small are DeiT's (Touvron and others, 2020, https://arxiv.org/abs/2012.12877), without
the second token of its distillation.

Differs from the paper: the head is one linear layer, as in its fine-tuning; the
paper's pre-training has a hidden layer with tanh before it. What the paper does not
name is as in the authors' code: the initialisation, epsilon 0.000001 of the
normalisations. GELU is exact, as in torchvision and timm; the authors' code takes the
approximation by tanh.
"""

from edulib.models.classification.vit.finetune import resize_positions
from edulib.models.classification.vit.hybrid import (
    HybridEmbedding,
    ResNetStem,
    r50_vit_b_16,
)
from edulib.models.classification.vit.network import (
    EncoderLayer,
    PatchEmbedding,
    VisionTransformer,
    vit_b_16,
    vit_b_32,
    vit_l_16,
    vit_l_32,
    vit_s_16,
    vit_ti_16,
)

__all__ = [
    "EncoderLayer",
    "HybridEmbedding",
    "PatchEmbedding",
    "ResNetStem",
    "VisionTransformer",
    "r50_vit_b_16",
    "resize_positions",
    "vit_b_16",
    "vit_b_32",
    "vit_l_16",
    "vit_l_32",
    "vit_s_16",
    "vit_ti_16",
]
