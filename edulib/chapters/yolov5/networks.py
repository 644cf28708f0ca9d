"""A small YOLOv5 on the small backbone, and the same with averaged weights."""

from functools import partial
from math import exp

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from edulib.experiments.networks import small_backbone
from edulib.models.detection.yolov5 import SPPF, Head, Neck, YOLOv5
from edulib.models.detection.yolov5.network import STRIDES, stage

KINDS = 10
OUT = (48, 64, 96)
SCENE_ANCHORS = (
    ((11.0, 15.0), (18.0, 13.0), (18.0, 24.0)),
    ((31.0, 22.0), (26.0, 36.0), (45.0, 33.0)),
    ((35.0, 51.0), (62.0, 44.0), (52.0, 62.0)),
)
"""Of k-means over the objects of 500 training scenes of 96 x 96 pixels, rounded."""


class Maps(nn.Module):
    """The small backbone, and YOLOv5's last stage on top: C3 and SPPF at stride 32.

    Shape:
        - Input: (B, 3, H, W), in [0, 1], H and W multiples of 32
        - Output: a list of (B, 64, H/8, W/8), (B, 128, H/16, W/16), (B, 96, H/32, W/32)
    """

    out_channels = (64, 128, 96)

    def __init__(self) -> None:
        super().__init__()
        self.backbone = small_backbone()
        self.stage4 = nn.Sequential(*stage(128, 96, 1), SPPF(96))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return the maps of strides 8, 16 and 32."""
        _, c3, c4 = self.backbone(image)
        return [c3, c4, self.stage4(c4)]


def small_yolov5(anchors: tuple = SCENE_ANCHORS) -> YOLOv5:
    """Build a small YOLOv5 for the ten kinds of Scenes.

    Args:
        anchors: three for each of the levels of stride 8, 16 and 32, in pixels.
    """
    maps = Maps()
    head = Head(OUT, KINDS, anchors, STRIDES)
    return YOLOv5(maps, Neck(maps.out_channels, OUT, depth=1), head)


class Averaged(nn.Module):
    """A detector, and a copy whose weights are their average over the past steps.

    After step n each weight a of the copy becomes d a + (1 - d) w, with
    d = decay (1 - exp(-n / patience)): in the beginning it follows quickly. Running
    means and variances of batch normalisation are averaged as weights are.

    Args:
        network: a detector; its training is not changed by the copy.
        decay: d after many steps.
        patience: steps until d has 63 % of that.
    """

    def __init__(
        self, network: YOLOv5, decay: float = 0.99, patience: float = 20.0
    ) -> None:
        super().__init__()
        self.network, self.num_classes = network, network.num_classes
        move = partial(_move, decay=decay, patience=patience)
        self.average = AveragedModel(network, multi_avg_fn=move, use_buffers=True)
        self.average.requires_grad_(False).eval()
        self.average.n_averaged += 1  # the first weights: no step copies its own

    def forward(self, images: Tensor) -> list[Tensor]:
        """Predict with the weights of the moment."""
        return self.network(images)

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the losses of the weights of the moment."""
        return self.network.losses(images, targets)

    def detect(self, images: Tensor) -> list[dict[str, Tensor]]:
        """Return the detections of the weights of the moment."""
        return self.network.detect(images)

    def follow(self) -> None:
        """Move the average, after a step."""
        self.average.update_parameters(self.network)


@torch.no_grad()
def _move(
    means: list[Tensor],
    now: list[Tensor],
    step: Tensor,
    *,
    decay: float,
    patience: float,
) -> None:
    """Move an average after a step, counted from 1; counts of batches are copied."""
    share = 1 - decay * (1 - exp(-step.item() / patience))
    if means[0].is_floating_point():
        torch._foreach_lerp_(means, now, share)
    else:
        torch._foreach_copy_(means, now)


def averaged_yolov5(anchors: tuple = SCENE_ANCHORS) -> Averaged:
    """Build a small YOLOv5 that is followed by its average.

    Args:
        anchors: three for each level, in pixels.
    """
    return Averaged(small_yolov5(anchors))
