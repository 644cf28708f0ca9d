"""Reaching one layer of a model, without leaving a trace in the model."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from edulib.registry import suggest


def find_layer(model: nn.Module, layer: str) -> nn.Module:
    """Return the module at a dotted path, such as ``"features.3"``.

    Raises:
        ValueError: if there is none; the nearest names are suggested.
    """
    modules = {name: module for name, module in model.named_modules() if name}
    if layer not in modules:
        raise ValueError(
            f"no layer {layer!r} in {type(model).__name__}: {suggest(layer, modules)}"
        )
    return modules[layer]


@contextmanager
def evaluation(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, and each module back into its own after."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def layer_output(model: nn.Module, images: Tensor, layer: str) -> Tensor:
    """Run a model in evaluation mode and return what one layer gave.

    The rest of the model works on a copy, so that an in-place ReLU after the layer
    does not alter what is returned. Of a module that is called several times,
    the last call counts.

    Args:
        model: any module that takes the images.
        images: what the model takes, on its device.
        layer: dotted path of the layer, as in ``model.named_modules()``.

    Shape:
        - images: (B, C, H, W)
        - Output: (B, units, rows, columns), or (B, units) from a linear layer

    Raises:
        ValueError: if there is no such layer, it takes no part in the forward pass,
            or its output has another shape than above.
    """
    outputs: list[Tensor] = []

    def keep(module: nn.Module, args: tuple, output: Tensor) -> Tensor | None:
        outputs.append(output)
        return output.clone() if isinstance(output, Tensor) else None

    handle = find_layer(model, layer).register_forward_hook(keep)
    try:
        with evaluation(model):
            model(images)
    finally:
        handle.remove()
    if not outputs:
        raise ValueError(f"layer {layer!r} takes no part in the forward pass")
    return _checked_features(outputs[-1], layer)


def _checked_features(output: object, layer: str) -> Tensor:
    if not isinstance(output, Tensor) or output.ndim not in (2, 4):
        got = tuple(output.shape) if isinstance(output, Tensor) else type(output)
        raise ValueError(
            f"expected layer {layer!r} to give (B, units, rows, columns) "
            f"or (B, units), got {got}"
        )
    return output


def as_batch(images: Tensor) -> Tensor:
    """Return images as a batch (B, C, H, W); one image may come without B.

    Raises:
        TypeError: if they do not hold floating-point numbers.
        ValueError: if the shape is neither (C, H, W) nor (B, C, H, W).
    """
    if not images.is_floating_point():
        raise TypeError(
            f"expected floating-point images, got {images.dtype}: "
            "divide by 255 (images.float() / 255)"
        )
    if images.ndim not in (3, 4):
        raise ValueError(
            "expected images (C, H, W) or (B, C, H, W), "
            f"got shape {tuple(images.shape)}"
        )
    return images if images.ndim == 4 else images[None]


def check_unit(unit: int, units: int, where: str) -> None:
    """Refuse a unit that a layer does not have.

    Raises:
        ValueError: if ``unit`` is not in 0 ... units - 1.
    """
    if not 0 <= unit < units:
        raise ValueError(
            f"expected a unit of {where} from 0 to {units - 1}, got {unit}"
        )


def batches_of(
    model: nn.Module, images: Tensor, layer: str, batch_size: int
) -> Iterator[Tensor]:
    """Yield what a layer gives for batch after batch, without gradients."""
    for batch in as_batch(images).split(batch_size):
        with torch.no_grad():
            yield layer_output(model, batch, layer)
