"""Activation maximisation: the image that a unit likes best.

Erhan, Bengio, Courville and Vincent, "Visualizing Higher-Layer Features of a Deep
Network", 2009; kept natural by the means of Yosinski et al., "Understanding Neural
Networks Through Deep Visualization", 2015. https://arxiv.org/abs/1506.06579
"""

import torch
from torch import Tensor, nn

from edulib.checks import check_number, check_shape, check_whole
from edulib.explanation.finite import check_numbers
from edulib.explanation.gradients import check_alive, gradient_of
from edulib.explanation.layer import Layer, as_layer
from edulib.explanation.layers import check_unit, read_layer, run_to_layer
from edulib.explanation.targets import Target, checked_scores

_SEEDS = -(2**63), 2**64 - 1  # that torch takes


def maximize_activation(
    model: nn.Module,
    layer: str | Layer,
    unit: Target,
    image_shape: tuple[int, int, int],
    *,
    steps: int = 128,
    step_size: float = 0.02,
    jitter: int = 4,
    seed: int = 0,
) -> Tensor:
    """Climb the gradient of a unit's mean activation, from grey noise.

    Each step first shifts the image by up to ``jitter`` pixels, so that no pixel can
    be tuned by itself; every fourth step blurs it slightly; each step draws it a
    little back to grey. Without these the ascent finds noise.

    Args:
        model: any model; left as it was.
        layer: dotted path of the layer (``""`` is the model itself), or a
            :class:`Layer`; before a ReLU the gradient never dies.
        unit: number of the unit: a channel, a feature of a linear layer or of tokens;
            or a function of what the layer gives to one number an image.
        image_shape: channels, height and width of an image.
        steps: number of steps.
        step_size: root mean square of a step, on the image's scale.
        jitter: largest shift, in pixels.
        seed: of the noise and the shifts; the same seed gives the same image.

    Shape:
        - Output: (1, C, H, W), in [0, 1]

    Raises:
        ValueError: if the layer or the unit does not exist, the model cannot read
            images of this shape, a number is no whole one where it has to be, no
            gradient leads from the unit to the image or it is 0 in all steps, or
            numbers of the model are not finite.

    Source: Erhan et al., 2009; Yosinski et al., 2015, section 3.
        https://arxiv.org/abs/1506.06579
    """
    check_whole("steps", steps, 1)
    jitter = check_whole("a jitter in pixels", jitter, 0)
    step_size = check_number("a step size", step_size)
    generator = torch.Generator().manual_seed(check_whole("a seed", seed, *_SEEDS))
    image = _as_weights(_grey(image_shape, generator), model)
    from torchvision.transforms.functional import gaussian_blur

    layer = as_layer(layer)
    directions = torch.zeros_like(image)
    for step in range(steps):
        shift = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
        image = image.roll(shift, (2, 3))
        direction, layer = _direction(model, image, layer, unit)
        directions += direction.abs()
        image = image + step_size * direction
        image = image.roll([-s for s in shift], (2, 3))
        if step % 4 == 3:
            image = gaussian_blur(image, 3, 0.6)
        image = (0.5 + 0.99 * (image - 0.5)).clamp(0, 1)
    check_alive(directions, (layer.text, "the image"))
    return image


def _grey(image_shape: tuple[int, int, int], generator: torch.Generator) -> Tensor:
    """Return a grey image (1, C, H, W) with a little noise."""
    shape = check_shape(image_shape)
    return 0.5 + 0.02 * torch.randn(1, *shape, generator=generator)


def _as_weights(image: Tensor, model: nn.Module) -> Tensor:
    """Return the image in the type and on the device of the model, if it has any."""
    held = (*model.parameters(), *model.buffers())
    weight = next((t for t in held if t.is_floating_point()), image)
    return image.to(weight.device, weight.dtype)


def _direction(
    model: nn.Module, image: Tensor, layer: Layer, unit: Target
) -> tuple[Tensor, Layer]:
    """The unit's gradient, with a root mean square of 1 (or 0 where it is dead)."""
    with torch.inference_mode(False), torch.enable_grad():
        image = image.detach().clone().requires_grad_()
        if callable(unit):
            value = run_to_layer(model, image, layer).value
            score = checked_scores(unit(value), 1)
        else:
            reading = read_layer(model, image, layer)
            features, layer = reading.features, reading.layer
            score = features[:, check_unit(unit, features.shape[1], layer.text)].mean()
        gradient = gradient_of(score, image, (layer.text, "the image"))
    for found in (score.detach(), gradient):
        check_numbers(model, found, f"the unit of {layer.text}")
    return gradient / gradient.square().mean().sqrt().clamp(min=1e-12), layer
