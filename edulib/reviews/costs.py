"""What a model costs at its own size of image, and tables without empty columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from edulib.registry import get_model_info, get_paper

COSTS = ("image (px)", "parameters (M)", "MACs (G)", "memory (MB)", "ms an image")
NOTHING = "–"


@dataclass(frozen=True)
class Costs:
    """What one model costs for one image.

    Attributes:
        name: in the registry.
        paper: name of its paper's network.
        year: in which the paper first appeared.
        image: (height, width) that it was counted and timed on, in pixels.
        params: learned numbers.
        macs: multiply-adds for one image.
        memory: bytes of all activations for that image.
        milliseconds: measured time for one image.
    """

    name: str
    paper: str
    year: int
    image: tuple[int, int]
    params: int
    macs: int
    memory: int
    milliseconds: float

    def costs(self) -> list[str]:
        """Return the name, and what it costs in the order of `COSTS`."""
        return [
            *(self.name, "×".join(map(str, self.image)), f"{self.params / 1e6:.1f}"),
            *(f"{self.macs / 1e9:.1f}", f"{self.memory / 1e6:.0f}"),
            f"{self.milliseconds:.0f}",
        ]


def costs_of(name: str, measured: dict) -> dict:
    """Return the attributes of `Costs` for a model.

    Args:
        name: in the registry.
        measured: what `edulib.reviews.measure` stored for it.
    """
    model = get_model_info(name)
    paper = get_paper(model.paper)
    return {
        "name": name,
        "paper": paper.name,
        "year": paper.year,
        "image": tuple(model.image_shape[1:]),
        "params": model.params,
        "macs": measured["macs"],
        "memory": measured["memory"],
        "milliseconds": measured["milliseconds"],
    }


def digits(value: float | None, count: int = 1) -> str:
    """Return a number with so many digits after the point, a dash for None."""
    return NOTHING if value is None else f"{value:.{count}f}"


def filled(
    heading: Sequence[str], lines: Sequence[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """Leave out the columns in which no row has anything."""
    kept = [
        place
        for place in range(len(heading))
        if not lines or any(line[place] != NOTHING for line in lines)
    ]
    return [heading[k] for k in kept], [[line[k] for k in kept] for line in lines]
