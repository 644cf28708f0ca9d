"""The one style sheet: colours that colour-blind readers tell apart, and type.

The colours of series are those of Okabe and Ito, "Color Universal Design", 2008,
https://jfly.uni-koeln.de/color/, ordered so that the first two differ most in
lightness. Yellow is left out: it is too light for a line on white.
"""

from edulib.registry import parts

SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")

ERA_NAMES = tuple(part.title for part in parts())
ERA_COLORS = tuple(part.color for part in parts())

KIND_COLORS = {
    "convolution": "#0072B2",
    "dense": "#6d28d9",
    "pooling": "#D55E00",
    "normalisation": "#56B4E9",
    "activation": "#E69F00",
    "attention": "#CC79A7",
    "embedding": "#009E73",
    "add": "#374151",
    "concat": "#374151",
    "dropout": "#9ca3af",
    "reshape": "#9ca3af",
    "other": "#6b7280",
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
