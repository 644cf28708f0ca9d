"""Planted wrong answers to the exercises of the chapter on DenseNet."""

from contextlib import contextmanager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class Right(nn.Module):
    """The right block, for the wrong ones to break."""

    def __init__(self, depth: int, in_channels: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            self.make_layer(in_channels + n * growth, growth) for n in range(depth)
        )

    def make_layer(self, in_channels: int, growth: int) -> nn.Module:
        return nn.Sequential(
            nn.BatchNorm2d(in_channels),
            nn.ReLU(),
            nn.Conv2d(in_channels, growth, 3, padding=1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat(features, dim=1)))
        return torch.cat(features, dim=1)


class Chain(Right):
    """Each layer reads the one before it, as in a plain network."""

    def __init__(self, depth: int, in_channels: int, growth: int) -> None:
        super().__init__(depth, in_channels, growth)
        sizes = [in_channels] + [growth] * (depth - 1)
        self.layers = nn.ModuleList(self.make_layer(size, growth) for size in sizes)

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.layers:
            features.append(layer(features[-1]))
        return torch.cat(features, dim=1)


class NewestFirst(Right):
    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.cat([layer(x), x], dim=1)
        return x


class WithoutInput(Right):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)[:, x.shape[1] :]


class OnlyTheLast(Right):
    def forward(self, x: Tensor) -> Tensor:
        growth = self.layers[0][2].out_channels
        return super().forward(x)[:, -growth:]


class ReadsInputOnly(Right):
    """Each layer sees zeros in place of what the others made."""

    def forward(self, x: Tensor) -> Tensor:
        made = [x]
        for layer in self.layers:
            unseen = [torch.zeros_like(one) for one in made[1:]]
            made.append(layer(torch.cat([x, *unseen], dim=1)))
        return torch.cat(made, dim=1)


class NotRectified(Right):
    def make_layer(self, in_channels: int, growth: int) -> nn.Module:
        layer = super().make_layer(in_channels, growth)
        layer[1] = nn.Identity()
        return layer


class RectifiesItsInput(Right):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.relu())


class Biased(Right):
    def make_layer(self, in_channels: int, growth: int) -> nn.Module:
        layer = super().make_layer(in_channels, growth)
        layer[2] = nn.Conv2d(in_channels, growth, 3, padding=1)
        return layer


class Unpadded(Right):
    def make_layer(self, in_channels: int, growth: int) -> nn.Module:
        layer = super().make_layer(in_channels, growth)
        layer[2].padding = (0, 0)
        return layer


class NormalisedAfter(Right):
    def make_layer(self, in_channels: int, growth: int) -> nn.Module:
        conv = nn.Conv2d(in_channels, growth, 3, padding=1, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(growth), nn.ReLU())


class Detached(Right):
    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.layers:
            features.append(layer(torch.cat([f.detach() for f in features], dim=1)))
        return torch.cat(features, dim=1)


class Recomputes(nn.Module):
    """The right layer of the third exercise."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def read(self, *features: Tensor) -> Tensor:
        return self.layer(torch.cat(features, dim=1))

    @contextmanager
    def again(self) -> None:
        before = [buffer.clone() for buffer in self.layer.buffers()]
        try:
            yield
        finally:
            for buffer, old in zip(self.layer.buffers(), before, strict=True):
                buffer.copy_(old)

    def contexts(self) -> tuple:
        return nullcontext(), self.again()

    def forward(self, *features: Tensor) -> Tensor:
        return checkpoint(
            self.read, *features, use_reentrant=False, context_fn=self.contexts
        )


class KeepsAll(Recomputes):
    def forward(self, *features: Tensor) -> Tensor:
        return self.read(*features)


class UpdatesTwice(Recomputes):
    def contexts(self) -> tuple:
        return nullcontext(), nullcontext()


class ConcatenatesOutside(Recomputes):
    def forward(self, *features: Tensor) -> Tensor:
        return checkpoint(
            self.layer,
            torch.cat(features, dim=1),
            use_reentrant=False,
            context_fn=self.contexts,
        )


class NoGradient(Recomputes):
    def forward(self, *features: Tensor) -> Tensor:
        with torch.no_grad():
            made = self.read(*features)
        return made + 0 * sum(feature.mean() for feature in features)


class RecomputesInEvaluation(Recomputes):
    @contextmanager
    def again(self) -> None:
        self.layer.eval()
        try:
            yield
        finally:
            self.layer.train()


class NeverUpdates(Recomputes):
    def contexts(self) -> tuple:
        return self.again(), self.again()


class HalvesMomentum(Recomputes):
    """Two updates of one batch move the averages as far as one; both are counted."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__(layer)
        for module in layer.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1 - (1 - module.momentum) ** 0.5

    def contexts(self) -> tuple:
        return nullcontext(), nullcontext()


class TrainsAll(Recomputes):
    """Puts the averages back, and every normalisation into training mode."""

    @contextmanager
    def again(self) -> None:
        with super().again():
            try:
                yield
            finally:
                self.layer.train()


WRONG = {
    "densenet-count": [
        (1024, 163_840, 285_696),
        (960, 163_840, 285_696),
        (992, 165_824 + 256, 285_696),
        (992, 163_840, 287_680),
        (992.0, None, "285696"),
    ],
    "densenet-block": [
        Chain,
        NewestFirst,
        WithoutInput,
        OnlyTheLast,
        ReadsInputOnly,
        NotRectified,
        RectifiesItsInput,
        Biased,
        Unpadded,
        NormalisedAfter,
        Detached,
    ],
    "densenet-recompute": [
        KeepsAll,
        UpdatesTwice,
        ConcatenatesOutside,
        NoGradient,
        RecomputesInEvaluation,
        NeverUpdates,
        HalvesMomentum,
        TrainsAll,
    ],
}
