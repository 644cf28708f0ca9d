"""Figures: the style sheet, image grids, boxes and masks, curves, diagrams, timeline.

Everything here takes tensors or any ``nn.Module`` and knows no model; matplotlib is
imported by the functions that draw with it.
"""

from edulib.drawing.curves import plot_curves
from edulib.drawing.detections import show_anchors, show_detections, show_matches
from edulib.drawing.diagram import Diagram, diagram
from edulib.drawing.images import (
    draw_boxes,
    draw_masks,
    normalize_image,
    normalize_signed,
    show_images,
)
from edulib.drawing.phone import on_phone
from edulib.drawing.precision import plot_ap_by_size, plot_precision_recall
from edulib.drawing.style import (
    ERA_COLORS,
    ERA_NAMES,
    OP_COLORS,
    SERIES,
    use_style,
)
from edulib.drawing.timeline import timeline

__all__ = [
    "ERA_COLORS",
    "ERA_NAMES",
    "OP_COLORS",
    "SERIES",
    "Diagram",
    "diagram",
    "draw_boxes",
    "draw_masks",
    "normalize_image",
    "normalize_signed",
    "on_phone",
    "plot_ap_by_size",
    "plot_curves",
    "plot_precision_recall",
    "show_anchors",
    "show_detections",
    "show_images",
    "show_matches",
    "timeline",
    "use_style",
]
