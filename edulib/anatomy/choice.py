"""What an index takes of a tensor, in words: "row 0", "every 2nd row and column"."""

import re
from collections.abc import Sequence

from torch import Tensor

COMPUTED = "a computed index"
_FROM = " from "
_BEGIN = rf"{_FROM}(\d+)"
_SIDE = rf"(?:row|column|channel|number)s?(?:{_BEGIN})?"
_ORDINALS = {2: "2nd", 3: "3rd"}
_MAP = 2  # axes of a map


def chosen_words(
    index: object, shape: Sequence[int], axes: tuple[int, ...] | None, batched: bool
) -> str:
    """Say what an index takes; "" where it takes all, or a side has no name.

    Args:
        index: what stood between the brackets.
        shape: of the tensor.
        axes: the dimensions that are height and width, from the end, if known.
        batched: whether the first dimension is the batch.
    """
    parts: list[str] = []
    each = False  # whether each item has an index of its own
    for dim, part in _sides(index, len(shape)):
        if isinstance(part, slice) and _is_whole(part, shape[dim]):
            continue
        if batched and dim == 0:
            if not isinstance(part, Tensor):
                return ""
            each = True
            continue
        noun = _noun(dim, len(shape), axes, batched)
        words = _part(part, noun, shape[dim], each) if noun else ""
        if not words:
            return ""
        parts.append(words)
    steps = [part for part in parts if part.startswith("every ")]
    if len(steps) == len(parts) > 1 and len({part.split()[1] for part in parts}) == 1:
        if any(_FROM in part for part in parts):
            parts = [part if _FROM in part else f"{part}{_FROM}0" for part in parts]
        sides = [part.split(maxsplit=2)[2] for part in parts[1:]]
        return " and ".join([parts[0], *sides])
    return ", ".join(parts)


def slices_words(slices: Sequence[str]) -> str:
    """Say what slices of one kind take, and where each begins, in order."""
    kinds = {re.sub(_BEGIN, "", chosen) for chosen in slices}
    if len(kinds) != 1:
        return ""
    places = [
        [int(start or 0) for start in re.findall(_SIDE, chosen)] for chosen in slices
    ]
    inside = [",\xa0".join(map(str, place)) for place in places]
    starts = [
        f"({i})" if len(p) > 1 else i for p, i in zip(places, inside, strict=True)
    ]
    first, *others = starts
    differ = (
        f", from {first}, then {', '.join(others)}" if set(others) != {first} else ""
    )
    return kinds.pop() + differ


def _sides(index: object, ndim: int) -> list[tuple[int, object]]:
    """Pair what stands between the brackets with the dimensions that it is about."""
    given = list(index) if isinstance(index, tuple) else [index]
    given = [part for part in given if part is not None]
    places = [k for k, part in enumerate(given) if part is Ellipsis]
    if not places:
        return list(enumerate(given))[:ndim]
    (at,) = places[:1]
    behind = given[at + 1 :]
    return [*enumerate(given[:at]), *enumerate(behind, start=ndim - len(behind))]


def _is_whole(part: slice, size: int) -> bool:
    return part.indices(size) == (0, size, 1)


def _noun(dim: int, ndim: int, axes: tuple[int, ...] | None, batched: bool) -> str:
    """Name a dimension: row and column of a map or of a matrix, channel."""
    place, sides = dim - ndim, ndim - batched
    if axes is not None and len(axes) == _MAP:
        if place in axes:
            return ("row", "column")[axes.index(place)]
        return "channel" if sides == _MAP + 1 else ""
    if sides == _MAP:
        return ("row", "column")[place]
    return "number" if sides == 1 else ""


def _part(part: object, noun: str, size: int, each: bool) -> str:
    if isinstance(part, Tensor):
        alone = f"a {noun} of each" if each else f"a {noun}"
        return f"{alone if each or not part.ndim else f'{noun}s'} by {COMPUTED}"
    if isinstance(part, list):
        return f"{noun}s by a list"
    if isinstance(part, int) and not isinstance(part, bool):
        return f"the last {noun}" if part == -1 else f"{noun} {part % size}"
    if not isinstance(part, slice):
        return ""
    start, stop, step = part.indices(size)
    if step > 1 and start < step and stop == size:
        begin = f"{_FROM}{start}" if start else ""
        return f"every {_ORDINALS.get(step, f'{step}th')} {noun}{begin}"
    if step != 1 or stop <= start:
        return ""
    last = stop - 1
    return f"{noun} {start}" if start == last else f"{noun}s {start}–{last}"
