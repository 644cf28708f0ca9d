"""Boxes and masks measured as in the paper's tables: AP, AP50 and AP75."""

from edulib.training import Detection
from edulib.training.measures import Comparison, coco_summary

SHOWN = ("AP", "AP50", "AP75")


class StrictDetection(Detection):
    """Detection whose measures have AP75 too, which asks for exact masks."""

    def summary(self, compared: list[Comparison]) -> dict[str, float]:
        """Return AP, AP50 and AP75 of a set of compared images.

        Args:
            compared: each image's detections against its objects.
        """
        found = coco_summary(compared)
        return {name: found[name] for name in SHOWN}
