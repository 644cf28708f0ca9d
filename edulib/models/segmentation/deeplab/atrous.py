"""Take strides away from a trained backbone, and spread the kernels behind them.

Chen et al., 2017, sections 3.1 and 3.2.1.
"""

from collections.abc import Iterator, Sequence

from torch import nn

STRIDES = (4, 8, 16, 32)


def keep_fine(backbone: nn.Module, output_stride: int) -> nn.Module:
    """Take away, in place, the strides that would exceed the output stride.

    A convolution that loses its stride of 2 gives a map with four times the cells. In
    every second row and column of it stand the numbers of before; so that the layers
    behind find these, the cells between their weights are doubled too. No parameter is
    added or changed. Can be called again with a smaller stride.

    Args:
        backbone: whose parts run one after the other; a stride stands in one
            convolution of a block, or in a pooling, and once more in its shortcut.
        output_stride: 4, 8, 16 or 32.

    Returns:
        The backbone.

    Raises:
        ValueError: if the output stride is none of these.

    Source: Chen et al., 2017, section 3.1. The convolution that had the stride keeps
    its rate: what it reads is still as dense as before. Exact where nothing else
    depends on the map's size, as a mean over it does (squeeze-and-excitation).
    """
    if output_stride not in STRIDES:
        raise ValueError(
            f"expected an output stride of {STRIDES}, got {output_stride!r}"
        )
    stride = rate = 1
    for block in _blocks(backbone):
        halves = any(_is_strided(layer) for layer in block.modules())
        finer = halves and stride >= output_stride
        stride *= 2 if halves and not finer else 1
        loses = 1
        for conv in _convolutions(block):
            spread(conv, rate * loses)
            if finer and _is_strided(conv):
                conv.stride = (1, 1)
                loses = 2 if _is_wide(conv) else loses  # not for a shortcut's 1x1
        rate *= loses
    return backbone


def spread(module: nn.Module, factor: int) -> None:
    """Multiply the rates of a module's kernels, in place; maps keep their size.

    Args:
        module: whose convolutions wider than 1x1 keep the size of a map.
        factor: of rate and padding.
    """
    for conv in _convolutions(module):
        if _is_wide(conv):
            conv.dilation = tuple(factor * rate for rate in conv.dilation)
            conv.padding = tuple(factor * cells for cells in conv.padding)


def set_grid(stage: nn.Sequential, rate: int, grid: Sequence[int] = (1, 2, 4)) -> None:
    """Give the blocks of a stage rates of their own, in place: multi-grid.

    Args:
        stage: as many blocks as the grid has numbers.
        rate: of the stage.
        grid: what each block's rate is multiplied by.

    Source: Chen et al., 2017, section 3.2.1: at output stride 16 the rates
    2 x (1, 2, 4) = (2, 4, 8).
    """
    for block, factor in zip(stage, grid, strict=True):
        for conv in _convolutions(block):
            if _is_wide(conv):
                spread(conv, rate * factor // conv.dilation[0])


def _blocks(module: nn.Module, whole: bool = True) -> Iterator[nn.Module]:
    """Walk through what runs one after the other; a block with a shortcut is one."""
    if whole or isinstance(module, nn.Sequential):
        for child in module.children():
            yield from _blocks(child, whole=False)
    else:
        yield module


def _convolutions(module: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in module.modules() if isinstance(layer, nn.Conv2d)]


def _is_wide(conv: nn.Conv2d) -> bool:
    return max(conv.kernel_size) > 1


def _is_strided(layer: nn.Module) -> bool:
    return getattr(layer, "stride", 1) in (2, (2, 2))
