"""Which dimensions of a layer's output are units, rows and columns.

They are known from what the user says, from the module (a convolution gives channels
first, a linear layer last), or from a trace of the model. Where all three are silent,
a map is known by its sides if one pair of them alone is the image, made smaller.
"""

from dataclasses import replace

from torch import Tensor, nn

from edulib.anatomy import Call, Graph, Op
from edulib.explanation.layer import Layer
from edulib.explanation.tokens import Tokens, follow_tokens
from edulib.explanation.traces import traced

_FIRST = (
    nn.Conv2d,
    nn.ConvTranspose2d,
    nn.BatchNorm2d,
    nn.InstanceNorm2d,
    nn.GroupNorm,
    nn.LocalResponseNorm,
    nn.MaxPool2d,
    nn.AvgPool2d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
    nn.Upsample,
)
_LAST = (nn.Linear, nn.LayerNorm)
_POINTWISE = (nn.ReLU, nn.ReLU6, nn.GELU, nn.SiLU, nn.Dropout, nn.Identity)
_ORDERS = {(-2, -1): "BCHW", (-3, -2): "BHWC"}  # rows first, as they lie there
_TOKEN_LAYOUTS = {-1: "BCN", -2: "BNC", -3: "NBC"}


def find_layout(
    model: nn.Module, images: Tensor, layer: Layer, tensor: Tensor
) -> Layer:
    """Return the layer with its layout, and for tokens their grid, filled in.

    Args:
        model: the model; a trace runs a copy of it.
        images: what it took.
        layer: the layer, with what is said of it.
        tensor: what it gave.

    Raises:
        ValueError: if the layout is neither known nor said, does not fit, or shows
            that the layer gives another number of maps than there are images.
    """
    found = _find(model, images, layer, tensor)
    count = tensor.shape[found.layout.index("B")]
    if count != len(images):
        raise ValueError(
            f"expected {layer.text} to give maps of {len(images)} images, got {count} "
            f"in {tuple(tensor.shape)}: windows, crops or boxes are no images"
        )
    return found


def _find(model: nn.Module, images: Tensor, layer: Layer, tensor: Tensor) -> Layer:
    if layer.layout is not None and len(layer.layout) != tensor.ndim:
        raise ValueError(
            f"expected {layer.text} to give {len(layer.layout)} dimensions "
            f"{layer.layout!r}, got {tuple(tensor.shape)}"
        )
    layout = layer.layout or _of_module(model, layer, tensor)
    if layout is not None and (layout == "BC" or "H" in layout):
        return replace(layer, layout=layout)
    if tensor.ndim not in (3, 4):
        raise ValueError(f"expected {_wanted(layer)}, got {tuple(tensor.shape)}")
    if layer.grid is not None and tensor.ndim == 3:
        return _with_grid(replace(layer, layout=layout or "BNC"), tensor)
    op = made_by(model, images, layer, tensor)
    if tensor.ndim == 3:
        tokens = op and follow_tokens(traced(model, images)).get(op.index)
        return _with_tokens(layer, layout, tokens, tensor)
    seen = op and op.place.seen
    layout = (op and op.axes and _ORDERS.get(tuple(sorted(op.axes)))) or _by_sides(
        images, tensor, seen
    )
    if layout is None:
        raise ValueError(
            f"cannot tell rows, columns and units of {layer.text} "
            f"{tuple(tensor.shape)} apart: say Layer({layer.path!r}, "
            "layout='BCHW'), or 'BHWC'"
        )
    return replace(layer, layout=layout)


def _wanted(layer: Layer) -> str:
    return (
        f"{layer.text} to give (B, units, rows, columns) or (B, units), or tokens "
        "(B, N, units)"
    )


def _with_tokens(
    layer: Layer, layout: str | None, found: Tokens | None, tensor: Tensor
) -> Layer:
    if found is None:
        raise ValueError(
            f"expected {_wanted(layer)} that lie on a grid, got {tuple(tensor.shape)}: "
            f"say Layer({layer.path!r}, grid=(rows, columns), prefix_tokens=0)"
        )
    layout = layout or _TOKEN_LAYOUTS[found.dim]
    prefix = found.prefix if layer.prefix_tokens is None else layer.prefix_tokens
    layer = replace(layer, layout=layout, grid=found.grid, prefix_tokens=prefix)
    return _with_grid(layer, tensor)


def _with_grid(layer: Layer, tensor: Tensor) -> Layer:
    """Check that the tokens fill the grid, and what comes before them is known."""
    count = tensor.shape[layer.layout.index("N")]
    rows, columns = layer.grid
    rest = count - rows * columns
    if layer.prefix_tokens is None and rest == 0:
        return replace(layer, prefix_tokens=0)
    if layer.prefix_tokens is None or rest < layer.prefix_tokens:
        rule = f"{layer.prefix_tokens or 0} + {rows} x {columns}"
        raise ValueError(
            f"expected {layer.text} to give {rule} tokens, got {count} in "
            f"{tuple(tensor.shape)}: say grid= and prefix_tokens="
        )
    return layer


def _of_module(model: nn.Module, layer: Layer, tensor: Tensor) -> str | None:
    """Return the layout that a module's type says, if it says one."""
    if tensor.ndim == 2:
        return "BC"
    kind = _telling(model.get_submodule(layer.path))
    if tensor.ndim == 4 and kind in _FIRST:
        return "BCHW"
    if tensor.ndim == 4 and kind in _LAST:
        return "BHWC"
    return None


def _telling(module: nn.Module) -> type:
    """Return the type of the last part of a chain that settles the layout."""
    is_chain = isinstance(module, nn.Sequential)
    if is_chain and type(module).forward is nn.Sequential.forward:
        for part in reversed(module):
            kind = _telling(part)
            if kind not in _POINTWISE:
                return kind
    if type(module) is nn.LayerNorm and len(module.normalized_shape) != 1:
        return nn.Module
    return type(module)


def _by_sides(
    images: Tensor, tensor: Tensor, seen: tuple[int, ...] | None
) -> str | None:
    """Return the one layout in which the sides are the image's, made smaller.

    Args:
        images: the images.
        tensor: what the layer gave.
        seen: sides that were known on the way to it; it cannot have larger ones.
    """
    height, width = images.shape[-2:]
    found = []
    for layout, (rows, columns) in (
        ("BCHW", tensor.shape[2:]),
        ("BHWC", tensor.shape[1:3]),
    ):
        fits = not seen or len(seen) != 2 or (rows <= seen[0] and columns <= seen[1])
        is_whole = height % rows == width % columns == 0
        if fits and is_whole and height // rows == width // columns:
            found.append(layout)
    return found[0] if len(found) == 1 else None


def made_by(
    model: nn.Module, images: Tensor, layer: Layer, tensor: Tensor
) -> Op | None:
    """Return the operation that made what a layer gave, if a trace shows it.

    Args:
        model: the model; a copy of it runs.
        images: what it took.
        layer: the layer.
        tensor: what it gave.
    """
    try:
        graph = traced(model, images)
    except ValueError:
        return None
    return output_of(graph, layer, tuple(tensor.shape[1:]))


def output_of(
    graph: Graph, layer: Layer, shape: tuple[int, ...] | None = None
) -> Op | None:
    """Return the operation that made what a layer gave.

    Args:
        graph: the traced model.
        layer: the layer.
        shape: of what it gave, without the batch; where the layer gives several
            tensors, the last operation in it of this shape is meant.
    """
    calls = [call for call in _walk(graph.root) if call.path == layer.path]
    number = -1 if layer.call is None else layer.call
    if not -len(calls) <= number < len(calls):
        return None
    call = calls[number]
    op = graph.ops[call.output]
    if shape in (None, op.shape):
        return op
    inside = [op for op in graph.ops[call.first : call.last] if op.shape == shape]
    return inside[-1] if inside else None


def _walk(call: Call) -> list[Call]:
    return [call, *(inner for child in call.children for inner in _walk(child))]


def as_maps(tensor: Tensor, layer: Layer) -> tuple[Tensor, Tensor | None]:
    """Turn what a layer gave to (B, units, rows, columns), or (B, units).

    Args:
        tensor: what the layer gave.
        layer: the layer, its layout known.

    Returns:
        The maps, and the tokens before them (B, units, tokens), None if there are none.
    """
    order = {2: "BC", 3: "BCN", 4: "BCHW"}[tensor.ndim]
    if layer.layout != order:
        tensor = tensor.permute([layer.layout.index(letter) for letter in order])
    if order != "BCN":
        return tensor, None
    first, (rows, columns) = layer.prefix_tokens, layer.grid
    inside = tensor[..., first : first + rows * columns]
    prefix = tensor[..., :first] if first else None
    return inside.reshape(*tensor.shape[:2], rows, columns), prefix
