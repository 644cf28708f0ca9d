"""Planted wrong answers to the exercises of the chapter on ZFNet."""

import torch
from torch import nn

from edulib.chapters.zfnet.networks import SmallZFNet, alexnet_small, zfnet_small


class Rule(torch.autograd.Function):
    """The right rule, for the wrong ones to break."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, signal):
        return signal.clamp(min=0)


class Gradient(Rule):
    @staticmethod
    def backward(ctx, signal):
        (x,) = ctx.saved_tensors
        return signal * (x > 0)


class Guided(Rule):
    @staticmethod
    def backward(ctx, signal):
        (x,) = ctx.saved_tensors
        return signal.clamp(min=0) * (x > 0)


class NothingStops(Rule):
    @staticmethod
    def backward(ctx, signal):
        return signal


class Magnitude(Rule):
    @staticmethod
    def backward(ctx, signal):
        return signal.abs()


class Identity(Rule):
    @staticmethod
    def forward(ctx, x):
        return x.clone()


class FourDimensionsOnly(Rule):
    @staticmethod
    def backward(ctx, signal):
        return signal[:, :, :, :].clamp(min=0)


def always_zfnet(kernel, stride):
    return zfnet_small(64)


def as_in_the_chapter(kernel, stride):
    return (zfnet_small if stride == 2 else alexnet_small)(64)


def same_conv2(kernel, stride):
    conv1 = nn.Conv2d(3, 32, kernel, stride=stride, padding=kernel // 2)
    return SmallZFNet(conv1, nn.Conv2d(32, 64, 5, padding=2), 64)


def without_padding(kernel, stride):
    conv1 = nn.Conv2d(3, 32, kernel, stride=stride)
    return SmallZFNet(conv1, nn.Conv2d(32, 64, 5, stride=4 // stride, padding=2), 64)


def ten_classes(kernel, stride):
    conv1 = nn.Conv2d(3, 32, kernel, stride=stride, padding=kernel // 2)
    conv2 = nn.Conv2d(32, 64, 5, stride=4 // stride, padding=2)
    return SmallZFNet(conv1, conv2, 10)


WRONG = {
    "zfnet-sizes": [
        (54, 51, 8, 20),
        (55, 43, 8, 20),
        (55, 51, 4, 20),
        (55, 51, 8, 5),
        (55, 51, None, 4),
    ],
    "zfnet-relu": [
        Gradient,
        Guided,
        NothingStops,
        Magnitude,
        Identity,
        FourDimensionsOnly,
    ],
    "zfnet-first-look": [
        always_zfnet,
        as_in_the_chapter,
        same_conv2,
        without_padding,
        ten_classes,
    ],
}
