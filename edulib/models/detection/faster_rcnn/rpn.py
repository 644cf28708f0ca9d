"""The region proposal network: at every place, is there an object, and where exactly?

Ren, He, Girshick and Sun, "Faster R-CNN: Towards Real-Time Object Detection with Region
Proposal Networks", 2015, section 3.1. https://arxiv.org/abs/1506.01497

Section, figure and table numbers are those of the third version (January 2016).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.models.detection.faster_rcnn.backbone import Features
from edulib.models.detection.faster_rcnn.selection import (
    Keep,
    Sampler,
    best_distinct,
)
from edulib.models.losses.boxes import smooth_l1
from edulib.models.ops.anchors import anchors_of, grid_anchors
from edulib.models.ops.boxes import clip_boxes
from edulib.models.ops.coding import decode_boxes, encode_boxes
from edulib.models.ops.iou import pairwise_iou
from edulib.models.ops.matching import IGNORED, match

MIN_SIZE = 1e-3  # pixels; the released code asks for 16
BETA = 1 / 9  # where smooth L1 becomes straight, as in the released code
SAMPLER = Sampler(256, 0.5)
KEEP, KEEP_TRAINING = Keep(1000, 1000), Keep(2000, 2000)  # of the feature pyramid


class Anchors(nn.Module):
    """The boxes that the network starts from: some sizes and shapes at every place.

    Args:
        sizes: for each map, the finest first, square roots of the anchors' areas in
            pixels. Fewer than the backbone's maps are for the coarsest of them.
        ratios: height / width.

    Shape:
        - Output: (H_k W_k A, 4) for each map, xyxy in pixels

    Source: section 3.1.1. As in the paper, where there is one map with sizes 128, 256
    and 512; Lin et al., 2016, section 4.1, have one size for each of five maps.
    """

    def __init__(
        self, sizes: Sequence[Sequence[float]], ratios: Sequence[float]
    ) -> None:
        super().__init__()
        self.sizes, self.ratios = tuple(map(tuple, sizes)), tuple(ratios)
        for k, of_map in enumerate(self.sizes):
            cell = anchors_of(of_map, self.ratios)
            self.register_buffer(f"cell{k}", cell, persistent=False)

    def forward(self, features: Features) -> list[Tensor]:
        """Return the anchors of each map."""
        height, width = features.size
        anchors = []
        for k, one in enumerate(features.maps[-len(self.sizes) :]):
            rows, columns = one.shape[-2:]
            stride = (height // rows, width // columns)
            cell = self.get_buffer(f"cell{k}")
            anchors.append(grid_anchors(cell, (rows, columns), stride))
        return anchors

    def extra_repr(self) -> str:
        """Return what is printed between the brackets."""
        return f"sizes={self.sizes}, ratios={self.ratios}"


class TwoClassScore(nn.Module):
    """The paper's two scores of each anchor, background and object, as one logit.

    Softmax of two is a sigmoid of their difference.

    Args:
        in_channels: channels of the map.
        num_anchors: anchors at each place.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, num_anchors, H, W)

    Source: section 3.1, the "cls layer" of figure 3. As in the paper.
    """

    def __init__(self, in_channels: int, num_anchors: int) -> None:
        super().__init__()
        self.scores = nn.Conv2d(in_channels, 2 * num_anchors, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logit of "object" for each anchor."""
        background, thing = self.scores(x).chunk(2, dim=1)
        return thing - background


class RPNHead(nn.Module):
    """A 3x3 convolution over the map, and two 1x1 for scores and offsets.

    Args:
        in_channels: channels of the map, and of the convolution.
        objectness: layer with a logit for each anchor: :class:`TwoClassScore`, or a
            1x1 convolution for the single logits that a footnote of the paper allows.
        num_anchors: anchors at each place.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, num_anchors, H, W) and (B, 4 num_anchors, H, W)

    Source: section 3.1 and figure 3 (left). As in the paper.
    """

    def __init__(
        self, in_channels: int, objectness: nn.Module, num_anchors: int
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, in_channels, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.objectness = objectness
        self.offsets = nn.Conv2d(in_channels, 4 * num_anchors, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return a logit and four offsets for each anchor at each place."""
        x = self.relu(self.conv(x))
        return self.objectness(x), self.offsets(x)


class Scored(NamedTuple):
    """What the network says of each anchor.

    Args:
        objectness: (B, M), logits.
        offsets: (B, M, 4), from the anchor to the object.
        anchors: (M, 4), xyxy in pixels.
        counts: anchors of each map.
    """

    objectness: Tensor
    offsets: Tensor
    anchors: Tensor
    counts: list[int]


class RPN(nn.Module):
    """Score every anchor, correct it, and propose the best.

    Args:
        anchors: where to look.
        head: layers that run over every map.
        sampler: draws the anchors of an image that the loss is taken of.
        keep: how many proposals are made.
        keep_training: how many are made in training.
        nms_threshold: IoU above which the less sure of two proposals of a map goes.
        margin: pixels by which an anchor may reach out of the image and still take part
            in training: 0 in the paper, any number in the feature pyramid's.

    Shape:
        - Input: features of B images, and their (height, width)
        - Output: for each image ``boxes`` (N, 4) and ``scores`` (N,)

    Source: section 3.1.

    Differs from the paper: both losses are means over the sampled anchors, where the
    paper divides the second by the number of places, about 2,400, and multiplies it by
    10; smooth L1 is straight from 1 / 9 on. Both as in the code that the authors
    released, and in torchvision.
    """

    def __init__(
        self,
        anchors: Anchors,
        head: nn.Module,
        sampler: Sampler = SAMPLER,
        keep: Keep = KEEP,
        keep_training: Keep = KEEP_TRAINING,
        nms_threshold: float = 0.7,
        margin: float = float("inf"),
    ) -> None:
        super().__init__()
        self.anchors, self.head, self.sampler = anchors, head, sampler
        self.keep, self.keep_training = keep, keep_training
        self.nms_threshold, self.margin = nms_threshold, margin

    def forward(
        self, features: Features, image_size: tuple[int, int]
    ) -> list[dict[str, Tensor]]:
        """Propose regions, see `propose`."""
        return self.propose(self.score(features), image_size, self.keep)

    def score(self, features: Features) -> Scored:
        """Score the anchors of all maps, and say how to correct them."""
        anchors = self.anchors(features)
        heads = [self.head(one) for one in features.maps[-len(anchors) :]]
        objectness = [one.permute(0, 2, 3, 1).flatten(1) for one, _ in heads]
        offsets = [one.permute(0, 2, 3, 1).flatten(1) for _, one in heads]
        return Scored(
            torch.cat(objectness, dim=1),
            torch.cat(offsets, dim=1).unflatten(1, (-1, 4)),
            torch.cat(anchors),
            [len(one) for one in anchors],
        )

    def propose(
        self, scored: Scored, image_size: tuple[int, int], keep: Keep
    ) -> list[dict[str, Tensor]]:
        """Correct the best anchors and remove duplicates; no gradient flows back.

        Args:
            scored: what this network returned.
            image_size: (height, width) that the proposals are cut to.
            keep: how many.

        Returns:
            For each image ``boxes`` (N, 4), xyxy in pixels, and ``scores`` (N,), the
            probability of an object, falling.
        """
        index, levels = best_of_each(scored.objectness.detach(), scored.counts, keep)
        logits = scored.objectness.detach().gather(1, index)
        offsets = scored.offsets.detach().gather(1, index[..., None].expand(-1, -1, 4))
        boxes = decode_boxes(offsets, scored.anchors[index])
        boxes = clip_boxes(boxes, image_size)
        found = []
        for corners, scores in zip(boxes, logits.sigmoid(), strict=True):
            kept = best_distinct(
                corners, scores, levels, self.nms_threshold, keep.after, MIN_SIZE
            )
            found.append({"boxes": corners[kept], "scores": scores[kept]})
        return found

    def losses(
        self,
        scored: Scored,
        targets: Sequence[dict[str, Tensor]],
        image_size: tuple[int, int],
    ) -> dict[str, Tensor]:
        """Return the two losses of equation 1.

        Args:
            scored: what this network returned.
            targets: of each image, with ``boxes``.
            image_size: (height, width) of the images.

        Returns:
            ``objectness``, cross-entropy in nats, and ``proposal``, smooth L1 of the
            offsets of anchors on objects; means over all sampled anchors.
        """
        logits, labels, offsets, wanted = [], [], [], []
        for k, target in enumerate(targets):
            matches = self.assign(scored.anchors, target["boxes"], image_size)
            objects, background = self.sampler(matches)
            drawn = torch.cat([objects, background])
            logits.append(scored.objectness[k, drawn])
            labels.append(matches[drawn] >= 0)
            offsets.append(scored.offsets[k, objects])
            truths = target["boxes"][matches[objects]]
            wanted.append(encode_boxes(truths, scored.anchors[objects]))
        logits, labels = torch.cat(logits), torch.cat(labels)
        entropy = F.binary_cross_entropy_with_logits(
            logits, labels.to(logits), reduction="sum"
        )
        distance = smooth_l1(torch.cat(offsets), torch.cat(wanted), BETA).sum()
        count = max(len(logits), 1)
        return {"objectness": entropy / count, "proposal": distance / count}

    def assign(
        self, anchors: Tensor, boxes: Tensor, image_size: tuple[int, int]
    ) -> Tensor:
        """Return for each anchor the index of its object, -1 background, -2 neither."""
        matches = match(pairwise_iou(boxes, anchors), 0.7, 0.3, force_best=True)
        moved = anchors - clip_boxes(anchors, image_size)
        matches[(moved.abs() > self.margin).any(1)] = IGNORED
        return matches


def best_of_each(
    scores: Tensor, counts: Sequence[int], keep: Keep
) -> tuple[Tensor, Tensor]:
    """Return the indices (B, N) of the best of each map, and the map of each (N,)."""
    indices, levels, start = [], [], 0
    for level, of_map in enumerate(scores.split(list(counts), dim=1)):
        best = of_map.topk(min(keep.before, of_map.shape[1]), dim=1).indices
        indices.append(best + start)
        levels.append(best.new_full(best.shape[1:], level))
        start += of_map.shape[1]
    return torch.cat(indices, dim=1), torch.cat(levels)
