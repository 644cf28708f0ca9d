"""Trace a model: run it once, without values, and write down what it does.

A `TorchFunctionMode` sees each torch function that the model calls, in modules or
between them, and recognises tensors by identity; hooks tell which module is running.
So branches, `+`, `+=`, `torch.cat` and functional layers are found in any model, with
no need to transform its code. The run happens on the meta device, where tensors have
a shape and no memory; a model that must see values is run once on zeros instead.
"""

import copy
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from edulib.anatomy.graph import Call, Graph, Op
from edulib.anatomy.op_types import REDUCTIONS, clean_name, kind_of
from edulib.anatomy.propagation import IMAGE_AXES, follow
from edulib.anatomy.window import POINT


def trace_graph(model: nn.Module, image_shape: tuple[int, ...]) -> Graph:
    """Trace one image through a model in evaluation mode.

    The model itself is neither run nor changed: a copy without memory is.

    Args:
        model: any module that takes one tensor.
        image_shape: (C, H, W), without the batch; also (N, D) for tokens, (F,) for
            vectors.

    Raises:
        TypeError: if `model` is no module.
        ValueError: if `image_shape` is no shape, or the model cannot read it.
    """
    _check(model, image_shape)
    params = count_parameters(model)
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
    image = torch.zeros((1, *image_shape), dtype=dtype)
    try:
        return _run(_meta_copy(model), image.to("meta"), params)
    except (NotImplementedError, RuntimeError):
        pass
    try:
        return _run(copy.deepcopy(model).cpu(), image, params)
    except RuntimeError as error:
        raise ValueError(
            f"{type(model).__name__} cannot read an image of shape "
            f"{tuple(image_shape)} (C, H, W): {error}"
        ) from error


def _check(model: nn.Module, image_shape: tuple[int, ...]) -> None:
    if not isinstance(model, nn.Module):
        raise TypeError(f"expected a torch.nn.Module, got {type(model).__name__}")
    sides = tuple(image_shape)
    whole = all(isinstance(side, int) and side > 0 for side in sides)
    if not whole or not 1 <= len(sides) <= 3:
        raise ValueError(
            "expected image_shape (C, H, W), positive whole numbers without the "
            f"batch, got {image_shape}"
        )


def count_parameters(model: nn.Module) -> int:
    """Count the learned numbers of a model; shared ones once, frozen ones as well.

    Buffers, such as the running averages of batch normalisation, are no parameters.

    Raises:
        ValueError: if a lazy layer has no weights yet.
    """
    for name, parameter in model.named_parameters():
        if isinstance(parameter, nn.parameter.UninitializedTensorMixin):
            raise ValueError(
                f"{name} has no shape yet: run the model once on an image first"
            )
    return sum(parameter.numel() for parameter in model.parameters())


def _meta_copy(model: nn.Module) -> nn.Module:
    """Copy a model, with tensors that have a shape and no memory."""
    memo = {}
    for module in model.modules():
        held = {**vars(module), **module._parameters, **module._buffers}
        for tensor in held.values():
            if isinstance(tensor, Tensor):
                memo[id(tensor)] = _to_meta(tensor)
    return copy.deepcopy(model, memo)


def _to_meta(tensor: Tensor) -> Tensor:
    empty = tensor.detach().to("meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty


def _run(model: nn.Module, image: Tensor, params: int) -> Graph:
    recorder = _Recorder(image)
    for path, module in model.named_modules():
        module._forward_hooks.clear()
        module._forward_pre_hooks.clear()
        module.register_forward_pre_hook(recorder.entering(path))
        module.register_forward_hook(recorder.leaving)
    with torch.no_grad(), recorder.counter, recorder:
        model.eval()(image)
    return Graph(tuple(recorder.ops), recorder.root, params)


class _Recorder(TorchFunctionMode):
    """Writes down each function called on what came from the image."""

    def __init__(self, image: Tensor) -> None:
        from torch.utils.flop_counter import FlopCounterMode  # slow: brings triton

        super().__init__()
        self.counter = FlopCounterMode(display=False)
        self.ops = [_image_op(image)]
        self.root: Call | None = None
        self._open: list[Call] = []
        self._made = {id(image): 0}
        self._kept = [image]
        self._storages = {image.untyped_storage()._cdata}
        self._parameters: set[int] = set()
        self._pending = 0
        self._flops = 0

    def entering(self, path: str) -> Callable:
        """Make the hook that runs before a module."""

        def hook(module: nn.Module, _: tuple) -> None:
            call = Call(path, module, len(self.ops), len(self.ops), 0, [])
            if self._open:
                self._open[-1].children.append(call)
            else:
                self.root = call
            self._open.append(call)

        return hook

    def leaving(self, _: nn.Module, __: tuple, output: object) -> None:
        """Close the call of a module: the hook that runs after it."""
        call = self._open.pop()
        call.last = len(self.ops)
        made = [self._made[id(t)] for t in _tensors(output) if id(t) in self._made]
        call.output = made[0] if made else call.last - 1

    def __torch_function__(
        self,
        function: Callable,
        types: tuple,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> object:
        """Run a function and, if it made a tensor of an activation, note it."""
        kwargs = kwargs or {}
        given = list(_tensors((args, kwargs)))
        self._count_parameters(given)
        sources = [tensor for tensor in given if id(tensor) in self._made]
        name = clean_name(function)
        ask = None
        if sources:
            source = max(sources, key=lambda t: (t.numel(), -self._made[id(t)]))
            axes = self.ops[self._made[id(source)]].axes
            ask = follow(name, function, (args, kwargs), source, axes)
        result = function(*args, **kwargs)
        outputs = list(_tensors(args[:1] if name == "setitem" else result))
        if ask is not None and outputs:
            self._record(name, sources, outputs, ask(outputs[0]))
        return result

    def _count_parameters(self, given: list[Tensor]) -> None:
        for tensor in given:
            if isinstance(tensor, nn.Parameter) and id(tensor) not in self._parameters:
                self._parameters.add(id(tensor))
                self._pending += tensor.numel()

    def _record(
        self, name: str, sources: list[Tensor], outputs: list[Tensor], where: tuple
    ) -> None:
        reach, axes = where
        index = len(self.ops)
        inputs = tuple(dict.fromkeys(self._made[id(tensor)] for tensor in sources))
        pools = name in REDUCTIONS and self.ops[inputs[0]].axes is not None
        pools = pools and outputs[0].numel() == max(outputs[0].shape, default=1)
        flops = self.counter.get_total_flops()
        self.ops.append(
            Op(
                index=index,
                name=name,
                kind=kind_of(name, len(inputs), pools),
                inputs=inputs,
                shape=tuple(outputs[0].shape[1:]),
                path=self._open[-1].path,
                params=self._pending,
                macs=(flops - self._flops) // 2,
                bytes=sum(map(self._new_bytes, outputs)),
                reach=reach,
                axes=axes,
            )
        )
        self._pending, self._flops = 0, flops
        self._kept.extend(outputs)
        self._made.update((id(tensor), index) for tensor in outputs)

    def _new_bytes(self, tensor: Tensor) -> int:
        """Give the size of a tensor's memory, unless an earlier one has it."""
        storage = tensor.untyped_storage()
        if storage._cdata in self._storages or not tensor.is_floating_point():
            return 0
        self._storages.add(storage._cdata)
        return storage.nbytes()


def _image_op(image: Tensor) -> Op:
    shape = tuple(image.shape[1:])
    axes = IMAGE_AXES if len(shape) == 3 else None
    return Op(0, "image", "other", (), shape, "", 0, 0, 0, POINT, axes)


def _tensors(value: object) -> Iterator[Tensor]:
    """Find the tensors in nested tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _tensors(item)
