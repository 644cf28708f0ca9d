"""FCN: a classifier slid over the image, and its coarse map made fine again.

Long, Shelhamer and Darrell, "Fully Convolutional Networks for Semantic Segmentation",
CVPR 2015. https://arxiv.org/abs/1411.4038

Notation: B images; C channels; H, W height and width in pixels; K classes.

Output of each part for a 512 x 512 image (figure 3 of the paper):

    pool3, pool4, pool5   (B, 256, 64, 64)  (B, 512, 32, 32)  (B, 512, 16, 16)
    conv7                 (B, 4096, 16, 16)
    scores                (B, K, 16, 16)
    one skip added        (B, K, 32, 32)     FCN-16s
    two skips added       (B, K, 64, 64)     FCN-8s
    enlarged              (B, K, 512, 512)

Differs from the paper: in how the border is padded (see ``FCN``).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.stages import Stages
from edulib.models.classification.vgg import VGG, vgg16

STRIDE = 32  # of the coarsest map


class FCN(nn.Module):
    """Score every cell of the coarsest map, add the scores of finer maps, enlarge.

    Args:
        stages: from images to maps of strides 8, 16 and 32, the finest first.
        dense: the classifier's dense layers as convolutions, on the coarsest map.
        channels: of the maps that are scored: behind ``dense``, and, for each skip, of
            the next finer one.
        num_classes: K, background among them.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point, H, W >= 32
        - Output: (B, num_classes, H, W), logits

    Raises:
        ValueError: if the images do not fit.

    Source: sections 3.1 to 4.2, figure 3, table 2. The scores start from 0, the steps
    up by two from bilinear interpolation and learn, the last is bilinear and does not.

    Differs from the paper: fc6 reads 3 cells of zeros around its map and images are
    filled to a multiple of 32, where the released code pads the image by 100 pixels and
    crops the result. It starts from VGG-16 trained on ImageNet, and each finer network
    from the coarser one: here the weights are VGG's initial ones.
    """

    def __init__(
        self,
        stages: nn.Module,
        dense: nn.Module,
        channels: Sequence[int],
        num_classes: int,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.in_channels = in_channels
        self.stages, self.dense = stages, dense
        self.scores = nn.ModuleList(nn.Conv2d(c, num_classes, 1) for c in channels)
        self.up = nn.ModuleList(bilinear_up(num_classes, 2) for _ in channels[1:])
        last = bilinear_up(num_classes, STRIDE >> len(self.up))
        self.last = last.requires_grad_(False)
        for layer in self.scores:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of each pixel."""
        check_images(images, self.in_channels, min_size=STRIDE)
        height, width = images.shape[-2:]
        x = F.pad(images, (0, -width % STRIDE, 0, -height % STRIDE))
        *finer, coarsest = self.stages(x)
        scores = self.scores[0](self.dense(coarsest))  # (B, K, H / 32, W / 32)
        skips = zip(self.up, self.scores[1:], reversed(finer), strict=False)
        for up, score, features in skips:
            scores = up(scores) + score(features)
        return self.last(scores)[:, :, :height, :width]


def as_convolution(layer: nn.Linear, kernel_size: int, padding: int = 0) -> nn.Conv2d:
    """Return a dense layer as a convolution that shares its weights (figure 2).

    On a map of ``kernel_size`` both give the same numbers; on a larger one the
    convolution gives those of every place.

    Args:
        layer: reads maps (C, kernel_size, kernel_size), flattened.
        kernel_size: height and width of these maps.
        padding: zeros around the map.

    Raises:
        ValueError: if its inputs are no such maps.
    """
    channels, rest = divmod(layer.in_features, kernel_size**2)
    if rest:
        raise ValueError(
            f"expected a layer that reads maps of {kernel_size} x {kernel_size} cells, "
            f"got one with {layer.in_features} inputs"
        )
    shape = (channels, layer.out_features, kernel_size)
    convolution = nn.Conv2d(*shape, padding=padding, device="meta")
    weight = layer.weight.detach().unflatten(1, (channels, kernel_size, kernel_size))
    convolution.weight, convolution.bias = nn.Parameter(weight), layer.bias
    return convolution


def bilinear_up(channels: int, factor: int) -> nn.ConvTranspose2d:
    """Return a transposed convolution that interpolates (section 3.3).

    Inside a map it gives the numbers of ``F.interpolate(mode="bilinear")``; around it
    are zeros.

    Args:
        channels: of the map; none reads another.
        factor: by how much the map grows, an even number.
    """
    sizes = {"kernel_size": 2 * factor, "stride": factor, "padding": factor // 2}
    layer = nn.ConvTranspose2d(channels, channels, **sizes, bias=False)
    distance = (torch.arange(2 * factor) + 0.5 - factor).abs()
    line = 1 - distance / factor
    nn.init.zeros_(layer.weight)
    with torch.no_grad():
        layer.weight[range(channels), range(channels)] = line[:, None] * line
    return layer


def fcn32s(num_classes: int = 21, in_channels: int = 3) -> FCN:
    """Build FCN-32s, without skips: 134,346,581 parameters.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    return fcn(vgg16(in_channels=in_channels), 0, num_classes)


def fcn16s(num_classes: int = 21, in_channels: int = 3) -> FCN:
    """Build FCN-16s, with a skip from pool4: 134,364,410 parameters.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    return fcn(vgg16(in_channels=in_channels), 1, num_classes)


def fcn8s(num_classes: int = 21, in_channels: int = 3) -> FCN:
    """Build FCN-8s, with skips from pool4 and pool3: 134,376,863 parameters.

    Args:
        num_classes: VOC's 20 and background.
        in_channels: channels of the images.
    """
    return fcn(vgg16(in_channels=in_channels), 2, num_classes)


def fcn(classifier: VGG, skips: int, num_classes: int) -> FCN:
    """Turn a VGG network into an FCN that shares its weights.

    Args:
        classifier: whose last layer is left out.
        skips: 0 for FCN-32s, 1 for FCN-16s, 2 for FCN-8s.
        num_classes: classes of a pixel.
    """
    fc6, relu6, drop6, fc7, relu7, drop7, _ = classifier.head
    layers = (as_convolution(fc6, 7, padding=3), relu6, drop6)
    dense = nn.Sequential(*layers, as_convolution(fc7, 1), relu7, drop7)
    maps = [classifier.stage3, classifier.stage4]
    channels = [fc7.out_features] + [stage[-3].out_channels for stage in maps[::-1]]
    stages = Stages(classifier, ["stage3", "stage4", "stage5"])
    inputs = classifier.in_channels
    return FCN(stages, dense, channels[: skips + 1], num_classes, inputs)
