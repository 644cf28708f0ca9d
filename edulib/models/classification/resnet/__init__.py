"""ResNet: layers learn a correction to their input.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015.
https://arxiv.org/abs/1512.03385

Read in this order: ``blocks.py`` (the residual blocks), ``imagenet.py`` (ResNet-18 to
152, with table 1 of the paper), ``cifar.py`` (ResNet-20 to 110 and their plain twins).
Notation: B images; C channels; H, W height and width in pixels.

Differs from the paper: where a bottleneck halves the image it does so in its 3x3
convolution, not in its first 1x1. This is the "v1.5" that torchvision uses, whose
published weights fit these models: same parameters, slightly more arithmetic.
Everything else is as in the paper.
"""

from edulib.models.classification.resnet.blocks import (
    BasicBlock,
    BasicBlockA,
    Bottleneck,
    PlainBlock,
    ZeroPadding,
    zero_init_residual,
)
from edulib.models.classification.resnet.cifar import (
    CifarResNet,
    plain20,
    plain32,
    plain44,
    plain56,
    plain110,
    resnet20_cifar,
    resnet32_cifar,
    resnet44_cifar,
    resnet56_cifar,
    resnet110_cifar,
)
from edulib.models.classification.resnet.imagenet import (
    ResNet,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
)

__all__ = [
    "BasicBlock",
    "BasicBlockA",
    "Bottleneck",
    "CifarResNet",
    "PlainBlock",
    "ResNet",
    "ZeroPadding",
    "plain20",
    "plain32",
    "plain44",
    "plain56",
    "plain110",
    "resnet18",
    "resnet20_cifar",
    "resnet32_cifar",
    "resnet34",
    "resnet44_cifar",
    "resnet50",
    "resnet56_cifar",
    "resnet101",
    "resnet110_cifar",
    "resnet152",
    "zero_init_residual",
]
