"""Narrow copies of the first era's networks, two of which need more than the others."""

from torch import nn

from edulib.models.classification.nin import NetworkInNetwork
from edulib.models.classification.zfnet import ZFNet
from edulib.reviews.race import narrow_for_scenes


def narrow_model(
    name: str, factor: int, dropout: bool = False, lifted: bool = True
) -> nn.Sequential:
    """Build a registered network of the first era narrowly, for scenes.

    ZFNet, which takes only images of its own size, gets them enlarged. The class maps
    of Network in Network start close to 0.5: a map that is zero everywhere would never
    wake up behind its ReLU.

    Args:
        name: name in the registry.
        factor: what all widths are divided by.
        dropout: whether dropout stays.
        lifted: whether the class maps of Network in Network start close to 0.5; else
            from He's initialisation, as all other layers.

    Returns:
        The centring, an enlargement if it is needed, and the network, for 10 classes.

    Raises:
        ValueError: if there is no such model, or a width cannot be divided.
    """
    centring, model = narrow_for_scenes(name, factor, dropout)
    if lifted and isinstance(model, NetworkInNetwork):
        class_maps = model.stages[-1][4]
        nn.init.normal_(class_maps.weight, std=0.01)
        nn.init.constant_(class_maps.bias, 0.5)
    if isinstance(model, ZFNet):
        enlarge = nn.UpsamplingBilinear2d(size=(224, 224))
        return nn.Sequential(centring, enlarge, model)
    return nn.Sequential(centring, model)
