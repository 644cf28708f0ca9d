"""The small rivals of the chapter: a vision transformer and a plain CNN."""

from torch import nn

from edulib.experiments.networks import Rescale
from edulib.models.classification.vit import PatchEmbedding, VisionTransformer

IMAGE_SIZE, PATCH_SIZE = 32, 4
GRID = IMAGE_SIZE // PATCH_SIZE
CLASSES = 10


def small_vit(embed_dim: int = 48, depth: int = 4, num_heads: int = 3) -> nn.Sequential:
    """Build a ViT for ten classes and images of 32 x 32 pixels with values in [0, 1].

    8 x 8 patches of 4 x 4 pixels.

    Args:
        embed_dim: token width.
        depth: layers.
        num_heads: heads of each.
    """
    patches = PatchEmbedding(IMAGE_SIZE, PATCH_SIZE, embed_dim)
    return nn.Sequential(
        Rescale(),
        VisionTransformer(
            patches, depth=depth, num_heads=num_heads, num_classes=CLASSES
        ),
    )


def small_cnn(width: int = 24) -> nn.Sequential:
    """Build a CNN for the same images: three levels of two 3x3 convolutions.

    The second of each halves the map; each has batch normalisation and a ReLU.

    Args:
        width: channels of the first level; 2 and 4 times as many follow.
    """
    layers: list[nn.Module] = [Rescale()]
    channels = 3
    for level in range(3):
        for stride in (1, 2):
            conv = nn.Conv2d(channels, width << level, 3, stride, 1, bias=False)
            channels = width << level
            layers += [conv, nn.BatchNorm2d(channels), nn.ReLU(inplace=True)]
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, CLASSES)]
    return nn.Sequential(*layers)
