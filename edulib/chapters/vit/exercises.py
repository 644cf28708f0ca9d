"""Checks of the exercises of the chapter on ViT."""

import torch
from torch import Tensor

from edulib.anatomy import count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    expect,
    expect_equal,
    expect_shape,
    expect_unchanged,
    expect_within,
)
from edulib.exercises.registry import part
from edulib.models.classification.vit import EncoderLayer, PatchEmbedding


@part(
    "vit-count",
    "tokens at 384 x 384 pixels",
    points=1,
    hint="384 / 16 rows of as many patches, and one token more.",
)
def _tokens(answer: Answer, generator: torch.Generator) -> None:
    rows, columns = PatchEmbedding(384, 16, 1).grid
    expect_equal(answer[0], float(1 + rows * columns), "tokens")  # 577.0 will do


@part(
    "vit-count",
    "parameters of the patch embedding",
    points=1,
    hint="A patch of 32 x 32 pixels holds 3,072 numbers.",
)
def _embedding(answer: Answer, generator: torch.Generator) -> None:
    wanted = count_parameters(PatchEmbedding(224, 32, 768))
    expect_equal(answer[1], wanted, "embedding_parameters")


@part(
    "vit-count",
    "parameters of a layer",
    points=1,
    hint="Queries, keys, values and the layer behind the heads; two layers of the MLP; "
    "two normalisations.",
)
def _layer(answer: Answer, generator: torch.Generator) -> None:
    wanted = count_parameters(EncoderLayer(384, 6))
    expect_equal(answer[2], wanted, "layer_parameters")


def _parts(generator: torch.Generator, *sizes: int) -> list[Tensor]:
    """Images, matrix, class token and positions for sizes B, C, rows, columns, P, D."""
    images, channels, rows, columns, side, width = sizes
    shapes = (
        (images, channels, rows * side, columns * side),
        (side * side * channels, width),
        (width,),
        (1 + rows * columns, width),
    )
    return [torch.randn(shape, generator=generator) for shape in shapes]


def _embedded(
    images: Tensor, weight: Tensor, class_token: Tensor, positions: Tensor
) -> Tensor:
    """Equation 1, patch by patch."""
    channels, height, width = images.shape[1:]
    side = next(p for p in range(1, height + 1) if p * p * channels == len(weight))
    rows = []
    for image in images:
        tokens = [class_token]
        for top in range(0, height, side):
            for left in range(0, width, side):
                patch = image[:, top : top + side, left : left + side]
                tokens.append(patch.reshape(-1) @ weight)
        rows.append(torch.stack(tokens) + positions)
    return torch.stack(rows)


def _compare_embedded(answer: Answer, given: list[Tensor]) -> None:
    right = _embedded(*given)
    copies = [tensor.clone() for tensor in given]
    found = answer(*copies)
    expect_unchanged(copies[0], given[0])
    expect_within(found, right, "z_0", rtol=1e-4, atol=1e-4)


@part(
    "vit-embed",
    "one image of one channel",
    points=1,
    hint="Class token first, then the patches row after row; positions for all.",
)
def _one(answer: Answer, generator: torch.Generator) -> None:
    _compare_embedded(answer, _parts(generator, 1, 1, 2, 2, 2, 5))


@part(
    "vit-embed",
    "several images, three channels, more columns than rows",
    points=2,
    hint="Within a patch: channel by channel, in each row by row.",
)
def _several(answer: Answer, generator: torch.Generator) -> None:
    _compare_embedded(answer, _parts(generator, 3, 3, 2, 4, 3, 7))


@part(
    "vit-embed",
    "gradients reach everything, also with a patch for the whole image",
    points=1,
    hint="Nothing may be detached; take P from the shapes of weight and images.",
    hidden=True,
)
def _gradients(answer: Answer, generator: torch.Generator) -> None:
    _compare_embedded(answer, _parts(generator, 2, 3, 1, 1, 4, 6))
    given = _parts(generator, 2, 2, 2, 3, 2, 4)
    signal = torch.randn(2, 7, 4, generator=generator)
    leaves = [tensor.clone().requires_grad_() for tensor in given]
    wanted = torch.autograd.grad(_embedded(*leaves), leaves, signal)
    again = [tensor.clone().requires_grad_() for tensor in given]
    found = answer.gradients(*again, signal=signal).inputs
    names = ("the images", "the weight", "the class token", "the positions")
    for name, own, right in zip(names, found, wanted, strict=True):
        expect(own is not None, f"no gradient reaches {name}.")
        expect_within(own, right, f"the gradient of {name}", rtol=1e-3, atol=1e-3)


def _shuffled(images: Tensor, side: int, order: list[int]) -> Tensor:
    """The same, square by square."""
    columns = images.shape[3] // side
    result = images.clone()
    for place, source in enumerate(order):
        (top, left), (from_top, from_left) = (
            (side * (k // columns), side * (k % columns)) for k in (place, source)
        )
        result[:, :, top : top + side, left : left + side] = images[
            :, :, from_top : from_top + side, from_left : from_left + side
        ]
    return result


def _compare_shuffled(answer: Answer, images: Tensor, side: int, order: Tensor) -> None:
    right = _shuffled(images, side, order.tolist())
    given = images.clone()
    found = answer(given, side, order.clone())
    expect_unchanged(given, images)
    expect_shape(found, tuple(images.shape))
    expect_within(found, right, "the shuffled images", rtol=0, atol=1e-6)


def _order(count: int, generator: torch.Generator) -> Tensor:
    """An order that is not its own inverse."""
    order = torch.randperm(count, generator=generator)
    while bool((order[order] == torch.arange(count)).sum() == count):
        order = torch.randperm(count, generator=generator)
    return order


@part(
    "vit-shuffle",
    "four patches change places in turn",
    points=1,
    hint="At place k stands patch order[k].",
)
def _turn(answer: Answer, generator: torch.Generator) -> None:
    images = torch.rand(1, 1, 4, 4, generator=generator)
    _compare_shuffled(answer, images, 2, torch.tensor([1, 2, 3, 0]))


@part(
    "vit-shuffle",
    "any order, several images, more columns than rows",
    points=2,
    hint="Patches are counted row after row; all images are shuffled alike.",
)
def _any_order(answer: Answer, generator: torch.Generator) -> None:
    images = torch.rand(3, 3, 6, 12, generator=generator)
    _compare_shuffled(answer, images, 3, _order(8, generator))
    images = torch.rand(2, 2, 8, 4, generator=generator)
    _compare_shuffled(answer, images, 2, _order(8, generator))


@part(
    "vit-shuffle",
    "one patch, and patches of one pixel",
    points=1,
    hint="Take the number of patches from the shapes.",
    hidden=True,
)
def _edges(answer: Answer, generator: torch.Generator) -> None:
    images = torch.rand(2, 3, 5, 5, generator=generator)
    _compare_shuffled(answer, images, 5, torch.tensor([0]))
    _compare_shuffled(answer, images, 1, _order(25, generator))
