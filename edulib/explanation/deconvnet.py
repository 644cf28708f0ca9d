"""DeconvNet: the pattern in an image that made a unit fire.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014,
section 2.1 and figure 1. https://arxiv.org/abs/1311.2901
"""

from torch import Tensor, nn

from edulib.explanation.layer import Layer
from edulib.explanation.projection import project
from edulib.explanation.targets import Target


def rectify_signal(signal: Tensor, gradient: Tensor) -> Tensor:
    """DeconvNet's rule: a ReLU rectifies the signal that comes down to it.

    Whether the unit fired on the way up, which is all that the gradient asks,
    plays no part.
    """
    return signal.clamp(min=0)


def deconvnet(
    model: nn.Module,
    image: Tensor,
    layer: str | Layer,
    unit: Target,
    position: tuple[int, int] | None = None,
) -> Tensor:
    """Project one activation down to the image: unpool, rectify, filter.

    All other activations of the layer are set to zero and the one that is left goes
    down: through max pooling by its switches (the places of the maxima on the way
    up), through each ReLU rectified, through each convolution by its transposed
    filters. Biases take no part. A unit that does not fire gives zeros.

    Differs from the paper: where pooling windows overlap, a pixel that won several
    of them receives their sum (the paper does not say; ``nn.MaxUnpool2d`` keeps
    one of them); local response norm is undone by its fixed divisor, a step of
    which the paper does not speak.

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
        - Output: (B, C, H, W), signed; 0 where a pixel has no part in it

    Raises:
        TypeError: if the image does not hold floating-point numbers.
        ValueError: if the layer, the unit or the position does not exist, an operation
            below the layer cannot be undone, which is named, nothing leads down to the
            image (before it is rectified), or numbers of the model are not finite.

    Source: Zeiler and Fergus, 2014, section 2.1. https://arxiv.org/abs/1311.2901
    """
    picture, activation = project(model, image, layer, unit, position, rectify_signal)
    return picture * activation.clamp(min=0)[:, None, None, None]
