"""The detector: a backbone of C3, a neck that goes down and up again, one 1x1 a level.

Maps of YOLOv5l for a 640 x 640 image (s has half, n a quarter of the channels):

    stem      6x6 / 2                      (B, 64, 320, 320)
    stage1    3x3 / 2, C3 of 3 blocks      (B, 128, 160, 160)
    stage2    3x3 / 2, C3 of 6             (B, 256, 80, 80)     P3
    stage3    3x3 / 2, C3 of 9             (B, 512, 40, 40)     P4
    stage4    3x3 / 2, C3 of 3, SPPF       (B, 1024, 20, 20)    P5
    neck      down, then up                as P3, P4, P5
    head      3 anchors a place            (B, 3, H, W, 5 + K) of each
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.models.blocks.checks import (
    check_images,
    check_num_classes,
    check_targets,
)
from edulib.models.detection.duplicates import without_duplicates
from edulib.models.detection.yolov5.grid import decode
from edulib.models.detection.yolov5.layers import C3, SPPF, conv_norm_silu
from edulib.models.detection.yolov5.loss import DEFAULT_LOSS, YOLOv5Loss
from edulib.models.ops.boxes import clip_boxes, cxcywh_to_xyxy

STRIDES = (8, 16, 32)
COCO_ANCHORS = (
    ((10.0, 13.0), (16.0, 30.0), (33.0, 23.0)),
    ((30.0, 61.0), (62.0, 45.0), (59.0, 119.0)),
    ((116.0, 90.0), (156.0, 198.0), (373.0, 326.0)),
)
"""Width and height in pixels at 640 x 640, those of YOLOv3 for COCO, by level."""
Anchors = Sequence[Sequence[Sequence[float]]]


class Backbone(nn.Module):
    """A stem and four stages, each of which halves the map.

    Args:
        widths: channels of stem and stages.
        depths: blocks in the C3 of each stage.
        in_channels: channels of the images.

    Shape:
        - Input: (B, in_channels, H, W), in [0, 1], H and W multiples of 32
        - Output: a list of P3, P4 and P5, of strides 8, 16 and 32

    Raises:
        ValueError: if the images do not fit.
    """

    def __init__(
        self, widths: Sequence[int], depths: Sequence[int], in_channels: int = 3
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = tuple(widths[2:])
        self.stem = conv_norm_silu(in_channels, widths[0], 6, stride=2)
        pairs = zip(widths[:-1], widths[1:], depths, strict=True)
        stages = [stage(*pair) for pair in pairs]
        self.stage1, self.stage2, self.stage3, self.stage4 = stages
        self.stage4.append(SPPF(widths[-1]))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the maps of the last three stages, the finest first."""
        check_images(x, self.in_channels, min_size=32)
        check_multiples(x)
        p3 = self.stage2(self.stage1(self.stem(x)))
        p4 = self.stage3(p3)
        p5 = self.stage4(p4)
        return [p3, p4, p5]


def stage(in_channels: int, out_channels: int, depth: int) -> nn.Sequential:
    """Return a convolution that halves the map, and a C3."""
    return nn.Sequential(
        conv_norm_silu(in_channels, out_channels, 3, stride=2),
        C3(out_channels, out_channels, depth),
    )


def check_multiples(images: Tensor) -> None:
    """Raise unless both sides are multiples of 32, which maps need to meet again.

    Raises:
        ValueError: if they are not.
    """
    height, width = images.shape[-2:]
    if height % 32 or width % 32:
        raise ValueError(
            f"expected H and W that 32 divides, got {tuple(images.shape)}: fill the "
            "images up, or resize them"
        )


class Neck(nn.Module):
    """Bring meaning down to the fine maps, and places up to the coarse ones.

    Args:
        in_channels: channels of P3, P4 and P5.
        out_channels: channels of the three maps that come out; the same in YOLOv5.
        depth: blocks in each C3, which add nothing to their input here.

    Shape:
        - Input: a list of three maps (B, in_channels[k], H, W), each half of the last
        - Output: a list of three (B, out_channels[k], H, W)

    Source: a feature pyramid (Lin et al., 2016) and a second way up, after Liu et al.,
    "Path Aggregation Network for Instance Segmentation", 2018, which adds maps where
    YOLOv5 joins them. https://arxiv.org/abs/1803.01534
    """

    def __init__(
        self, in_channels: Sequence[int], out_channels: Sequence[int], depth: int
    ) -> None:
        super().__init__()
        (c3, c4, c5), (o3, o4, o5) = in_channels, out_channels
        self.lateral5 = conv_norm_silu(c5, o4)
        self.down4 = C3(o4 + c4, o4, depth, residual=False)
        self.lateral4 = conv_norm_silu(o4, o3)
        self.down3 = C3(o3 + c3, o3, depth, residual=False)
        self.shrink3 = conv_norm_silu(o3, o3, 3, stride=2)
        self.up4 = C3(o3 + o3, o4, depth, residual=False)
        self.shrink4 = conv_norm_silu(o4, o4, 3, stride=2)
        self.up5 = C3(o4 + o4, o5, depth, residual=False)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Return three maps, each of which knows of the others."""
        p3, p4, p5 = maps
        a = self.lateral5(p5)
        b = self.lateral4(self.down4(torch.cat([doubled(a), p4], 1)))
        out3 = self.down3(torch.cat([doubled(b), p3], 1))
        out4 = self.up4(torch.cat([self.shrink3(out3), b], 1))
        out5 = self.up5(torch.cat([self.shrink4(out4), a], 1))
        return [out3, out4, out5]


def doubled(x: Tensor) -> Tensor:
    """Repeat each pixel in a square of four."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


class Head(nn.Module):
    """One 1x1 convolution for each level.

    Args:
        in_channels: channels of each map.
        num_classes: K.
        anchors: width and height in pixels, as many for each level.
        strides: of each level.

    Shape:
        - Input: a list of maps (B, in_channels[k], H, W)
        - Output: a list of (B, A, H, W, 5 + K): four numbers of the box, objectness,
          kinds, all raw

    Biases begin so that a place says "object" as if each 640 x 640 image had 8 of them,
    and each kind with 0.6 / K.
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        num_classes: int,
        anchors: Anchors = COCO_ANCHORS,
        strides: Sequence[int] = STRIDES,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.num_classes, self.strides = num_classes, tuple(strides)
        self.register_buffer("anchors", torch.tensor(anchors), persistent=False)
        per_place = self.anchors.shape[1]
        outputs = per_place * (5 + num_classes)
        self.levels = nn.ModuleList(nn.Conv2d(c, outputs, 1) for c in in_channels)
        for layer, stride in zip(self.levels, self.strides, strict=True):
            bias = layer.bias.detach().view(per_place, -1)
            bias[:, 4] += math.log(8 / (640 / stride) ** 2)
            bias[:, 5:] += math.log(0.6 / (num_classes - 0.99999))

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Predict at every place of every level."""
        found = zip(self.levels, maps, strict=True)
        return [by_anchor(level(x), 5 + self.num_classes) for level, x in found]


def by_anchor(x: Tensor, numbers: int) -> Tensor:
    """Put the numbers of an anchor last: (B, A n, H, W) to (B, A, H, W, n)."""
    return x.unflatten(1, (-1, numbers)).permute(0, 1, 3, 4, 2)


class YOLOv5(nn.Module):
    """Predicts at three levels how anchors have to be changed, and what they show.

    Args:
        backbone: from images to a list of three maps.
        neck: from these to three others.
        head: from these to numbers; its ``anchors``, ``strides`` and ``num_classes``
            are the detector's.
        loss: what `losses` returns for the numbers of all levels.

    Shape:
        - Input: (B, in_channels, H, W), in [0, 1], H and W multiples of 32
        - Output: a list of (B, A, H, W, 5 + K), raw

    Raises:
        ValueError: if the images or targets do not fit.

    Source: the documentation's sections "Model structure" and "Compute losses".

    As in the paper, in whose place the documentation stands, but for what the loss
    says.
    """

    def __init__(
        self,
        backbone: nn.Module,
        neck: nn.Module,
        head: Head,
        loss: YOLOv5Loss = DEFAULT_LOSS,
    ) -> None:
        super().__init__()
        self.backbone, self.neck, self.head = backbone, neck, head
        self.num_classes = head.num_classes
        self.loss = loss

    def forward(self, images: Tensor) -> list[Tensor]:
        """Predict at every place of every level."""
        return self.head(self.neck(self.backbone(images)))

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the three terms of the loss.

        Args:
            images: (B, in_channels, H, W), B >= 1.
            targets: for each image ``boxes`` (N, 4), xyxy in pixels, and ``labels``
                (N,), int64 from 0 to K - 1; N may be 0.

        Returns:
            ``box``, ``objectness`` and ``class``, see `YOLOv5Loss`.
        """
        check_targets(targets, len(images), self.num_classes)
        return self.loss(self(images), targets, self.head.anchors, self.head.strides)

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        score_threshold: float = 0.001,
        nms_threshold: float = 0.6,
        candidates: int = 1000,
        max_detections: int = 300,
    ) -> list[dict[str, Tensor]]:
        """Return the detections of each image, the surest first.

        The score is objectness times probability of the kind. One box may stand under
        several kinds.

        Args:
            images: (B, in_channels, H, W).
            score_threshold: what a score has to exceed.
            nms_threshold: IoU above which the less sure of two boxes of a kind goes.
            candidates: how many pairs of box and kind come to that.
            max_detections: how many boxes are kept of an image.

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,) and
            ``labels`` (N,).
        """
        boxes, scores = self.boxes_and_scores(self(images))
        boxes = clip_boxes(boxes, images.shape[-2:])
        limits, detections = (nms_threshold, max_detections), []
        for own, sure in zip(boxes, scores.flatten(1), strict=True):
            sure, pairs = sure.topk(min(candidates, len(sure)))
            sure, pairs = (x[sure > score_threshold] for x in (sure, pairs))
            place, labels = pairs // self.num_classes, pairs % self.num_classes
            detections.append(without_duplicates(own[place], sure, labels, *limits))
        return detections

    def boxes_and_scores(self, levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Return what the raw numbers mean, level after level.

        Args:
            levels: what the network returns.

        Returns:
            (B, N, 4), xyxy in pixels, not clipped, and (B, N, K), from 0 to 1: by
            level, anchor, row and column.
        """
        parts = zip(levels, self.head.anchors, self.head.strides, strict=True)
        boxes = [decode(*part).flatten(1, 3) for part in parts]
        said = torch.cat([x[..., 4:].flatten(1, 3) for x in levels], 1).sigmoid()
        return cxcywh_to_xyxy(torch.cat(boxes, 1)), said[..., :1] * said[..., 1:]
