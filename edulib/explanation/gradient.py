"""The gradient: how much each pixel would change a unit.

Simonyan, Vedaldi and Zisserman, "Deep Inside Convolutional Networks: Visualising
Image Classification Models and Saliency Maps", 2014. https://arxiv.org/abs/1312.6034
"""

from torch import Tensor, nn

from edulib.explanation.layer import Layer
from edulib.explanation.projection import project
from edulib.explanation.targets import Target


def gradient(
    model: nn.Module,
    image: Tensor,
    layer: str | Layer,
    unit: Target,
    position: tuple[int, int] | None = None,
) -> Tensor:
    """Return the gradient of one activation by the image.

    Local response norm is held fixed, as in :func:`deconvnet`, so that the two
    differ in their rectifiers alone.

    Args:
        model: any differentiable model; left as it was.
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
        ValueError: if the layer, the unit or the position does not exist, no gradient
            leads from it to the image or it is 0 everywhere in one, or numbers of the
            model are not finite.

    Source: Simonyan et al., 2014, section 3. https://arxiv.org/abs/1312.6034
    """
    return project(model, image, layer, unit, position, rule=None)[0]
