"""Figures: the style sheet, image grids, boxes and masks, curves, diagrams, timeline.

Everything here takes tensors or any ``nn.Module`` and knows no model. Names are
imported on first use, so that ``import edulib.drawing`` costs nothing.
"""

from importlib import import_module

_ROOMS = {
    "style": ("ERA_COLORS", "ERA_NAMES", "KIND_COLORS", "SERIES", "use_style"),
    "images": (
        "draw_boxes",
        "draw_masks",
        "normalize_image",
        "normalize_signed",
        "show_images",
    ),
    "curves": ("plot_curves",),
    "diagram": ("Diagram", "diagram"),
    "timeline": ("timeline",),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> object:
    """Import a public name from its module on first use."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
