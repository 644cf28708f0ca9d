"""Planted wrong answers to the exercises of the chapter on ResNeXt."""

import torch


def cat_all_outputs(branches):
    return tuple(torch.cat(layer) for layer in zip(*branches, strict=True))


def cat_all_inputs(branches):
    return tuple(torch.cat(layer, dim=1) for layer in zip(*branches, strict=True))


def last_two_exchanged(branches):
    first, middle, last = zip(*branches, strict=True)
    return torch.cat(first), torch.cat(middle), torch.cat(last[::-1], dim=1)


def averaged(branches):
    first, middle, last = zip(*branches, strict=True)
    return (
        torch.cat(first),
        torch.cat(middle),
        torch.cat(last, dim=1) / len(branches),
    )


def first_two_only(branches):
    first, middle, last = zip(*branches[:2], strict=True)
    return torch.cat(first), torch.cat(middle), torch.cat(last, dim=1)


def interleaved(branches):
    first, middle, last = zip(*branches, strict=True)
    width = first[0].shape[0]
    order = [b * width + k for k in range(width) for b in range(len(first))]
    return torch.cat(first)[order], torch.cat(middle), torch.cat(last, dim=1)


def needs_two(branches):
    if len(branches) == 1:
        return tuple(torch.zeros_like(weight) for weight in branches[0])
    first, middle, last = zip(*branches, strict=True)
    return torch.cat(first), torch.cat(middle), torch.cat(last, dim=1)


def square_only(branches):
    first, middle, last = zip(*branches, strict=True)
    inside = torch.cat(first).shape[0]
    return (
        torch.cat(first),
        torch.cat(middle),
        torch.cat(last, dim=1)[: first[0].shape[1], :inside],
    )


def overwrites_weights(branches):
    first, middle, last = zip(*branches, strict=True)
    found = torch.cat(first), torch.cat(middle), torch.cat(last, dim=1)
    for branch in branches:
        for weight in branch:
            weight.zero_()
    return found


def overwrites_the_last(branches):
    first, middle, last = zip(*branches, strict=True)
    found = torch.cat(first), torch.cat(middle), torch.cat(last, dim=1)
    last[-1].zero_()
    return found


def empties_the_list(branches):
    first, middle, last = zip(*branches, strict=True)
    branches.clear()
    return torch.cat(first), torch.cat(middle), torch.cat(last, dim=1)


def kernel_flipped(branches):
    first, middle, last = zip(*branches, strict=True)
    return torch.cat(first), torch.cat(middle).flip(-1), torch.cat(last, dim=1)


def repeated(weight, groups):
    return weight.repeat(1, groups, 1, 1)


def padded(weight, groups):
    full = torch.zeros(len(weight), len(weight), *weight.shape[2:])
    full[:, : weight.shape[1]] = weight
    return full


def nearly_zero(weight, groups):
    full = torch.full((len(weight), len(weight), *weight.shape[2:]), 1e-9)
    width = weight.shape[1]
    for k in range(groups):
        own = slice(k * width, (k + 1) * width)
        full[own, own] = weight[own]
    return full


def transposed(weight, groups):
    full = torch.zeros(len(weight), len(weight), *weight.shape[2:])
    width = weight.shape[1]
    for k in range(groups):
        own = slice(k * width, (k + 1) * width)
        full[own, own] = weight[own].transpose(0, 1)
    return full


def of_three_pixels(weight, groups):
    full = torch.zeros(len(weight), len(weight), 3, 3)
    width = weight.shape[1]
    for k in range(groups):
        own = slice(k * width, (k + 1) * width)
        full[own, own] = weight[own]
    return full


def overwrites(weight, groups):
    full = torch.zeros(len(weight), len(weight), *weight.shape[2:])
    width = weight.shape[1]
    for k in range(groups):
        own = slice(k * width, (k + 1) * width)
        full[own, own] = weight[own]
    weight.zero_()
    return full


def first_group_everywhere(weight, groups):
    width = weight.shape[1]
    full = torch.zeros(len(weight), len(weight), *weight.shape[2:])
    for k in range(groups):
        own = slice(k * width, (k + 1) * width)
        full[own, own] = weight[:width]
    return full


def cyclic(weight, groups):
    full = torch.zeros(len(weight), len(weight), *weight.shape[2:])
    width = weight.shape[1]
    for k in range(groups):
        own = slice(k * width, (k + 1) * width)
        other = (k + 1) % groups
        full[own, other * width : (other + 1) * width] = weight[own]
    return full


WRONG = {
    "resnext-price": [
        (140_289, 28_901_376, 30),
        (140_288, 9216, 30),
        (140_288, 28_901_376, 29),
        (69_632, 1_849_688_064, 31),
        (140_288.0, None, "30"),
    ],
    "resnext-merge": [
        cat_all_outputs,
        cat_all_inputs,
        last_two_exchanged,
        averaged,
        first_two_only,
        interleaved,
        needs_two,
        square_only,
        overwrites_weights,
        overwrites_the_last,
        empties_the_list,
        kernel_flipped,
    ],
    "resnext-full": [
        repeated,
        padded,
        nearly_zero,
        transposed,
        of_three_pixels,
        cyclic,
        overwrites,
        first_group_everywhere,
    ],
}
