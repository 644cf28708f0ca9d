"""Checks of the exercises of the chapter on DenseNet."""

from copy import deepcopy

import torch
import torch._dynamo  # the first recomputation loads it, which takes seconds
from torch import Tensor, nn

from edulib.chapters.densenet.memory import saved_bytes
from edulib.exercises.answer import Answer, Gradients
from edulib.exercises.compare import (
    copy_parameters,
    expect,
    expect_close,
    expect_equal,
    expect_shape,
    expect_within,
    randomize,
)
from edulib.exercises.registry import forbid, part
from edulib.models.classification.densenet import (
    DenseBlock,
    DenseBottleneck,
    DenseLayer,
    norm_relu_conv,
)


def _weights(layer: nn.Module) -> int:
    return sum(p.numel() for p in layer.parameters() if p.ndim == 4)


@part(
    "densenet-count",
    "channels that the last layer of block 3 reads",
    points=1,
    hint="The block's input, and k channels from each of the 23 layers before it.",
)
def _reads(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[0], 256 + 23 * 32, "reads")


@part(
    "densenet-count",
    "weights of its two convolutions",
    points=1,
    hint="1x1 from all it reads to 4 k channels, then 3x3 from these to k.",
)
def _bottleneck(answer: Answer, generator: torch.Generator) -> None:
    layer = DenseBottleneck(256 + 23 * 32, 32)
    expect_equal(answer[1], _weights(layer), "bottleneck")


@part(
    "densenet-count",
    "weights of one 3x3 convolution in their place",
    points=1,
    hint="Nine weights for each pair of a channel that is read and one that is made.",
)
def _direct(answer: Answer, generator: torch.Generator) -> None:
    expect_equal(answer[2], _weights(DenseLayer(256 + 23 * 32, 32)), "direct")


forbid("densenet-block", DenseBlock, DenseLayer, DenseBottleneck, norm_relu_conv)


def _pair(answer: Answer, generator: torch.Generator, *sizes: int) -> tuple:
    """The student's block and ours, with the same random parameters."""
    ours = DenseBlock(DenseLayer, *sizes)
    randomize(ours, generator, 0.3, 1)
    block = answer.build(*sizes)
    copy_parameters(ours, block)
    return block, ours


def _images(generator: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(2, *shape, generator=generator)


@part(
    "densenet-block",
    "each layer reads all channels before it",
    points=1,
    hint="Layer n, counted from 0, reads in_channels + n * growth channels; its "
    "normalisation has as many scales and shifts.",
)
def _block_shapes(answer: Answer, generator: torch.Generator) -> None:
    found = [tuple(p.shape) for p in answer.build(3, 5, 2).parameters().values()]
    wanted = [tuple(p.shape) for p in DenseBlock(DenseLayer, 3, 5, 2).parameters()]
    expect(found == wanted, f"your parameters have the shapes {found}.")


@part(
    "densenet-block",
    "hands on its input as it came, in front of the new channels",
    points=1,
    hint="return torch.cat(features, dim=1), with the input as first of the features.",
)
def _block_hands_on(answer: Answer, generator: torch.Generator) -> None:
    block, _ = _pair(answer, generator, 3, 5, 2)
    x = _images(generator, 5, 6, 6)
    output = block(x.clone())
    expect_shape(output, (2, 5 + 3 * 2, 6, 6))
    expect_close(output[:, :5], x, "the first channels of the output")


@part(
    "densenet-block",
    "agrees with the book's block",
    points=2,
    hint="In each layer: normalise, rectify, convolve. Keep one list of features, and "
    "append to it what each layer makes of all of them.",
)
def _block_agrees(answer: Answer, generator: torch.Generator) -> None:
    block, ours = _pair(answer, generator, 4, 3, 2)
    x = _images(generator, 3, 7, 5)
    expect_within(block(x.clone()), ours(x), "the output", rtol=1e-3, atol=1e-5)


@part(
    "densenet-block",
    "with the right gradients",
    points=1,
    hint="Nothing may be detached: each layer learns from all layers that read it.",
)
def _block_gradients(answer: Answer, generator: torch.Generator) -> None:
    block, ours = _pair(answer, generator, 3, 4, 2)
    x, signal = _images(generator, 4, 5, 5), _images(generator, 4 + 3 * 2, 5, 5)
    (found,) = block.gradients(x, signal=signal).inputs
    expect(found is not None, "no gradient reaches the input.")
    image = x.clone().requires_grad_()
    ours(image).backward(signal)
    what = "the gradient of the input"
    expect_within(found, image.grad, what, rtol=1e-3, atol=1e-4)


def _twins(generator: torch.Generator) -> tuple[DenseBottleneck, DenseBottleneck]:
    """Two equal layers in training, of which the second serves as reference."""
    layer = DenseBottleneck(9, 2)
    randomize(layer, generator, 0.3, 1)
    return layer, deepcopy(layer)


def _features(generator: torch.Generator) -> list[Tensor]:
    return [_images(generator, channels, 6, 6) for channels in (5, 2, 2)]


def _step(
    answer: Answer, generator: torch.Generator
) -> tuple[DenseBottleneck, Gradients, DenseBottleneck, list[Tensor]]:
    """One step forwards and backwards, the student's and the ordinary one.

    Returns:
        The layer behind the student's step and what came down; a twin behind the
        ordinary step, and its features with their gradients.
    """
    layer, twin = _twins(generator)
    features = _features(generator)
    signal = _images(generator, 2, 6, 6)
    found = answer.build(layer).gradients(*features, signal=signal)
    leaves = [f.clone().requires_grad_() for f in features]
    twin(torch.cat(leaves, dim=1)).backward(signal)
    return layer, found, twin, leaves


@part(
    "densenet-recompute",
    "gives what the layer gives, with the same gradients",
    points=2,
    hint="checkpoint(function, *features, use_reentrant=False), where the function "
    "concatenates the features and calls the layer.",
)
def _same_gradients(answer: Answer, generator: torch.Generator) -> None:
    layer, twin = _twins(generator)
    features = _features(generator)
    expect_close(answer.build(layer)(*features), twin(torch.cat(features, dim=1)))
    _, found, twin, leaves = _step(answer, generator)
    for number, (down, leaf) in enumerate(zip(found.inputs, leaves, strict=True)):
        expect(down is not None, f"no gradient reaches feature {number}.")
        what = f"the gradient of feature {number}"
        expect_within(down, leaf.grad, what, rtol=1e-3, atol=1e-5)
    down = list(found.parameters.values())
    expect(
        len(down) == len(list(twin.parameters()))
        and not any(gradient is None for gradient in down),
        "not every weight of the layer gets a gradient: keep it as an attribute.",
    )
    for ours, parameter in zip(down, twin.parameters(), strict=True):
        what = "a gradient of the layer's weights"
        expect_within(ours, parameter.grad, what, rtol=1e-3, atol=1e-4)


@part(
    "densenet-recompute",
    "keeps nothing but the features for the way back",
    points=1,
    hint="The concatenation has to happen inside the function that is recomputed.",
)
def _keeps_little(answer: Answer, generator: torch.Generator) -> None:
    layer, _ = _twins(generator)
    features = [feature.requires_grad_() for feature in _features(generator)]
    module = answer.build(layer)
    kept = saved_bytes(lambda: module(*features), layer, features)
    expect(kept == 0, f"{kept} bytes besides the features are kept for the way back.")


@part(
    "densenet-recompute",
    "leaves the running averages as one pass does",
    points=2,
    hint="context_fn returns two contexts, one for each pass. Let the second put back, "
    "in a `finally`, what the buffers were when it began.",
)
def _one_update(answer: Answer, generator: torch.Generator) -> None:
    layer, _, twin, _ = _step(answer, generator)
    _expect_equal_buffers(layer, twin)


@part(
    "densenet-recompute",
    "also after several steps, and with frozen normalisations",
    points=1,
    hint="Change nothing of the layer for good: neither its momentum nor its mode.",
    hidden=True,
)
def _several_steps(answer: Answer, generator: torch.Generator) -> None:
    layer, twin = _twins(generator)
    module = answer.build(layer)
    for step in range(4):
        if step == 2:
            for one in (layer, twin):
                one.layers[0].eval()
        features = _features(generator)
        signal = _images(generator, 2, 6, 6)
        module.gradients(*features, signal=signal)
        twin(torch.cat(features, dim=1)).backward(signal)
        _expect_equal_buffers(layer, twin)


def _expect_equal_buffers(layer: nn.Module, twin: nn.Module) -> None:
    wanted = dict(twin.named_buffers())
    for name, buffer in layer.named_buffers():
        if name.endswith("num_batches_tracked"):
            expect(
                int(buffer) == int(wanted[name]),
                f"{name} is {int(buffer)}, expected {int(wanted[name])}.",
            )
        else:
            expect_close(buffer.clone(), wanted[name], name)
