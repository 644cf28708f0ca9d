"""The steps of a diagram: blocks in a row, and forks between them."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from edulib.anatomy.graph import Op
from edulib.anatomy.op_types import MERGES, OpType

SUMS = {
    OpType.ADD: "+",
    OpType.SUBTRACT: "\N{MINUS SIGN}",
    OpType.MULTIPLY: "×",
    OpType.ATTENTION: "\N{WHITE DIAMOND}",
}
_SINGLE = (*MERGES, OpType.INPUT, OpType.OUTPUT, OpType.CONSTANT)
_NUMBERED = re.compile(r"(.*?)((?:\d+(?:–\d+)?(?:, )?)*)", re.DOTALL)
_UNIT = "normalize"  # what torch calls the division by a norm, which learns nothing
BANDS = (OpType.NORMALISATION, OpType.ACTIVATION)


@dataclass(frozen=True)
class Block:
    """A step that is drawn as a slab: the volume that it puts out.

    Attributes:
        name: what is printed for it.
        words: what it does, in words.
        op_type: type of layer, which gives its colour.
        shape: shape of its output, without the batch.
        size: (channels, height, width) of its output, where they are known.
        params: learned numbers of one repetition or, if they differ, of all.
        repeat: how many blocks alike follow each other.
        bands: types of normalisation and activation right behind it.
        composite: whether several layers are inside.
        hides: whether normalisations or activations are inside that are not drawn.
        shortcuts: for each repetition whether a shortcut leads around it.
        sums: how many shortcuts follow each other in one repetition, at the most.
        parts: channels of the branches that are concatenated inside, if any.
        is_source: whether nothing leads to it.
        reads: names of what it reads besides, of which no arrow is drawn.
        manners: how it joins each of `reads`, such as "adds".
        joins: of a concatenation, names of what it joins, in order, where the order
            cannot be seen.
        attends_to: names of what its cross-attention looks at.
        others: shapes of the tensors that it puts out besides that of `shape`.
        is_loop: whether it is the same module, called `repeat` times, each of which
            reads what the one before gave.
        carries: what a turn of a loop hands on to the next, in words.
        heads: branches inside that end by themselves, each in words.
        inside: what layers or blocks it holds, in words.
        feeds: names of the blocks that read it without an arrow.
        gathers: what it reads, where that is more than two things.
        arguments: names of blocks that it reads, each with an argument of its module.
        takes: shape of what it reads, where that is one of several tensors of a block.
        order: "channels last" or "channels first", where that has changed.
        notes: what the legend tells of its inside, line by line.
        sums_of: names of the inputs to which it adds, each with how often.
        converts: for each repetition the layer that converts what is added, "" for
            none, and whether the channels change.
        stands: whether it does more than a band shows, as a gate, or moves numbers.
        hooked: whether hooks do a part of it.
    """

    name: str
    words: str
    op_type: OpType
    shape: tuple[int, ...]
    size: tuple[int, int, int]
    params: int
    repeat: int = 1
    bands: tuple[OpType, ...] = ()
    composite: bool = False
    hides: bool = False
    shortcuts: tuple[bool, ...] = ()
    sums: int = 0
    parts: tuple[int, ...] = ()
    is_source: bool = False
    reads: tuple[str, ...] = ()
    manners: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    attends_to: tuple[str, ...] = ()
    others: tuple[tuple[int, ...], ...] = ()
    is_loop: bool = False
    carries: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    inside: str = ""
    feeds: tuple[str, ...] = ()
    gathers: tuple[str, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()
    takes: str = ""
    order: str = ""
    notes: tuple[str, ...] = ()
    sums_of: tuple[tuple[str, int], ...] = ()
    converts: tuple[tuple[str, bool], ...] = ()
    stands: bool = False
    hooked: bool = False

    @property
    def count(self) -> str:
        """How often it is repeated, "×6"; "" for once."""
        return "" if self.repeat == 1 else f"×{self.repeat}"

    @property
    def names_all(self) -> bool:
        """Whether its name lists all that it stands for, as "layers.0–5" does."""
        return self.repeat == len(numbered(self.name)[1]) > 1

    @property
    def arcs(self) -> int:
        """How many shortcuts lead around parts of one repetition, on all its inputs."""
        return max(1, self.sums, sum(count for _, count in self.sums_of))

    @property
    def is_residual(self) -> bool:
        """Whether a shortcut leads around one of the repetitions at least."""
        return any(self.shortcuts)


@dataclass(frozen=True)
class Fork:
    """Branches that leave one point and meet again, or end, or begin by themselves.

    Attributes:
        branches: the steps of each; none in a shortcut.
        merge: the block where they meet, None if the next block takes them all.
    """

    branches: tuple[tuple["Block | Fork", ...], ...]
    merge: Block | None


@dataclass(frozen=True)
class Levels:
    """Blocks whose paths cross, drawn in rows by resolution.

    Attributes:
        blocks: the blocks, in order.
        links: number of a block and of one that reads it; -1 is the network's input,
            which is among them when they are drawn. A link stands twice where two
            tensors of a block are read.
    """

    blocks: tuple[Block, ...]
    links: tuple[tuple[int, int], ...]

    def sources(self, block: int) -> list[int]:
        """List what a block reads."""
        return [s for s, target in dict.fromkeys(self.links) if target == block]

    def readers(self, block: int) -> list[int]:
        """List what reads a block."""
        return [t for source, t in dict.fromkeys(self.links) if source == block]


Item = Block | Fork | Levels


def is_slim(block: Block) -> bool:
    """Whether a block is a mark in its line in levels: it has nothing to learn."""
    quiet = (OpType.POOLING, OpType.RESHAPE, OpType.OTHER, OpType.OUTPUT)
    return block.op_type in MERGES or (block.op_type in quiet and not block.params)


def count_blocks(items: Sequence[Item]) -> int:
    """Count the blocks of a tree."""
    total = 0
    for item in items:
        if isinstance(item, Block):
            total += 1
        elif isinstance(item, Levels):
            total += sum(not is_slim(block) for block in item.blocks)
        else:
            total += sum(map(count_blocks, item.branches))
    return total


def is_source(branch: Sequence[Item]) -> bool:
    """Whether a branch begins by itself: no line leads into it."""
    if not branch:
        return False
    first = branch[0]
    if isinstance(first, Block):
        return first.is_source
    return all(map(is_source, first.branches))


def is_open(branch: Sequence[Item]) -> bool:
    """Whether a branch ends in outputs: no line leads out of it."""
    if not branch:
        return False
    last = branch[-1]
    if isinstance(last, Block):
        return last.op_type is OpType.OUTPUT
    return last.merge is None and all(map(is_open, last.branches))


def size_of(op: Op) -> tuple[int, int, int]:
    """Return channels, height and width; tokens count as height."""
    if op.axes is not None:
        height, width = op.side(-2), op.side(-1)
        return math.prod(op.shape) // (height * width), height, width
    if len(op.shape) == 2:
        row = (op.place.tokens or -2) % 2
        return op.shape[1 - row], op.shape[row], 1
    return math.prod(op.shape), 1, 1


def absorb(items: list[Item]) -> list[Item]:
    """Draw normalisation and activation as bands of the block before them."""
    kept: list[Item] = []
    for item in items:
        previous = kept[-1] if kept else None
        if (
            isinstance(item, Block)
            and isinstance(previous, Block)
            and item.op_type in BANDS
            and previous.op_type not in (*BANDS, *MERGES, OpType.RESHAPE)
            and item.shape == previous.shape
            and not previous.is_residual
            and not (item.stands or item.hooked or previous.hooked)
        ):
            bands = (*previous.bands, item.op_type)
            params = previous.params + item.params
            unit = ", normalised" if item.words == _UNIT else ""
            words = previous.words + unit
            kept[-1] = replace(previous, words=words, bands=bands, params=params)
        else:
            kept.append(item)
    return kept


def fold_repeats(items: list[Item], loosely: bool = False) -> list[Item]:
    """Join blocks alike that follow each other.

    Args:
        items: what to draw.
        loosely: whether blocks of one class may differ in what they hold.
    """
    kept: list[Item] = []
    for item in items:
        previous = kept[-1] if kept else None
        if isinstance(item, Block) and isinstance(previous, Block):
            looks = [_looks(block, loosely) for block in (item, previous)]
            are_alike = looks[0] == looks[1] and item.op_type not in _SINGLE
            if are_alike and not (item.is_loop or previous.is_loop):
                kept[-1] = replace(
                    previous,
                    name=span(previous.name, item.name),
                    params=previous.params + item.params,
                    repeat=previous.repeat + item.repeat,
                    shortcuts=previous.shortcuts + item.shortcuts,
                    sums=max(previous.sums, item.sums),
                    converts=previous.converts + item.converts,
                )
                continue
        kept.append(item)
    return kept


def _looks(block: Block, loosely: bool) -> tuple:
    """Return what two blocks must share; single layers may differ in their input."""
    inside = (block.params / block.repeat, block.parts) if block.composite else ()
    if loosely and block.composite and not block.parts:
        inside = (block.words.isidentifier() or block.params / block.repeat,)
    named = block.name if block.is_source else ""
    outside = named, block.reads, block.attends_to, block.others
    return block.words, block.op_type, block.shape, block.bands, inside, outside


def span(first: str, last: str) -> str:
    """Name blocks together, by their numbers: "layers.0–5", or "boxes.0, 2".

    Args:
        first: the name of one or several.
        last: the name of the block behind.
    """
    head, numbers = numbered(first)
    other, added = numbered(last)
    if not (numbers and added) or head != other:
        return f"{first.split('–')[0]}–{last}"
    return head + _listed([*numbers, *added])


def numbered(name: str) -> tuple[str, list[int]]:
    """Split the name of one or several blocks: "layers.0–2" is "layers." and 0, 1, 2.

    There are no numbers where it does not end in any.
    """
    head, listed = _NUMBERED.fullmatch(name).groups()
    runs = [list(map(int, run.split("–"))) for run in listed.split(", ") if run]
    return head, [n for run in runs for n in range(run[0], run[-1] + 1)]


def _listed(numbers: list[int]) -> str:
    """Write numbers, those that follow each other as a run: "0–2, 4"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join("–".join(map(str, dict.fromkeys((r[0], r[-1])))) for r in runs)


def with_start(steps: Sequence[Item]) -> list[Item]:
    """Put the input of a network where it belongs.

    That is among the levels, if it is drawn in these; and at the beginning of its own
    branch, where other inputs have theirs.
    """
    if not isinstance(steps[-1], Levels):
        return _side_by_side(list(steps))
    if len(steps) == 1:
        return list(steps)
    start, levels = steps
    links = tuple((source + 1, target + 1) for source, target in levels.links)
    return [Levels((start, *levels.blocks), links)]


def _side_by_side(steps: list[Item]) -> list[Item]:
    """Let inputs that first meet in a fork begin beside each other."""
    place = next((k for k, step in enumerate(steps) if not isinstance(step, Block)), 0)
    fork = steps[place] if place else None
    if not isinstance(fork, Fork) or any(map(is_open, fork.branches)):
        return steps
    own = [branch for branch in fork.branches if is_source(branch)]
    given = [b for b in own if any(x.op_type is OpType.INPUT for x in blocks_of(b))]
    if len(own) != len(fork.branches) - 1 or len(given) != len(own):
        return steps
    branches = [b if b in own else (*steps[:place], *b) for b in fork.branches]
    branches.sort(key=lambda branch: branch in own)
    return [replace(fork, branches=tuple(branches)), *steps[place + 1 :]]


def name_as_drawn(items: list[Item]) -> list[Item]:
    """Let blocks name what they attend to as it is called after folding."""
    drawn = {block.name: block for block in blocks_of(items)}

    def named(block: Block) -> Block:
        if not block.attends_to:
            return block
        names = tuple(_folded(name, drawn) for name in block.attends_to)
        return replace(block, attends_to=names)

    return [_each(item, named) for item in items]


def blocks_of(items: Sequence[Item]) -> Iterator[Block]:
    """Find all blocks of a tree, in order."""
    for item in items:
        if isinstance(item, Block):
            yield item
        elif isinstance(item, Levels):
            yield from item.blocks
        else:
            for branch in item.branches:
                yield from blocks_of(branch)


def _each(item: Item, change: Callable[[Block], Block]) -> Item:
    """Return an item with all its blocks changed."""
    if isinstance(item, Block):
        return change(item)
    if isinstance(item, Levels):
        return replace(item, blocks=tuple(map(change, item.blocks)))
    branches = tuple(tuple(_each(i, change) for i in b) for b in item.branches)
    return replace(item, branches=branches)


def _folded(name: str, drawn: dict[str, Block]) -> str:
    """Return the name of the run of blocks that a block is in: "layers.0–5"."""
    head, number = numbered(name)
    for other in () if name in drawn or not number else drawn:
        front, numbers = numbered(other)
        if front == head and number[0] in numbers:
            return other
    return name
