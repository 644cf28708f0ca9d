"""Reaching one layer of a model, without leaving a trace in the model."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import get_gradient_edge

from edulib.anatomy.structure import tensors_in
from edulib.checks import as_whole, check_whole, describe, told
from edulib.explanation.finite import check_numbers, check_weights
from edulib.explanation.layer import Layer, as_layer
from edulib.explanation.layouts import as_maps, find_layout
from edulib.explanation.structures import cloned, select
from edulib.registry import suggest

_FROM_BYTES = ": divide by 255 (images.float() / 255)"


def find_layer(model: nn.Module, layer: str) -> nn.Module:
    """Return the module at a dotted path, such as ``"features.3"``.

    Raises:
        ValueError: if there is none; the nearest names are suggested.
    """
    _check_module(model)
    modules = dict(model.named_modules())
    if not isinstance(layer, str) or layer not in modules:
        known = [name for name in modules if name]
        raise ValueError(
            f"no layer {layer!r} in {type(model).__name__}: {suggest(layer, known)}"
        )
    return modules[layer]


def refuse_scripts(model: nn.Module, reason: str) -> None:
    """Raise a `ValueError` that gives a reason if a part of a model is TorchScript."""
    for path, module in model.named_modules():
        _refuse_script(module, path or type(module).__name__, reason)


def _refuse_script(module: nn.Module, name: str, reason: str) -> None:
    if isinstance(module, torch.jit.ScriptModule):
        raise ValueError(f"no rule for TorchScript ({name}): {reason}")


@contextmanager
def evaluation(model: nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, and each module back into its own after."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def run_model(model: nn.Module, images: Tensor) -> object:
    """Return what a model gives in evaluation mode.

    Raises:
        TypeError: if the images are no tensor.
        ValueError: if it has no weights, or one that is not finite, takes more than
            images, or cannot read them; its own words say why.
    """
    _check_tensor(images)
    _check_runs(model, images)
    dtype = str(images.dtype).removeprefix("torch.")
    given = f"images {tuple(images.shape)} of {dtype}"
    with evaluation(model), told(f"{type(model).__name__} cannot read {given}"):
        return model(images)


def _check_module(model: nn.Module) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected a torch.nn.Module, got {describe(model)}")


def _check_runs(model: nn.Module, images: Tensor) -> None:
    _check_module(model)
    name = type(model).__name__
    if any(held.is_meta for held in (*model.parameters(), *model.buffers())):
        raise ValueError(
            f"{name} has no weights (it is on the meta device): explanations need them"
        )
    check_weights(model)
    try:
        inspect.signature(model.forward).bind(images)
    except ValueError:  # no signature, as of TorchScript
        return
    except TypeError as error:
        raise ValueError(
            f"expected a model that takes images alone, got {name}: {error}; "
            "give it the rest by OfImages(model, ...)"
        ) from error


@dataclass(frozen=True)
class Reading:
    """What a run gave.

    Attributes:
        answer: what the model gave.
        value: what the layer gave; the one that was chosen, where it gave several.
        layer: the layer.
        features: its maps (B, units, rows, columns) or features (B, units); None
            where they were not asked for.
        prefix: tokens that belong to no position, (B, units, tokens), or None.
    """

    answer: object
    value: object
    layer: Layer
    features: Tensor | None = None
    prefix: Tensor | None = None


def run_to_layer(model: nn.Module, images: Tensor, layer: str | Layer) -> Reading:
    """Run a model and keep what one layer gave, as it gave it.

    The rest of the model works on a copy, so that an in-place ReLU after the layer
    does not alter what is kept. Where the images have gradients, calls on something
    else, as on the other image of a Siamese network, do not count.

    Args:
        model: any module that takes the images; left as it was.
        images: what the model takes.
        layer: the layer.

    Raises:
        ValueError: if there is no such layer, call or output.
    """
    layer = as_layer(layer)
    calls: list[object] = []

    def keep(module: nn.Module, args: tuple, value: object) -> object:
        calls.append(value)
        return cloned(value)

    module = find_layer(model, layer.path)
    _refuse_script(module, layer.text, "what a layer of it gives cannot be read")
    handle = module.register_forward_hook(keep)
    try:
        answer = run_model(model, images)
    finally:
        handle.remove()
    if layer.call is None and len(calls) > 1 and images.requires_grad:
        calls = [value for value in calls if _depends(value, images)] or calls
    value = _chosen_call(calls, layer)
    if layer.output is not None:
        value = select(value, layer.output, layer.text)
    return Reading(answer, value, layer)


def read_layer(model: nn.Module, images: Tensor, layer: str | Layer) -> Reading:
    """Run a model and keep what one layer gave, as maps or features.

    Args:
        model: any module that takes the images; left as it was.
        images: what the model takes.
        layer: the layer. That of the result knows its layout: a second call with it
            costs one run.

    Raises:
        ValueError: if there is no such layer, call or output, or its layout is
            neither known nor said.
    """
    reading = run_to_layer(model, images, layer)
    tensor = select(reading.value, None, reading.layer.text)
    layer = find_layout(model, images, reading.layer, tensor)
    return Reading(reading.answer, tensor, layer, *as_maps(tensor, layer))


def _depends(value: object, images: Tensor) -> bool:
    """Whether a gradient leads from what a layer gave to the images."""
    start = get_gradient_edge(images).node
    todo = [tensor.grad_fn for tensor in tensors_in(value)]
    seen = {None}
    while todo:
        node = todo.pop()
        if node is start:
            return True
        if node not in seen:
            seen.add(node)
            todo += [before for before, _ in node.next_functions]
    return False


def _chosen_call(calls: list[object], layer: Layer) -> object:
    if not calls:
        raise ValueError(f"{layer.text} takes no part in the forward pass")
    if layer.call is not None:
        if not -len(calls) <= layer.call < len(calls):
            raise ValueError(
                f"expected a call of {layer.text} from 0 to {len(calls) - 1}, "
                f"got {layer.call}"
            )
        return calls[layer.call]
    shapes = [tuple(v.shape) for v in calls if isinstance(v, Tensor) and v.ndim > 2]
    units = {shape[:2] for shape in shapes}
    if len(units) == 1 and len(set(shapes)) > 1 and len(shapes) == len(calls):
        raise ValueError(
            f"{layer.text} is called {len(calls)} times, with maps "
            f"{', '.join(map(str, shapes))}: choose by "
            f"Layer({layer.path!r}, call=0) to call={len(calls) - 1}"
        )
    return calls[-1]


def layer_output(model: nn.Module, images: Tensor, layer: str | Layer) -> Tensor:
    """Run a model in evaluation mode and return what one layer gave.

    Whichever order the layer holds them in, maps come back as (B, units, rows,
    columns): channels-last maps are turned, tokens laid on the grid of the image, and
    class tokens left out. The rest of the model works on a copy, so that an in-place
    ReLU after the layer does not alter what is returned. Of a module that is called
    several times, the last call counts.

    Args:
        model: any module that takes the images.
        images: what the model takes, on its device.
        layer: dotted path of the layer, as in ``model.named_modules()`` (``""`` is
            the model itself), or a :class:`Layer`, which says more.

    Shape:
        - images: (B, C, H, W)
        - Output: (B, units, rows, columns), or (B, units) from a linear layer

    Raises:
        TypeError: if the images are no tensor.
        ValueError: if there is no such layer, it takes no part in the forward pass, it
            gives several tensors, its layout is neither known nor said, it is called
            with maps of several sizes (the levels of a pyramid), or numbers of the
            model are not finite.
    """
    reading = read_layer(model, images, layer)
    check_numbers(model, reading.features, reading.layer.text)
    return reading.features


def _check_tensor(images: Tensor) -> None:
    if not isinstance(images, Tensor):
        raise TypeError(
            f"expected images as a tensor of floating-point numbers, got "
            f"{describe(images)}"
        )


def as_batch(images: Tensor) -> Tensor:
    """Return images as a batch (B, C, H, W); one image may come without B.

    Raises:
        TypeError: if they do not hold floating-point numbers.
        ValueError: if they are not dense, the shape is neither (C, H, W) nor
            (B, C, H, W), there is no image or no pixel, or a number is not finite.
    """
    _check_tensor(images)
    if not images.is_floating_point():
        raise TypeError(
            f"expected floating-point images, got {images.dtype}"
            f"{_FROM_BYTES if images.dtype == torch.uint8 else ''}"
        )
    if images.layout is not torch.strided:
        raise ValueError(
            f"expected dense images, got {describe(images)}: use images.to_dense()"
        )
    if images.ndim not in (3, 4) or not images.numel():
        raise ValueError(
            "expected images (C, H, W) or (B, C, H, W), with pixels in them, "
            f"got shape {tuple(images.shape)}"
        )
    if not (images.is_meta or images.isfinite().all()):
        value = images[~images.isfinite()][0]
        raise ValueError(f"expected images of finite numbers, got {value}")
    return images if images.ndim == 4 else images[None]


def check_unit(unit: int, units: int, where: str) -> int:
    """Refuse a unit that a layer does not have, and return its number.

    Raises:
        ValueError: if ``unit`` is no whole number, or not in 0 ... units - 1.
    """
    number = as_whole(unit)
    if number is None or not 0 <= number < units:
        raise ValueError(
            f"expected a unit of {where} from 0 to {units - 1}, got {unit!r}"
        )
    return number


def batches_of(
    model: nn.Module, images: Tensor, layer: str | Layer, batch_size: int
) -> Iterator[Reading]:
    """Read a layer for batch after batch, without gradients."""
    batch_size = check_whole("a batch size", batch_size, 1)
    for batch in as_batch(images).split(batch_size):
        with torch.no_grad():
            reading = read_layer(model, batch, layer)
        layer = reading.layer
        yield reading
