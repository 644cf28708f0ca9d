"""The detector: a backbone, the transformer, and two heads that all slots share.

Output of each part for an 800 x 1066 image, DETR on ResNet-50 (DC5: 50 x 67 places):

    backbone      (B, 2048, 25, 34)
    project       (B, 256, 25, 34)
    transformer   (6, B, 100, 256)     100 slots after each decoder layer
    class_head    (6, B, 100, 92)      91 numbers of kinds, and "no object"
    box_head      (6, B, 100, 4)       centre, width and height, as shares
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from edulib.models.blocks.checks import (
    check_images,
    check_num_classes,
    check_targets,
)
from edulib.models.blocks.frozen_norm import freeze_batch_norm
from edulib.models.blocks.positions import sine_positions_2d
from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import resnet50
from edulib.models.detection.detr.transformer import Transformer
from edulib.models.losses.set_matching import SetLoss
from edulib.models.ops.boxes import clip_boxes, cxcywh_to_xyxy, xyxy_to_cxcywh

PAPER_LOSS = SetLoss()


class Predictions(NamedTuple):
    """What each slot says, after each layer of the decoder; the last is the answer.

    Attributes:
        logits: (L, B, N, K + 1), "no object" last.
        boxes_cxcywh: (L, B, N, 4), as shares of the image's width and height.
    """

    logits: Tensor
    boxes_cxcywh: Tensor


class SinePositions(nn.Module):
    """Encode the places of a map, row and column, by sines of many lengths.

    Shape:
        - Input: cells (B, h, w), True in the image; and the map (B, D, h, w), whose
          width and type the encoding has
        - Output: (B, h w, D)

    Source: section 3.2 and appendix A.4. As in the paper.
    """

    def forward(self, cells: Tensor, features: Tensor) -> Tensor:
        """Return the encoding of each place."""
        places = sine_positions_2d(cells, features.shape[1])
        return places.to(features).flatten(1, 2)


class DETR(nn.Module):
    """Predict N boxes at once, most of them "no object".

    Args:
        backbone: from images to a list of maps, of which the last is used.
        transformer: from its places and the queries to slots; its ``embed_dim`` is D.
        channels: of the last map.
        num_classes: K.
        num_queries: N, more than an image has objects.
        in_channels: channels of the images.
        loss: what `losses` adds up over the decoder's layers.
        positions: encodes the places of the map; by default `SinePositions`.

    Shape:
        - Input: (B, in_channels, H, W), normalised floating point; and (B, H, W), True
          in each image and False in what it was filled up with on the right and below,
          or None if none was
        - Output: `Predictions`

    Raises:
        ValueError: if the images or targets do not fit, or there are none.

    Source: section 3.2, figure 2.

    As in the paper; see also what ``__init__.py`` tells of the authors' code.
    """

    def __init__(
        self,
        backbone: nn.Module,
        transformer: Transformer,
        channels: int,
        num_classes: int,
        num_queries: int = 100,
        in_channels: int = 3,
        loss: SetLoss = PAPER_LOSS,
        positions: nn.Module | None = None,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        width = transformer.embed_dim
        self.in_channels, self.num_classes, self.loss = in_channels, num_classes, loss
        self.backbone = backbone
        self.positions = positions or SinePositions()
        self.project = nn.Conv2d(channels, width, 1)
        self.queries = nn.Parameter(torch.randn(num_queries, width))
        self.transformer = transformer
        self.class_head = nn.Linear(width, num_classes + 1)
        self.box_head = nn.Sequential(
            *(nn.Linear(width, width), nn.ReLU()),
            *(nn.Linear(width, width), nn.ReLU()),
            nn.Linear(width, 4),
        )

    def forward(self, images: Tensor, inside: Tensor | None = None) -> Predictions:
        """Say what each slot finds."""
        check_images(images, self.in_channels, min_size=32)
        features = self.project(self.backbone(images)[-1])  # (B, D, h, w)
        cells = cells_inside(features, inside)
        mask = None if inside is None else cells.flatten(1)[:, None, None]
        places = self.positions(cells, features)  # (B, h w, D)
        tokens = features.flatten(2).mT
        slots = self.transformer(tokens, places, self.queries, mask)  # (L, B, N, D)
        return Predictions(self.class_head(slots), self.box_head(slots).sigmoid())

    def losses(
        self,
        images: Tensor,
        targets: list[dict[str, Tensor]],
        inside: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the parts of the loss, sums over the layers of the decoder.

        Args:
            images: (B, in_channels, H, W), B >= 1.
            targets: for each image ``boxes`` (M, 4), xyxy in pixels, and ``labels``
                (M,), int64 from 0 to K - 1; M may be 0.
            inside: as in the model's input.

        Returns:
            ``class``, ``l1`` and ``giou``: see `SetLoss`. Each layer is matched anew.
        """
        check_targets(targets, len(images), self.num_classes)
        sizes = image_sizes(images, inside)
        relative = [
            {"labels": one["labels"], "boxes": xyxy_to_cxcywh(one["boxes"] / size)}
            for one, size in zip(targets, sizes, strict=True)
        ]
        found = zip(*self(images, inside), strict=True)
        layers = [self.loss(*layer, relative) for layer in found]
        return {name: sum(layer[name] for layer in layers) for name in layers[0]}

    @torch.no_grad()
    def detect(
        self,
        images: Tensor,
        score_threshold: float = 0.0,
        inside: Tensor | None = None,
        layer: int = -1,
    ) -> list[dict[str, Tensor]]:
        """Return the detections of each image, the surest first; nothing is suppressed.

        Args:
            images: (B, in_channels, H, W).
            score_threshold: what a score has to exceed.
            inside: as in the model's input.
            layer: which layer of the decoder is asked.

        Returns:
            For each image ``boxes`` (n, 4), xyxy in pixels, ``scores`` (n,) and
            ``labels`` (n,).

        Source: section 4: a slot whose most probable answer is "no object" says its
        second, with the probability of that.
        """
        if not len(images):
            return []
        found = self(images, inside)
        return self.read(found, image_sizes(images, inside), score_threshold, layer)

    def read(
        self,
        found: Predictions,
        sizes: Tensor,
        score_threshold: float = 0.0,
        layer: int = -1,
    ) -> list[dict[str, Tensor]]:
        """Return the detections that a layer of the decoder stands for.

        Args:
            found: predictions for B images.
            sizes: (B, 4), width, height, width and height of each in pixels.
            score_threshold: as in `detect`.
            layer: as in `detect`.
        """
        logits, boxes = (part[layer] for part in found)
        scores, labels = logits.softmax(-1)[..., :-1].max(-1)  # (B, N)
        detections = []
        for k, size in enumerate(sizes):
            order = scores[k].argsort(descending=True, stable=True)
            order = order[scores[k, order] > score_threshold]
            width, height = size[:2].tolist()
            pixels = cxcywh_to_xyxy(boxes[k, order]) * size
            detections.append(
                {
                    "boxes": clip_boxes(pixels, (height, width)),
                    "scores": scores[k, order],
                    "labels": labels[k, order],
                }
            )
        return detections


def cells_inside(features: Tensor, inside: Tensor | None) -> Tensor:
    """Return which cells of a map belong to the image, (B, h, w).

    Args:
        features: (B, D, h, w).
        inside: (B, H, W), True in the image, or None for all. A cell takes the value
            of one of its pixels, as in the authors' code.
    """
    batch, _, height, width = features.shape
    if inside is None:
        return torch.ones(batch, height, width, device=features.device).bool()
    shrunk = F.interpolate(inside[:, None].float(), (height, width), mode="nearest")
    return shrunk[:, 0] > 0.5


def image_sizes(images: Tensor, inside: Tensor | None) -> Tensor:
    """Return width, height, width and height of each image, (B, 4).

    Args:
        images: (B, C, H, W).
        inside: (B, H, W), True in the image, or None for all.
    """
    if inside is None:
        height, width = images.shape[-2:]
        sizes = images.new_tensor([width, height, width, height])
        return sizes.expand(len(images), 4)
    width, height = (inside.any(dim).sum(1) for dim in (1, 2))
    return torch.stack([width, height, width, height], 1).to(images)


def dilate(stage: nn.Sequential) -> None:
    """Take the stride out of a ResNet's stage, in place, so that its map is not halved.

    From the second block on a 3x3 window reads every second pixel: it sees what it saw
    when the map was half as large. The first block stays dense.

    Args:
        stage: blocks of which the first has stride 2.
    """
    for number, block in enumerate(stage):
        for module in block.modules():
            if isinstance(module, nn.Conv2d):
                module.stride = (1, 1)
                if number and module.kernel_size == (3, 3):
                    module.dilation = module.padding = (2, 2)


def detr_resnet50(num_classes: int = 91, in_channels: int = 3) -> DETR:
    """Build DETR on ResNet-50: 41,302,368 parameters that learn.

    As the authors' model of this name, for images with ImageNet's mean and deviation
    taken off, their shorter side 800 pixels. Batch normalisation is frozen, and so are
    the stem and the first stage (222,400 parameters): load weights before training.

    Args:
        num_classes: kinds of object. 91 numbers of COCO's 80, from 0 to 90, of which
            eleven have no objects.
        in_channels: channels of the images.
    """
    network = resnet50(in_channels=in_channels)
    for part in (network.stem, network.stage1):
        part.requires_grad_(False)
    backbone = freeze_batch_norm(Stages(network, ["stage4"]))
    return DETR(backbone, Transformer(), 2048, num_classes, in_channels=in_channels)


def detr_resnet50_dc5(num_classes: int = 91, in_channels: int = 3) -> DETR:
    """Build DETR-DC5: ResNet-50's last stage is dilated, and its map twice as fine.

    Args:
        num_classes: kinds of object, as in `detr_resnet50`.
        in_channels: channels of the images.
    """
    network = detr_resnet50(num_classes, in_channels)
    dilate(network.backbone.stage4)
    return network
