"""Checks of the exercises of the chapter on DeepLabV3+."""

import torch
import torch.nn.functional as F

from edulib.exercises.answer import Answer
from edulib.exercises.compare import expect_close, expect_equal, expect_unchanged
from edulib.exercises.registry import part
from edulib.training.measures import confusion_matrix, mean_iou, near_border


@part(
    "deeplabv3plus-numbers",
    "the rate of the last stage at output stride 8",
    points=1,
    hint="Two strides were taken away before it; each doubles the rate behind.",
)
def _rate(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], 4, "rate")


@part(
    "deeplabv3plus-numbers",
    "the side of the map of 513 pixels at output stride 8",
    points=1,
    hint="Cells lie on the pixels 0, 8, 16, ... 512.",
)
def _side(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[1], 512 // 8 + 1, "side")


@part(
    "deeplabv3plus-numbers",
    "the window of a 3x3 kernel at rate 18",
    points=1,
    hint="From the middle to the outer weight it is 18 cells, on either side.",
)
def _window(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], 2 * 18 + 1, "window")


@part(
    "deeplabv3plus-numbers",
    "channels that enter the decoder's first 3x3 convolution",
    points=1,
    hint="The encoder's 256, and what is left of the fine map.",
)
def _channels(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[3], 256 + 48, "channels")


def _spread(weight: torch.Tensor, rate: int) -> torch.Tensor:
    height, width = weight.shape[-2:]
    size = (rate * (height - 1) + 1, rate * (width - 1) + 1)
    wide = weight.new_zeros(*weight.shape[:2], *size)
    wide[..., ::rate, ::rate] = weight
    return wide


@part(
    "deeplabv3plus-holes",
    "3x3 kernels, rates 2 and 3",
    points=2,
    hint="A side of k grows to rate * (k - 1) + 1; old weights stand in each rate-th.",
)
def _square(answer: Answer, generator: torch.Generator) -> None:
    weight = torch.randn(2, 3, 3, 3, generator=generator)
    for rate in (2, 3):
        expect_close(answer(weight.clone(), rate), _spread(weight, rate))


@part(
    "deeplabv3plus-holes",
    "a convolution with them is the atrous one",
    points=1,
    hint="Compare with F.conv2d(x, weight, dilation=rate).",
)
def _convolves(answer: Answer, generator: torch.Generator) -> None:
    weight = torch.randn(2, 3, 3, 5, generator=generator)
    x = torch.randn(1, 3, 20, 24, generator=generator)
    found = F.conv2d(x, answer(weight.clone(), 4))
    expect_close(found, F.conv2d(x, weight, dilation=4))


@part(
    "deeplabv3plus-holes",
    "rate 1 and 1x1 kernels stay, and so does what was given",
    points=1,
    hint="There are no cells between the weights at rate 1; make a new tensor.",
    hidden=True,
)
def _stays(answer: Answer, generator: torch.Generator) -> None:
    for size, rate in ((3, 1), (1, 5)):
        weight = torch.randn(2, 2, size, size, generator=generator)
        given = weight.clone()
        expect_close(answer(given, rate), weight)
        expect_unchanged(given, weight)


def _maps(generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    truth = torch.zeros(2, 20, 24, dtype=torch.int64)
    truth[0, :, 9:] = 1
    truth[1, 7:, 10:] = 2  # a corner: windows are squares
    said = truth.clone()
    wrong = torch.rand(truth.shape, generator=generator) < 0.3
    said[wrong] = torch.randint(0, 4, truth.shape, generator=generator)[wrong]
    return said, truth


def _band(said: torch.Tensor, truth: torch.Tensor, width: int) -> float:
    targets = truth.where(near_border(truth, width), 255)
    return mean_iou(confusion_matrix(said, targets, 5, 255))


@part(
    "deeplabv3plus-band",
    "mean IoU in bands of 1 and 3 pixels on either side",
    points=2,
    hint="Pixels outside the band count for no class, as true or as predicted.",
)
def _bands(answer: Answer, generator: torch.Generator) -> None:
    said, truth = _maps(generator)
    for width in (1, 3):
        found = torch.as_tensor(answer(said.clone(), truth.clone(), width))
        expect_close(found.double(), torch.tensor(_band(said, truth, width)).double())


@part(
    "deeplabv3plus-band",
    "a wide band holds all pixels",
    points=1,
    hint="With a width of the picture's side every pixel is near a border.",
)
def _whole(answer: Answer, generator: torch.Generator) -> None:
    said, truth = _maps(generator)
    whole = mean_iou(confusion_matrix(said, truth, 5, 255))
    found = torch.as_tensor(answer(said, truth, 24)).double()
    expect_close(found, torch.tensor(whole).double())


@part(
    "deeplabv3plus-band",
    "a class that is wrongly said counts, one that occurs nowhere does not",
    points=1,
    hint="Of a class with an empty union there is no IoU; the mean leaves it out.",
    hidden=True,
)
def _absent(answer: Answer, generator: torch.Generator) -> None:
    truth = torch.zeros(1, 6, 8, dtype=torch.int64)
    truth[..., 4:] = 4
    said = truth.clone()
    said[0, 0, 3] = 2
    found = torch.as_tensor(answer(said, truth.clone(), 1)).double()
    expect_close(found, torch.tensor(_band(said, truth, 1)).double())
