"""Planted wrong answers to the exercises of the chapter on GoogLeNet."""

import torch
from torch import nn


class Right(nn.Module):
    """The right block, for the wrong ones to break."""

    order = ("one", "three", "five", "pooled")
    side = 5

    def __init__(self, in_channels, widths):
        super().__init__()
        one, reduce3, three, reduce5, five, project = widths
        self.one = nn.Conv2d(in_channels, one, 1)
        self.reduce3 = nn.Conv2d(in_channels, reduce3, 1)
        self.three = nn.Conv2d(reduce3, three, 3, padding=1)
        self.reduce5 = nn.Conv2d(in_channels, reduce5, 1)
        self.five = nn.Conv2d(reduce5, five, self.side, padding=self.side // 2)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.project = nn.Conv2d(in_channels, project, 1)

    def branches(self, x):
        return {
            "one": self.one(x),
            "three": self.three(self.reduce3(x).relu()),
            "five": self.five(self.reduce5(x).relu()),
            "pooled": self.project(self.pool(x)),
        }

    def forward(self, x):
        branches = self.branches(x)
        return torch.cat([branches[name] for name in self.order], dim=1).relu()


class OrderOfBranches(Right):
    order = ("one", "five", "three", "pooled")


class ThreeByThree(Right):
    side = 3


class NoLastReLU(Right):
    def forward(self, x):
        return torch.cat(list(self.branches(x).values()), dim=1)


class NoReLUInside(Right):
    def branches(self, x):
        inside = {
            "three": self.three(self.reduce3(x)),
            "five": self.five(self.reduce5(x)),
        }
        return super().branches(x) | inside


class WithoutPooling(Right):
    def branches(self, x):
        return super().branches(x) | {"pooled": self.project(x)}


class JoinedAlongRows(Right):
    def forward(self, x):
        return torch.cat([self.one(x), self.one(x)], dim=2).relu()


class FixedWidths(Right):
    def __init__(self, in_channels, widths):
        super().__init__(8, (4, 3, 6, 2, 5, 7))


def block(first, second, kernel, last):
    return nn.Sequential(
        nn.Conv2d(first, second, 1),
        nn.ReLU(),
        nn.Conv2d(second, last, kernel, padding=kernel // 2),
        nn.ReLU(),
    )


def fitting(in_channels, kernel, budget, last=64):
    return (budget - last) // (in_channels + 1 + last * kernel**2)


def without_relu(in_channels, kernel, budget):
    layers = block(in_channels, fitting(in_channels, kernel, budget), kernel, 64)
    return nn.Sequential(layers[0], layers[2])


def always_three(in_channels, kernel, budget):
    return block(in_channels, fitting(in_channels, 3, budget), 3, 64)


def too_thin(in_channels, kernel, budget):
    return block(in_channels, 2, kernel, 64)


def too_wide(in_channels, kernel, budget):
    return block(in_channels, 1 + fitting(in_channels, kernel, budget), kernel, 64)


def half_as_wide(in_channels, kernel, budget):
    return block(in_channels, fitting(in_channels, kernel, budget, 32), kernel, 32)


WRONG = {
    "googlenet-cost": [
        (28 * 28 * 32 * 96 * 25, 481689600, 480),
        (66633728, 28 * 28 * 32 * 96 * 25, 480),
        (66633728, 481689600, 640),
        (66633728, 481689600, None),
    ],
    "googlenet-inception": [
        OrderOfBranches,
        ThreeByThree,
        NoLastReLU,
        NoReLUInside,
        WithoutPooling,
        JoinedAlongRows,
        FixedWidths,
    ],
    "googlenet-one-size": [
        without_relu,
        always_three,
        too_thin,
        too_wide,
        half_as_wide,
    ],
}
