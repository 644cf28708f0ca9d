"""Planted wrong answers to the exercises of the chapter on normalisation."""

import torch
from torch import Tensor, nn


def _fold(weight: Tensor, norm: nn.BatchNorm2d, eps: float | None = None) -> tuple:
    variance = norm.running_var + (norm.eps if eps is None else eps)
    scale = norm.weight / variance.sqrt()
    return weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


def without_mean(weight: Tensor, norm: nn.BatchNorm2d) -> tuple:
    return _fold(weight, norm)[0], norm.bias


def without_gamma(weight: Tensor, norm: nn.BatchNorm2d) -> tuple:
    scale = 1 / (norm.running_var + norm.eps).sqrt()
    return weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


def without_eps(weight: Tensor, norm: nn.BatchNorm2d) -> tuple:
    return _fold(weight, norm, eps=0.0)


def eps_outside_the_root(weight: Tensor, norm: nn.BatchNorm2d) -> tuple:
    scale = norm.weight / (norm.running_var.sqrt() + norm.eps)
    return weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale


def over_input_channels(weight: Tensor, norm: nn.BatchNorm2d) -> tuple:
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    inputs = weight.shape[1]
    return weight * scale[:inputs, None, None], norm.bias - norm.running_mean * scale


def in_place(weight: Tensor, norm: nn.BatchNorm2d) -> tuple:
    new, bias = _fold(weight, norm)
    return weight.copy_(new), bias


def keeps_the_root(weight: Tensor, norm: nn.BatchNorm2d) -> tuple:
    folded = _fold(weight, norm)
    norm.running_var.add_(norm.eps).sqrt_()
    return folded


def weight_alone(weight: Tensor, norm: nn.BatchNorm2d) -> Tensor:
    return _fold(weight, norm)[0]


def _layers(network: nn.Module) -> list[nn.BatchNorm2d]:
    return [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]


@torch.no_grad()
def _recompute(network: nn.Module, batches: list, reset: bool = True) -> None:
    momenta = [layer.momentum for layer in _layers(network)]
    for layer in _layers(network):
        layer.momentum = None
        if reset:
            layer.reset_running_stats()
    network.train()
    for batch in batches:
        network(batch)
    network.eval()
    for layer, momentum in zip(_layers(network), momenta, strict=True):
        layer.momentum = momentum


@torch.no_grad()
def by_momentum(network: nn.Module, batches: list) -> None:
    network.train()
    for batch in batches:
        network(batch)
    network.eval()


def clears_scales(network: nn.Module, batches: list) -> None:
    _recompute(network, batches)
    for layer in _layers(network):
        layer.weight.data.zero_()


def stays_in_training(network: nn.Module, batches: list) -> None:
    _recompute(network, batches)
    network.train()


def loses_momentum(network: nn.Module, batches: list) -> None:
    _recompute(network, batches)
    for layer in _layers(network):
        layer.momentum = 0.1


def biased(network: nn.Module, batches: list) -> None:
    _recompute(network, batches)
    for layer in _layers(network):
        layer.running_var *= 31 / 32


def of_all_images(network: nn.Module, batches: list) -> None:
    _recompute(network, [torch.cat(batches)])


def last_batch(network: nn.Module, batches: list) -> None:
    _recompute(network, batches[-1:])


@torch.no_grad()
def layer_by_layer_in_evaluation(network: nn.Module, batches: list) -> None:
    for layer in _layers(network):
        seen: list[Tensor] = []
        hook = layer.register_forward_pre_hook(lambda _, args: seen.append(args[0]))  # noqa: B023
        for batch in batches:
            network(batch)
        hook.remove()
        layer.running_mean.copy_(torch.stack([x.mean((0, 2, 3)) for x in seen]).mean(0))
        layer.running_var.copy_(torch.stack([x.var((0, 2, 3)) for x in seen]).mean(0))


WRONG = {
    "normalization-count": [
        (32 * 64 * 28 * 28, 3136, 128, 0.542),
        (784, 3136, 128, 0.542),
        (25_088, 16 * 28 * 28, 128, 0.542),
        (25_088, 3136, 256, 0.542),
        (25_088, 3136, 64, 0.542),
        (25_088, 3136, 128, 1.458),
        (25_088, 3136, 128, 2.0),
    ],
    "normalization-fold": [
        without_mean,
        without_gamma,
        without_eps,
        eps_outside_the_root,
        over_input_channels,
        in_place,
        keeps_the_root,
        weight_alone,
    ],
    "normalization-recompute": [
        by_momentum,
        stays_in_training,
        clears_scales,
        loses_momentum,
        biased,
        of_all_images,
        last_batch,
        layer_by_layer_in_evaluation,
    ],
}
