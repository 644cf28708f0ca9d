"""The detector: one pass, equation 3, detections."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import check_num_classes, check_targets
from edulib.models.detection.duplicates import without_duplicates
from edulib.models.detection.yolo_v1 import layers
from edulib.models.detection.yolo_v1.grid import ROOTS, Sides, corners, place, split
from edulib.models.ops.boxes import clip_boxes
from edulib.models.ops.iou import iou

GRID = 7  # rows and columns
BOXES = 2  # a cell


class Lambdas(NamedTuple):
    """The two weights of equation 3.

    Attributes:
        coord: of centres and sides.
        noobj: of the confidence of boxes that are responsible for no object, most of
            all.
    """

    coord: float
    noobj: float


LAMBDAS = Lambdas(coord=5.0, noobj=0.5)


class YOLOv1(nn.Module):
    """A grid over the image; each cell tells the boxes with their centre in it.

    Args:
        backbone: from images to maps.
        head: from maps to the numbers of all cells.
        num_classes: kinds of object.
        boxes_per_cell: K.
        lambdas: the weights of equation 3.
        sides: what is predicted for the sides of a box: the paper's roots.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point
        - Output: (B, S, S, 5 * boxes_per_cell + num_classes), a cell's numbers in the
          order of section 2

    Raises:
        ValueError: if the images or targets do not fit.

    Source: section 2, figures 2 and 3, equations 1 and 3.

    As in the paper; what it leaves open is listed in ``__init__.py``.
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module,
        num_classes: int,
        boxes_per_cell: int = BOXES,
        lambdas: Lambdas = LAMBDAS,
        sides: Sides = ROOTS,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.head = head
        self.num_classes = num_classes
        self.boxes_per_cell = boxes_per_cell
        self.lambdas = lambdas
        self.sides = sides

    def forward(self, images: Tensor) -> Tensor:
        """Predict the numbers of all cells."""
        return self.head(self.backbone(images))

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the terms of equation 3: sums over the cells, means over the images.

        Args:
            images: (B, in_channels, H, W), B >= 1.
            targets: for each image ``boxes`` (N, 4), xyxy in pixels, and ``labels``
                (N,), int64 from 0 to num_classes - 1; N may be 0. Of several objects
                with their centre in one cell only the first counts.

        Returns:
            ``centre`` and ``sides``, weighted by lambda_coord; ``object``;
            ``no_object``, weighted by lambda_noobj; ``class``.
        """
        found = split(self(images), self.boxes_per_cell)
        check_targets(targets, len(images), self.num_classes)
        wanted = place(targets, found, images.shape[-2:], self.sides)
        with torch.no_grad():
            guesses = corners(found.boxes, self.sides).nan_to_num()  # let losses be NaN
            overlap = iou(guesses, corners(wanted.boxes, self.sides))  # (B, S, S, K)
            best = F.one_hot(overlap.argmax(-1), self.boxes_per_cell).bool()
        present = wanted.confidence.bool()  # (B, S, S, 1), the paper's 1_i^obj
        mine = best & present  # (B, S, S, K), the paper's 1_ij^obj
        errors = (found.boxes - wanted.boxes)[mine].square().sum(0)  # (4,)
        classes = (found.classes - wanted.classes).square() * present
        terms = {
            "centre": self.lambdas.coord * errors[:2].sum(),
            "sides": self.lambdas.coord * errors[2:].sum(),
            "object": (found.confidence - overlap)[mine].square().sum(),
            "no_object": self.lambdas.noobj * found.confidence[~mine].square().sum(),
            "class": classes.sum(),
        }
        return {name: term / len(images) for name, term in terms.items()}

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        score_threshold: float = 0.001,
        nms_threshold: float = 0.5,
    ) -> list[dict[str, Tensor]]:
        """Return the detections of each image, the surest first.

        Args:
            images: (B, in_channels, H, W).
            score_threshold: what a score has to exceed. The paper gives neither
                threshold; both are darknet's for measuring average precision.
            nms_threshold: IoU above which the less sure of two boxes of a class goes.

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, ``scores`` (N,), the
            class-specific confidence (equation 1), and ``labels`` (N,). One box may
            stand under several labels.
        """
        found = split(self(images), self.boxes_per_cell)
        height, width = images.shape[-2:]
        size = found.boxes.new_tensor([width, height, width, height])
        boxes = clip_boxes(corners(found.boxes, self.sides) * size, (height, width))
        classes = found.classes.clamp(0, 1)[..., None, :]  # (B, S, S, 1, num_classes)
        scores = found.confidence.clamp(0, 1)[..., None] * classes
        pairs = zip(boxes.flatten(1, 3), scores.flatten(1, 3), strict=True)
        return [select(*pair, score_threshold, nms_threshold) for pair in pairs]


def select(
    boxes: Tensor, scores: Tensor, score_threshold: float, nms_threshold: float
) -> dict[str, Tensor]:
    """Choose among the boxes (N, 4) of an image, with scores (N, num_classes)."""
    box, labels = (scores > score_threshold).nonzero(as_tuple=True)
    boxes, scores = boxes[box], scores[box, labels]
    return without_duplicates(boxes, scores, labels, nms_threshold)


def yolo_v1(num_classes: int = 20, in_channels: int = 3) -> YOLOv1:
    """Build YOLO for images of 448 x 448 pixels, with values from -1 to 1.

    Args:
        num_classes: kinds of object, VOC's 20 in the paper.
        in_channels: channels of the images.
    """
    check_num_classes(num_classes)
    stages = layers.make_stages(layers.YOLO, pooled=4, in_channels=in_channels)
    backbone = layers.Backbone(stages, in_channels)
    outputs = GRID * GRID * (5 * BOXES + num_classes)
    dense = layers.dense_layers(1024 * GRID * GRID, 4096, outputs)
    model = YOLOv1(backbone, layers.GridHead(dense, GRID), num_classes)
    return model.apply(layers.init_weights)


def fast_yolo_v1(num_classes: int = 20, in_channels: int = 3) -> YOLOv1:
    """Build Fast YOLO for images of 448 x 448 pixels, with values from -1 to 1.

    Args:
        num_classes: kinds of object.
        in_channels: channels of the images.
    """
    check_num_classes(num_classes)
    stages = layers.make_stages(layers.FAST_YOLO, pooled=6, in_channels=in_channels)
    backbone = layers.Backbone(stages, in_channels)
    outputs = GRID * GRID * (5 * BOXES + num_classes)
    narrow = nn.Linear(1024 * GRID * GRID, 256)  # linear: no activation behind it
    dense = nn.Sequential(narrow, *layers.dense_layers(256, 4096, outputs))
    model = YOLOv1(backbone, layers.GridHead(dense, GRID), num_classes)
    return model.apply(layers.init_weights)
