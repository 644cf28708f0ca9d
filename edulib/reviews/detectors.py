"""The numbers of an era's detectors: counted, measured and published."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from edulib.notebook.html_output import HtmlOutput
from edulib.notebook.tables import show_table
from edulib.registry import get_model_info, get_paper, list_models
from edulib.reviews.measure import CHAPTERS, load_era

COSTS = (
    *("detector", "image (px)", "parameters (M)", "MACs (G)", "memory (MB)"),
    "ms an image",
)
PRECISIONS = (
    *("detector", "VOC 2007, mAP", "COCO, AP", "where"),
    *("later, COCO AP", "by whom"),
)
SHEET = (*COSTS, "paper, VOC", "paper, COCO", "later, COCO")


@dataclass(frozen=True)
class Precision:
    """An average precision that somebody published.

    Attributes:
        voc: mAP on the test images of VOC 2007, at an IoU of 0.5, in %, or None.
        coco: AP on COCO, mean over IoUs of 0.5 to 0.95, in %, or None.
        how: where it stands, or whose weights, and on which images.
    """

    voc: float | None = None
    coco: float | None = None
    how: str = ""


@dataclass(frozen=True)
class DetectorNumbers:
    """What is known of one detector.

    Attributes:
        name: in the registry.
        paper: name of its paper's network.
        year: in which the paper first appeared.
        image: (height, width) that it was counted and timed on, in pixels.
        params: learned numbers.
        macs: multiply-adds for one image.
        memory: bytes of all activations for that image.
        milliseconds: measured time for one image.
        in_paper: what the paper itself gives for one network.
        later: what weights reach that others gave away.
    """

    name: str
    paper: str
    year: int
    image: tuple[int, int]
    params: int
    macs: int
    memory: int
    milliseconds: float
    in_paper: Precision
    later: Precision

    def costs(self) -> list[str]:
        """Return what the detector costs, in the order of `COSTS`."""
        return [
            *(self.name, "×".join(map(str, self.image)), f"{self.params / 1e6:.1f}"),
            *(f"{self.macs / 1e9:.1f}", f"{self.memory / 1e6:.0f}"),
            f"{self.milliseconds:.0f}",
        ]

    def precisions(self) -> list[str]:
        """Return what was published, in the order of `PRECISIONS`."""
        paper, later = self.in_paper, self.later
        return [
            *(self.name, _percent(paper.voc), _percent(paper.coco), paper.how),
            *(_percent(later.coco), later.how or "–"),
        ]

    def sheet(self) -> list[str]:
        """Return the line of the sheet, in the order of `SHEET`."""
        paper, later = self.in_paper, self.later
        return [*self.costs(), *map(_percent, (paper.voc, paper.coco, later.coco))]


def detector_numbers(era: int) -> list[DetectorNumbers]:
    """Look up the numbers of an era's detectors, by year.

    Raises:
        ValueError: if the era has not been measured.
    """
    costs = load_era(era)["models"]
    path = CHAPTERS / f"review{era}" / "published_detectors.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    rows = [
        _numbers(name, costs[name], published[name])
        for name in list_models(era=era, task="detection")
    ]
    return sorted(rows, key=lambda row: row.year)


def detector_costs(rows: Sequence[DetectorNumbers]) -> HtmlOutput:
    """Show what the detectors cost."""
    return show_table("Costs of the era's detectors", COSTS, [r.costs() for r in rows])


def detector_precisions(rows: Sequence[DetectorNumbers]) -> HtmlOutput:
    """Show the published average precisions."""
    lines = [row.precisions() for row in rows]
    return show_table("Published precisions of the era's detectors", PRECISIONS, lines)


def _numbers(name: str, costs: dict, published: dict) -> DetectorNumbers:
    model = get_model_info(name)
    paper = get_paper(model.paper)
    return DetectorNumbers(
        name=name,
        paper=paper.name,
        year=paper.year,
        image=tuple(model.image_shape[1:]),
        params=model.params,
        macs=costs["macs"],
        memory=costs["memory"],
        milliseconds=costs["milliseconds"],
        in_paper=Precision(**published.get("paper", {})),
        later=Precision(**published.get("later", {})),
    )


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
