"""Placing: where a template lies in the picture, in integers.

A picture's side is UNIT, whatever its size in pixels, so that a scene has one geometry
at all sizes.
"""

from dataclasses import dataclass

import numpy as np

from edulib.data.scenes.geometry import COS, ONE, SIN
from edulib.data.scenes.sketch import GRID, Template

UNIT = 1 << 16
SHEET = 100 * GRID  # half the side of the sheet on which templates are designed


@dataclass(frozen=True)
class Pose:
    """Where and how something lies in the picture.

    Attributes:
        x: centre, in units of the picture's side / 65,536.
        y: as x, downwards.
        half: half the side of its sheet, in the same unit.
        degrees: clockwise rotation.
        flipped: whether left and right are exchanged (before the rotation).
        stretch: width in per cent of the design's.
    """

    x: int
    y: int
    half: int
    degrees: int = 0
    flipped: bool = False
    stretch: int = 100


@dataclass(frozen=True)
class Placed:
    """A template in its place, with its colours.

    Attributes:
        template: the design.
        pose: its place.
        inks: the colour of each role.
        stuff: what scenery is made of: one of ``STUFF``; "" for objects, and for what
            lies in the sky and is part of it.
    """

    template: Template
    pose: Pose
    inks: dict[str, tuple[int, int, int]]
    stuff: str = ""

    def corners(self, canvas: int) -> np.ndarray:
        """Corners in pixels of a canvas: (P, 2) int64."""
        pose = self.pose
        c, s = COS[pose.degrees % 360], SIN[pose.degrees % 360]
        wide = pose.half * pose.stretch // 100
        wide = -wide if pose.flipped else wide
        turn = [[wide * c, wide * s], [-pose.half * s, pose.half * c]]
        matrix = np.array(turn, np.int64) // SHEET  # in UNIT * ONE
        center = np.array([pose.x * ONE, pose.y * ONE], np.int64)
        points = self.template.corners @ matrix + center
        return points * canvas >> 32


WHOLE = Pose(UNIT // 2, UNIT // 2, UNIT // 2)  # the sheet fills the picture
