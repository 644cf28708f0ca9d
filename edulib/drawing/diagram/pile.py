"""A block as often as it is drawn: its length, and where lines around it run."""

from dataclasses import dataclass

from edulib.drawing.diagram.items import Block

SLICE_GAP = 5
LOOP = 14
RING = 6
ARCH = 9
SHOWN = 3


@dataclass(frozen=True)
class Pile:
    """A block as often as it is drawn, one behind the other along the flow.

    Attributes:
        block: the block.
        thickness: of one, its bands included.
        rest: what the last one needs more, for its depth.
    """

    block: Block
    thickness: float
    rest: float

    @property
    def shown(self) -> int:
        """How many are drawn."""
        return 1 if self.block.is_loop else min(self.block.repeat, SHOWN)

    @property
    def step(self) -> float:
        """From one to the next."""
        return self.thickness + SLICE_GAP

    @property
    def solid(self) -> float:
        """Length of all blocks."""
        return self.step * self.shown - SLICE_GAP + self.rest

    @property
    def loop(self) -> float:
        """Room that a line around a single block needs on each side."""
        around = self.block.is_residual and self.block.repeat == 1
        return LOOP if around or self.block.is_loop else 0

    @property
    def arches(self) -> list[int]:
        """Which of the blocks that are drawn have a shortcut, in a pile."""
        if self.block.repeat == 1 or self.block.is_loop:
            return []
        flags = self.block.shortcuts
        shown = [*flags[: self.shown - 1], flags[-1]] if flags else []
        return [k for k, flag in enumerate(shown) if flag]

    @property
    def spans(self) -> list[tuple[float, float]]:
        """Where each arch starts along the blocks, and how long it is."""
        count = self.block.arcs
        length = self.thickness / count
        return [
            (k * self.step + n * length, length)
            for k in self.arches
            for n in range(count)
        ]

    @property
    def arch(self) -> float:
        """Room that the shortcuts of a pile need beside it."""
        return ARCH if self.arches else 0

    @property
    def body(self) -> float:
        """Length of all, with the shortcut and its sum."""
        ring = RING if self.loop and not self.block.is_loop else 0
        return self.solid + 2 * self.loop + ring
