"""Planted wrong answers to the exercises of the chapter on convolution."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def no_stride(x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(x, weight, padding=padding)


def no_padding(x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(x, weight, stride=stride)


def flipped(x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(x, weight.flip(2, 3), stride=stride, padding=padding)


def three_only(x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    return F.conv2d(x, weight[:, :, :3, :3], stride=stride, padding=padding)


def _gradient(network: nn.Module, size: int, total: bool = False) -> Tensor:
    image = torch.zeros(1, 1, size, size, requires_grad=True)
    output = network(image)[0, 0]
    middle = len(output) // 2
    unit = output.sum() if total else output[middle, middle]
    return torch.autograd.grad(unit, image)[0][0, 0]


def signed(network: nn.Module, size: int) -> Tensor:
    return _gradient(network, size)


def of_all_units(network: nn.Module, size: int) -> Tensor:
    return _gradient(network, size, total=True).abs()


def zeros(network: nn.Module, size: int) -> Tensor:
    return torch.zeros(size, size)


WRONG = {
    "convolution-count": [
        (54, 307_200, 51_380_224, 15),
        (55, 614_400, 51_380_224, 15),
        (55, 307_200, 16_384, 15),
        (55, 307_200, 51_380_224, 21),
    ],
    "convolution-im2col": [no_stride, no_padding, flipped, three_only],
    "convolution-influence": [signed, of_all_units, zeros],
}
