"""Sums and products of tensors that one op made, such as the halves of a split."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from edulib.anatomy.op_types import MERGE_NAMES

if TYPE_CHECKING:
    from edulib.anatomy.recorder import Draft

_PAIR = 2


def paired_words(draft: "Draft", read: Sequence[Tensor]) -> str:
    """Say which tensors of one op are added, subtracted or multiplied.

    Args:
        draft: what was done, with what made each tensor that it was given.
        read: these tensors.

    Returns:
        "with itself", "of two results of chunk"; "" where several ops made them, and of
        a sum with itself, which only doubles.
    """
    is_one = len(draft.inputs) == 1 and draft.given == draft.inputs * _PAIR
    if draft.name not in MERGE_NAMES or not is_one:
        return ""
    if read[0] is read[1]:
        return "with itself" if draft.name == "mul" else ""
    return f"of two results of {draft.inputs[0].name}"
