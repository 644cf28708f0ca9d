"""Small networks that compute the same in several ways."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Net(nn.Module):
    """A module from its parts and its forward function."""

    def __init__(self, forward, **parts):
        super().__init__()
        self.run = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.run(self, x)


class ChannelsFirst(nn.Module):
    """Two 1x1 stages around a pooling; `body` gives maps (B, C, H, W)."""

    def __init__(self, units=6, classes=4, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.stem = nn.Conv2d(3, units, 4, stride=4)
        self.body = Net(lambda s, x: F.relu(s.mix(x)), mix=nn.Conv2d(units, units, 1))
        self.head = nn.Linear(units, classes)
        nn.init.uniform_(self.head.weight, -0.2, 1)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).square().mean((2, 3)))


class ChannelsLast(nn.Module):
    """The same with its body on (B, H, W, C)."""

    def __init__(self, twin):
        super().__init__()
        mix = twin.body.mix
        self.stem, self.head = twin.stem, twin.head
        self.body = Net(
            lambda s, x: F.relu(s.mix(x)), mix=nn.Linear(mix.in_channels, 6)
        )
        self.body.mix.load_state_dict(
            {"weight": mix.weight[:, :, 0, 0], "bias": mix.bias}
        )

    def forward(self, x):
        x = self.stem(x).permute(0, 2, 3, 1)
        return self.head(self.body(x).square().mean((1, 2)))


class AsTokens(ChannelsLast):
    """The same on tokens (B, N, C), with tokens of no position before them."""

    def __init__(self, twin, prefix=0):
        super().__init__(twin)
        self.extra = nn.Parameter(torch.randn(1, prefix, 6))

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.extra.expand(len(x), -1, -1), x], 1)
        return self.head(self.body(x)[:, self.extra.shape[1] :].square().mean(1))


@dataclass(frozen=True)
class Answer:
    """An output as a dataclass."""

    logits: Tensor
    features: Tensor


OUTPUTS = {
    "tuple": (lambda y, z: (y, z), 0),
    "dict": (lambda y, z: {"logits": y, "features": z}, "logits"),
    "nested": (lambda y, z: [{"a": z}, {"b": [y]}], "1.b.0"),
    "dataclass": (Answer, "logits"),
}


class Structured(nn.Module):
    """A classifier in a model that gives more than its logits."""

    def __init__(self, twin, kind):
        super().__init__()
        self.twin, self.make = twin, OUTPUTS[kind][0]

    def forward(self, x):
        y = self.twin(x)
        return self.make(y, y.exp())
