"""The network: figure 2 from images to masks, and YOLACT-550 on ResNet-50."""

from collections import OrderedDict
from collections.abc import Sequence
from math import sqrt

import torch
from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_masks, check_targets
from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import resnet50
from edulib.models.detection.fpn import CHANNELS, STAGES
from edulib.models.detection.ssd.backbone import init_new
from edulib.models.detection.yolact.assembly import Size
from edulib.models.detection.yolact.detections import PAPER_DETECTIONS, Detections
from edulib.models.detection.yolact.layers import (
    PredictionHead,
    Predictions,
    Protonet,
    Pyramid,
)
from edulib.models.detection.yolact.loss import PAPER_LOSS, YolactLoss

SIZE = (550, 550)
MAPS = ((69, 69), (35, 35), (18, 18), (9, 9), (5, 5))
SCALES = (24, 48, 96, 192, 384)
RATIOS = (1.0, 0.5, 2.0)


class Yolact(nn.Module):
    """Find objects in one pass, and mix a mask for each out of shared prototypes.

    Args:
        backbone: from images to the maps of a pyramid, the finest first.
        protonet: draws the prototypes from the finest map.
        head: from all maps to logits, offsets and coefficients; its ``num_classes`` is
            K.
        semantic: from the finest map to K logits a place; used in training only.
        anchors: (A, 4), xyxy in pixels, in the order of the head.
        loss: what `losses` returns.
        detections: what becomes of the predictions of an image.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point
        - Output: `Predictions`

    Raises:
        ValueError: if the images or targets do not fit, or there are none.

    Source: sections 3 to 5 and figure 2. As in the paper, but for what is told in
    ``__init__.py``.
    """

    def __init__(
        self,
        backbone: nn.Module,
        protonet: nn.Module,
        head: PredictionHead,
        semantic: nn.Module,
        anchors: Tensor,
        loss: YolactLoss = PAPER_LOSS,
        detections: Detections = PAPER_DETECTIONS,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.protonet = protonet
        self.head = head
        self.semantic = semantic
        self.num_classes, self.in_channels = head.num_classes, in_channels
        self.loss, self.detections = loss, detections
        self.register_buffer("anchors", anchors, persistent=False)

    def forward(self, images: Tensor) -> Predictions:
        """Predict for all anchors, and draw the prototypes."""
        return self.predict(images, self.maps(images))

    def maps(self, images: Tensor) -> list[Tensor]:
        """Return the maps of the pyramid, the finest first."""
        check_images(images, self.in_channels, min_size=32)
        return self.backbone(images)

    def predict(self, images: Tensor, maps: list[Tensor]) -> Predictions:
        """Return what the maps of images say."""
        found = Predictions(*self.head(maps), self.protonet(maps[0]))
        if found.offsets.shape[1] != len(self.anchors):
            raise ValueError(
                f"expected images that give {len(self.anchors)} anchors, got "
                f"{found.offsets.shape[1]} for {tuple(images.shape)}: resize the images"
            )
        return found

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the four terms of the loss.

        Args:
            images: (B, in_channels, H, W), B >= 1.
            targets: for each image ``boxes`` (N, 4), xyxy in pixels, ``labels`` (N,),
                int64 from 0 to K - 1, and ``masks`` (N, H, W), bool; N may be 0.

        Returns:
            ``class``, ``box``, ``mask`` and ``semantic``, see `YolactLoss`.
        """
        check_targets(targets, len(images), self.num_classes)
        size = images.shape[-2:]
        check_masks(targets, size)
        maps = self.maps(images)
        found = self.predict(images, maps)
        semantic = self.semantic(maps[0])
        return self.loss(found, semantic, targets, self.anchors, size)

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        score_threshold: float = 0.05,
        nms_threshold: float = 0.5,
        candidates: int = 200,
        max_detections: int = 100,
        mask_threshold: float = 0.5,
    ) -> list[dict[str, Tensor]]:
        """Return the detections of each image, the surest first.

        Args:
            images: (B, in_channels, H, W).
            score_threshold: what the highest score of an anchor has to exceed. As in
                the released code, its other scores then count, too, however low.
            nms_threshold: IoU above which the less sure of two boxes of a kind goes.
            candidates: how many boxes of a kind come to that.
            max_detections: how many boxes are kept of an image.
            mask_threshold: what the probability of a pixel has to exceed.

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,), ``labels``
            (N,) and ``masks`` (N, H, W), bool.
        """
        if not len(images):
            return []
        limits = score_threshold, nms_threshold, candidates, max_detections
        size, detections = images.shape[-2:], []
        for parts in zip(*self(images), strict=True):
            found = self.detections(Predictions(*parts), self.anchors, size, *limits)
            found["masks"] = found.pop("probabilities") > mask_threshold
            del found["coefficients"]
            detections.append(found)
        return detections


def anchors_of_maps(
    image_size: Size,
    map_sizes: Sequence[Size],
    scales: Sequence[float],
    ratios: Sequence[float] = RATIOS,
) -> Tensor:
    """Return the anchors of a pyramid: one scale for each map, in several shapes.

    An anchor of scale s and ratio r is s sqrt(r) wide and s / sqrt(r) high, around the
    middle of its place.

    Args:
        image_size: height and width of the image.
        map_sizes: height and width of each map.
        scales: root of the area of each map's anchors, in pixels.
        ratios: width / height of the shapes.

    Returns:
        (sum of height * width * len(ratios), 4), xyxy in pixels: map by map, row by
        row, place by place.

    Source: section 4.
    """
    height, width = image_size
    shapes = torch.tensor([[sqrt(ratio), 1 / sqrt(ratio)] for ratio in ratios])
    anchors = []
    for (rows, columns), scale in zip(map_sizes, scales, strict=True):
        y = (torch.arange(rows) + 0.5) * height / rows
        x = (torch.arange(columns) + 0.5) * width / columns
        y, x = torch.meshgrid(y, x, indexing="ij")
        centres = torch.stack([x, y], dim=-1).reshape(-1, 1, 2)
        corners = [centres - scale * shapes / 2, centres + scale * shapes / 2]
        anchors.append(torch.cat(corners, dim=-1).reshape(-1, 4))
    return torch.cat(anchors)


def yolact_resnet50(num_classes: int = 80, in_channels: int = 3) -> Yolact:
    """Build YOLACT-550 on ResNet-50: 31,164,943 parameters, 20,560 only for training.

    Images are 550 x 550 pixels, whatever shape they had, with ImageNet's mean and
    deviation taken off. The paper's default backbone is ResNet-101. The backbone starts
    from initial weights, where the paper takes those of ImageNet; its batch
    normalisation learns.

    Args:
        num_classes: kinds of object.
        in_channels: channels of the images.
    """
    body = Stages(resnet50(in_channels=in_channels), STAGES[1:])
    pyramid = Pyramid(CHANNELS[1:])
    semantic = nn.Conv2d(256, num_classes, 1)
    init_new(semantic)
    return Yolact(
        nn.Sequential(OrderedDict(body=body, pyramid=pyramid)),
        Protonet(),
        PredictionHead(num_classes=num_classes),
        semantic,
        anchors_of_maps(SIZE, MAPS, SCALES),
        in_channels=in_channels,
    )
