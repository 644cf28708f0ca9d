"""Planted wrong answers to the exercises of the chapter on highway networks."""

import torch
from torch import Tensor, nn


class Right(nn.Module):
    """The right layer, for the wrong ones to break."""

    def __init__(self, width: int, gate_bias: float) -> None:
        super().__init__()
        self.transform = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)
        self.start(gate_bias)

    def start(self, gate_bias: float) -> None:
        nn.init.constant_(self.gate.bias, gate_bias)

    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x))
        return torch.relu(self.transform(x)) * t + x * (1 - t)


class NotGated(Right):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.transform(x))


class Exchanged(Right):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x))
        return torch.relu(self.transform(x)) * (1 - t) + x * t


class NotRectified(Right):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x))
        return self.transform(x) * t + x * (1 - t)


class RectifiedTooLate(Right):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x))
        return torch.relu(self.transform(x) * t + x * (1 - t))


class OneGateForAll(Right):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x)).mean(1, keepdim=True)
        return torch.relu(self.transform(x)) * t + x * (1 - t)


class AllCarried(Right):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.transform(x)) * torch.sigmoid(self.gate(x)) + x


class StartsAnywhere(Right):
    def start(self, gate_bias: float) -> None:
        return


class AlwaysMinusTwo(Right):
    def start(self, gate_bias: float) -> None:
        nn.init.constant_(self.gate.bias, -2.0)


class BothBiases(Right):
    def start(self, gate_bias: float) -> None:
        nn.init.constant_(self.gate.bias, gate_bias)
        nn.init.constant_(self.transform.bias, gate_bias)


class WrongBias(Right):
    def start(self, gate_bias: float) -> None:
        nn.init.constant_(self.transform.bias, gate_bias)


class WeightsToo(Right):
    def start(self, gate_bias: float) -> None:
        nn.init.zeros_(self.gate.weight)
        nn.init.constant_(self.gate.bias, gate_bias)


class WideWeights(Right):
    def start(self, gate_bias: float) -> None:
        nn.init.normal_(self.gate.weight, std=5)
        nn.init.constant_(self.gate.bias, gate_bias)


class GateOfTheTransform(Right):
    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.transform(x))
        t = torch.sigmoid(self.gate(h))
        return h * t + x * (1 - t)


class DetachedGate(Right):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x)).detach()
        return torch.relu(self.transform(x)) * t + x * (1 - t)


class DetachedCarry(Right):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x))
        return torch.relu(self.transform(x)) * t + x.detach() * (1 - t)


class RightUntied(nn.Module):
    """The right layer of the third exercise."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.transform = nn.Linear(width, width)
        self.gate = nn.Linear(width, width)
        self.carry = nn.Linear(width, width)
        self.start()

    def start(self) -> None:
        nn.init.constant_(self.gate.bias, -4.0)
        nn.init.constant_(self.carry.bias, 4.0)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.transform(x))
        return h * torch.sigmoid(self.gate(x)) + x * torch.sigmoid(self.carry(x))


class StillTied(RightUntied):
    def forward(self, x: Tensor) -> Tensor:
        t = torch.sigmoid(self.gate(x))
        return torch.relu(self.transform(x)) * t + x * (1 - t)


class CarryTurnedRound(RightUntied):
    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.transform(x))
        return h * torch.sigmoid(self.gate(x)) + x * torch.sigmoid(-self.carry(x))


class AlwaysResidual(RightUntied):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.transform(x)) + x


class TransformNotRectified(RightUntied):
    def forward(self, x: Tensor) -> Tensor:
        h = self.transform(x)
        return h * torch.sigmoid(self.gate(x)) + x * torch.sigmoid(self.carry(x))


class BothShut(RightUntied):
    def start(self) -> None:
        nn.init.constant_(self.gate.bias, -4.0)
        nn.init.constant_(self.carry.bias, -4.0)


class OnlyOneStarts(RightUntied):
    def start(self) -> None:
        nn.init.constant_(self.carry.bias, 4.0)


class WeightlessGates(RightUntied):
    def start(self) -> None:
        super().start()
        nn.init.zeros_(self.gate.weight)
        nn.init.zeros_(self.carry.weight)


class CarryDetached(RightUntied):
    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.transform(x))
        c = torch.sigmoid(self.carry(x)).detach()
        return h * torch.sigmoid(self.gate(x)) + x * c


WRONG = {
    "highway-count": [
        (2500, 5112, 0.24437943608286272),
        (5000, 5041, 0.24437943608286272),
        (5100, 5112, 0.9525741268224334),
        (5100, 5041, 0.23278952793999158),
        (5100.0, None, "0.24437943608286272"),
    ],
    "highway-layer": [
        NotGated,
        Exchanged,
        NotRectified,
        RectifiedTooLate,
        OneGateForAll,
        AllCarried,
        StartsAnywhere,
        AlwaysMinusTwo,
        BothBiases,
        WrongBias,
        WeightsToo,
        WideWeights,
        GateOfTheTransform,
        DetachedGate,
        DetachedCarry,
    ],
    "highway-untied": [
        StillTied,
        CarryTurnedRound,
        AlwaysResidual,
        TransformNotRectified,
        BothShut,
        OnlyOneStarts,
        WeightlessGates,
        CarryDetached,
    ],
}
