"""The shapes of one image, where several were given as a batch.

The batch is the first dimension until it is moved elsewhere, as in a row of tokens
(N, B, D) or a table of logits that is transposed: there it is shown as of one image.
"""

from edulib.anatomy.op_types import PERMUTES, SLICES, VIEWS, OpType
from edulib.anatomy.recorder import Draft

_MOVES = PERMUTES | VIEWS | SLICES


class Batch:
    """Tells the shapes of what was recorded as they are for one image.

    Attributes:
        size: how many images were given.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._dims: dict[Draft, int] = {}

    def of_one(self, draft: Draft) -> tuple[int, ...]:
        """Return a shape without the batch: 64 windows of one image stay 64."""
        shape = tuple(draft.output.shape)
        if draft.op_type is OpType.INPUT:
            return shape[1:]
        dim = self._dim(draft)
        if not dim:
            return self.without(shape)
        side = 1 if shape[dim] == self.size else shape[dim]
        return (*shape[:dim], side, *shape[dim + 1 :])

    def without(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return a shape, whose first dimension is the batch, without it."""
        first, *rest = shape or (1,)
        if first == self.size:
            return tuple(rest)
        if first and first % self.size == 0:
            first //= self.size
        return (first, *rest)

    def _dim(self, draft: Draft) -> int:
        """Return the dimension of the batch; of one image it need not be known."""
        if self.size > 1 and draft not in self._dims:
            self._dims[draft] = self._find(draft)
        return self._dims.get(draft, 0)

    def _find(self, draft: Draft) -> int:
        active = (other for other in draft.inputs if not other.is_constant)
        source = next(active, None)
        before = 0 if source is None else self._dim(source)
        if source is None or not (before or draft.name in PERMUTES):
            return 0
        old, new = source.output, draft.output
        if draft.name not in _MOVES:
            is_same = new.ndim == old.ndim and new.shape[before] == old.shape[before]
            return before if is_same else 0
        kept = old.shape[before], old.stride(before)
        sides = list(zip(new.shape, new.stride(), strict=True))
        return sides.index(kept) if kept in sides else 0
