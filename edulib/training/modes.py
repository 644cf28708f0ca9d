"""Modes of a network: training or evaluation, module by module, and precision."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from edulib.training.recipe import Recipe


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Switch a model to evaluation mode; give each module its own mode back."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def frozen_modules(model: nn.Module) -> dict[str, nn.Module]:
    """Return the modules that are kept in evaluation mode while a model trains.

    Such as batch norms after ``model.train(); norm.eval()``. In a model that is in
    evaluation mode as a whole, as a loaded one is, nothing was chosen: none.
    """
    if not model.training:
        return {}
    return {name: part for name, part in model.named_modules() if not part.training}


def training_mode(model: nn.Module, frozen: dict[str, nn.Module]) -> None:
    """Switch a model to training mode, but for what is frozen."""
    model.train()
    for module in frozen.values():
        module.training = False


def mixed_precision(device: torch.device, recipe: Recipe) -> torch.autocast:
    """Run layers in bfloat16 where that is safe, on a GPU; elsewhere change nothing."""
    wanted = recipe.mixed_precision and device.type == "cuda"
    return torch.autocast(device.type, torch.bfloat16, enabled=wanted)
