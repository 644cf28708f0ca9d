"""Planted wrong answers to the exercises of the chapter on ResNet."""

import torch
from torch import Tensor, nn

from edulib.models.classification.resnet import ZeroPadding


class Right(nn.Module):
    """The right block, for the wrong ones to break."""

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut = self.make_shortcut(in_channels, out_channels, stride)

    def make_shortcut(self, *sizes: int) -> nn.Module:
        in_channels, out_channels, stride = sizes
        if stride == 1 and in_channels == out_channels:
            return nn.Identity()
        return nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
            nn.BatchNorm2d(out_channels),
        )

    def residual(self, x: Tensor) -> Tensor:
        return self.norm2(self.conv2(self.norm1(self.conv1(x)).relu()))

    def forward(self, x: Tensor) -> Tensor:
        return (self.shortcut(x) + self.residual(x)).relu()


class Plain(Right):
    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x).relu()


class RectifiedTooEarly(Right):
    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.residual(x).relu()


class NotRectified(Right):
    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.residual(x)


class Multiplied(Right):
    def forward(self, x: Tensor) -> Tensor:
        return (self.shortcut(x) * self.residual(x)).relu()


class AlwaysProjected(Right):
    def make_shortcut(self, *sizes: int) -> nn.Module:
        in_channels, out_channels, stride = sizes
        return nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
            nn.BatchNorm2d(out_channels),
        )


class BareProjection(Right):
    def make_shortcut(self, *sizes: int) -> nn.Module:
        shortcut = super().make_shortcut(*sizes)
        return shortcut if isinstance(shortcut, nn.Identity) else shortcut[0]


class ProjectsHalvesOnly(Right):
    def make_shortcut(self, *sizes: int) -> nn.Module:
        return nn.Identity() if sizes[2] == 1 else super().make_shortcut(*sizes)


class ProjectsWidensOnly(Right):
    def make_shortcut(self, *sizes: int) -> nn.Module:
        same = sizes[0] == sizes[1]
        return nn.Identity() if same else super().make_shortcut(*sizes)


class Unpadded(Right):
    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        self.conv1.padding = (0, 0)
        self.conv2.padding = (0, 0)


class EvenOnly(Right):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x[:, :, : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2])


class DetachedShortcut(Right):
    def forward(self, x: Tensor) -> Tensor:
        return (self.shortcut(x.detach()) + self.residual(x)).relu()


class RightPre(nn.Module):
    """The right block of the third exercise."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.shortcut = ZeroPadding(in_channels, out_channels, stride)

    def residual(self, x: Tensor) -> Tensor:
        inner = self.conv1(self.norm1(x).relu())
        return self.conv2(self.norm2(inner).relu())

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.residual(x)


class StillRectified(RightPre):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).relu()


class NoSecondRelu(RightPre):
    def residual(self, x: Tensor) -> Tensor:
        return self.conv2(self.norm2(self.conv1(self.norm1(x).relu())))


class RectifiedBeforeNorm(RightPre):
    def residual(self, x: Tensor) -> Tensor:
        inner = self.conv1(self.norm1(x.relu()))
        return self.conv2(self.norm2(inner.relu()))


class ProjectedPre(RightPre):
    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, stride)
        if stride > 1:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)


class PooledPre(RightPre):
    def forward(self, x: Tensor) -> Tensor:
        if self.conv1.stride[0] == 2:
            pooled = torch.nn.functional.avg_pool2d(x, 2)
            zeros = torch.zeros_like(pooled)
            return torch.cat([pooled, zeros], 1) + self.residual(x)
        return super().forward(x)


class StrideInSecond(RightPre):
    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, stride)
        self.conv1.stride, self.conv2.stride = (1, 1), (stride, stride)


class RepeatsChannels(RightPre):
    def forward(self, x: Tensor) -> Tensor:
        stride = self.conv1.stride[0]
        times = self.conv1.out_channels // x.shape[1]
        return x[:, :, ::stride, ::stride].repeat(1, times, 1, 1) + self.residual(x)


class PadsHalvesOnly(RightPre):
    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__(in_channels, out_channels, stride)
        if stride == 1:
            self.shortcut = nn.Identity()


WRONG = {
    "resnet-count": [
        (69_632, 218_365_952, 1_180_672),
        (70_400, 220_774_400, 1_180_672),
        (70_400, 218_365_952, 1_179_648),
        (70_400.0, None, "1180672"),
    ],
    "resnet-block": [
        Plain,
        RectifiedTooEarly,
        NotRectified,
        Multiplied,
        AlwaysProjected,
        BareProjection,
        ProjectsHalvesOnly,
        ProjectsWidensOnly,
        Unpadded,
        EvenOnly,
        DetachedShortcut,
    ],
    "resnet-preactivation": [
        StillRectified,
        NoSecondRelu,
        RectifiedBeforeNorm,
        ProjectedPre,
        PooledPre,
        StrideInSecond,
        RepeatsChannels,
        PadsHalvesOnly,
    ],
}
