"""The numbers of an era's models: counted, measured, raced and published."""

import json
from dataclasses import dataclass
from statistics import mean
from typing import Literal

from edulib.experiments import load_experiment
from edulib.registry import get_model_info, get_paper, list_models
from edulib.reviews.costs import NOTHING, digits
from edulib.reviews.measure import CHAPTERS, load_era


@dataclass(frozen=True)
class Published:
    """An accuracy on ImageNet's validation images that somebody published.

    Attributes:
        top1: in %; None if it was not told.
        top5: the right class among the best five, in %; None if it was not told.
        how: where it stands, or whose weights, and how it was measured.
    """

    top1: float | None = None
    top5: float | None = None
    how: str = ""

    def cells(self) -> list[str]:
        """Return top-1, top-5 and how, as text."""
        return [digits(self.top1), digits(self.top5), self.how or NOTHING]


@dataclass(frozen=True)
class ModelNumbers:
    """What is known of one model.

    Attributes:
        name: in the registry.
        paper: name of its paper's network.
        year: in which the paper first appeared.
        depth: layers with weights on the longest path.
        params: learned numbers.
        macs: multiply-adds for one image of the registry's size.
        memory: bytes of all activations for that image.
        field: side of the widest receptive field before the image is averaged or
            flattened, in pixels; None if places see all of the image before.
        milliseconds: measured time for one image.
        race: accuracy on new scenes after the small training, from each start.
        in_paper: the accuracy that the paper itself gives for one network.
        later: that of weights which others, or the authors later, gave away.
        newer: that of weights which came from a recipe of another era.
    """

    name: str
    paper: str
    year: int
    depth: int
    params: int
    macs: int
    memory: int
    field: float | None
    milliseconds: float
    race: tuple[float, ...]
    in_paper: Published
    later: Published
    newer: Published

    @property
    def score(self) -> float | None:
        """The mean accuracy of the starts in %; None if it did not race."""
        return 100 * mean(self.race) if self.race else None

    def costs(self) -> list[str]:
        """Return what the network costs, in the order of `COSTS`."""
        return [
            *(self.name, str(self.depth), f"{self.params / 1e6:.1f}"),
            *(f"{self.macs / 1e9:.2f}", f"{self.memory / 1e6:.1f}"),
            *(digits(self.field, 0), f"{self.milliseconds:.0f}"),
        ]

    def accuracies(self) -> list[str]:
        """Return what was published, in the order of `ACCURACIES`."""
        return [self.name, *self.in_paper.cells(), *self.later.cells()]

    def sheet(self, best: Literal[1, 5] = 5) -> list[str]:
        """Return the line of the sheet, in the order of `SHEET`.

        Args:
            best: whether its accuracies are top-1 or top-5.
        """
        published = self.in_paper, self.later
        chosen = [one.top1 if best == 1 else one.top5 for one in published]
        return [*self.costs(), digits(self.score, 0), *map(digits, chosen)]


def era_numbers(era: int, task: str = "classification") -> list[ModelNumbers]:
    """Look up the numbers of all models of an era and a task, by year.

    Raises:
        ValueError: if the era has not been measured, or its networks not been raced.
    """
    costs = load_era(era)["models"]
    races = race_accuracies(f"review{era}-race")
    path = CHAPTERS / f"review{era}" / "published.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        _numbers(name, costs[name], races.get(name, ()), published.get(name, {}))
        for name in list_models(era=era, task=task)
    ]
    return sorted(rows, key=lambda row: row.year)


def race_accuracies(
    experiment: str, on: Literal["train", "val"] = "val"
) -> dict[str, tuple[float, ...]]:
    """Return the accuracy in the race's last epoch from each start, by network.

    Args:
        experiment: a race, or another with its data and recipe.
        on: "train", the images it learned from, or "val", new ones.
    """
    return {
        name: tuple(round(1 - errors[-1], 4) for errors in runs[f"{on}_error"])
        for name, runs in load_experiment(experiment).items()
    }


def _numbers(
    name: str, costs: dict, race: tuple[float, ...], published: dict
) -> ModelNumbers:
    model = get_model_info(name)
    paper = get_paper(model.paper)
    return ModelNumbers(
        name=name,
        paper=paper.name,
        year=paper.year,
        params=model.params,
        race=race,
        in_paper=Published(**published.get("paper", {})),
        later=Published(**published.get("later", {})),
        newer=Published(**published.get("newer", {})),
        **costs,
    )
