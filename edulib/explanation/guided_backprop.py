"""Guided backpropagation: gradient and DeconvNet together.

Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for Simplicity: The All
Convolutional Net", 2015, section 3.4 and figure 1. https://arxiv.org/abs/1412.6806
"""

from torch import Tensor, nn

from edulib.explanation.layer import Layer
from edulib.explanation.projection import project
from edulib.explanation.targets import Target


def rectify_gradient(signal: Tensor, gradient: Tensor) -> Tensor:
    """Pass what is positive, and only through units that fired on the way up."""
    return gradient.clamp(min=0)


def guided_backprop(
    model: nn.Module,
    image: Tensor,
    layer: str | Layer,
    unit: Target,
    position: tuple[int, int] | None = None,
) -> Tensor:
    """Return the gradient of one activation, rectified at every ReLU.

    It needs no switches, so it also shows networks without max pooling. Its pictures
    are sharp for a reason that has little to do with the unit: they change little
    when the layers above are randomised (Adebayo et al., 2018).

    Args:
        model: a rectified CNN of torch operations; left as it was.
        image: what the model takes.
        layer: dotted path of the layer, as in ``model.named_modules()`` (``""`` is
            the model itself), or a :class:`Layer`.
        unit: number of the unit: a channel, a feature of a linear layer or of tokens;
            or a function of what the layer gives to one number an image, such as
            :func:`class_score` or :func:`box_score` of the model itself.
        position: row and column in the layer's map; by default where the unit is
            strongest, in each image by itself.

    Shape:
        - image: (B, C, H, W), or (C, H, W) for B = 1
        - Output: (B, C, H, W)

    Raises:
        TypeError: if the image does not hold floating-point numbers.
        ValueError: if the layer, the unit or the position does not exist, the rule is
            not defined for an operation below the layer, which is named, the gradient
            of an image is 0 everywhere before it is rectified, or numbers of the model
            are not finite.

    Source: Springenberg et al., 2015, section 3.4. https://arxiv.org/abs/1412.6806
    """
    return project(model, image, layer, unit, position, rectify_gradient)[0]
