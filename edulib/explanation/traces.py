"""Traces of models, the last one of each kept for the next question."""

from weakref import WeakKeyDictionary

from torch import Tensor, nn

from edulib.anatomy import Graph, trace_graph

_Key = tuple[tuple[int, ...], tuple[int, ...]]
_last: WeakKeyDictionary[nn.Module, tuple[_Key, Graph]] = WeakKeyDictionary()


def traced(model: nn.Module, images: Tensor) -> Graph:
    """Return the trace of a model for images of this size.

    A trace takes longer than most explanations, which often are asked for unit after
    unit. It is made anew when the size of the images differs or a module of the model
    was exchanged.

    Args:
        model: the model; a copy of it runs, without values.
        images: what it takes, (B, C, H, W).

    Raises:
        ValueError: if the model cannot be traced with them.
    """
    key = tuple(images.shape[1:]), tuple(map(id, model.modules()))
    found = _last.get(model)
    if found is None or found[0] != key:
        found = key, trace_graph(model, tuple(images.shape[1:]))
        _last[model] = found
    return found[1]
