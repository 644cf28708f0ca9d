"""Counts, bytes and shapes in words, the same in tables and in diagrams."""

from collections.abc import Iterable


def short_count(number: int) -> str:
    """Write a count with three digits and its unit: 25557032 is "25.6 M"."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{_three_digits(number / size)} {unit}"
    return str(number)


def short_bytes(number: int) -> str:
    """Write a number of bytes in kB or MB, of 1000 and 1000² bytes."""
    if number >= 1e6:
        return f"{_three_digits(number / 1e6)} MB"
    return f"{_three_digits(number / 1e3)} kB"


def shape_words(shape: tuple[int, ...], more: int = 0) -> str:
    """Write a shape: "64×56×56"; "1" where there is one number for an image.

    Args:
        shape: of the first tensor, without the batch.
        more: how many tensors are given besides, which is added in words.
    """
    first = "×".join(map(str, shape)) or "1"
    return f"{first} and {more} more" if more else first


def all_shapes(shape: tuple[int, ...], others: tuple[tuple[int, ...], ...]) -> str:
    """Write the shapes of several tensors: "96×16×16 and 64×16×16".

    Args:
        shape: of the first, without the batch.
        others: those of the others. Three or more that differ are only counted.
    """
    count = 1 + len(others)
    if set(others) == {shape}:
        return f"{shape_words(shape)}, {'twice' if count == 2 else f'{count} times'}"
    if len(others) == 1:
        return f"{shape_words(shape)} and {shape_words(others[0])}"
    return shape_words(shape, len(others))


def ends_of(words: Iterable[str]) -> str:
    """Write the first and the last of words that differ: "4×8×8 … 4×2×2"."""
    found = list(dict.fromkeys(words))
    return " … ".join(dict.fromkeys((found[0], found[-1])))


def _three_digits(number: float) -> str:
    digits = 0 if number >= 99.95 else 1 if number >= 9.995 else 2
    return f"{number:.{digits}f}"
