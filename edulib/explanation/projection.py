"""Projecting one activation down to the image, by a rule for its rectifiers.

Gradient, DeconvNet and guided backpropagation differ in one thing only: in what a
ReLU does to the signal that comes down to it (Springenberg et al., 2015, figure 1,
https://arxiv.org/abs/1412.6806). Everything else is the same transposed network,
and the backward pass of autograd is that network: a convolution's backward pass is
the transposed filter, a max pooling's puts each value back at its switch. So one
ordinary backward pass is run here, in which only the rectifiers are overruled.

How each layer is treated on the way down:

    convolution, linear    transposed weights; the bias takes no part
    max pooling            unpooling by switches; a pixel that won several
                           overlapping windows receives the sum of them
    average pooling        shared evenly among the window
    batch norm             the fixed scale of evaluation mode
    local response norm    its divisor, held fixed at this image's value
    addition, concat       copied to, or cut for, each branch
    dropout                nothing (evaluation mode)
"""

import torch
from torch import Tensor, nn

from edulib.checks import check_position
from edulib.explanation.finite import check_numbers
from edulib.explanation.gradients import check_alive, gradient_of
from edulib.explanation.layer import Layer
from edulib.explanation.layers import (
    as_batch,
    check_unit,
    read_layer,
    refuse_scripts,
    run_to_layer,
)
from edulib.explanation.rectifiers import ImageFlow, Rule, overrule_rectifiers, path_to
from edulib.explanation.targets import Target, checked_scores


def project(
    model: nn.Module,
    images: Tensor,
    layer: str | Layer,
    unit: Target,
    position: tuple[int, int] | None,
    rule: Rule | None,
) -> tuple[Tensor, Tensor]:
    """Send a 1 from one unit at one position down to the image.

    Args:
        model: any module that takes the images; left as it was.
        images: what the model takes.
        layer: the layer, or its dotted path.
        unit: number of the unit: a channel, a feature of a linear layer or of tokens;
            or a function of what the layer gives to one number an image.
        position: row and column in the layer's map; by default where the unit is
            strongest, in each image by itself.
        rule: what a rectifier passes on, given the signal that came down to it and
            what the ordinary gradient would pass on. None: the ordinary gradient.

    Returns:
        The projections and the activations they started from.

    Shape:
        - images: (B, C, H, W), or (C, H, W) for B = 1
        - Output: (B, C, H, W) and (B,)

    Raises:
        TypeError: if the images do not hold floating-point numbers.
        ValueError: if the layer, the unit or the position does not exist, no gradient
            leads from it to the image or it is 0 everywhere in one, the rule is not
            defined for operations below the layer, which are named, or numbers of the
            model are not finite.
    """
    picture, activation, names = _project(model, images, layer, unit, position, rule)
    check_numbers(model, activation, names[0])
    check_numbers(model, picture, f"what comes down from {names[0]}")
    gradients = picture
    if rule is not None and not picture.flatten(1).any(1).all():
        ordinary, *_ = _project(model, images, layer, unit, position, None)
        gradients = (picture != 0) | (ordinary != 0)  # 0 by the rule is an answer
    check_alive(gradients, names)
    return picture, activation


def _project(
    model: nn.Module,
    images: Tensor,
    layer: str | Layer,
    unit: Target,
    position: tuple[int, int] | None,
    rule: Rule | None,
) -> tuple[Tensor, Tensor, tuple[str, str]]:
    """Return projections, activations, and what they are called."""
    with torch.inference_mode(False), torch.enable_grad():
        image = as_batch(images).detach().clone().requires_grad_()
        flow = ImageFlow(image)
        with flow:
            end, start, where = _end(model, image, layer, unit, position)
        names = where.text, "the image"
        if rule is not None and end.grad_fn is not None:
            refuse_scripts(model, "whether it rectifies cannot be seen from outside")
            overrule_rectifiers(path_to(image, end.grad_fn), rule, where.text, flow)
        picture = gradient_of(end, image, names, start)
    activation = end.where(start != 0, 0).flatten(1).sum(1)
    return picture.detach(), activation.detach(), names


def _end(
    model: nn.Module,
    image: Tensor,
    layer: str | Layer,
    unit: Target,
    position: tuple[int, int] | None,
) -> tuple[Tensor, Tensor, Layer]:
    """Return where the projection starts: a tensor, and the weight of each element."""
    if callable(unit):
        if position is not None:
            raise ValueError(f"expected no position with a function, got {position}")
        reading = run_to_layer(model, image, layer)
        scores = checked_scores(unit(reading.value), len(image))[:, None]
        return scores, torch.ones_like(scores), reading.layer
    reading = read_layer(model, image, layer)
    features = reading.features
    return features, _start(features, unit, position, reading.layer.text), reading.layer


def _start(
    features: Tensor, unit: int, position: tuple[int, int] | None, where: str
) -> Tensor:
    """A 1 at the unit's position, or where it is strongest; 0 elsewhere."""
    unit = check_unit(unit, features.shape[1], where)
    maps = features.detach()[:, unit].reshape(len(features), -1)
    sides = tuple(features.shape[2:]) or (1, 1)
    if position is None:
        chosen = maps.argmax(1)
    else:
        row, column = check_position(position, sides)
        chosen = torch.full((len(maps),), row * sides[1] + column)
    start = torch.zeros_like(maps)
    start[torch.arange(len(maps)), chosen] = 1
    whole = torch.zeros_like(features)
    whole[:, unit] = start.reshape(whole[:, unit].shape)
    return whole
