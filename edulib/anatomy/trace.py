"""Trace a model: run it once, without values, and write down what it does.

A `TorchFunctionMode` sees each torch function that the model calls, in modules or
between them, and recognises tensors by identity; hooks tell which module is running.
So branches, `+`, `+=`, `torch.cat` and functional layers are found in any model, with
no need to transform its code. The run happens on the meta device, where tensors have
a shape and no memory; a model that must see values is run once on the CPU instead.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch
from torch import nn

from edulib.anatomy.assembly import assemble
from edulib.anatomy.copies import (
    cpu_copy,
    hooks_kept,
    meta_copy,
    without_shared_hooks,
)
from edulib.anatomy.graph import Graph
from edulib.anatomy.inputs import Input, Inputs, make_inputs, remedy, shape_text
from edulib.anatomy.packed import count_packed
from edulib.anatomy.recorder import Recorder
from edulib.anatomy.structure import tensors_in


def trace_graph(model: nn.Module, *inputs: Input) -> Graph:
    """Trace one image, or whatever a model takes, through it in evaluation mode.

    The model itself is neither run nor changed: a copy without memory is. Hooks of the
    model's own run in the copy, as they may be part of what it computes. What their
    code or the model's reaches outside of the model, such as a list that it appends to,
    it changes as in any run; hooks that are set or removed are put back.

    Args:
        model: any module.
        inputs: one for each argument of the model: a shape without the batch, such as
            (C, H, W) for an image, (N, D) for tokens, (F,) for a vector or
            (C, T, H, W) for a video; a tensor with its batch, such as token ids
            `torch.zeros(1, 77, dtype=torch.long)`; or a list, tuple or dictionary of
            these. Anything else is handed over as it is.

    Returns:
        The graph; its counts are for the batch of the inputs, 1 where shapes are given.

    Raises:
        TypeError: if `model` is no module.
        ValueError: if no input or a shape that is none is given, the model cannot
            read them, or it is TorchScript.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected a torch.nn.Module, got {type(model).__name__}")
    _check_code(model)
    given = make_inputs(model, inputs)
    params = count_parameters(model)
    try:
        with _all_kept(), hooks_kept(model):
            return _run(meta_copy(model), given.to("meta"), params)
    except Exception as error:
        first = error
    if "device" in str(first):  # the model makes tensors of its own, on the CPU
        with suppress(Exception), _all_kept(), hooks_kept(model), torch.device("meta"):
            return _run(meta_copy(model), given.to("meta"), params)
    try:
        with _all_kept(), hooks_kept(model):
            return _run(cpu_copy(model), given.to("cpu"), params, from_values=True)
    except Exception as error:
        cause = first if _is_meta(model) and not _is_too_large(error) else error
    raise ValueError(
        f"{type(model).__name__} cannot read an input of shape "
        f"{shape_text(inputs)}: {type(cause).__name__}: {cause}{remedy(inputs)}"
    ) from cause


@contextmanager
def _all_kept() -> Iterator[None]:
    """Do not look for garbage: a trace keeps what it makes until it ends."""
    was_looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_looking:
            gc.enable()


def _check_code(model: nn.Module) -> None:
    """Refuse what runs outside of Python, where no function can be seen."""
    for path, module in model.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise ValueError(
                "expected modules of Python code, whose functions can be seen; got "
                f"TorchScript in {path or 'the model itself'!r}: trace the module that "
                "it was made of"
            )


def count_parameters(model: nn.Module) -> int:
    """Count the learned numbers of a model; shared ones once, frozen ones as well.

    The packed weights of quantised layers count as well. Buffers, such as the running
    averages of batch normalisation, are no parameters.

    Args:
        model: any module.

    Raises:
        ValueError: if a lazy layer has no weights yet.
    """
    for name, parameter in model.named_parameters():
        if isinstance(parameter, nn.parameter.UninitializedTensorMixin):
            raise ValueError(
                f"{name} has no shape yet: run the model once on an image first"
            )
    counted = sum(parameter.numel() for parameter in model.parameters())
    return counted + count_packed(model)


def _is_meta(model: nn.Module) -> bool:
    return any(parameter.is_meta for parameter in model.parameters())


def _is_too_large(error: Exception) -> bool:
    """Whether there was no memory for the values; torch has no class for it."""
    return isinstance(error, MemoryError) or "can't allocate memory" in str(error)


def _run(
    model: nn.Module, inputs: Inputs, params: int, from_values: bool = False
) -> Graph:
    named = zip(inputs.names, tensors_in(inputs.args), strict=True)
    recorder = Recorder(model, named)
    recorder.watch(model.eval())
    with torch.no_grad(), without_shared_hooks(), recorder.counter, recorder:
        model(*inputs.args)
    return assemble(recorder, params, from_values)
