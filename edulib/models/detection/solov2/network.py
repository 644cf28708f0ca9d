"""SOLOv2: a cell of a grid makes the kernel that cuts its object out of the image."""

from collections.abc import Callable, Sequence
from itertools import repeat
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import masks_to_boxes

from edulib.models.blocks.checks import check_masks, check_targets
from edulib.models.detection.faster_rcnn.backbone import Backbone
from edulib.models.detection.fpn import resnet50_fpn
from edulib.models.detection.solov2.assignment import assign_cells
from edulib.models.detection.solov2.layers import (
    GridHead,
    MaskFeatures,
    PointsNMS,
    resize,
)
from edulib.models.detection.solov2.suppression import mask_ious, matrix_nms
from edulib.models.losses.dice import dice_loss
from edulib.models.losses.focal import focal_loss

MASK_WEIGHT = 3.0  # λ of equation 2
STRIDES = (8, 8, 16, 32, 32)  # to which P2 to P6 are brought, P2 halved and P6 doubled
GRIDS = (40, 36, 24, 16, 12)
RANGES = ((1, 96), (48, 192), (96, 384), (192, 768), (384, 2048))
Suppression = Callable[[Tensor, Tensor], Tensor]


class Predictions(NamedTuple):
    """What a network says: of each cell a kind and a kernel, and where kernels look.

    Args:
        logits: (B, K, S, S) of each level.
        kernels: (B, E, S, S) of each level.
        features: (B, E, h, w), of the masks.
        size: height and width of the images that it read, filled up.
    """

    logits: list[Tensor]
    kernels: list[Tensor]
    features: Tensor
    size: tuple[int, int]


class Found(NamedTuple):
    """The masks of one image before duplicates are gone, the surest first.

    Args:
        masks: (N, h, w), probabilities.
        scores: (N,).
        labels: (N,).
        cells: (N,), numbered through all levels, row by row.
    """

    masks: Tensor
    scores: Tensor
    labels: Tensor
    cells: Tensor


class Limits(NamedTuple):
    """What a mask has to exceed, and how many there are.

    The first two are the paper's (section 2.1.4), the number of candidates is SOLO's;
    the others are those of the authors' code.

    Args:
        score: for a cell's probability.
        mask: for a pixel's probability.
        candidates: how many of the surest masks of an image are compared.
        final: what a score has to reach in the end.
        detections: how many objects are kept of an image.
    """

    score: float = 0.1
    mask: float = 0.5
    candidates: int = 500
    final: float = 0.05
    detections: int = 100


RELEASED = Limits()


class SOLOv2(nn.Module):
    """Find the objects of an image by their places, without a box.

    Args:
        backbone: from images to the maps of a pyramid, the finest first.
        head: what every cell of a level's grid says.
        mask_features: the map in which kernels look.
        strides: pixels to a step to which each level is brought before its grid.
        grids: S, cells along a side, for each level.
        ranges: least and greatest root of an object's area, in pixels, for each level.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point
        - Output: `Predictions`

    Raises:
        ValueError: if the images or targets do not fit, or there are none.

    Source: sections 2.1 and 2.2, figures 2 and 5; equation 2 is the loss. What the
    paper leaves open is as in SOLO's (https://arxiv.org/abs/1912.04488): a score times
    the mean of its mask, and 500 candidates; or as in the authors' code: limits of the
    levels, the last threshold, and the focal loss divided by one more than the positive
    cells.

    Differs from the paper: in what `assign_cells` does; a cell of the true mask may be
    a fraction in training.
    """

    def __init__(
        self,
        backbone: Backbone,
        head: GridHead,
        mask_features: MaskFeatures,
        strides: Sequence[int] = STRIDES,
        grids: Sequence[int] = GRIDS,
        ranges: Sequence[tuple[float, float]] = RANGES,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.mask_features = mask_features
        self.peaks = PointsNMS()
        self.strides, self.grids, self.ranges = strides, grids, ranges
        self.num_classes = head.num_classes

    def forward(self, images: Tensor) -> Predictions:
        """Say of every cell what it holds, and draw the features of the masks."""
        maps, size = self.backbone(images)
        logits, kernels = [], []
        for x, stride, grid in zip(maps, self.strides, self.grids, strict=True):
            sides = size[0] // stride, size[1] // stride
            level = x if x.shape[-2:] == sides else resize(x, sides)
            of_kinds, of_masks = self.head(level, grid)
            logits.append(of_kinds)
            kernels.append(of_masks)
        return Predictions(logits, kernels, self.mask_features(maps), size)

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the focal loss of the kinds and the dice loss of the masks.

        Args:
            images: (B, in_channels, H, W), B >= 1.
            targets: for each image ``boxes`` (N, 4), xyxy in pixels, ``labels`` (N,),
                int64 from 0 to K - 1, and ``masks`` (N, H, W), bool; N may be 0.

        Returns:
            ``class``, the sum over all cells and kinds, divided by the positive cells
            and one; ``mask``, 3 times the mean over the positive cells.
        """
        check_targets(targets, len(images), self.num_classes)
        check_masks(targets, images.shape[-2:])
        found = self(images)
        wanted = [torch.zeros_like(one).flatten(2) for one in found.logits]
        distances = [found.features.new_zeros(0)]
        for number, target in enumerate(targets):
            truths = shares(target["masks"], found.size, found.features.shape[-2:])
            for level, grid in enumerate(self.grids):
                limits = self.ranges[level]
                parts = target["boxes"], target["masks"]
                cells, objects = assign_cells(*parts, grid, limits, found.size)
                wanted[level][number, target["labels"][objects], cells] = 1
                kernels = found.kernels[level][number].flatten(1)[:, cells]
                logits = cut_out(kernels, found.features[number])
                truth = truths[objects].to(logits.dtype)
                distances.append(dice_loss(logits, truth))
        distance = torch.cat(distances)
        entropy = sum(
            focal_loss(logits.flatten(2), truth).sum()
            for logits, truth in zip(found.logits, wanted, strict=True)
        )
        return {
            "class": entropy / (len(distance) + 1),
            "mask": MASK_WEIGHT * distance.sum() / max(len(distance), 1),
        }

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        suppress: Suppression = matrix_nms,
        limits: Limits = RELEASED,
    ) -> list[dict[str, Tensor]]:
        """Return the objects of each image, the surest first.

        Args:
            images: (B, in_channels, H, W).
            suppress: from the IoU (N, N) of masks with surer ones and the scores (N,)
                to new scores.
            limits: what a mask has to exceed, and how many there are.

        Returns:
            For each image ``masks`` (N, H, W), bool, ``scores`` (N,), ``labels`` (N,),
            and ``boxes`` (N, 4), xyxy in pixels, drawn around the masks.
        """
        if not len(images):
            return []
        return self.decide(self(images), images.shape[-2:], suppress, limits)

    def decide(
        self,
        predictions: Predictions,
        image_size: Sequence[int],
        suppress: Suppression,
        limits: Limits,
    ) -> list[dict[str, Tensor]]:
        """Return the objects of each image, as `detect` does.

        Args:
            predictions: of a batch.
            image_size: height and width of the images before they were filled up.
            suppress: what lowers the scores of duplicates.
            limits: what a mask has to exceed, and how many there are.
        """
        detections = []
        for number in range(len(predictions.features)):
            found = self.candidates(predictions, number, limits)
            ious = mask_ious(found.masks > limits.mask, found.labels)
            scores = suppress(ious, found.scores)
            best = scores.argsort(descending=True, stable=True)
            best = best[scores[best] >= limits.final][: limits.detections]
            masks = enlarged(found.masks[best], predictions.size, image_size)
            parts = scores[best], found.labels[best]
            detections.append(described(masks > limits.mask, *parts))
        return detections

    def candidates(
        self, predictions: Predictions, number: int, limits: Limits
    ) -> Found:
        """Return the masks of an image before duplicates are gone.

        A score is the cell's probability of the kind, multiplied by the mean of the
        mask's probabilities where they exceed the limit; a mask needs more of such
        pixels than its level's stride.

        Args:
            predictions: of a batch.
            number: of the image.
            limits: what a mask has to exceed, and how many there are.
        """
        probabilities, kernels, least = [], [], []
        levels = zip(predictions.logits, predictions.kernels, self.strides, strict=True)
        for of_kinds, of_masks, stride in levels:
            kept = self.peaks(of_kinds[number, None].sigmoid())[0].flatten(1)
            probabilities.append(kept)
            kernels.append(of_masks[number].flatten(1))
            least.extend(repeat(stride, kept.shape[1]))
        all_scores = torch.cat(probabilities, 1).T  # (cells, K)
        cells, labels = torch.where(all_scores > limits.score)
        chosen = torch.cat(kernels, 1)[:, cells]
        masks = cut_out(chosen, predictions.features[number]).sigmoid()
        inside = masks > limits.mask
        areas = inside.sum((1, 2))
        sureness = (masks * inside).sum((1, 2)) / areas.clamp(min=1)
        scores = all_scores[cells, labels] * sureness
        large = areas > torch.tensor(least, device=areas.device)[cells]
        order = scores.argsort(descending=True, stable=True)
        order = order[large[order]][: limits.candidates]
        return Found(masks[order], scores[order], labels[order], cells[order])


def cut_out(kernels: Tensor, features: Tensor) -> Tensor:
    """Run each kernel, 1 x 1 x E, over the mask features.

    Args:
        kernels: (E, N).
        features: (E, h, w).

    Returns:
        (N, h, w), logits.
    """
    return torch.einsum("en,ehw->nhw", kernels, features)


def shares(masks: Tensor, size: Sequence[int], cells: Sequence[int]) -> Tensor:
    """Return the part of each cell that masks cover.

    Args:
        masks: (N, H, W), bool.
        size: height and width to which they are filled up with zeros.
        cells: height and width of the result.
    """
    below, right = size[0] - masks.shape[-2], size[1] - masks.shape[-1]
    filled = F.pad(masks.float(), (0, right, 0, below))
    window = size[0] // cells[0], size[1] // cells[1]
    return F.avg_pool2d(filled[:, None], window)[:, 0]


def enlarged(masks: Tensor, size: Sequence[int], image: Sequence[int]) -> Tensor:
    """Return masks (N, h, w) as large as the images were before they were filled up."""
    if not len(masks):
        return masks.new_zeros(0, *image)
    return resize(masks[:, None], size)[:, 0, : image[0], : image[1]]


def described(masks: Tensor, scores: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Return detections with boxes drawn around their masks; empty masks are left out.

    Args:
        masks: (N, H, W), bool.
        scores: (N,).
        labels: (N,).
    """
    drawn = masks.flatten(1).any(1)
    masks = masks[drawn]
    boxes = scores.new_zeros(0, 4)
    if len(masks):  # the last pixel belongs to the box
        boxes = masks_to_boxes(masks) + boxes.new_tensor([0, 0, 1, 1])
    found = {"boxes": boxes, "scores": scores[drawn], "labels": labels[drawn]}
    return found | {"masks": masks}


def solov2_resnet50(num_classes: int = 80, in_channels: int = 3) -> SOLOv2:
    """Build SOLOv2 on ResNet-50 with a pyramid: 46,539,792 parameters that learn.

    For images with ImageNet's mean and deviation taken off, their shorter side 800
    pixels. Batch normalisation is frozen, so load weights before training; its 53,120
    numbers are not counted.

    Args:
        num_classes: kinds of object; there is no background.
        in_channels: channels of the images.
    """
    backbone = Backbone(resnet50_fpn(in_channels), in_channels)
    return SOLOv2(backbone, GridHead(num_classes), MaskFeatures())
