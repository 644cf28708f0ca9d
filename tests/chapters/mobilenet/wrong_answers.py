"""Planted wrong answers to the exercises of the chapter on SqueezeNet and MobileNet."""

import torch
from torch import Tensor, nn


class Right(nn.Module):
    """The right block, for the wrong ones to break."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.depthwise = self.make_depthwise(in_channels, stride)
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)

    def make_depthwise(self, channels: int, stride: int) -> nn.Conv2d:
        return nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.depthwise(x)).clamp(0, 6)
        return self.norm2(self.pointwise(x)).clamp(0, 6)


class Full(Right):
    def make_depthwise(self, channels: int, stride: int) -> nn.Conv2d:
        return nn.Conv2d(channels, channels, 3, stride, 1, bias=False)


class TwoGroups(Right):
    def make_depthwise(self, channels: int, stride: int) -> nn.Conv2d:
        groups = 2 if channels % 2 == 0 else 1
        return nn.Conv2d(channels, channels, 3, stride, 1, groups=groups, bias=False)


class Biased(Right):
    def make_depthwise(self, channels: int, stride: int) -> nn.Conv2d:
        return nn.Conv2d(channels, channels, 3, stride, 1, groups=channels)


class NotClipped(Right):
    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.depthwise(x)).relu()
        return self.norm2(self.pointwise(x)).relu()


class LinearInside(Right):
    """As Xception has it: nothing between the two."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.depthwise(x))
        return self.norm2(self.pointwise(x)).clamp(0, 6)


class LinearOutside(Right):
    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.depthwise(x)).clamp(0, 6)
        return self.norm2(self.pointwise(x))


class IgnoresStride(Right):
    def make_depthwise(self, channels: int, stride: int) -> nn.Conv2d:
        return super().make_depthwise(channels, 1)


class StrideInPointwise(Right):
    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, 1)
        self.pointwise.stride = (stride, stride)


class PadsBehind(Right):
    """As TensorFlow pads at stride 2: nothing before, one pixel behind."""

    def forward(self, x: Tensor) -> Tensor:
        if self.depthwise.stride[0] == 2 and x.shape[-1] % 2 == 0:
            x = nn.functional.pad(x, (0, 1, 0, 1))
            self.depthwise.padding = (0, 0)
        return super().forward(x)


class Unpadded(Right):
    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.depthwise.padding = (0, 0)


class Detached(Right):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.detach())


class Shortcut(Right):
    """As in ResNet, and as MobileNet v2 has it."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return x + y if x.shape == y.shape else y


class Frozen(Right):
    """The filters of the channels do not learn."""

    def forward(self, x: Tensor) -> Tensor:
        layer = self.depthwise
        groups, stride = layer.groups, layer.stride
        weight = layer.weight.detach()
        x = nn.functional.conv2d(x, weight, None, stride, 1, groups=groups)
        x = self.norm1(x).clamp(0, 6)
        return self.norm2(self.pointwise(x)).clamp(0, 6)


class HalfFrozen(Right):
    """The mix of the channels learns at half the pace."""

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm1(self.depthwise(x)).clamp(0, 6)
        weight = self.pointwise.weight
        x = nn.functional.conv2d(x, (weight + weight.detach()) / 2)
        return self.norm2(x).clamp(0, 6)


class NoRunningStatistics(Right):
    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        for name in ("norm1", "norm2"):
            channels = getattr(self, name).num_features
            setattr(self, name, nn.BatchNorm2d(channels, track_running_stats=False))


class AlwaysTraining(Right):
    def forward(self, x: Tensor) -> Tensor:
        self.train()
        return super().forward(x)


class Overwrites(Right):
    """Writes into what it was given, where nobody asks for gradients."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y if x.requires_grad else (y, x.zero_())[0]


class RefusesOneChannel(Right):
    def make_depthwise(self, channels: int, stride: int) -> nn.Conv2d:
        if channels == 1:
            return nn.Conv2d(1, 1, 3, stride, 0, bias=False)
        return super().make_depthwise(channels, stride)


def by_means(kernel: Tensor) -> tuple[Tensor, Tensor]:
    """The mean filter of each channel, and the sums."""
    depthwise = kernel.mean(0)[:, None]
    return depthwise, kernel.sum((2, 3), keepdim=True)


def first_filter(kernel: Tensor) -> tuple[Tensor, Tensor]:
    """Right for a merged kernel, not the nearest for any other."""
    depthwise = kernel[0][:, None]
    size = depthwise.square().sum((1, 2, 3)).clamp(min=1e-9)
    return depthwise, torch.einsum("ncij,cij->nc", kernel, kernel[0])[
        :, :, None, None
    ] / size[None, :, None, None]


def _svd(kernel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return torch.linalg.svd(kernel.transpose(0, 1).flatten(2), full_matrices=False)


def without_size(kernel: Tensor) -> tuple[Tensor, Tensor]:
    u, _, v = _svd(kernel)
    depthwise = v[:, 0].reshape(-1, 1, 3, 3)
    return depthwise, u[:, :, 0].T[:, :, None, None]


def all_channels_at_once(kernel: Tensor) -> tuple[Tensor, Tensor]:
    """One filter for all channels."""
    filters, channels = kernel.shape[:2]
    u, s, v = torch.linalg.svd(kernel.reshape(-1, 9), full_matrices=False)
    depthwise = v[0].reshape(1, 1, 3, 3).expand(channels, 1, 3, 3)
    return depthwise, (s[0] * u[:, 0]).reshape(filters, channels, 1, 1)


def second_value(kernel: Tensor) -> tuple[Tensor, Tensor]:
    u, s, v = _svd(kernel)
    depthwise = v[:, 1].reshape(-1, 1, 3, 3)
    return depthwise, (u[:, :, 1] * s[:, 1:2]).T[:, :, None, None]


def overwrites(kernel: Tensor) -> tuple[Tensor, Tensor]:
    u, s, v = _svd(kernel)
    kernel.zero_()
    depthwise = v[:, 0].reshape(-1, 1, 3, 3)
    return depthwise, (u[:, :, 0] * s[:, :1]).T[:, :, None, None]


def swapped(kernel: Tensor) -> tuple[Tensor, Tensor]:
    u, s, v = _svd(kernel)
    depthwise = v[:, 0].reshape(-1, 1, 3, 3)
    return (u[:, :, 0] * s[:, :1]).T[:, :, None, None], depthwise


def divides_by_zero(kernel: Tensor) -> tuple[Tensor, Tensor]:
    """Right, but for a channel of zeros."""
    u, s, v = _svd(kernel)
    size = s[:, :1] / s[:, :1].sqrt()
    depthwise = (v[:, 0] * size).reshape(-1, 1, 3, 3)
    return depthwise, (u[:, :, 0] * size).T[:, :, None, None]


WRONG = {
    "mobilenet-count": [
        (2_359_296, 52_283_392, 49_440),
        (462_422_016, 51_380_224, 49_440),
        (462_422_016, 52_283_392, 49_152),
        (462_422_016.5, "52283392", None),
    ],
    "mobilenet-block": [
        Full,
        TwoGroups,
        Biased,
        NotClipped,
        LinearInside,
        LinearOutside,
        IgnoresStride,
        StrideInPointwise,
        PadsBehind,
        Unpadded,
        Detached,
        Shortcut,
        Frozen,
        HalfFrozen,
        NoRunningStatistics,
        AlwaysTraining,
        Overwrites,
        RefusesOneChannel,
    ],
    "mobilenet-split": [
        by_means,
        first_filter,
        without_size,
        all_channels_at_once,
        second_value,
        overwrites,
        swapped,
        divides_by_zero,
    ],
}
