"""Random integers that are the same on every machine.

A stream is the SHAKE-128 hash of its key, cut into 32-bit integers. The numbers
depend on the key alone: not on the order in which scenes are drawn, the process,
the platform or the version of any library.
"""

from collections.abc import Sequence
from hashlib import shake_128
from struct import unpack
from typing import TypeVar

Item = TypeVar("Item")

WORDS = 64  # integers hashed at a time


class Stream:
    """An endless stream of random integers for a key.

    Args:
        key: what the numbers depend on: integers and words, in order.

    Example:
        >>> Stream(0, "hills").below(100) == Stream(0, "hills").below(100)
        True
    """

    def __init__(self, *key: int | str) -> None:
        self._key = "/".join(map(str, key))
        self._block = 0
        self._words: list[int] = []

    def below(self, limit: int) -> int:
        """Integer from 0 to limit - 1."""
        if not self._words:
            self._refill()
        return self._words.pop() * limit >> 32

    def _refill(self) -> None:
        key = f"{self._key}#{self._block}".encode()
        self._words = [*unpack(f"<{WORDS}I", shake_128(key).digest(4 * WORDS))]
        self._block += 1

    def between(self, low: int, high: int) -> int:
        """Integer from low to high, both included."""
        return low + self.below(high - low + 1)

    def choice(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.below(len(items))]

    def chance(self, percent: int) -> bool:
        """True in so many of a hundred cases."""
        return self.below(100) < percent

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """The items in random order."""
        items = list(items)
        for k in range(len(items) - 1, 0, -1):
            other = self.below(k + 1)
            items[k], items[other] = items[other], items[k]
        return items
