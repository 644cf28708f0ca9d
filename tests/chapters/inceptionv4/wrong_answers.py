"""Planted wrong answers of the chapter on Inception-v4 and Inception-ResNet."""

import torch
import torch.nn.functional as F


def no_last_relu(x, maps, weight, bias, scale):
    return x + scale * F.conv2d(maps, weight, bias)


def relu_on_mixture(x, maps, weight, bias, scale):
    return (x + scale * F.conv2d(maps, weight, bias).relu()).relu()


def unscaled_bias(x, maps, weight, bias, scale):
    return (x + scale * F.conv2d(maps, weight) + bias[:, None, None]).relu()


def scales_the_sum(x, maps, weight, bias, scale):
    return (scale * (x + F.conv2d(maps, weight, bias))).relu()


def always_a_fifth(x, maps, weight, bias, scale):
    return (x + 0.2 * F.conv2d(maps, weight, bias)).relu()


def in_place(x, maps, weight, bias, scale):
    return x.add_(scale * F.conv2d(maps, weight, bias)).relu_()


def eight_channels(x, maps, weight, bias, scale):
    mixture = torch.zeros(2, 8, 4, 4)
    mixture[:, : len(bias)] = F.conv2d(maps, weight, bias)
    return (x + scale * mixture).relu()


def zero_is_default(x, maps, weight, bias, scale):
    return (x + (scale or 1.0) * F.conv2d(maps, weight, bias)).relu()


def rectified_maps(x, maps, weight, bias, scale):
    return (x + scale * F.conv2d(maps.relu(), weight, bias)).relu()


def rectified_input(x, maps, weight, bias, scale):
    return (x.relu() + scale * F.conv2d(maps, weight, bias)).relu()


def scales_the_weights_given(x, maps, weight, bias, scale):
    return (x + F.conv2d(maps, weight.mul_(scale), bias.mul_(scale))).relu()


def square_maps(x, maps, weight, bias, scale):
    side = maps.shape[-1]
    lines = maps.reshape(len(maps), -1, side * side)
    mixture = (weight[:, :, 0, 0] @ lines).reshape(len(x), -1, side, side)
    return (x + scale * (mixture + bias[:, None, None])).relu()


def same_rate(weight, bias, scale, rate):
    return scale * weight, scale * bias, rate


def rate_once(weight, bias, scale, rate):
    return scale * weight, scale * bias, scale * rate


def rate_divided(weight, bias, scale, rate):
    return scale * weight, scale * bias, rate / scale**2


def weight_only(weight, bias, scale, rate):
    return scale * weight, bias, scale**2 * rate


def root(weight, bias, scale, rate):
    return scale**0.5 * weight, scale**0.5 * bias, scale * rate


def never_above_one(weight, bias, scale, rate):
    scale = min(scale, 1.0)
    return scale * weight, scale * bias, scale**2 * rate


def folds_in_place(weight, bias, scale, rate):
    return weight.mul_(scale), bias.mul_(scale), scale**2 * rate


def rate_of_the_example(weight, bias, scale, rate):
    return scale * weight, scale * bias, scale**2 * 0.4


def two_values(weight, bias, scale, rate):
    return scale * weight, scale**2 * rate


def rate_as_text(weight, bias, scale, rate):
    return scale * weight, scale * bias, "slow"


WRONG = {
    "inceptionv4-price": [
        (229_376, 229_376, 73),
        (230_272, 114_688, 73),
        (230_272, 229_376, 75),
        (229_376, 802_816, 74),
        (230_272.0, None, "73"),
    ],
    "inceptionv4-sum": [
        no_last_relu,
        relu_on_mixture,
        unscaled_bias,
        scales_the_sum,
        always_a_fifth,
        in_place,
        eight_channels,
        zero_is_default,
        rectified_maps,
        rectified_input,
        scales_the_weights_given,
        square_maps,
    ],
    "inceptionv4-twin": [
        same_rate,
        rate_once,
        rate_divided,
        weight_only,
        root,
        never_above_one,
        folds_in_place,
        rate_of_the_example,
        two_values,
        rate_as_text,
    ],
}
