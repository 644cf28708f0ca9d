"""What a model costs at its own size of image, and tables without empty columns."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from edulib.registry import get_model_info, get_paper, list_models
from edulib.reviews.measure import CHAPTERS, load_era

COSTS = ("image (px)", "parameters (M)", "MACs (G)", "memory (MB)", "ms an image")
NOTHING = "–"


PUBLISHED = {
    "detection": "published_detectors.json",
    "segmentation": "published_segmenters.json",
}
"""Where an era's review keeps what was published of a task, by model."""


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


Row = TypeVar("Row", bound=Costs)


def look_up(
    era: int, task: str, row: Callable[..., Row], number: Callable[..., object]
) -> list[Row]:
    """Look up what is known of an era's models of a task, by year.

    Args:
        era: its number.
        task: as in the registry.
        row: makes the row of a model from its costs, ``in_paper`` and ``later``.
        number: makes these two from what was published.

    Raises:
        ValueError: if the era has not been measured.
    """
    costs = load_era(era)["models"]
    path = CHAPTERS / f"review{era}" / PUBLISHED[task]
    published = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        row(
            **_costs_of(name, costs[name]),
            in_paper=number(**published[name].get("paper", {})),
            later=number(**published[name].get("later", {})),
        )
        for name in list_models(era=era, task=task)
    ]
    return sorted(rows, key=lambda one: one.year)


def _costs_of(name: str, measured: dict) -> dict:
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
