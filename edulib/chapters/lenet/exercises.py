"""Checks of the exercises of the chapter on LeNet-5."""

import numpy as np
import torch
from torch import Tensor

from edulib.anatomy import count_parameters
from edulib.exercises.answer import Answer
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_close,
    expect_equal,
    expect_shape,
    expect_within,
    is_equal,
    randomize,
)
from edulib.exercises.registry import forbid, part
from edulib.exercises.values import numbers
from edulib.models.classification.lenet import Subsampling, lenet5, lenet5_modern


def _positions(layer: str, image_shape: tuple[int, ...]) -> int:
    """At how many places a layer of LeNet-5 is applied to an image of any size."""
    model = lenet5(in_channels=image_shape[0])
    x = torch.zeros(1, *image_shape)
    for name in ("c1", "s2", "c3", "s4", "c5"):
        x = model.get_submodule(name)(x)
        if name == layer:
            return x[0, 0].numel()
    raise ValueError(f"expected a layer up to c5, got {layer!r}")


@part(
    "lenet-count",
    "parameters of C1 for colour images",
    points=1,
    hint="Each of the six maps has a 5 x 5 kernel for each channel, and what else?",
)
def _colour_parameters(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(
        answer[0], count_parameters(lenet5(in_channels=3).c1), "colour_parameters"
    )


@part(
    "lenet-count",
    "connections of C1 for colour images",
    points=1,
    hint="Every parameter is used once at each of the 28 x 28 places.",
)
def _colour_connections(answer: Answer, generator: torch.Generator) -> None:
    right = _positions("c1", (3, 32, 32)) * count_parameters(lenet5(in_channels=3).c1)
    expect_equal(answer[1], right, "colour_connections")


@part(
    "lenet-count",
    "parameters that table I saves in C3",
    points=1,
    hint="Count the crosses of the table: 60 of 96 are there.",
)
def _saved_parameters(answer: Answer, generator: torch.Generator) -> None:
    saved = count_parameters(lenet5_modern().c3) - count_parameters(lenet5().c3)
    expect_equal(answer[2], saved, "saved_parameters")


@part(
    "lenet-count",
    "connections of C5 for images of 36 x 36 pixels",
    points=2,
    hint="Follow the size through C1, S2, C3 and S4 first: how often does C5 fit in?",
)
def _wide_connections(answer: Answer, generator: torch.Generator) -> None:
    right = _positions("c5", (1, 36, 36)) * count_parameters(lenet5().c5)
    expect_equal(answer[3], right, "wide_connections")


forbid("lenet-subsampling", Subsampling)


def _pair(answer: Answer, channels: int, generator: torch.Generator) -> tuple:
    """The student's layer and ours, with the same random parameters."""
    reference = Subsampling(channels)
    randomize(reference, generator, 1, 0)
    layer = answer.build(channels)
    copy_parameters(reference, layer)
    return layer, reference


@part(
    "lenet-subsampling",
    "one coefficient and one bias for each map",
    points=1,
    hint="Wrap both in nn.Parameter, each with one number a map, coefficient first.",
)
def _subsampling_parameters(answer: Answer, generator: torch.Generator) -> None:
    _pair(answer, 6, generator)


@part(
    "lenet-subsampling",
    "half as high, half as wide",
    points=1,
    hint="Each output is made of a block of 2 x 2 inputs, and no blocks overlap.",
)
def _subsampling_shape(answer: Answer, generator: torch.Generator) -> None:
    x = torch.randn(2, 6, 8, 12, generator=generator)
    expect_shape(answer.build(6)(x), (2, 6, 4, 6))


@part(
    "lenet-subsampling",
    "agrees with S2",
    points=2,
    hint="A sum of four, not their mean; no squashing in here; channel by channel.",
)
def _subsampling_agrees(answer: Answer, generator: torch.Generator) -> None:
    layer, reference = _pair(answer, 4, generator)
    x = torch.randn(3, 4, 4, 4, generator=generator)
    expect_close(layer(x), reference(x))


@part(
    "lenet-subsampling",
    "learns: both parameters get the right gradient",
    points=1,
    hint="Compute with the parameters themselves: no .data, .detach() or .item().",
)
def _subsampling_learns(answer: Answer, generator: torch.Generator) -> None:
    layer, reference = _pair(answer, 3, generator)
    x = torch.randn(2, 3, 6, 6, generator=generator)
    output = layer(x)
    expect_shape(output, (2, 3, 3, 3))
    # The gradient of the sum of the output's squares
    found = layer.gradients(x, signal=2 * output).parameters.values()
    reference(x).square().sum().backward()
    pairs = zip(found, reference.parameters(), strict=True)
    for name, (mine, right) in zip(("coefficient", "bias"), pairs, strict=True):
        expect(mine is not None, f"the {name} gets no gradient.")
        gradient, what = mine.reshape(right.shape), f"the gradient of the {name}"
        expect_within(gradient, right.grad, what, rtol=1e-3, atol=1e-5)


@part(
    "lenet-subsampling",
    "one map, one image, any even size",
    points=1,
    hint="Read the sizes from the input; nothing may be fixed to 6 maps or 28 pixels.",
    hidden=True,
)
def _subsampling_sizes(answer: Answer, generator: torch.Generator) -> None:
    layer, reference = _pair(answer, 1, generator)
    x = torch.randn(1, 1, 2, 10, generator=generator)
    expect_close(layer(x), reference(x))


def _shifts_of(image: Tensor, moved: Tensor, most: int) -> set[tuple[int, int]]:
    """All (dy, dx) up to `most` pixels by which `image` becomes `moved`."""
    height, width = image.shape[-2:]
    padded, found = np.pad(numbers(image[0]), most), numbers(moved[0])
    steps = range(-most, most + 1)
    return {
        (dy, dx)
        for dy in steps
        for dx in steps
        if (padded[most - dy :, most - dx :][:height, :width] == found).all()
    }


def _blobs(count: int, generator: torch.Generator) -> Tensor:
    """Images that no two shifts make equal, with empty borders of 8 pixels."""
    images = torch.zeros(count, 1, 32, 32)
    images[:, :, 8:24, 8:24] = torch.rand(count, 1, 16, 16, generator=generator)
    return images


@part(
    "lenet-shift",
    "every image is moved whole, by at most max_shift pixels",
    points=1,
    hint="Pad with the background, then cut a window of the old size.",
)
def _shift_moves(answer: Answer, generator: torch.Generator) -> None:
    images = _blobs(40, generator)
    moved = answer(images, 3, generator)
    expect_shape(moved, tuple(images.shape), "the moved batch")
    for number, (image, copy) in enumerate(zip(images, moved, strict=True)):
        expect(
            bool(_shifts_of(image, copy, 3)),
            f"image {number} is no copy of the original moved by up to 3 pixels.",
        )


@part(
    "lenet-shift",
    "each image has its own shift, in both directions, and all shifts occur",
    points=1,
    hint="torch.randint excludes its upper end; draw dy and dx for each image.",
)
def _shift_draws(answer: Answer, generator: torch.Generator) -> None:
    images = _blobs(200, generator)
    moved = answer(images, 1, generator)
    expect_shape(moved, tuple(images.shape), "the moved batch")
    drawn = [_shifts_of(a, b, 1) for a, b in zip(images, moved, strict=True)]
    seen = set().union(*drawn)
    expect(
        len(seen) == 9,
        f"of the 9 shifts by up to 1 pixel, these occur in 200 images: {sorted(seen)}.",
    )


@part(
    "lenet-shift",
    "what leaves the image does not come back on the other side",
    points=1,
    hint="torch.roll is circular. The background of the digits is 0.",
)
def _shift_border(answer: Answer, generator: torch.Generator) -> None:
    images = torch.rand(60, 1, 32, 32, generator=generator)
    moved = answer(images, 2, generator)
    expect_shape(moved, tuple(images.shape), "the moved batch")
    for number, (image, copy) in enumerate(zip(images, moved, strict=True)):
        expect(
            bool(_shifts_of(image, copy, 2)),
            f"the border of image {number} should be background where it moved away.",
        )


@part(
    "lenet-shift",
    "the given images are left as they were; the generator decides",
    points=1,
    hint="Write into a new tensor, and give generator=generator to torch.randint.",
    hidden=True,
)
def _shift_is_pure(answer: Answer, generator: torch.Generator) -> None:
    images = _blobs(20, generator)
    before = images.clone()
    first = answer(images, 4, torch.Generator().manual_seed(7))
    expect(is_equal(images, before), "the given images have changed.")
    second = answer(images, 4, torch.Generator().manual_seed(7))
    expect_close(second, first, "a second batch with the same generator")
