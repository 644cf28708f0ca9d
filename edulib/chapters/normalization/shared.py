"""Which numbers share their mean and variance: asked of a module, drawn as tiles."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

Place = tuple[int, int, int, int]

MIDDLE, SHARED, APART = "#D55E00", "#56B4E9", "#e5e7eb"


def shares_with(
    normalise: Callable[[Tensor], Tensor], shape: Place, place: Place
) -> Tensor:
    """Return which numbers have a say in one number that comes out.

    Args:
        normalise: maps (N, C, H, W) to the same shape.
        shape: of the input.
        place: of the number that comes out.

    Returns:
        (N, C, H, W), true where the gradient is not zero.
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, generator=generator)
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(normalise(x)[place], x)
    return gradient != 0


def draw_shares(
    cuts: Mapping[str, Callable[[Tensor], Tensor]], shape: Place, place: Place
) -> "Figure":
    """Draw images in rows, channels in columns, and what shares with one number.

    Args:
        cuts: names and what normalises.
        shape: N images, C channels, H, W.
        place: of the number in question.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 2, figsize=(7.2, 6.2))
    for ax, (name, normalise) in zip(axes.flat, cuts.items(), strict=True):
        _draw(ax, shares_with(normalise, shape, place), place)
        ax.set_title(name, fontsize=14)
    return figure


def _draw(ax: "Axes", shared: Tensor, place: Place) -> None:
    images, channels, height, width = shared.shape
    gap = 0.6
    for n in range(images):
        for c in range(channels):
            for i in range(height):
                for j in range(width):
                    color = SHARED if shared[n, c, i, j] else APART
                    color = MIDDLE if (n, c, i, j) == place else color
                    corner = c * (width + gap) + j, n * (height + gap) + i
                    ax.add_patch(_square(corner, color))
    ax.set_aspect("equal")
    ax.grid(visible=False)
    ax.set_xlim(-0.3, channels * (width + gap) - gap + 0.3)
    ax.set_ylim(images * (height + gap) - gap + 0.3, -0.3)
    ax.set_xticks([c * (width + gap) + width / 2 for c in range(channels)])
    ax.set_xticklabels([str(c + 1) for c in range(channels)])
    ax.set_yticks([n * (height + gap) + height / 2 for n in range(images)])
    ax.set_yticklabels([str(n + 1) for n in range(images)])
    ax.set(xlabel="channel", ylabel="image")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)


def _square(corner: tuple[float, float], color: str) -> "Rectangle":
    from matplotlib.patches import Rectangle

    return Rectangle(corner, 1, 1, facecolor=color, edgecolor="white", linewidth=1)
