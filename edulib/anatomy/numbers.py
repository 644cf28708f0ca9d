"""Counts and bytes in three digits, the same in tables and in diagrams."""


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


def _three_digits(number: float) -> str:
    digits = 0 if number >= 99.95 else 1 if number >= 9.995 else 2
    return f"{number:.{digits}f}"
