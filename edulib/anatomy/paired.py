"""Functions of several tensors that one op made, such as the halves of a split."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from edulib.anatomy.op_types import is_pointwise

if TYPE_CHECKING:
    from edulib.anatomy.recorder import Draft

_COUNTS = {2: "two", 3: "three"}


def paired_words(draft: "Draft", read: Sequence[Tensor]) -> str:
    """Say which tensors of one op are joined, number by number.

    Args:
        draft: what was done, with what made each tensor that it was given.
        read: these tensors.

    Returns:
        "with itself" of a product, "of two results of chunk"; "" where several ops made
        them, and of all else with itself.
    """
    is_one = len(draft.inputs) == 1 and set(draft.given) == {*draft.inputs}
    if len(read) < min(_COUNTS) or not (is_one and is_pointwise(draft.name)):
        return ""
    count = len(set(map(id, read)))
    if count == 1:
        return "with itself" if draft.name == "mul" else ""
    return f"of {_COUNTS.get(count, count)} results of {draft.inputs[0].name}"
