"""Small layers and networks that experiments of several chapters share."""

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.classification.resnet.blocks import (
    BasicBlock,
    conv3x3,
    init_weights,
)
from edulib.weights.checkpoint import load_checkpoint


class Rescale(nn.Module):
    """Bring values from [0, 1] to [-2, 2].

    Shape:
        - Input, output: any, the same
    """

    def forward(self, x: Tensor) -> Tensor:
        """Take off the middle and stretch."""
        return 4 * (x - 0.5)


class SmallBackbone(nn.Module):
    """A residual network of seven layers: the backbone of the book's small detectors.

    A stem of 16 channels at stride 2, then three basic blocks that each halve the
    image. `small_backbone` gives it with the weights of a classifier.

    Attributes:
        out_channels: of the three maps, (32, 64, 128).
        strides: pixels of the image to a step in each map, (4, 8, 16).

    Shape:
        - Input: (B, 3, H, W), in [0, 1]
        - Output: a list of (B, 32, H/4, W/4), (B, 64, H/8, W/8), (B, 128, H/16, W/16),
          rounded up, each after a ReLU

    Raises:
        ValueError: if images have another shape.
        TypeError: if images are not floating point.
    """

    out_channels = (32, 64, 128)
    strides = (4, 8, 16)

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            Rescale(), conv3x3(3, 16, stride=2), nn.BatchNorm2d(16), nn.ReLU()
        )
        self.stage1 = BasicBlock(16, 32, stride=2)
        self.stage2 = BasicBlock(32, 64, stride=2)
        self.stage3 = BasicBlock(64, 128, stride=2)
        init_weights(self)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the maps of the three stages, finest first."""
        check_images(image, channels=3, min_size=16)
        c2 = self.stage1(self.stem(image))  # (B, 32, H/4, W/4)
        c3 = self.stage2(c2)  # (B, 64, H/8, W/8)
        c4 = self.stage3(c3)  # (B, 128, H/16, W/16)
        return [c2, c3, c4]


class SmallClassifier(nn.Module):
    """The small backbone, the mean over its last map, and one linear layer.

    Args:
        num_classes: number of classes.

    Shape:
        - Input: (B, 3, H, W), in [0, 1]
        - Output: (B, num_classes), logits
    """

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.backbone = SmallBackbone()
        self.head = nn.Linear(self.backbone.out_channels[-1], num_classes)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        return self.head(self.backbone(image)[-1].mean((2, 3)))


def small_backbone(pretrained: bool = True) -> SmallBackbone:
    """Build the backbone of a small detector, in training mode.

    Its weights are those of the checkpoint ``small-backbone-scenes``, which tells the
    ten kinds of Scenes apart: to these detectors what ImageNet is to the papers'. The
    batch norms go on learning; ``small_backbone().eval()`` freezes them where `fit`
    trains the detector.

    Args:
        pretrained: whether it has these weights, or initial ones.
    """
    if not pretrained:
        return SmallBackbone()
    return load_checkpoint("small-backbone-scenes").backbone.train()
