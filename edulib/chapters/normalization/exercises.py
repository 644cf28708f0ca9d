"""Checks of the exercises of the chapter on normalisation."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.exercises.answer import Answer
from edulib.exercises.compare import expect, expect_close, expect_equal, is_equal
from edulib.exercises.registry import part


@part(
    "normalization-count",
    "numbers that share a mean in batch normalisation",
    points=1,
    hint="One channel, all images, all places.",
)
def _in_batch(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], torch.zeros(32, 64, 28, 28)[:, 0].numel(), "in_batch")


@part(
    "normalization-count",
    "numbers that share a mean in group normalisation",
    points=1,
    hint="One image, all places, and 64 channels dealt to 16 groups.",
)
def _in_group(answer: Answer, generator: torch.Generator) -> None:
    parts = torch.zeros(32, 64, 28, 28).unflatten(1, (16, -1))
    expect_equal(answer[1], parts[0, 0].numel(), "in_group")


@part(
    "normalization-count",
    "learned numbers",
    points=1,
    hint="A scale and a shift; the running statistics are not learned.",
)
def _learned(answer: Answer, generator: torch.Generator) -> None:
    learned = sum(p.numel() for p in nn.BatchNorm2d(64).parameters())
    expect_equal(answer[2], learned, "learned")


@part(
    "normalization-count",
    "the running mean after three steps",
    points=2,
    hint="In each step nine tenths of the old value stay.",
)
def _running(answer: Answer, generator: torch.Generator) -> None:
    norm = nn.BatchNorm2d(1)
    for _ in range(3):
        norm(torch.full((2, 1, 2, 2), 2.0))
    expect_equal(answer[3], round(norm.running_mean.item(), 4), "running")


def make_norm(
    channels: int, generator: torch.Generator, variance: float = 1.0
) -> nn.BatchNorm2d:
    """Return a normalisation that is trained already, in evaluation mode."""
    norm = nn.BatchNorm2d(channels).eval()
    for tensor in (norm.weight.data, norm.bias.data, norm.running_mean):
        tensor.copy_(torch.randn(channels, generator=generator))
    norm.running_var.copy_(variance * (0.5 + torch.rand(channels, generator=generator)))
    return norm


def _compare_folded(answer: Answer, weight: Tensor, norm: nn.BatchNorm2d) -> None:
    x = torch.linspace(-1, 1, 2 * weight.shape[1] * 36).cos()
    x = x.view(2, weight.shape[1], 6, 6)
    with torch.no_grad():
        right = norm(F.conv2d(x, weight))
        found = answer(weight, norm)
        expect(
            isinstance(found, tuple) and len(found) == 2,
            "expected the new weight and the new bias: return weight, bias",
        )
        expect_close(F.conv2d(x, found[0], found[1]), right)


@part(
    "normalization-fold",
    "the convolution alone gives what both gave",
    points=2,
    hint="y = scale * (w * x) + shift: which numbers can go into w, which are a bias?",
)
def _folds(answer: Answer, generator: torch.Generator) -> None:
    weight = torch.randn(4, 3, 3, 3, generator=generator)
    _compare_folded(answer, weight, make_norm(4, generator))


@part(
    "normalization-fold",
    "a channel of tiny variance",
    points=1,
    hint="eps is added to the variance, under the root.",
)
def _tiny(answer: Answer, generator: torch.Generator) -> None:
    weight = torch.randn(4, 3, 3, 3, generator=generator)
    _compare_folded(answer, weight, make_norm(4, generator, variance=1e-5))


@part(
    "normalization-fold",
    "what was given stays as it was",
    points=1,
    hint="`weight *= ...` changes the tensor of the caller; `weight = weight * ...` "
    "makes a new one.",
    hidden=True,
)
def _unchanged(answer: Answer, generator: torch.Generator) -> None:
    weight = torch.randn(4, 3, 1, 1, generator=generator)
    norm = make_norm(4, generator)
    given = (weight, norm.weight.data, norm.bias.data)
    given += (norm.running_mean, norm.running_var)
    before = [tensor.clone() for tensor in given]
    with torch.no_grad():
        answer(weight, norm)
    for tensor, old in zip(given, before, strict=True):
        expect(is_equal(tensor, old), "your function changed what it was given")


def _batches(generator: torch.Generator) -> list[Tensor]:
    return [
        3 * scale + scale * torch.randn(2, 3, 4, 4, generator=generator)
        for scale in (0.5, 1.0, 4.0)
    ]


def _used(generator: torch.Generator) -> nn.BatchNorm2d:
    """Return a normalisation that remembers something else, in evaluation mode."""
    norm = make_norm(3, generator)
    norm.weight.data.fill_(1)
    norm.bias.data.zero_()
    return norm


@part(
    "normalization-recompute",
    "the mean of the batches' means",
    points=1,
    hint="Nothing of the old running mean may be left: reset_running_stats().",
)
def _mean(answer: Answer, generator: torch.Generator) -> None:
    norm, batches = _used(generator), _batches(generator)
    answer(norm, batches)
    means = torch.stack([batch.mean((0, 2, 3)) for batch in batches])
    expect_close(norm.running_mean, means.mean(0), "the running mean")


@part(
    "normalization-recompute",
    "the mean of the batches' unbiased variances",
    points=2,
    hint="Not the variance of all images together: the mean of the variances.",
)
def _variance(answer: Answer, generator: torch.Generator) -> None:
    norm, batches = _used(generator), _batches(generator)
    answer(norm, batches)
    variances = torch.stack([batch.var((0, 2, 3)) for batch in batches])
    expect_close(norm.running_var, variances.mean(0), "the running variance")


@part(
    "normalization-recompute",
    "in evaluation mode afterwards, with its old momentum",
    points=1,
    hint="Put back what you changed.",
)
def _as_before(answer: Answer, generator: torch.Generator) -> None:
    network = nn.Sequential(make_norm(3, generator), make_norm(3, generator))
    for norm, momentum in zip(network, (0.25, 0.5), strict=True):
        norm.momentum = momentum
    before = [p.detach().clone() for p in network.parameters()]
    answer(network, _batches(generator))
    for norm, momentum in zip(network, (0.25, 0.5), strict=True):
        expect(not norm.training, "expected the network in evaluation mode")
        expect(
            norm.momentum == momentum,
            f"a momentum is {norm.momentum}, it was {momentum}",
        )
    for parameter, old in zip(network.parameters(), before, strict=True):
        expect(is_equal(parameter.detach(), old), "a scale or a shift has changed")


@part(
    "normalization-recompute",
    "a second layer sees what the first gives in training",
    points=1,
    hint="All layers run in training mode while the statistics are collected.",
)
def _deeper(answer: Answer, generator: torch.Generator) -> None:
    first, second = _used(generator), _used(generator)
    batches = _batches(generator)
    answer(nn.Sequential(first, nn.ReLU(), second), batches)
    fresh = nn.BatchNorm2d(3)
    seen = [fresh(batch).relu() for batch in batches]
    right = torch.stack([maps.mean((0, 2, 3)) for maps in seen]).mean(0)
    expect_close(second.running_mean, right, "the second layer's running mean")
