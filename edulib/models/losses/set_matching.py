"""Losses of sets: each object is given one prediction, each prediction at most one.

Carion, Massa, Synnaeve, Usunier, Kirillov and Zagoruyko, "End-to-End Object Detection
with Transformers", ECCV 2020. https://arxiv.org/abs/2005.12872

Notation: B images; N predictions of an image; M objects of one, or of all images of a
batch; K kinds of object.
"""

from dataclasses import dataclass

import torch
import torch.distributed as dist
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from edulib.models.losses.boxes import giou_loss
from edulib.models.ops.boxes import cxcywh_to_xyxy
from edulib.models.ops.iou import generalized_iou


def match_sets(costs: Tensor) -> tuple[Tensor, Tensor]:
    """Pair predictions with objects so that the sum of the pairs' costs is least.

    Kuhn, "The Hungarian Method for the Assignment Problem", 1955, solves this exactly;
    here SciPy does, by a younger algorithm to the same end. It takes time that grows
    with the third power of the numbers, where trying all pairings takes factorials.

    Args:
        costs: (N, M), of giving each object to each prediction, all of them finite.

    Returns:
        Predictions and objects of the min(N, M) pairs, int64 each, in the order of the
        predictions.

    Raises:
        ValueError: if a cost is NaN or minus infinity.

    Source: equation 1 of Carion et al.; no threshold, and a prediction without an
    object costs nothing.
    """
    rows, columns = linear_sum_assignment(costs.detach().cpu().numpy())
    return (
        torch.as_tensor(rows, device=costs.device),
        torch.as_tensor(columns, device=costs.device),
    )


@dataclass(frozen=True)
class SetLoss:
    """Match predictions with objects, then compare the pairs.

    The same three terms decide who is matched and what is learned, with one difference:
    the matching takes the probability of the object's kind, the loss its logarithm
    (section 3.1).

    Args:
        class_weight: of the kind.
        l1_weight: of the absolute differences of centre, width and height.
        giou_weight: of 1 - GIoU.
        no_object: weight of a prediction without an object in the cross-entropy.

    Source: equations 1 and 2 of Carion et al.; weights from their appendix A.4, that of
    the kind from their code.

    As in the authors' code, where the paper says that all losses are divided by the
    number of objects: the cross-entropy is divided by the sum of the weights of all
    predictions. The other two are divided by the number of objects, as in both: those
    of all processes that train together, shared out equally (appendix A.2), at least 1.
    """

    class_weight: float = 1.0
    l1_weight: float = 5.0
    giou_weight: float = 2.0
    no_object: float = 0.1

    def costs(
        self, logits: Tensor, boxes: Tensor, labels: Tensor, truths: Tensor
    ) -> Tensor:
        """Return the cost of giving an object to a prediction, for all pairs.

        Args:
            logits: (..., N, K + 1), "no object" last.
            boxes: (..., N, 4), cxcywh as shares of the image's sides.
            labels: (M,), int64, of the objects.
            truths: (M, 4), their boxes, as the predicted ones.

        Returns:
            (..., N, M). 1 - p and 1 - GIoU would add the same to all pairs, and the
            same pairs would win: the ones are left out.
        """
        probabilities = logits.softmax(-1)[..., labels]  # (..., N, M), no logarithm
        distances = (boxes[..., None, :] - truths).abs().sum(-1)
        overlaps = generalized_iou(
            cxcywh_to_xyxy(boxes)[..., None, :], cxcywh_to_xyxy(truths)
        )
        return (
            -self.class_weight * probabilities
            + self.l1_weight * distances
            - self.giou_weight * overlaps
        )

    @torch.no_grad()
    def match(
        self, logits: Tensor, boxes: Tensor, targets: list[dict[str, Tensor]]
    ) -> list[tuple[Tensor, Tensor]]:
        """Return the matched predictions and objects of each image.

        Args:
            logits: (B, N, K + 1).
            boxes: (B, N, 4), cxcywh as shares of the image's sides.
            targets: for each image ``labels`` (M,) and ``boxes`` (M, 4), as predicted.
        """
        labels = torch.cat([target["labels"] for target in targets])
        truths = torch.cat([target["boxes"] for target in targets])
        costs = self.costs(logits, boxes, labels, truths)  # (B, N, all objects)
        own = costs.split([len(target["labels"]) for target in targets], -1)
        return [match_sets(part[k]) for k, part in enumerate(own)]

    def __call__(
        self, logits: Tensor, boxes: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the weighted parts of the loss.

        Args:
            logits: (B, N, K + 1), "no object" last.
            boxes: (B, N, 4), cxcywh as shares of the image's sides.
            targets: for each image ``labels`` (M,), int64, and ``boxes`` (M, 4), as
                predicted; M may be 0. Of more objects than predictions the cheapest N
                are learned.

        Returns:
            ``class``, ``l1`` and ``giou``.
        """
        pairs = self.match(logits, boxes, targets)
        image = torch.cat(
            [torch.full_like(rows, k) for k, (rows, _) in enumerate(pairs)]
        )
        chosen = torch.cat([rows for rows, _ in pairs])
        both = list(zip(targets, pairs, strict=True))
        labels = torch.cat([target["labels"][columns] for target, (_, columns) in both])
        truths = torch.cat([target["boxes"][columns] for target, (_, columns) in both])

        kinds = logits.shape[-1] - 1
        wanted = torch.full_like(logits[..., 0], kinds, dtype=torch.int64)  # (B, N)
        wanted[image, chosen] = labels
        weight = logits.new_ones(kinds + 1)
        weight[kinds] = self.no_object
        entropy = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), weight)
        found = boxes[image, chosen]
        distances = (found - truths).abs().sum()
        overlaps = giou_loss(cxcywh_to_xyxy(found), cxcywh_to_xyxy(truths)).sum()
        count = objects_each(sum(len(target["labels"]) for target in targets), boxes)
        return {
            "class": self.class_weight * entropy,
            "l1": self.l1_weight * distances / count,
            "giou": self.giou_weight * overlaps / count,
        }


def objects_each(count: int, like: Tensor) -> Tensor:
    """Return the objects of all processes, divided by their number; at least 1.

    Gradients are averaged over the processes, so that a sum over one process's objects
    divided by this becomes a mean over the objects of all.

    Args:
        count: objects of this process's images.
        like: whose type and device the result has.
    """
    total = like.new_tensor(float(count))
    if dist.is_available() and dist.is_initialized():
        dist.all_reduce(total)
        total = total / dist.get_world_size()
    return total.clamp(min=1)
