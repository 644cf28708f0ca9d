"""Axes that are known backwards: from what slides along them to where they arose."""

from typing import TYPE_CHECKING

from torch import Tensor

from edulib.anatomy.dimensions import ALONG
from edulib.anatomy.kernels import spatial_rank
from edulib.anatomy.op_types import ATTENTIONS, CONCATS, PERMUTES, VIEWS, OpType
from edulib.anatomy.place import Place, spatial_place
from edulib.anatomy.propagation import Step, met, propagate
from edulib.anatomy.reordering import SWAPPED
from edulib.anatomy.structure import tensors_in
from edulib.anatomy.window import POINT, UNKNOWN

if TYPE_CHECKING:
    from edulib.anatomy.recorder import Draft, Recorder

# What may work along an axis, or put it elsewhere.
_OTHERS = PERMUTES | CONCATS | ALONG | {"linear"}


def assume_axes(recorder: "Recorder", draft: "Draft", rank: int) -> None:
    """Take what a function slides along as the axes, back to where they arose.

    Args:
        recorder: what is being recorded.
        draft: what the function reads.
        rank: along how many axes it slides.
    """
    place = spatial_place(rank, tuple(draft.output.shape))
    axes = sorted(draft.step.place.axes or place.axes)
    if len(axes) == rank and axes != list(place.axes):
        _read_anew(draft, place)
    if not draft.step.place.dims:
        _ask_again(recorder, draft, rank)
    while not draft.step.place.dims:
        alone = _source(draft)
        goes_on = alone is not None and not alone.step.place.dims
        begins = draft.op_type is OpType.INPUT or goes_on
        window = draft.step.window if begins else UNKNOWN
        draft.step = Step(draft.step.kernel, window, place)
        if not goes_on:
            draft.told = draft.told or recorder.reordering.contradiction(draft)
            return
        draft = alone


def _ask_again(recorder: "Recorder", draft: "Draft", rank: int) -> None:
    """Follow an input of a model whose last dimensions may be the axes.

    All that was made of it is asked anew; it stays as it was unless what slides finds
    its axes where they are.
    """
    begin = draft
    while begin.op_type is not OpType.INPUT and begin.inputs:
        begin = begin.inputs[0]
    shape, is_known = tuple(begin.output.shape), bool(begin.step.place.dims)
    is_free = not is_known and begin not in recorder.refused
    is_signal = begin.output.is_floating_point() and len(shape) > rank
    if begin.op_type is not OpType.INPUT or not (is_free and is_signal):
        return
    before = {begin: begin.step}
    begin.step = Step(None, POINT, spatial_place(rank, shape))
    for other in recorder.tape[: draft.at + 1]:
        may_differ = getattr(other, "asked", None) and other.name not in ATTENTIONS
        if may_differ and not before.keys().isdisjoint(other.inputs):
            before[other] = other.step
            other.step = _anew(other, recorder.batch)
    if draft.step.place != spatial_place(rank, tuple(draft.output.shape)):
        recorder.refused.add(begin)
        for other, step in before.items():
            other.step = step


def _anew(draft: "Draft", batch: int) -> Step:
    """Tell what an op does with positions, where they are known of what it reads."""
    function, (args, kwargs) = draft.asked
    active = [source for source in draft.inputs if not source.is_constant]
    source = max(active, key=lambda read: read.output.numel())
    given = zip(tensors_in((*args, *kwargs.values())), draft.given, strict=False)
    own = [tensor for tensor, maker in given if maker is source]
    tensor, at = max(own, key=Tensor.numel, default=source.output), source.step.place
    ask = propagate(draft.name, function, (args, kwargs), tensor, at, batch)
    return met(ask, at, [source.step.place for source in active])(draft.output)


def _source(draft: "Draft") -> "Draft | None":
    """Return what an op reads, if that is one tensor whose axes are its own."""
    if len(draft.inputs) != 1 or draft.name in _OTHERS:
        return None
    (source,) = draft.inputs
    return source if source.output.shape == draft.output.shape else None


def _read_anew(draft: "Draft", place: Place) -> None:
    """Note that something slides over dimensions that are not the axes.

    The view that brought them there exchanged them, if the axes were read before.
    """
    draft.read_as = place
    while (source := _source(draft)) is not None:
        draft = source
        draft.read_as = place
    is_view, slid = draft.name in VIEWS, draft
    while slid.inputs and spatial_rank(slid.name, slid.output.ndim) is None:
        slid = slid.inputs[0]
    if is_view and slid.inputs:
        draft.told = SWAPPED
