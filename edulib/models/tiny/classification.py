"""Small classifiers: the book's own, with a fraction of their widths."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import nn

from edulib.models.classification import alexnet as _alexnet
from edulib.models.classification import densenet, nin, resnet, resnext, squeezenet, vgg
from edulib.models.classification import efficientnet as _efficientnet
from edulib.models.classification import googlenet as _googlenet
from edulib.models.classification import highway as _highway
from edulib.models.classification import inception_v3 as _inception_v3
from edulib.models.classification import inception_v4 as _inception_v4
from edulib.models.classification import mobilenet_v1 as _mobilenet_v1
from edulib.models.classification import mobilenet_v2 as _mobilenet_v2
from edulib.models.classification import mobilenet_v3 as _mobilenet_v3
from edulib.models.classification import vit as _vit
from edulib.models.classification import xception as _xception
from edulib.models.classification import xception65 as _xception65
from edulib.models.classification import zfnet as _zfnet
from edulib.models.narrow import narrow


def alexnet(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build AlexNet of 2012 with a sixteenth of its widths."""
    return _narrow(_alexnet.alexnet, 16, num_classes, in_channels)


def alexnet_one_tower(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build AlexNet of 2014 with a sixteenth of its widths."""
    return _narrow(_alexnet.alexnet_one_tower, 16, num_classes, in_channels)


def nin_cifar(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build Network in Network for 32 x 32 images with an eighth of its widths."""
    return _narrow(nin.nin_cifar, 8, num_classes, in_channels)


def nin_imagenet(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build Network in Network for photographs with an eighth of its widths."""
    return _narrow(nin.nin_imagenet, 8, num_classes, in_channels)


def vgg11(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build VGG-11 with a sixteenth of its widths."""
    return _narrow(vgg.vgg11, 16, num_classes, in_channels)


def vgg11_bn(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build VGG-11 with batch normalisation and a sixteenth of its widths."""
    return _narrow(vgg.vgg11_bn, 16, num_classes, in_channels)


def googlenet(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build GoogLeNet with an eighth of its widths."""
    return _narrow(_googlenet.googlenet, 8, num_classes, in_channels)


def googlenet_bn(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build GoogLeNet with batch normalisation and an eighth of its widths."""
    return _narrow(_googlenet.googlenet_bn, 8, num_classes, in_channels)


def zfnet(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build ZFNet with a sixteenth of its widths."""
    return _narrow(_zfnet.zfnet, 16, num_classes, in_channels)


def resnet18(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build ResNet-18 with an eighth of its widths."""
    return _narrow(resnet.resnet18, 8, num_classes, in_channels)


def resnet50(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build ResNet-50 with an eighth of its widths."""
    return _narrow(resnet.resnet50, 8, num_classes, in_channels)


def resnet20_cifar(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build the residual network of 20 layers with 4 to 16 channels."""
    return resnet.resnet20_cifar(num_classes, in_channels, width=4)


def plain20(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build the plain network of 20 layers with 4 to 16 channels."""
    return resnet.plain20(num_classes, in_channels, width=4)


def efficientnet(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build B0 with a quarter of its widths and half of its depths."""
    return _efficientnet.efficientnet(0.25, 0.5, 0.2, num_classes, in_channels)


def efficientnet_lite(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build Lite0 with a quarter of its widths and half of its depths."""
    return _efficientnet.efficientnet_lite(0.25, 0.5, 0.2, num_classes, in_channels)


def resnext50(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build ResNeXt with five blocks of two branches, 4 to 32 channels wide."""
    channels = (16, 32, 64, 128)
    return resnext.ResNeXt((2, 1, 1, 1), channels, 2, 4, num_classes, in_channels)


def densenet121(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build DenseNet-BC with two layers a block that add 4 channels each."""
    return densenet.DenseNet((2, 2, 2, 2), 4, 8, num_classes, in_channels)


def densenet40_cifar(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build DenseNet for small images with two layers a block, growth 4."""
    layer = densenet.DenseLayer
    return densenet.CifarDenseNet(layer, 2, 4, 1.0, num_classes, in_channels)


def densenet100_bc_cifar(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build DenseNet-BC for small images with two layers a block, growth 4."""
    layer = densenet.DenseBottleneck
    return densenet.CifarDenseNet(layer, 2, 4, 0.5, num_classes, in_channels)


def squeezenet1_0(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build SqueezeNet 1.0 with an eighth of its widths."""
    return _narrow(squeezenet.squeezenet1_0, 8, num_classes, in_channels)


def squeezenet1_1(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build SqueezeNet 1.1 with an eighth of its widths."""
    return _narrow(squeezenet.squeezenet1_1, 8, num_classes, in_channels)


def mobilenet_v1(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build MobileNet v1 with an eighth of its widths."""
    return _mobilenet_v1.MobileNetV1(0.125, num_classes, in_channels)


def mobilenet_v2(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build MobileNet v2 with an eighth of its widths."""
    return _narrow(_mobilenet_v2.mobilenet_v2, 8, num_classes, in_channels)


def mobilenet_v3_large(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build the large MobileNet v3 with a quarter of its widths."""
    return _narrow(_mobilenet_v3.mobilenet_v3_large, 4, num_classes, in_channels)


def mobilenet_v3_small(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build the small MobileNet v3 with a quarter of its widths."""
    return _narrow(_mobilenet_v3.mobilenet_v3_small, 4, num_classes, in_channels)


def xception(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build Xception with an eighth of its widths."""
    return _narrow(_xception.xception, 8, num_classes, in_channels)


def xception65(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build Xception-65 with an eighth of its widths."""
    return _narrow(_xception65.xception65, 8, num_classes, in_channels)


def inception_v3(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build Inception-v3 with a sixteenth of its widths."""
    return _narrow(_inception_v3.inception_v3, 16, num_classes, in_channels)


def inception_v4(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build Inception-v4 with a sixteenth of its widths."""
    return _narrow(_inception_v4.inception_v4, 16, num_classes, in_channels)


def inception_resnet_v1(
    num_classes: int = 10,
    in_channels: int = 3,
    scales: Sequence[float] = _inception_v4.SCALES,
) -> nn.Module:
    """Build Inception-ResNet-v1 with a sixteenth of its widths."""
    build = partial(_inception_v4.inception_resnet_v1, scales=scales)
    return _narrow(build, 16, num_classes, in_channels)


def inception_resnet_v2(
    num_classes: int = 10,
    in_channels: int = 3,
    scales: Sequence[float] = _inception_v4.SCALES,
) -> nn.Module:
    """Build the released Inception-ResNet-v2 with a sixteenth of its widths."""
    build = partial(_inception_v4.inception_resnet_v2, scales=scales)
    return _narrow(build, 16, num_classes, in_channels)


def inception_resnet_v2_paper(
    num_classes: int = 10,
    in_channels: int = 3,
    scales: Sequence[float] = _inception_v4.SCALES,
) -> nn.Module:
    """Build the paper's Inception-ResNet-v2 with a sixteenth of its widths."""
    build = partial(_inception_v4.inception_resnet_v2_paper, scales=scales)
    return _narrow(build, 16, num_classes, in_channels)


def highway_conv(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build a convolutional highway network with a layer a stage, 4 channels wide."""
    return _highway.ConvHighway(1, 4, num_classes, in_channels)


def vit(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build a ViT of two layers for 32 x 32 images, with tokens of 24 numbers."""
    patches = _vit.PatchEmbedding(32, 8, 24, in_channels)
    return _vit.VisionTransformer(
        patches, depth=2, num_heads=2, num_classes=num_classes
    )


def hybrid_vit(num_classes: int = 10, in_channels: int = 3) -> nn.Module:
    """Build a hybrid for 32 x 32 images with three residual blocks in front."""
    resnet = _vit.ResNetStem((1, 2, 1), 32, in_channels)
    patches = _vit.HybridEmbedding(resnet, 32, 24, in_channels)
    return _vit.VisionTransformer(
        patches, depth=2, num_heads=2, num_classes=num_classes
    )


def _narrow(
    build: Callable[..., nn.Module], factor: int, num_classes: int, in_channels: int
) -> nn.Module:
    with torch.device("meta"):
        model = build(num_classes, in_channels)
    return narrow(model, factor, num_classes, in_channels)
