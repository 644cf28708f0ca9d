"""A network of two convolutions with something between them, and what is said of it."""

from collections.abc import Callable

from torch import Tensor, nn

from edulib.anatomy import stage_table

IMAGE = 3, 8, 8


def conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class Steps(nn.Module):
    """A convolution, something that is done to its maps, another convolution."""

    def __init__(self, step: Callable[[Tensor], Tensor], channels: int = 4) -> None:
        super().__init__()
        self.a, self.step, self.b = conv(3, 4), step, conv(channels, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(self.step(self.a(x)))


class Own(nn.Module):
    """A module that does something in a function, and may have a layer for it."""

    def __init__(self, step: Callable[[Tensor], Tensor], **layers: nn.Module) -> None:
        super().__init__()
        self.step = step
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return self.step(x)


def layers(model: nn.Module) -> list[str]:
    return [row.layer for row in stage_table(model, IMAGE).rows]
