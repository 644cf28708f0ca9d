"""Naming a layer, and what cannot be seen from its name."""

from dataclasses import dataclass

from edulib.checks import as_wholes, check_whole

_ORDERS = ("BC", "BNC", "BCHW")


@dataclass(frozen=True)
class Layer:
    """A layer, said exactly: for where a dotted path does not say enough.

    Every method that takes the path of a layer takes this as well. What is None is
    found out: the layout by a trace of the model.

    Attributes:
        path: dotted path, as in ``model.named_modules()``; ``""`` is the model itself.
        layout: what the dimensions of its output are: ``"BCHW"``, ``"BHWC"`` for
            channels-last maps, ``"BNC"`` for tokens, ``"BC"`` for features; any other
            order of these letters, such as ``"NBC"``, is read as well.
        grid: rows and columns of the image that tokens make, row after row.
        prefix_tokens: how many tokens that belong to no position (class tokens,
            registers) come first.
        output: which of the tensors that it gives: a key, a number, a name of a
            field, or a dotted path of these.
        call: which of its calls, if it is called several times in one run; counted
            from 0, -1 the last.

    Raises:
        ValueError: if the layout, the grid, the number of tokens or of the call is
            none.
    """

    path: str
    layout: str | None = None
    grid: tuple[int, int] | None = None
    prefix_tokens: int | None = None
    output: str | int | None = None
    call: int | None = None

    def __post_init__(self) -> None:
        known = [sorted(order) for order in _ORDERS]
        if self.layout is not None and sorted(str(self.layout)) not in known:
            raise ValueError(
                "expected a layout of the letters of BC, BNC or BCHW, such as 'BHWC', "
                f"got {self.layout!r}"
            )
        if self.grid is not None:
            check_grid(self.grid)
        if self.prefix_tokens is not None:
            check_whole("prefix_tokens", self.prefix_tokens, 0)
        if self.call is not None:
            check_whole("the number of a call", self.call)

    @property
    def text(self) -> str:
        """What error messages call it."""
        return f"layer {self.path!r}" if self.path else "the output"


def check_grid(grid: tuple[int, int]) -> tuple[int, int]:
    """Refuse what is no rows and columns, at least 1 of each, and return them."""
    sides = as_wholes(grid, 2)
    if sides is None or min(sides) < 1:
        raise ValueError(
            f"expected whole numbers above 0 as a grid (rows, columns), got {grid!r}"
        )
    return sides


def as_layer(layer: str | Layer) -> Layer:
    """Return a layer as a :class:`Layer`; a path may stand for it."""
    return layer if isinstance(layer, Layer) else Layer(layer)
