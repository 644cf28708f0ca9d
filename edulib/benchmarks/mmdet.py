"""What the scripts share that run MMDetection once: made numbers, and three of each.

Weights, maps and objects are made by formulas, so that nothing but a few numbers of
each result has to be kept. MMDetection 3.3.0 needs ``mmengine``, ``mmcv-lite`` 2.1.0
and OpenCV; the tests do not.
"""

import importlib.abc
import importlib.machinery
from collections.abc import Iterable
from math import prod, sqrt
from types import ModuleType

import torch
from torch import Tensor, nn


def wave(shape: Iterable[int], number: int) -> Tensor:
    """Return numbers from -1 to 1 that look like noise, the same everywhere.

    Args:
        shape: of the result.
        number: another one gives other numbers.
    """
    shape = tuple(shape)
    steps = torch.arange(prod(shape), dtype=torch.double)
    return torch.sin(12.9898 * steps + 78.233 * number + 1).reshape(shape)


@torch.no_grad()
def fill(parameters: Iterable[nn.Parameter]) -> None:
    """Give a network made weights, parameter by parameter.

    Args:
        parameters: in the order of the reference.
    """
    for number, parameter in enumerate(parameters):
        scale = 0.1
        if parameter.ndim == 4:
            outputs, inputs, *window = parameter.shape
            scale = sqrt(6 / ((outputs + inputs) * prod(window)))
        parameter.copy_(scale * wave(parameter.shape, number))


def digest(x: Tensor) -> list[float]:
    """Return three numbers that change with every entry of a tensor.

    Args:
        x: any.
    """
    x = x.detach().double()
    return [
        x.mean().item(),
        x.square().mean().item(),
        (x * wave(x.shape, 99)).sum().item(),
    ]


class NoOperations(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Let MMDetection be imported without the operations that MMCV compiles."""

    def find_spec(
        self, name: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find ``mmcv.ops`` and what is in it."""
        if name == "mmcv.ops" or name.startswith("mmcv.ops."):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Make a module in which every name is an empty class."""
        return Nameless(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: there is no file."""


class Nameless(ModuleType):
    """A module that has every name."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})
