"""Write down what a model does: its functions, and the modules that called them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from math import prod

from torch import Tensor, nn
from torch._C import DisableTorchFunction
from torch.overrides import TorchFunctionMode

from edulib.anatomy.assumed import assume_axes
from edulib.anatomy.choice import chosen_words
from edulib.anatomy.costs import MacCounter, inner_bytes, uncounted
from edulib.anatomy.graph import Call
from edulib.anatomy.kernels import read_kernel, read_settings, spatial_rank
from edulib.anatomy.memory import memory_of, overlap, starts_in
from edulib.anatomy.op_types import (
    ATTENTIONS,
    CONCATS,
    REDUCTIONS,
    VIEWS,
    OpType,
    clean_name,
    is_in_place,
    only_permutes,
    type_of,
)
from edulib.anatomy.packed import unpack
from edulib.anatomy.paired import paired_words
from edulib.anatomy.place import (
    Place,
    find_again,
    holds_all,
    image_place,
    resized,
)
from edulib.anatomy.propagation import Step, met, propagate
from edulib.anatomy.rejoined import find_whole, rejoin
from edulib.anatomy.reordering import Reordering
from edulib.anatomy.restored import restore
from edulib.anatomy.shortcuts import plain_result
from edulib.anatomy.structure import named_tensors, tensors_in
from edulib.anatomy.window import POINT, UNKNOWN, Window

# Functions that read weights: what is no weight comes first.
_DATA = {
    **dict.fromkeys(
        "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d "
        "deform_conv2d linear bilinear batch_norm layer_norm group_norm instance_norm "
        "rms_norm prelu embedding embedding_bag lstm gru rnn_tanh rnn_relu".split(),
        1,
    ),
    **dict.fromkeys(ATTENTIONS, 3),
}
# What only asks about a tensor, several times for each operation.
_ASKS = frozenset(
    "shape size ndim dim numel stride dtype device layout names requires_grad is_leaf "
    "is_meta is_cuda is_cpu is_mps is_xpu is_sparse is_quantized is_nested "
    "is_contiguous is_floating_point is_complex assert".split()
)
# What gives numbers, or their memory, to what is not torch; torch tells no mode of
# `torch.utils.dlpack.to_dlpack`, which does so as well.
_LEAVES = frozenset(
    "numpy array tolist dlpack storage untyped_storage data_ptr "
    "item float int complex index".split()
)
# What takes only the type or the shape of a second tensor.
_LIKE = frozenset("to type_as expand_as view_as reshape_as".split())
_WHOLE_ATTENTION = "multi_head_attention_forward"
_ATTENDS = {  # names of the first arguments
    "scaled_dot_product_attention": (
        "query",
        "key",
        "value",
        "attn_mask",
        "dropout_p",
        "is_causal",
    ),
    _WHOLE_ATTENTION: ("query", "key", "value"),
}
_MATRIX = 2  # dimensions of a row of tokens, without a batch
_PRODUCTS = ("linear", "conv1d", "conv2d", "conv3d")  # with packed weights, too


@dataclass(eq=False)
class Draft:
    """An op that is being written down.

    Attributes:
        name: of the function, the input or the parameter.
        path: of the module that called it, or that holds the parameter.
        output: what it returned.
        inputs: what it reads.
        weights: constants that it reads as weights.
        held: the parameter or buffer that it stands for.
        step: what it does with positions.
        op_type: set where the name does not tell it.
        is_constant: whether it depends on no input.
        macs: multiply-adds.
        bytes: memory that its output newly occupies.
        pools: whether it is a reduction over all positions.
        params: learned numbers that it is the first to use.
        is_learned: whether it uses learned numbers, be it as the first or not.
        others: shapes of the tensors that it returned besides the first.
        chosen: what an index takes, in words.
        joined: how many tensors a concatenation joins.
        paired: which tensors of one op it joins, in words, as in `paired_words`.
        taken: which of the tensors of an input it reads; -1 for several of them.
        given: for each tensor that it was given what made it, None for what is made of
            nothing that is known.
        hook: whether a hook called it, "before" or "behind" its module; else "".
        aside: whether it was made inside of a hook, and changes nothing in place.
        told: what it does to the order of numbers, in words, if that is known already.
        read_as: where what slides over it takes the positions to be, if elsewhere.
        shows: the map whose positions it has as they were, though not all that it reads
            has them.
        asked: the function and its arguments, where no positions were known before.
        at: its place on the tape; -1 for inputs and parameters.
    """

    name: str
    path: str
    output: Tensor
    inputs: list["Draft"] = field(default_factory=list)
    weights: list["Draft"] = field(default_factory=list)
    held: Tensor | None = None
    step: Step = field(default_factory=lambda: Step(None, POINT, Place()))
    op_type: OpType | None = None
    is_constant: bool = False
    macs: int = 0
    bytes: int = 0
    pools: bool = False
    params: int = 0
    is_learned: bool = False
    others: tuple[tuple[int, ...], ...] = ()
    chosen: str = ""
    joined: int = 0
    paired: str = ""
    taken: dict["Draft", int] = field(default_factory=dict)
    given: list["Draft | None"] = field(default_factory=list)
    hook: str = ""
    aside: bool = False
    told: str = ""
    read_as: Place | None = None
    shows: "Draft | None" = None
    asked: tuple | None = None
    at: int = -1


@dataclass(frozen=True)
class Exit:
    """The end of a module's call.

    Attributes:
        call: the call.
        output: the maker of what it returned, if known.
        more: the makers of what else it returned.
        given: names of its arguments, with the makers of the tensors.
    """

    call: Call
    output: Draft | None
    more: tuple[Draft, ...]
    given: tuple[tuple[str, Draft], ...]


class Recorder(TorchFunctionMode):
    """Writes down each function that is called on inputs, parameters and buffers.

    Attributes:
        tape: what happened, in order: calls of modules, ops, ends of calls.
        leaves: the parameters and buffers of the model, by their tensors' identity.
        outputs: name and maker of the tensors that the model returned.
        batch: the first dimension of the first input.
        reordering: tells which views put numbers in another order.
        refused: inputs whose axes were asked for in vain.
        left: functions that handed numbers to what is not torch, with their path.
    """

    def __init__(self, model: nn.Module, inputs: Iterable[tuple[str, Tensor]]) -> None:
        super().__init__()
        self.counter = MacCounter()
        self.tape: list[Call | Draft | Exit] = []
        self.outputs: list[tuple[str, Draft, int]] = []
        self.left: list[str] = []
        self.refused: set[Draft] = set()
        self.leaves = _leaves(model)
        self.inputs = [
            Draft(name, "", tensor, op_type=OpType.INPUT, step=_input_step(tensor))
            for name, tensor in inputs
        ]
        shapes = [_shape(draft.output) for draft in self.inputs]
        self.batch = next((shape[0] for shape in shapes if shape), 1) or 1
        self._made = self.leaves | {id(draft.output): draft for draft in self.inputs}
        self._places: dict[int, int] = {}
        self._written: dict[int | None, Draft] = {}
        self._kept: list[Tensor] = []
        self._storages = {memory_of(draft.output) for draft in self._made.values()}
        self._open: list[Call] = []
        self._begins: list[int] = []
        self._hooks: list[str] = []
        self._given_to: list[tuple[tuple[str, Draft], ...]] = []
        self._macs = 0
        self.reordering = Reordering()
        self._used: set[int] = set()

    def watch(self, model: nn.Module) -> None:
        """Hook into all modules, outside and inside of the hooks that they have."""
        for path, module in model.named_modules():
            has_hooks = bool(module._forward_pre_hooks or module._forward_hooks)
            module.register_forward_pre_hook(
                self._entering(path, has_hooks), prepend=True, with_kwargs=True
            )
            if has_hooks:
                module.register_forward_pre_hook(self._beginning)
                module.register_forward_hook(self._ending, prepend=True)
            module.register_forward_hook(self._leaving)

    def _beginning(self, *_: object) -> None:
        self._hooks[-1] = ""

    def _ending(self, *_: object) -> None:
        self._hooks[-1] = "behind"

    def _entering(self, path: str, has_hooks: bool) -> Callable:
        def hook(module: nn.Module, args: tuple, kwargs: dict) -> None:
            call = Call(path, module, 0, 0, 0, [])
            with DisableTorchFunction():  # what it asks itself is none of the model's
                self._given_to.append(self._arguments(module, args, kwargs))
            if self._open:
                self._open[-1].children.append(call)
            self._open.append(call)
            self._begins.append(len(self.tape))
            self._hooks.append("before" if has_hooks else "")
            self.tape.append(call)

        return hook

    def _leaving(self, _: nn.Module, __: tuple, output: object) -> None:
        call, begin = self._open.pop(), self._begins.pop()
        self._hooks.pop()
        with DisableTorchFunction():
            known = [
                (name, tensor, maker)
                for name, tensor in named_tensors(output)
                if (maker := self._maker(tensor) or self._computed(call, tensor))
            ]
        own = [maker for _, _, maker in known if maker.at > begin]
        made = own or [maker for _, _, maker in known]
        returned = {id(t): (t, maker) for _, t, maker in known if maker in made}
        call.taken = next((self._place(tensor) for tensor, _ in returned.values()), 0)
        call.others = tuple(_shape(tensor) for tensor, _ in [*returned.values()][1:])
        more = tuple(maker for _, maker in returned.values())[1:]
        given = self._given_to.pop()
        self.tape.append(Exit(call, made[0] if made else None, more, given))
        if not self._open:
            self.outputs = [(name, m, self._place(t)) for name, t, m in known]

    def _computed(self, call: Call, tensor: Tensor) -> Draft | None:
        """Stand for what a part of the model makes of shapes alone, as sine positions.

        It is a constant like one that a module holds.
        """
        if not self._open or not tensor.is_floating_point():
            return None
        name = call.path.rpartition(".")[2]
        made = Draft(name, call.path, tensor, held=tensor, is_constant=True)
        made.op_type, made.at = OpType.CONSTANT, len(self.tape)
        self.tape.append(made)
        self._made[id(tensor)] = made
        return made

    @property
    def _path(self) -> str:
        """Path of the module that is running."""
        return self._open[-1].path if self._open else ""

    def _arguments(
        self, module: nn.Module, args: tuple, kwargs: dict
    ) -> tuple[tuple[str, Draft], ...]:
        """Name the tensors that a module is given, as its code does."""
        code = getattr(type(module).forward, "__code__", None)
        names = code.co_varnames[1 : code.co_argcount] if code else ()
        named = [*zip(names, args, strict=False), *kwargs.items()]
        made = ((name, self._maker(v)) for name, v in named if isinstance(v, Tensor))
        return tuple((name, maker) for name, maker in made if maker is not None)

    def __torch_function__(
        self,
        function: Callable,
        types: tuple,
        args: tuple = (),
        kwargs: dict | None = None,
    ) -> object:
        """Run a function and, if it made a tensor of what is known, note it."""
        kwargs = kwargs or {}
        name = _name(function, args)
        if name in _ASKS:
            return function(*args, **kwargs)
        inputs, weights = self._read(name, args, kwargs)
        reads_shape_only = name.endswith("_like") or name.startswith("new_")
        if reads_shape_only or not (inputs or weights):
            return function(*args, **kwargs)
        ask = self._ask(name, function, (args, kwargs), inputs)
        result = plain_result(function, args, kwargs)
        if result is None:
            result = function(*args, **kwargs)
        else:
            self.counter.add(function, args, result)
        if name == "iter":
            result = list(result)
        outputs = list(tensors_in(args[:1] if name == "setitem" else result))
        leaves = name in _LEAVES and not outputs  # `x.float()` gives a tensor
        if leaves and not all(draft.is_constant for draft in inputs):
            self.left.append(f"{self._path}.{name}".strip("."))
        held = all(id(tensor) in self.leaves for tensor in outputs)
        if not held or (outputs and not all(draft.is_constant for draft in inputs)):
            self._note(name, inputs, weights, outputs, ask)
            self._tell(function, args, kwargs)
            restore(self.tape[-1])
            self._credit_packed((*args, *kwargs.values()))
            if name == _WHOLE_ATTENTION:
                self.tape[-1].bytes += inner_bytes(args, kwargs)
        return iter(result) if name == "iter" else result

    def _tell(self, function: Callable, args: tuple, kwargs: dict) -> None:
        """Note what an index takes, what is joined, what is read or written to."""
        draft = self.tape[-1]
        given_back = [d for d in draft.inputs if d.output is draft.output]
        changes = not all(source.is_constant for source in given_back)
        draft.aside = any(self._hooks) and not changes
        if not any(source.step.place.dims for source in draft.inputs):
            draft.asked = function, (args, kwargs)
        given = list(tensors_in((*args, *kwargs.values())))
        for tensor in given:
            place, maker = self._place(tensor), self._maker(tensor)
            is_other = draft.taken.get(maker, place) != place
            draft.taken[maker] = -1 if is_other else place
            draft.given.append(maker)
        draft.paired = paired_words(draft, given)
        is_activation = type_of(draft.name, 1, False) is OpType.ACTIVATION
        if is_in_place(function) or (given_back and is_activation):
            self._written[memory_of(draft.output)] = draft
        if draft.name in CONCATS:
            joined = list(tensors_in((*args, kwargs.get("tensors"))[0]))
            self._rejoin(draft, joined, kwargs.get("dim", (*args[1:], 0)[0]))
        if draft.name != "getitem" or not draft.inputs:
            return
        source, index = args
        is_batch = source.shape[:1] == (self.batch,)
        axes = draft.inputs[0].step.place.axes
        draft.chosen = chosen_words(index, source.shape, axes, is_batch)

    def _rejoin(self, draft: Draft, parts: list[Tensor], dim: int) -> None:
        """Read a tensor itself where all of its parts are joined, in some order."""
        draft.joined = len(parts)
        makers = [self._maker(part) for part in parts]
        is_plain = len(parts) > 1 and draft.name not in ("hstack", "vstack")
        if not is_plain or any(maker is None or maker.is_constant for maker in makers):
            return
        if draft.name == "stack":
            parts = [part.unsqueeze(dim) for part in parts]
        found = find_whole(parts, makers, dim)
        if found is not None and memory_of(parts[0]) not in self._written:
            whole, shown = found
            draft.step, draft.told = rejoin(whole, shown, dim)
            draft.inputs, draft.taken, draft.joined = [whole], {whole: 0}, 0
            draft.asked = None

    def _credit_packed(self, values: tuple) -> None:
        """Count the packed weights that the last function read, and what they cost."""
        draft = self.tape[-1]
        for value, parts in ((value, unpack(value)) for value in values):
            if parts and id(value) not in self._used:
                self._used.add(id(value))
                draft.params += sum(part.numel() for part in parts)
            draft.is_learned |= bool(parts)
            if parts and draft.name in _PRODUCTS:
                draft.macs = draft.output.numel() * parts[0][0].numel()

    def _read(
        self, name: str, args: tuple, kwargs: dict
    ) -> tuple[list[Draft], list[Draft]]:
        """Sort what a function reads: activations and data; weights."""
        count = _DATA.get(name, len(args) + len(kwargs))
        values = args[:1] if name in _LIKE else [*args, *kwargs.values()]
        inputs: dict[Draft, None] = {}
        weights: dict[Draft, None] = {}
        for k, value in enumerate(values):
            for tensor in tensors_in(value):
                draft = self._maker(tensor)
                if draft is not None:
                    is_weight = draft.is_constant and k >= count
                    (weights if is_weight else inputs)[draft] = None
        return list(inputs), list(weights)

    def _place(self, tensor: Tensor) -> int:
        """Return which of the tensors of the op that made it a tensor is."""
        return self._places.get(id(tensor), 0)

    def _maker(self, tensor: Tensor) -> Draft | None:
        """Return what made a tensor, or wrote last into its memory."""
        found = self._made.get(id(tensor))
        write = self._written.get(memory_of(tensor)) if self._written else None
        if write is None or (found is not None and found.at >= write.at):
            return found
        return self._changed(tensor, found, write)

    def _changed(self, tensor: Tensor, found: Draft | None, write: Draft) -> Draft:
        """Note that a tensor was written to through another one, if it was."""
        if not overlap(tensor, write.output):
            return found
        sources = [draft for draft in (found, write) if draft is not None]
        draft = Draft(
            "setitem",
            self._path,
            tensor,
            sources,
            step=_written(tensor, found, write),
            is_constant=all(source.is_constant for source in sources),
            hook=self._hooks[-1] if self._hooks else "",
            at=len(self.tape),
        )
        self.tape.append(draft)
        self._kept.append(tensor)
        self._made[id(tensor)] = draft
        return draft

    def _ask(
        self, name: str, function: Callable, call: tuple, inputs: list[Draft]
    ) -> Callable[[Tensor], Step]:
        active = [draft for draft in inputs if not draft.is_constant] or inputs
        if not active:  # weights on something that was made inside
            kernel = read_kernel(name, read_settings(name, *call))
            return lambda _: Step(kernel, UNKNOWN, Place())
        source = max(active, key=lambda draft: draft.output.numel())
        tensor = self._given(source, call)
        rank = spatial_rank(name, tensor.ndim)
        if rank is not None and tensor.ndim == rank + 2:
            assume_axes(self, source, rank)
        at = source.step.place
        step = propagate(name, function, call, tensor, at, self.batch)
        if name in ATTENTIONS and not self._sees_all(name, *call):
            return lambda output: replace(step(output), window=UNKNOWN)
        return met(step, at, [draft.step.place for draft in active])

    def _sees_all(self, name: str, args: tuple, kwargs: dict) -> bool:
        """Whether an attention looks at all positions, not in windows or past masks."""
        call = dict(zip(_ATTENDS[name], args, strict=False)) | kwargs
        key, mask = call.get("key"), call.get("attn_mask")
        if call.get("is_causal") or call.get("key_padding_mask") is not None:
            return False
        if mask is not None and not _is_learned(self._maker(mask)):
            return False
        maker = self._maker(key)
        row = -3 if name == _WHOLE_ATTENTION and key.ndim > _MATRIX else -2
        return maker is None or holds_all(tuple(key.shape), row, maker.step.place)

    def _given(self, source: Draft, call: tuple) -> Tensor:
        """Find the tensor that was handed over, of all that an op returned."""
        found = (t for t in tensors_in(call) if self._maker(t) is source)
        return max(found, key=Tensor.numel)

    def _note(
        self,
        name: str,
        inputs: list[Draft],
        weights: list[Draft],
        outputs: list[Tensor],
        ask: Callable[[Tensor], Step],
    ) -> None:
        main = outputs[0]
        macs = self.counter.macs - self._macs
        positions = any(draft.step.place.dims for draft in inputs[:1])
        step = ask(main)
        keeps = bool(step.place.dims) and prod(step.place.grid or ()) > 1
        places = inputs[0].step.place.grid if positions else ()
        numbers = inputs[0].output.numel() if positions else 0
        draft = Draft(
            name,
            self._path,
            main,
            inputs,
            weights,
            step=step,
            is_constant=all(source.is_constant for source in inputs),
            macs=macs or uncounted(name, inputs, weights, main),
            bytes=sum(map(self._new_bytes, outputs)),
            pools=name in REDUCTIONS
            and positions
            and not keeps
            and main.numel() * prod(places or ()) == numbers,
            others=tuple(map(_shape, outputs[1:])),
        )
        if name in VIEWS and step.window == UNKNOWN:  # its axes were guessed
            draft.told = self.reordering.contradiction(draft)
            draft.step = Step(None, UNKNOWN, Place()) if draft.told else step
        self._macs = self.counter.macs
        draft.hook = self._hooks[-1] if self._hooks else ""
        draft.at = len(self.tape)
        self.tape.append(draft)
        self._kept.extend(outputs)
        self._made.update((id(tensor), draft) for tensor in outputs)
        self._places.update((id(tensor), k) for k, tensor in enumerate(outputs))

    def _new_bytes(self, tensor: Tensor) -> int:
        """Return the size of a tensor's memory, unless an earlier one has it."""
        memory = memory_of(tensor)
        holds_numbers = (
            tensor.is_floating_point() or tensor.is_complex() or tensor.is_quantized
        )
        if memory is None or memory in self._storages or not holds_numbers:
            return 0
        self._storages.add(memory)
        return tensor.untyped_storage().nbytes()


def _name(function: Callable, args: tuple) -> str:
    """Return the plain name of what a call does."""
    name = clean_name(function)
    return "permute" if only_permutes(name, args) else name


def _shape(tensor: Tensor) -> tuple[int, ...]:
    return tuple(tensor.shape)


def _leaves(model: nn.Module) -> dict[int, Draft]:
    """Stand for each parameter and buffer, under the first module that holds it."""
    found: dict[int, Draft] = {}
    for path, module in model.named_modules():
        for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
            if tensor is not None and id(tensor) not in found:
                draft = Draft(name, path, tensor, held=tensor, is_constant=True)
                found[id(tensor)] = replace(draft, op_type=OpType.CONSTANT)
    return found


def _is_learned(draft: Draft | None) -> bool:
    """Whether a constant is made of parameters, as the bias of an attention is."""
    todo = [draft] if draft is not None and draft.is_constant else []
    while todo:
        part = todo.pop()
        if isinstance(part.held, nn.Parameter):
            return True
        todo += [*part.inputs, *part.weights]
    return False


def _written(tensor: Tensor, found: Draft | None, write: Draft) -> Step:
    """Follow positions from what wrote into a part of a tensor to the tensor."""
    at, seen = write.step.place, (found or write).step.place.seen
    where = at.axes and starts_in(write.output, tensor, at.axes)
    if not where:
        place = found.step.place if found else find_again(seen, _shape(tensor))
        return Step(None, UNKNOWN, place)
    dims, starts = where
    place = resized(_shape(tensor), Place(dims))
    if found is None:  # a tensor without anything of the image's in it before
        ones = (1,) * len(dims)
        return Step(None, Window(ones, ones, starts, ones), place)
    is_all = place.grid == at.grid and place == found.step.place
    return Step(None, POINT if is_all else UNKNOWN, found.step.place)


def _input_step(tensor: Tensor) -> Step:
    is_image = tensor.ndim > 3 and tensor.is_floating_point()
    place = image_place(tuple(tensor.shape[1:])) if is_image else Place()
    return Step(None, POINT, place)
