"""Copy a model to be traced: without values or with zeros, hooks and all.

A hook often reaches layers of the model through its closure or its defaults, not
through its arguments; in the copy these are the layers of the copy. Hooks that are set
for all modules at once become hooks of each module of the copy. What else such code
reaches and changes, as a list or a handle of a hook, is that of the model itself.
"""

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import CellType, FunctionType

import torch
from torch import Tensor, nn
from torch.nn.modules import module as of_all_modules

from edulib.anatomy.structure import tensors_in

_SHARED = of_all_modules._global_forward_pre_hooks, of_all_modules._global_forward_hooks


def meta_copy(model: nn.Module) -> nn.Module:
    """Copy a model, with tensors that have a shape and no memory."""
    return _copy(model, {id(tensor): _meta(tensor) for tensor in _held(model)})


def cpu_copy(model: nn.Module) -> nn.Module:
    """Copy a model to the CPU; weights that have no values become zeros.

    Parameters of one type share the memory of these zeros.
    """
    held = {id(tensor): tensor for tensor in _held(model) if tensor.is_meta}
    most = max((tensor.numel() for tensor in held.values()), default=0)
    zeros = cache(lambda dtype: torch.zeros(most, dtype=dtype))
    memo = {key: _zeros(tensor, zeros) for key, tensor in held.items()}
    return _copy(model, memo).cpu().requires_grad_(False)


@contextmanager
def hooks_kept(model: nn.Module) -> Iterator[None]:
    """Put the hooks of a model, and those of all modules, back as they were."""
    held = [
        (hooks, dict(hooks))
        for holder in (of_all_modules, *model.modules())
        for name, hooks in vars(holder).items()
        if "_hooks" in name and isinstance(hooks, dict)
    ]
    try:
        yield
    finally:
        for hooks, before in held:
            if hooks or before:
                hooks.clear()
                hooks.update(before)


@contextmanager
def without_shared_hooks() -> Iterator[None]:
    """Do not run the hooks of all modules: those of a copy have them as their own."""
    with hooks_kept(nn.Module()):
        for hooks in _SHARED:
            hooks.clear()
        yield


def _held(model: nn.Module) -> Iterator[Tensor]:
    """Find all tensors of a model, those in plain attributes and lists as well."""
    for module in model.modules():
        yield from tensors_in({**vars(module), **module._parameters, **module._buffers})


def _meta(tensor: Tensor) -> Tensor:
    """Return a tensor of the same shape; no parameter of the copy has a gradient."""
    meta = tensor.detach().to("meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(meta, requires_grad=False)
    return meta


def _zeros(tensor: Tensor, shared: Callable[[torch.dtype], Tensor]) -> Tensor:
    """Return zeros of the same shape; a buffer, which may be written to, its own."""
    if not isinstance(tensor, nn.Parameter):
        return torch.zeros(tensor.shape, dtype=tensor.dtype)
    zeros = shared(tensor.dtype)[: tensor.numel()].view(tensor.shape)
    return nn.Parameter(zeros, requires_grad=False)


def _copy(model: nn.Module, memo: dict[int, object]) -> nn.Module:
    memo |= _emptied(model)
    copied = copy.deepcopy(model, memo)
    for module in copied.modules():
        of_its_own = module._forward_pre_hooks, module._forward_hooks
        for hooks, shared in zip(of_its_own, _SHARED, strict=True):
            before = {**shared, **hooks}
            hooks.clear()
            hooks.update({key: _rebound(hook, memo) for key, hook in before.items()})
        module._forward_hooks_with_kwargs.update(
            of_all_modules._global_forward_hooks_with_kwargs
        )
    return copied


def _emptied(model: nn.Module) -> dict[int, dict]:
    """Copy the empty dictionaries of all modules: most of what they hold is such."""
    return {
        id(value): type(value)()
        for module in model.modules()
        for value in vars(module).values()
        if type(value) in (dict, OrderedDict) and not value
    }


def _rebound(hook: Callable, memo: dict[int, object]) -> Callable:
    """Give a function the copies of what its closure and its defaults hold."""
    if not isinstance(hook, FunctionType):
        return hook
    cells = tuple(_rebound_cell(cell, memo) for cell in hook.__closure__ or ())
    held = tuple(memo.get(id(value), value) for value in hook.__defaults__ or ())
    code = hook.__code__, hook.__globals__, hook.__name__, held, cells
    rebound = FunctionType(*code)
    rebound.__kwdefaults__ = {
        name: memo.get(id(value), value)
        for name, value in (hook.__kwdefaults__ or {}).items()
    }
    return rebound


def _rebound_cell(cell: CellType, memo: dict[int, object]) -> CellType:
    """Hold the copy of what is held; what has none, or nothing, stays as it is."""
    try:
        value = cell.cell_contents
    except ValueError:  # empty: what it will hold is not made yet
        return cell
    return CellType(memo[id(value)]) if id(value) in memo else cell
