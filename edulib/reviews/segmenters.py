"""The numbers of an era's semantic segmenters: counted, measured and published."""

from collections.abc import Sequence
from dataclasses import dataclass

from edulib.notebook.html_output import HtmlOutput
from edulib.notebook.tables import show_table
from edulib.reviews.costs import COSTS, NOTHING, Costs, digits, filled, look_up

OVERLAPS = ("segmenter", "paper, mIoU", "where", "later, mIoU", "by whom")
SHEET = ("segmenter", *COSTS, "paper, mIoU", "later, mIoU")


@dataclass(frozen=True)
class Overlap:
    """A mean IoU that somebody published.

    Attributes:
        miou: mean over the 20 kinds of VOC and the background, in %, or None.
        how: where it stands, or whose weights, and on which images.
    """

    miou: float | None = None
    how: str = ""


@dataclass(frozen=True)
class SegmenterNumbers(Costs):
    """What is known of one segmenter.

    Attributes:
        in_paper: what the paper itself gives for one network.
        later: what weights reach that others gave away.
    """

    in_paper: Overlap
    later: Overlap

    def overlaps(self) -> list[str]:
        """Return what was published, in the order of `OVERLAPS`."""
        paper, later = self.in_paper, self.later
        return [
            *(self.name, digits(paper.miou, 2), paper.how or NOTHING),
            *(digits(later.miou), later.how or NOTHING),
        ]

    def sheet(self) -> list[str]:
        """Return the line of the sheet, in the order of `SHEET`."""
        return [*self.costs(), digits(self.in_paper.miou, 2), digits(self.later.miou)]


def segmenter_numbers(era: int) -> list[SegmenterNumbers]:
    """Look up the numbers of an era's segmenters, by year.

    Raises:
        ValueError: if the era has not been measured.
    """
    return look_up(era, "segmentation", SegmenterNumbers, Overlap)


def segmenter_costs(rows: Sequence[SegmenterNumbers]) -> HtmlOutput:
    """Show what the segmenters cost."""
    heading = ("segmenter", *COSTS)
    lines = [row.costs() for row in rows]
    return show_table("Costs of the era's segmenters", heading, lines)


def segmenter_overlaps(rows: Sequence[SegmenterNumbers]) -> HtmlOutput:
    """Show the published mean IoUs of those segmenters that have one."""
    lines = [row.overlaps() for row in rows if row.in_paper.how or row.later.how]
    table = filled(OVERLAPS, lines)
    return show_table("Published overlaps of the era's segmenters", *table)
