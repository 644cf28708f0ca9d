"""Decompose a network into chains and forks."""

import math
from dataclasses import dataclass, field, replace

from edulib.anatomy.graph import Output
from edulib.anatomy.op_types import MERGES, OpType
from edulib.drawing.diagram.items import (
    Block,
    Fork,
    Item,
    absorb,
    fold_repeats,
    is_source,
    name_as_drawn,
)
from edulib.drawing.diagram.levels import make_levels
from edulib.drawing.diagram.make_blocks import BlockMaker
from edulib.drawing.diagram.network import START, Network


def cut_network(
    network: Network, labels: dict[str, str], in_levels: bool = False
) -> list[Item]:
    """Turn a network into chains of blocks and forks.

    Args:
        network: the parts and what leads where.
        labels: names to print, by path.
        in_levels: whether to draw all of it in levels, if that can be.
    """
    regions = _Regions(network, BlockMaker(network, labels), tangled=in_levels)
    return name_as_drawn(regions.items())


_MARK = "cross-attention"
TANGLED = "not drawn one by one"
_SCALES = 3  # so many levels does a pyramid read at least
_HEAD = 2  # so short is what is drawn beside others that end


@dataclass
class _Regions:
    """Cuts regions of a network at the parts that all paths pass.

    Attributes:
        network: the parts and what leads where.
        maker: makes the blocks.
        sources: for each part what leads to it.
        dives: whether a skip was found around parts of lower resolution, a decoder
            that looks at an encoder, or a module that reads several scales.
        tangled: whether paths were found that cross.
    """

    network: Network
    maker: BlockMaker
    sources: dict[int, tuple[int, ...]] = field(init=False)
    dives: bool = False
    tangled: bool = False

    def __post_init__(self) -> None:
        self.sources = {k: p.sources for k, p in enumerate(self.network.parts)}

    def items(self) -> list[Item]:
        """Return chains and forks, or all in levels where a part of it needs them."""
        region = list(self.sources)
        if len(self._components(region)) > 1:
            items = fold_repeats(absorb(self._branches(START, region, None, False)))
        else:
            items = self._chain(region, START, None)
        if self.tangled or (self.dives and self._resolutions(region) > 1):
            blocks = [self.maker.block(k) for k in region]
            levels = make_levels(blocks, list(self.sources.values()))
            return items if levels is None else [levels]
        return items

    def _chain(self, region: list[int], start: int, end: int | None) -> list[Item]:
        """Cut a region at the parts that all paths pass.

        Args:
            region: parts in order.
            start: the part before them.
            end: the part where all their paths go, None for the outputs.
        """
        items: list[Item] = []
        inner: list[int] = []
        previous = start
        for k in region:
            is_cut = self._is_cut(k, region, start, end)
            if not is_cut or (end is None and self._is_head(k, inner, region)):
                inner.append(k)
                continue
            items += self._step(previous, inner, k)
            previous, inner = k, []
        if inner:
            whole = len(inner) == len(region)
            items += self._branches(previous, inner, end, whole)
        return fold_repeats(absorb(items))

    def _is_cut(
        self, part: int, region: list[int], start: int, end: int | None
    ) -> bool:
        inside = set(region)
        later = [k for k in region if k > part]
        jumps = any(
            source < part and (source in inside or source == start)
            for k in later
            for source in self.sources[k]
        )
        if end is None or jumps:
            return not jumps
        ends = [source for source in self.sources[end] if source in inside]
        return not any(source < part for source in ends)

    def _is_head(self, part: int, inner: list[int], region: list[int]) -> bool:
        """Tell a head beside other heads from a trunk that goes on behind them."""
        leads = {part}
        for k in sorted(region, reverse=True):
            if any(k in self.sources[n] for n in leads):
                leads.add(k)
        ended = [k for k in inner if k not in leads and not self._is_output(k)]
        left = [k for k in region if k >= part and not self._is_output(k)]
        return bool(ended) and len(left) <= max(len(ended), _HEAD)

    def _is_output(self, part: int) -> bool:
        return isinstance(self.network.parts[part].content, Output)

    def _step(self, previous: int, inner: list[int], part: int) -> list[Item]:
        """Make the items between two cuts and of the second one."""
        block = self.maker.block(part)
        if not inner:
            twice = len(self.sources[part]) - len(set(self.sources[part]))
            return [Fork(((),) * (1 + twice), None), block] if twice else [block]
        forks = self._branches(previous, inner, part, whole=False)
        fork = forks[-1] if forks else None
        if isinstance(fork, Fork) and block.op_type in MERGES:
            self.dives = self.dives or self._dives(previous, inner, part)
            merge = replace(block, joins=self._in_order(fork, part))
            return [*forks[:-1], replace(fork, merge=merge)]
        if len(self.sources[part]) >= _SCALES and self._resolutions(inner) > 1:
            self.dives = True
        if isinstance(fork, Fork) and block.attends_to:
            self.dives = True
            mark = Block(_MARK, "", OpType.ATTENTION, block.shape, block.size, 0)
            return [*forks[:-1], replace(fork, merge=mark), block]
        return [*forks, block]

    def _in_order(self, fork: Fork, part: int) -> tuple[str, ...]:
        """Name what a concatenation joins where what is learned stands beside it."""
        is_beside = any(map(is_source, fork.branches))
        if self.maker.block(part).op_type is not OpType.CONCAT or not is_beside:
            return ()
        return tuple(self.maker.title(k) for k in self.sources[part])

    def _dives(self, previous: int, inner: list[int], part: int) -> bool:
        """Tell a skip of a U-Net: what it joins was at a lower resolution before."""
        if self.maker.block(part).op_type not in (OpType.ADD, OpType.CONCAT):
            return False
        if previous not in self.sources[part]:
            return False
        blocks = [self.maker.block(k) for k in self._behind(previous, inner)]
        sides = [math.prod(block.size[1:]) for block in blocks]
        here = math.prod(self.maker.block(part).size[1:])
        return any(1 < side < here for side in sides)

    def _resolutions(self, region: list[int]) -> int:
        """Count the resolutions of maps in a region."""
        sizes = {self.maker.block(k).size[1:] for k in region}
        return sum(math.prod(size) > 1 for size in sizes)

    def _behind(self, start: int, inner: list[int]) -> list[int]:
        """List the parts that depend on one before them."""
        found = {start}
        for k in inner:
            if found & set(self.sources[k]):
                found.add(k)
        return [k for k in inner if k in found]

    def _branches(
        self, start: int, inner: list[int], end: int | None, whole: bool
    ) -> list[Item]:
        """Make a fork of the parts between two cuts."""
        groups = self._components(inner)
        if len(groups) == 1 and whole:
            return self._tangle(inner, end)
        branches = []
        for group in groups:
            if len(groups) == 1 and not self._can_cut(group, start, end):
                branches.append(tuple(self._tangle(group, end)))
            else:
                branches.append(tuple(self._chain(group, start, end)))
        if end is not None and start in self.sources[end]:
            branches.append(())
        if len(branches) == 1:
            return list(branches[0])
        return [Fork(tuple(branches), None)]

    def _can_cut(self, group: list[int], start: int, end: int | None) -> bool:
        return any(self._is_cut(k, group, start, end) for k in group)

    def _components(self, inner: list[int]) -> list[list[int]]:
        """Split parts into groups that exchange nothing."""
        group = {k: k for k in inner}
        for k in inner:
            for source in self.sources[k]:
                if source in group and group[source] != group[k]:
                    old, new = group[k], group[source]
                    group = {n: new if g == old else g for n, g in group.items()}
        roots = dict.fromkeys(group[k] for k in inner)
        return [[k for k in inner if group[k] == root] for root in roots]

    def _tangle(self, inner: list[int], end: int | None) -> list[Item]:
        """Stand for parts whose paths cross: one block, its own inputs and outputs."""
        self.tangled = True
        entries = [k for k in inner if not self.sources[k]]
        exits = [k for k in inner if self._is_output(k)]
        steps = [k for k in inner if k not in entries and k not in exits]
        if not steps:
            return [Fork(tuple((self.maker.block(k),) for k in inner), None)]
        blocks = [self.maker.block(k) for k in steps]
        whole = replace(
            blocks[-1],
            name=f"{len(steps)} steps",
            words=TANGLED,
            params=sum(block.params for block in blocks),
            repeat=1,
            bands=(),
            shortcuts=(),
            parts=(),
            is_source=False,
        )
        is_fed = any(len(set(self.sources[k]) - set(inner)) > 0 for k in steps)
        before = self._beside(entries, is_fed)
        return [*before, whole, *self._beside(exits, end is not None)]

    def _beside(self, parts: list[int], goes_on: bool) -> list[Item]:
        """Make the fork of inputs or outputs at a tangle, beside what goes on."""
        branches = [(self.maker.block(k),) for k in parts]
        if not branches:
            return []
        if goes_on:
            branches.append(())
        return [Fork(tuple(branches), None)] if len(branches) > 1 else list(branches[0])
