"""Planted wrong answers to the exercises of the chapter on MobileNet v2 and v3."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Right(nn.Module):
    """The right block, for the wrong ones to break."""

    always_expands = False

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, expansion: int = 6
    ) -> None:
        super().__init__()
        wide = expansion * in_channels
        self.expands = expansion > 1 or self.always_expands
        if self.expands:
            self.expand = nn.Conv2d(in_channels, wide, 1, bias=False)
            self.norm1 = nn.BatchNorm2d(wide)
        self.depthwise = self.make_depthwise(wide, stride)
        self.norm2 = nn.BatchNorm2d(wide)
        self.project = nn.Conv2d(wide, out_channels, 1, bias=False)
        self.norm3 = nn.BatchNorm2d(out_channels)
        self.adds = stride == 1 and in_channels == out_channels

    def make_depthwise(self, wide: int, stride: int) -> nn.Conv2d:
        return nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False)

    def inner(self, x: Tensor) -> Tensor:
        if self.expands:
            x = self.norm1(self.expand(x)).clamp(0, 6)
        return self.norm2(self.depthwise(x)).clamp(0, 6)

    def residual(self, x: Tensor) -> Tensor:
        return self.norm3(self.project(self.inner(x)))

    def forward(self, x: Tensor) -> Tensor:
        y = self.residual(x)
        return x + y if self.adds else y


class AlwaysExpands(Right):
    always_expands = True


class Full(Right):
    def make_depthwise(self, wide: int, stride: int) -> nn.Conv2d:
        return nn.Conv2d(wide, wide, 3, stride, 1, bias=False)


class Biased(Right):
    def make_depthwise(self, wide: int, stride: int) -> nn.Conv2d:
        return nn.Conv2d(wide, wide, 3, stride, 1, groups=wide)


class ActivatedBottleneck(Right):
    """A ReLU6 where it is thin."""

    def residual(self, x: Tensor) -> Tensor:
        return super().residual(x).clamp(0, 6)


class ActivatedSum(Right):
    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y.clamp(0, 6) if self.adds else y


class NotClipped(Right):
    """ReLU in place of ReLU6."""

    def inner(self, x: Tensor) -> Tensor:
        if self.expands:
            x = self.norm1(self.expand(x)).relu()
        return self.norm2(self.depthwise(x)).relu()


class LinearFilter(Right):
    def inner(self, x: Tensor) -> Tensor:
        if self.expands:
            x = self.norm1(self.expand(x)).clamp(0, 6)
        return self.norm2(self.depthwise(x))


class LinearExpansion(Right):
    def inner(self, x: Tensor) -> Tensor:
        if self.expands:
            x = self.norm1(self.expand(x))
        return self.norm2(self.depthwise(x)).clamp(0, 6)


class NoShortcut(Right):
    def forward(self, x: Tensor) -> Tensor:
        return self.residual(x)


class AddsHalf(Right):
    def forward(self, x: Tensor) -> Tensor:
        y = self.residual(x)
        return x + y / 2 if self.adds else y


class AddsWithStride(Right):
    """Adds a smaller image, too, where the channels agree."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.residual(x)
        stride = self.depthwise.stride[0]
        return x[:, :, ::stride, ::stride] + y if x.shape[1] == y.shape[1] else y


class IgnoresStride(Right):
    def make_depthwise(self, wide: int, stride: int) -> nn.Conv2d:
        return super().make_depthwise(wide, 1)


class StrideInProjection(Right):
    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, expansion: int = 6
    ) -> None:
        super().__init__(in_channels, out_channels, 1, expansion)
        self.project.stride = (stride, stride)
        self.adds = self.adds and stride == 1


class Unpadded(Right):
    def make_depthwise(self, wide: int, stride: int) -> nn.Conv2d:
        return nn.Conv2d(wide, wide, 3, stride, 0, groups=wide, bias=False)


class DetachedShortcut(Right):
    def forward(self, x: Tensor) -> Tensor:
        y = self.residual(x)
        return x.detach() + y if self.adds else y


class DetachedResidual(Right):
    def forward(self, x: Tensor) -> Tensor:
        y = self.residual(x.detach())
        return x + y if self.adds else y


class NoRunningStatistics(Right):
    def __init__(self, *sizes: int) -> None:
        super().__init__(*sizes)
        for name in ("norm1", "norm2", "norm3"):
            if hasattr(self, name):
                channels = getattr(self, name).num_features
                norm = nn.BatchNorm2d(channels, track_running_stats=False)
                setattr(self, name, norm)


class AlwaysTraining(Right):
    def forward(self, x: Tensor) -> Tensor:
        self.train()
        return super().forward(x)


class Overwrites(Right):
    """Writes into what it was given, where nobody asks for gradients."""

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(x)
        return y if x.requires_grad else (y, x.zero_())[0]


def _chunks(
    expand: Tensor, depthwise: Tensor, project: Tensor, parts: int
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    return zip(
        expand.chunk(parts),
        depthwise.chunk(parts),
        project.chunk(parts, dim=1),
        strict=True,
    )


def _one(x: Tensor, first: Tensor, middle: Tensor, last: Tensor) -> Tensor:
    wide = F.relu6(F.conv2d(x, first))
    wide = F.relu6(F.conv2d(wide, middle, padding=1, groups=len(middle)))
    return F.conv2d(wide, last)


def in_one_piece(
    x: Tensor, expand: Tensor, depthwise: Tensor, project: Tensor, parts: int
) -> tuple[Tensor, int]:
    """Right output, and all wide channels at once."""
    return _one(x, expand, depthwise, project), len(expand)


def last_part_only(
    x: Tensor, expand: Tensor, depthwise: Tensor, project: Tensor, parts: int
) -> tuple[Tensor, int]:
    for chunk in _chunks(expand, depthwise, project, parts):
        output = _one(x, *chunk)
    return output, -(-len(expand) // parts)


def mean_of_parts(
    x: Tensor, expand: Tensor, depthwise: Tensor, project: Tensor, parts: int
) -> tuple[Tensor, int]:
    found = [_one(x, *chunk) for chunk in _chunks(expand, depthwise, project, parts)]
    return torch.stack(found).mean(0), -(-len(expand) // parts)


def activated_parts(
    x: Tensor, expand: Tensor, depthwise: Tensor, project: Tensor, parts: int
) -> tuple[Tensor, int]:
    """A ReLU6 on each part's projection."""
    chunks = _chunks(expand, depthwise, project, parts)
    found = sum(F.relu6(_one(x, *chunk)) for chunk in chunks)
    return found, -(-len(expand) // parts)


def without_middle(
    x: Tensor, expand: Tensor, depthwise: Tensor, project: Tensor, parts: int
) -> tuple[Tensor, int]:
    """No activation behind the depthwise convolution."""
    output = 0
    for first, middle, last in _chunks(expand, depthwise, project, parts):
        wide = F.relu6(F.conv2d(x, first))
        wide = F.conv2d(wide, middle, padding=1, groups=len(middle))
        output = output + F.conv2d(wide, last)
    return output, -(-len(expand) // parts)


def leaves_out_the_rest(
    x: Tensor, expand: Tensor, depthwise: Tensor, project: Tensor, parts: int
) -> tuple[Tensor, int]:
    """Right where the parts divide the channels."""
    length = len(expand) // parts
    output = 0
    for start in range(0, length * parts, length):
        run = slice(start, start + length)
        output = output + _one(x, expand[run], depthwise[run], project[:, run])
    return output, length


def output_only(
    x: Tensor, expand: Tensor, depthwise: Tensor, project: Tensor, parts: int
) -> Tensor:
    return _one(x, expand, depthwise, project)


def overwrites(
    x: Tensor, expand: Tensor, depthwise: Tensor, project: Tensor, parts: int
) -> tuple[Tensor, int]:
    chunks = _chunks(expand, depthwise, project, parts)
    output = sum(_one(x, *chunk) for chunk in chunks)
    x.zero_()
    return output, -(-len(expand) // parts)


WRONG = {
    "mobilenetv2-count": [
        (21_676_032, 118_272, 18_816, 112_896),
        (22_692_096, 112_896, 18_816, 112_896),
        (22_692_096, 118_272, 112_896, 112_896),
        (22_692_096, 118_272, 18_816, 18_816),
        (22_692_096.5, "118272", None, 112_896.5),
    ],
    "mobilenetv2-block": [
        AlwaysExpands,
        Full,
        Biased,
        ActivatedBottleneck,
        ActivatedSum,
        NotClipped,
        LinearFilter,
        LinearExpansion,
        NoShortcut,
        AddsHalf,
        AddsWithStride,
        IgnoresStride,
        StrideInProjection,
        Unpadded,
        DetachedShortcut,
        DetachedResidual,
        NoRunningStatistics,
        AlwaysTraining,
        Overwrites,
    ],
    "mobilenetv2-parts": [
        in_one_piece,
        last_part_only,
        mean_of_parts,
        activated_parts,
        without_middle,
        leaves_out_the_rest,
        output_only,
        overwrites,
    ],
}
