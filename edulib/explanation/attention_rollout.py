"""Attention rollout: what the tokens of the image contribute, through all layers.

Abnar and Zuidema, "Quantifying Attention Flow in Transformers", 2020, section 3.
https://arxiv.org/abs/2005.00928
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.checks import check_whole
from edulib.explanation.attention_maps import AttentionMap, attention_maps
from edulib.explanation.layer import check_grid
from edulib.explanation.layers import as_batch
from edulib.explanation.tokens import Tokens, tokens_in
from edulib.explanation.traces import traced


def attention_rollout(
    model: nn.Module,
    image: Tensor,
    layer: str = "",
    *,
    query: int | None = None,
    grid: tuple[int, int] | None = None,
    prefix_tokens: int | None = None,
) -> Tensor:
    """Multiply the attention of all layers, each averaged over its heads.

    The shortcut around an attention counts half: A = (W + I) / 2, and the map is a row
    of the product of the A of all layers. It tells of tokens and attention alone: the
    class that is asked for, values and MLPs play no part.

    Differs from the paper: a row is laid on the grid of the image; without a class
    token it is the mean over the tokens of the image, which is what such models
    average.

    Args:
        model: any model whose tokens attend to each other, as many in each layer;
            left as it was.
        image: what the model takes.
        layer: dotted path of a module: only attention inside it counts, as in
            ``"transformer.encoder"``; by default all.
        query: number of the token whose row is taken; by default the first class
            token, or the mean over the tokens of the image where there is none.
        grid: rows and columns of the image that its tokens make, row after row; by
            default as a trace of the model shows it.
        prefix_tokens: how many class tokens and registers come before them; by
            default as the trace shows it.

    Shape:
        - image: (B, C, H, W), or (C, H, W) for B = 1
        - Output: (B, 1, H, W), at least 0; resized from the grid

    Raises:
        TypeError: if the image does not hold floating-point numbers.
        ValueError: if there is no such layer or attention, the attentions are not all
            of the same tokens (windows, queries of a decoder, several resolutions), the
            heads of one are mixed, the grid is neither known nor said, or numbers of
            the model are not finite.

    Source: Abnar and Zuidema, 2020, section 3, equation 1.
        https://arxiv.org/abs/2005.00928
    """
    images = as_batch(image)
    maps = attention_maps(model, images, layer)
    _check_same_tokens(maps, len(images))
    rollout = None
    for attention in maps:
        mixed = attention.weights.mean(1)  # (B, N, N)
        mixed = (mixed + torch.eye(mixed.shape[-1]).to(mixed)) / 2
        rollout = mixed if rollout is None else mixed @ rollout
    rows, columns, first = _grid(model, images, maps[0], grid, prefix_tokens)
    row = _row(rollout, query, first, first + rows * columns)
    heat = row[:, first : first + rows * columns].reshape(-1, 1, rows, columns)
    return F.interpolate(heat, images.shape[2:], mode="bilinear", align_corners=False)


def _row(rollout: Tensor, query: int | None, first: int, last: int) -> Tensor:
    count = rollout.shape[1]
    if query is None:
        return rollout[:, 0] if first else rollout[:, first:last].mean(1)
    return rollout[:, check_whole("a query", query, 0, count - 1)]


def _check_same_tokens(maps: list[AttentionMap], count: int) -> None:
    shapes = {tuple(found.weights.shape[-2:]) for found in maps}
    first = maps[0].weights.shape
    is_whole = all(m.weights.ndim == 4 and len(m.weights) == count for m in maps)
    if len(shapes) > 1 or first[-1] != first[-2] or not is_whole:
        told = ", ".join(f"{m.layer} {tuple(m.weights.shape)}" for m in maps[:6])
        raise ValueError(
            "expected attentions over the same tokens in every layer, "
            f"({count}, heads, N, N), got {told} (windows, queries or several "
            "resolutions): use attention_maps or grad_cam; layer= takes a part of the "
            "model, if one part has such attentions"
        )


def _grid(
    model: nn.Module,
    images: Tensor,
    attention: AttentionMap,
    grid: tuple[int, int] | None,
    prefix: int | None,
) -> tuple[int, int, int]:
    """Return rows, columns and tokens before them."""
    count = attention.weights.shape[-1]
    if grid is None:
        tokens = _traced(model, images, attention.layer, count)
        if tokens is None:
            raise ValueError(
                f"cannot tell where the {count} tokens of layer {attention.layer!r} "
                "lie in the image: say grid=(rows, columns), prefix_tokens="
            )
        grid, prefix = tokens.grid, tokens.prefix if prefix is None else prefix
    rows, columns = check_grid(grid)
    if prefix is not None:
        check_whole("prefix_tokens", prefix, 0)
    rest = count - rows * columns
    if prefix is None and rest == 0:
        prefix = 0
    if prefix is None or prefix > rest:
        raise ValueError(
            f"expected {prefix or 0} + {rows} x {columns} tokens in layer "
            f"{attention.layer!r}, got {count}: say grid= and prefix_tokens="
        )
    return rows, columns, prefix


def _traced(model: nn.Module, images: Tensor, layer: str, count: int) -> Tokens | None:
    try:
        graph = traced(model, images)
    except ValueError:
        return None
    return tokens_in(graph, layer, count)
