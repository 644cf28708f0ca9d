"""The steps of a diagram: blocks in a row, and forks between them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edulib.anatomy.graph import Op

MERGES = ("add", "concat", "multiply")
BANDS = ("normalisation", "activation")


@dataclass(frozen=True)
class Block:
    """A step that is drawn as a slab: the volume that it puts out.

    Attributes:
        name: what is printed for it.
        words: what it does, in words.
        kind: kind of layer, which gives its colour.
        shape: shape of its output, without the batch.
        size: (channels, height, width) of its output, where they are known.
        params: learned numbers of one repetition or, if they differ, of all.
        repeat: how many blocks alike follow each other.
        bands: kinds of normalisation and activation right behind it.
        composite: whether several layers are inside.
        residual: whether shortcuts are added inside.
        parts: channels of the branches that are concatenated inside, if any.
    """

    name: str
    words: str
    kind: str
    shape: tuple[int, ...]
    size: tuple[int, int, int]
    params: int
    repeat: int = 1
    bands: tuple[str, ...] = ()
    composite: bool = False
    residual: bool = False
    parts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Fork:
    """Branches that leave one point and meet again.

    Attributes:
        branches: the steps of each; none in a shortcut.
        merge: the block where they meet, None if the next block takes them all.
    """

    branches: tuple[tuple["Block | Fork", ...], ...]
    merge: Block | None


Item = Block | Fork


def count_blocks(items: Sequence[Item]) -> int:
    """Count the blocks of a tree."""
    total = 0
    for item in items:
        if isinstance(item, Block):
            total += 1
        else:
            total += sum(map(count_blocks, item.branches))
    return total


def image_block(op: Op) -> Block:
    """Make the block of the image itself."""
    return Block("input", "", "image", op.shape, size_of(op), 0)


def size_of(op: Op) -> tuple[int, int, int]:
    """Give channels, height and width; tokens count as height."""
    if op.axes is not None:
        height, width = op.size
        return math.prod(op.shape) // (height * width), height, width
    if len(op.shape) == 2:
        return op.shape[1], op.shape[0], 1
    return math.prod(op.shape), 1, 1


def absorb(items: list[Item]) -> list[Item]:
    """Draw normalisation and activation as bands of the block before them."""
    kept: list[Item] = []
    for item in items:
        previous = kept[-1] if kept else None
        if (
            isinstance(item, Block)
            and isinstance(previous, Block)
            and item.kind in BANDS
            and previous.kind not in (*BANDS, *MERGES)
            and item.shape == previous.shape
            and not previous.residual
        ):
            bands = (*previous.bands, item.kind)
            params = previous.params + item.params
            kept[-1] = replace(previous, bands=bands, params=params)
        else:
            kept.append(item)
    return kept


def fold_repeats(items: list[Item]) -> list[Item]:
    """Join blocks alike that follow each other."""
    kept: list[Item] = []
    for item in items:
        previous = kept[-1] if kept else None
        if isinstance(item, Block) and isinstance(previous, Block):
            if _looks(item) == _looks(previous) and item.kind not in MERGES:
                kept[-1] = replace(
                    previous,
                    name=_span(previous.name, item.name),
                    params=previous.params + item.params,
                    repeat=previous.repeat + item.repeat,
                )
                continue
        kept.append(item)
    return kept


def _looks(block: Block) -> tuple:
    """Give what two blocks must share; single layers may differ in their input."""
    inside = (block.params / block.repeat, block.parts) if block.composite else ()
    return block.words, block.kind, block.shape, block.bands, inside


def _span(first: str, last: str) -> str:
    """Name a run of blocks: "features.0" and "features.2" are "features.0–2"."""
    first = first.split("–")[0]
    stem, _, _ = first.rpartition(".")
    other, _, end = last.rpartition(".")
    if stem and stem == other:
        return f"{first}–{end}"
    head = first.rstrip("0123456789")
    if head and last.startswith(head) and last[len(head) :].isdigit():
        return f"{first}–{last[len(head) :]}"
    return f"{first}–{last}"
