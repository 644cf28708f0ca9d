"""Planted wrong answers to the exercises of the chapter on Xception."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def filtered(x, filters, padding=1):
    return F.conv2d(x, filters[:, None], padding=padding, groups=len(filters))


def mixed(maps, mix):
    return torch.einsum("oc,bchw->bohw", mix, maps)


def unpadded(x, filters, mix):
    return mixed(filtered(x, filters, padding=0), mix)


def turned(x, filters, mix):
    return mixed(filtered(x, filters.flip(1, 2)), mix)


def transposed(x, filters, mix):
    return mixed(filtered(x, filters.mT), mix)


def one_filter_for_all(x, filters, mix):
    return mixed(filtered(x, filters[:1].expand_as(filters)), mix)


def rectified(x, filters, mix):
    return mixed(filtered(x, filters).relu(), mix)


def not_mixed(x, filters, mix):
    return filtered(x, filters).repeat(1, 4, 1, 1)[:, : len(mix)]


def summed_over_channels(x, filters, mix):
    return mixed(filtered(x, filters).sum(1, keepdim=True).expand_as(x), mix)


class Right(nn.Module):
    """The right layer, for the wrong ones to break."""

    def __init__(self, in_channels: int, out_channels: int, multiplier: int) -> None:
        super().__init__()
        self.depthwise = self.make_depthwise(in_channels, multiplier)
        self.pointwise = nn.Conv2d(self.depthwise.out_channels, out_channels, 1)
        self.pointwise.bias = None
        self.norm = nn.BatchNorm2d(out_channels)

    def make_depthwise(self, channels: int, multiplier: int) -> nn.Conv2d:
        return nn.Conv2d(
            channels, multiplier * channels, 3, padding=1, groups=channels, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.pointwise(self.depthwise(x).relu()))


class Full(Right):
    def make_depthwise(self, channels: int, multiplier: int) -> nn.Conv2d:
        return nn.Conv2d(channels, multiplier * channels, 3, padding=1, bias=False)


class OneFilter(Right):
    def make_depthwise(self, channels: int, multiplier: int) -> nn.Conv2d:
        return super().make_depthwise(channels, 1)


class MultipliedGroups(Right):
    """As many groups as the multiplier, in place of the channels."""

    def make_depthwise(self, channels: int, multiplier: int) -> nn.Conv2d:
        groups = multiplier if channels % multiplier == 0 else 1
        return nn.Conv2d(
            channels, multiplier * channels, 3, padding=1, groups=groups, bias=False
        )


class Biased(Right):
    def make_depthwise(self, channels: int, multiplier: int) -> nn.Conv2d:
        return nn.Conv2d(channels, multiplier * channels, 3, padding=1, groups=channels)


class Linear(Right):
    """As Xception has it: nothing between the two."""

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.pointwise(self.depthwise(x)))


class RectifiedAfter(Right):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.pointwise(self.depthwise(x))).relu()


class RectifiedBefore(Right):
    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.pointwise(self.depthwise(x.relu())))


class NotNormalised(Right):
    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x).relu())


class Detached(Right):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.detach())


class RefusesOne(Right):
    def forward(self, x: Tensor) -> Tensor:
        if self.depthwise.out_channels == self.depthwise.in_channels:
            return self.norm(self.pointwise(self.depthwise(x)))
        return super().forward(x)


WRONG = {
    "xception-count": [
        (5_307_392 + 1, 536_536, 2_365_272, 11_648),
        (4_769_856, 529_984, 2_365_272, 11_648),
        (4_769_856, 536_536, 3_285, 11_648),
        (4_769_856, 536_536, 2_365_272, 18_200),
    ],
    "xception-separable": [
        unpadded,
        turned,
        transposed,
        one_filter_for_all,
        rectified,
        not_mixed,
        summed_over_channels,
    ],
    "xception-thick": [
        Full,
        OneFilter,
        MultipliedGroups,
        Biased,
        Linear,
        RectifiedAfter,
        RectifiedBefore,
        NotNormalised,
        Detached,
        RefusesOne,
    ],
}
