"""The one style sheet: colours that colour-blind readers tell apart, and type.

The colours of series are those of Okabe and Ito, "Color Universal Design", 2008,
https://jfly.uni-koeln.de/color/, ordered so that the first two differ most in
lightness. Yellow is left out: it is too light for a line on white.
"""

from edulib.anatomy.op_types import MERGES, OpType
from edulib.registry import parts

SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

ERA_NAMES = tuple(part.title for part in parts())
ERA_COLORS = tuple(part.color for part in parts())
ERA_YEARS = tuple(part.years for part in parts())

OP_COLORS = {
    OpType.CONVOLUTION: "#0072B2",
    OpType.DENSE: "#6d28d9",
    OpType.POOLING: "#D55E00",
    OpType.NORMALISATION: "#56B4E9",
    OpType.ACTIVATION: "#E69F00",
    OpType.ATTENTION: "#CC79A7",
    OpType.EMBEDDING: "#009E73",
    OpType.CONSTANT: "#F0E442",
    **dict.fromkeys(MERGES, "#374151"),
    OpType.INPUT: "#9ca3af",
    OpType.OUTPUT: "#9ca3af",
    OpType.DROPOUT: "#9ca3af",
    OpType.RESHAPE: "#9ca3af",
    OpType.OTHER: "#6b7280",
}

_RC = {
    "figure.dpi": 72,
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "white",
    "svg.hashsalt": "eras-of-vision",
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#6b7280",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e5e7eb",
    "grid.linewidth": 0.8,
    "xtick.color": "#374151",
    "ytick.color": "#374151",
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "lines.linewidth": 2.2,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.fontsize": 10,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
}


def use_style() -> None:
    """Make matplotlib draw every later figure in the book's style."""
    import matplotlib as mpl

    mpl.rcParams.update(_RC)
    mpl.rcParams["axes.prop_cycle"] = mpl.cycler(color=SERIES)
