"""The numbers of an era's detectors: counted, measured and published."""

from collections.abc import Sequence
from dataclasses import dataclass

from edulib.notebook.html_output import HtmlOutput
from edulib.notebook.tables import show_table
from edulib.reviews.costs import COSTS, NOTHING, Costs, digits, filled, look_up

PRECISIONS = (
    *("detector", "VOC 2007, mAP", "COCO, AP", "COCO, masks, AP", "where"),
    *("later, COCO AP", "by whom"),
)
SHEET = (
    *("detector", *COSTS, "paper, VOC", "paper, COCO", "paper, masks", "later, COCO"),
)


@dataclass(frozen=True)
class Precision:
    """An average precision that somebody published.

    Attributes:
        voc: mAP on the test images of VOC 2007, at an IoU of 0.5, in %, or None.
        coco: AP of boxes on COCO, mean over IoUs of 0.5 to 0.95, in %, or None.
        masks: that of masks, in %, or None.
        how: where it stands, or whose weights, and on which images.
    """

    voc: float | None = None
    coco: float | None = None
    masks: float | None = None
    how: str = ""


@dataclass(frozen=True)
class DetectorNumbers(Costs):
    """What is known of one detector.

    Attributes:
        in_paper: what the paper itself gives for one network.
        later: what weights reach that others gave away.
    """

    in_paper: Precision
    later: Precision

    def precisions(self) -> list[str]:
        """Return what was published, in the order of `PRECISIONS`."""
        paper, later = self.in_paper, self.later
        return [
            *(self.name, digits(paper.voc), digits(paper.coco), digits(paper.masks)),
            *(paper.how or NOTHING, digits(later.coco), later.how or NOTHING),
        ]

    def sheet(self) -> list[str]:
        """Return the line of the sheet, in the order of `SHEET`."""
        paper, later = self.in_paper, self.later
        published = paper.voc, paper.coco, paper.masks, later.coco
        return [*self.costs(), *map(digits, published)]


def detector_numbers(era: int) -> list[DetectorNumbers]:
    """Look up the numbers of an era's detectors, by year.

    Raises:
        ValueError: if the era has not been measured.
    """
    return look_up(era, "detection", DetectorNumbers, Precision)


def detector_costs(rows: Sequence[DetectorNumbers]) -> HtmlOutput:
    """Show what the detectors cost."""
    heading = ("detector", *COSTS)
    return show_table(
        "Costs of the era's detectors", heading, [r.costs() for r in rows]
    )


def detector_precisions(rows: Sequence[DetectorNumbers]) -> HtmlOutput:
    """Show the published average precisions; columns without a number are left out."""
    table = filled(PRECISIONS, [row.precisions() for row in rows])
    return show_table("Published precisions of the era's detectors", *table)
