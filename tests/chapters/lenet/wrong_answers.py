"""Planted wrong answers to the exercises of the chapter on LeNet-5."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class NoParameters(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2)


class Right(nn.Module):
    """The right layer, for the wrong ones to break."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(channels))
        self.b = nn.Parameter(torch.zeros(channels))

    def total(self, x: Tensor) -> Tensor:
        return (
            x[..., ::2, ::2]
            + x[..., 1::2, ::2]
            + x[..., ::2, 1::2]
            + x[..., 1::2, 1::2]
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.w[:, None, None] * self.total(x) + self.b[:, None, None]


class Mean(Right):
    def total(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2)


class Maximum(Right):
    def total(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 2)


class Overlapping(Right):
    def total(self, x: Tensor) -> Tensor:
        return 4 * F.avg_pool2d(x, 2, stride=1)


class Squashed(Right):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(super().forward(x))


class Detached(Right):
    def forward(self, x: Tensor) -> Tensor:
        w, b = self.w.detach(), self.b
        return w[:, None, None] * self.total(x) + b[:, None, None]


class SixMapsOnly(Right):
    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-2:] == (2, 10):
            x = x[..., :2]
        return super().forward(x)


class AlongTheRows(Right):
    """Broadcasts over the width instead of the channels."""

    def forward(self, x: Tensor) -> Tensor:
        total = self.total(x)
        reach = -(-total.shape[-1] // len(self.w))
        return self.w.repeat(reach)[: total.shape[-1]] * total + self.b[:, None, None]


class Endless(Right):
    def forward(self, x: Tensor) -> Tensor:
        while True:
            x = x + 0


def shift_rolling(images, max_shift, generator):
    moved = torch.empty_like(images)
    for number, image in enumerate(images):
        dy, dx = torch.randint(-max_shift, max_shift + 1, (2,), generator=generator)
        moved[number] = torch.roll(image, (int(dy), int(dx)), (1, 2))
    return moved


def _shift(images, dys, dxs, most):
    padded = F.pad(images, (most,) * 4)
    height, width = images.shape[-2:]
    windows = [
        image[:, most - dy : most - dy + height, most - dx : most - dx + width]
        for image, dy, dx in zip(padded, dys, dxs, strict=True)
    ]
    return torch.stack(windows)


def shift_all_alike(images, max_shift, generator):
    dy, dx = torch.randint(
        -max_shift, max_shift + 1, (2,), generator=generator
    ).tolist()
    return _shift(images, [dy] * len(images), [dx] * len(images), max_shift)


def shift_never_up(images, max_shift, generator):
    draws = torch.randint(0, max_shift + 1, (2, len(images)), generator=generator)
    return _shift(images, *draws.tolist(), max_shift)


def shift_upper_end_missing(images, max_shift, generator):
    draws = torch.randint(-max_shift, max_shift, (2, len(images)), generator=generator)
    return _shift(images, *draws.tolist(), max_shift)


def shift_too_far(images, max_shift, generator):
    most = 2 * max_shift
    draws = torch.randint(-most, most + 1, (2, len(images)), generator=generator)
    return _shift(images, *draws.tolist(), most)


def shift_scaling(images, max_shift, generator):
    return F.interpolate(F.pad(images, (max_shift,) * 4), size=images.shape[-2:])


def shift_own_generator(images, max_shift, generator):
    draws = torch.randint(-max_shift, max_shift + 1, (2, len(images)))
    return _shift(images, *draws.tolist(), max_shift)


def shift_in_place(images, max_shift, generator):
    draws = torch.randint(
        -max_shift, max_shift + 1, (2, len(images)), generator=generator
    )
    return images.copy_(_shift(images, *draws.tolist(), max_shift))


WRONG = {
    "lenet-count": [
        (450, 357_504, 900, 192_480),
        (456, 352_800, 900, 192_480),
        (456, 357_504, 884, 192_480),
        (456, 357_504, 900, 48_120),
        (456.5, "357504", None, ...),
    ],
    "lenet-subsampling": [
        NoParameters,
        Mean,
        Maximum,
        Overlapping,
        Squashed,
        Detached,
        SixMapsOnly,
        AlongTheRows,
    ],
    "lenet-shift": [
        shift_rolling,
        shift_all_alike,
        shift_never_up,
        shift_upper_end_missing,
        shift_too_far,
        shift_scaling,
        shift_own_generator,
        shift_in_place,
    ],
}
