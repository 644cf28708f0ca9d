"""What YOLOv5 learns from: overlap, objectness of every level, and classes."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from edulib.models.detection.yolov5.grid import decode, match
from edulib.models.losses.boxes import ciou_loss
from edulib.models.ops.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh

SIZE = 640  # for which the gains are meant
KINDS = 80


@dataclass(frozen=True)
class YOLOv5Loss:
    """Three terms, each a sum over the levels.

    Args:
        box: gain of 1 - CIoU, a mean over the matched places of a level.
        objectness: gain of the cross-entropy of "is there an object", a mean over all
            places of a level. It grows with the area of the images: 1 at 640 x 640.
        classes: gain of the cross-entropy of each kind by itself, a mean over the
            matched places and kinds. It grows with the number of kinds: 0.5 for 80.
        balance: weight of the objectness of each level, the finest first.

    Source: "Compute losses" and "Balance losses" in the documentation. What a place
    should say of its objectness is the CIoU of its own box with its object, at least 0,
    through which no gradient goes; the gains are those of the published settings.

    Differs from the original: the sum is not multiplied by the number of images, and of
    several objects at one place the one with the highest CIoU sets its objectness.
    """

    box: float = 0.05
    objectness: float = 1.0
    classes: float = 0.5
    balance: tuple[float, ...] = (4.0, 1.0, 0.4)

    def __call__(
        self,
        levels: list[Tensor],
        targets: list[dict[str, Tensor]],
        anchors: Tensor,
        strides: tuple[int, ...],
    ) -> dict[str, Tensor]:
        """Return the three terms.

        Args:
            levels: of each map (B, A, H, W, 5 + K): four numbers of the box,
                objectness, K kinds, all raw.
            targets: for each image ``boxes`` (N, 4), xyxy, and ``labels`` (N,).
            anchors: (levels, A, 2), in pixels.
            strides: of each level.

        Returns:
            ``box``, ``objectness`` and ``class``; the first and the last are 0 where no
            object is matched.
        """
        boxes, labels, images = joined(targets, levels[0])
        sums = torch.zeros(3, device=levels[0].device)
        for k, (numbers, sizes, stride) in enumerate(
            zip(levels, anchors, strides, strict=True)
        ):
            found, chosen, row, column = match(boxes, sizes, stride, numbers.shape[2:4])
            place = images[found], chosen, row, column
            wanted = torch.zeros_like(numbers[..., 4])
            overlap_term = class_term = numbers.sum() * 0
            if len(found):
                predicted = decode(numbers, sizes, stride)[place]
                corners = map(cxcywh_to_xyxy, (predicted, boxes[found]))
                distance = ciou_loss(*corners)
                overlap_term = distance.mean()
                overlap = (1 - distance).detach().clamp(min=0)
                wanted = best_at(wanted, place, overlap)
                said = numbers[place][:, 5:]
                kinds = F.one_hot(labels[found], said.shape[1]).to(said)
                class_term = F.binary_cross_entropy_with_logits(said, kinds)
            sure = F.binary_cross_entropy_with_logits(numbers[..., 4], wanted)
            terms = overlap_term, self.balance[k] * sure, class_term
            sums = sums + torch.stack(terms)
        gains = self.gains(levels[0], strides)
        return dict(zip(("box", "objectness", "class"), gains * sums, strict=True))

    def gains(self, finest: Tensor, strides: tuple[int, ...]) -> Tensor:
        """Return the three gains for images of this size and this many kinds.

        Args:
            finest: (B, A, H, W, 5 + K), of the first level.
            strides: of each level.
        """
        height, width = (n * strides[0] for n in finest.shape[2:4])
        kinds, levels = finest.shape[-1] - 5, 3 / len(strides)
        gains = (
            self.box,
            self.objectness * height * width / SIZE**2,
            self.classes * kinds / KINDS,
        )
        return torch.tensor(gains, device=finest.device) * levels


DEFAULT_LOSS = YOLOv5Loss()


def joined(
    targets: list[dict[str, Tensor]], like: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the objects of all images together.

    Args:
        targets: for each image ``boxes`` (N, 4), xyxy, and ``labels`` (N,).
        like: gives type and device.

    Returns:
        (M, 4), centre, width and height; (M,) labels; (M,) the image of each.
    """
    boxes = torch.cat([target["boxes"] for target in targets]).to(like)
    labels = torch.cat([target["labels"] for target in targets]).to(like.device)
    counts = torch.tensor([len(target["labels"]) for target in targets])
    images = torch.arange(len(targets)).repeat_interleave(counts).to(like.device)
    return xyxy_to_cxcywh(boxes), labels, images


def best_at(values: Tensor, place: tuple[Tensor, ...], found: Tensor) -> Tensor:
    """Return values with the largest of what was found at each place.

    Args:
        values: (B, A, H, W), zeros.
        place: four (M,) that point into it; one place may come again.
        found: (M,), at least 0.
    """
    flat = torch.arange(values.numel(), device=values.device).view_as(values)[place]
    best = values.flatten().scatter_reduce(0, flat, found.to(values), "amax")
    return best.view_as(values)
