"""Options: which scenes a collection holds."""

from dataclasses import dataclass

from edulib.checks import check_whole

DOMAINS = ("both", "day", "night")
PIXELS = (32, 256)  # smallest and largest side of a picture
MOST = 8  # objects in a scene

# Ranges of half an object's side, in thousandths of the picture's side. Each object
# takes one of its scale's ranges.
SCALES = {
    "small": ((90, 140),),
    "medium": ((170, 240),),
    "large": ((330, 440),),
    "mixed": ((70, 110), (110, 170), (170, 260), (260, 400)),
}
ALONE, AMONG = ((270, 440),), ((120, 250),)  # scale "any": one object, several


@dataclass(frozen=True)
class Options:
    """Which scenes: all that decides about a picture but seed and index.

    Attributes:
        image_size: side of the square picture in pixels: 32 to 256.
        domain: "day", "night" or "both".
        objects: how many objects: a number, or (fewest, most), at most 8.
        scale: size of the objects: "small", "medium", "large", "any" or "mixed".
        crowds: per cent of the scenes in which two to four objects of the main one's
            kind stand so close that their boxes overlap.
        in_depth: whether the main object takes its place among the others, the lower
            before the higher; otherwise it stands before all of them.
        filled: whether the masks of bicycles are filled, between spokes and tubes.

    Raises:
        ValueError: if one is outside its range.
    """

    image_size: int = 64
    domain: str = "both"
    objects: int | tuple[int, int] = 1
    scale: str = "any"
    crowds: int = 0
    in_depth: bool = False
    filled: bool = False

    def __post_init__(self) -> None:
        check_whole("an image size in pixels", self.image_size, *PIXELS)
        _check_known("domain", self.domain, DOMAINS)
        _check_known("scale", self.scale, ("any", *SCALES))
        pair = self.objects if isinstance(self.objects, tuple | list) else self.span
        whole = len(pair) == 2 and all(type(number) is int for number in pair)
        if not whole or not 1 <= pair[0] <= pair[1] <= MOST:
            raise ValueError(
                f"expected objects as a number or as (fewest, most), from 1 to {MOST}, "
                f"got {self.objects!r}"
            )
        check_whole("a percentage of crowds", self.crowds, 0, 100)
        if self.crowds and self.span[1] < 2:
            raise ValueError(
                f"expected objects of 2 or more for crowds, got {self.objects!r}"
            )
        _check_known("value of in_depth", self.in_depth, (False, True))
        _check_known("value of filled", self.filled, (False, True))

    @property
    def span(self) -> tuple[int, int]:
        """Fewest and most objects."""
        if isinstance(self.objects, tuple | list):
            return tuple(self.objects)
        return self.objects, self.objects

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Ranges of half an object's side, in thousandths of the picture's side."""
        if self.scale == "any":
            return ALONE if self.span[1] == 1 else AMONG
        return SCALES[self.scale]


def _check_known(name: str, value: object, known: tuple) -> None:
    if value not in known:
        raise ValueError(f"expected a {name} out of {known}, got {value!r}")
