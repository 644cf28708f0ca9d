"""The DETR of transformers, asked as our detectors are."""

from collections.abc import Sequence

from torch import Tensor, nn

from edulib.models.ops.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh
from edulib.weights.hugging_face import NAMES, our_name

RENAMED = NAMES["edulib.models.detection.detr"]
PUBLISHED = (
    ("model.backbone.", "model.backbone.conv_encoder."),
    (".o_proj.", ".out_proj."),
    (".mlp.fc", ".fc"),
)
"""Names within transformers, and those of its published files."""


def our_names(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors of transformers' network by the names that they have in ours."""
    found = {}
    for name, value in tensors.items():
        for inner, published in PUBLISHED:
            name = name.replace(inner, published)
        found[our_name(name, RENAMED)] = value
    return found


def their_targets(
    targets: list[dict[str, Tensor]], sizes: Sequence[tuple[int, int]]
) -> list[dict[str, Tensor]]:
    """Return targets as transformers takes them.

    Args:
        targets: for each image ``boxes`` (M, 4), xyxy in pixels, and ``labels``.
        sizes: height and width of each image, in pixels.
    """
    found = []
    for target, (height, width) in zip(targets, sizes, strict=True):
        boxes = xyxy_to_cxcywh(target["boxes"])
        boxes = boxes / boxes.new_tensor([width, height] * 2)
        found.append({"class_labels": target["labels"], "boxes": boxes})
    return found


class TheirDETR(nn.Module):
    """``transformers.DetrForObjectDetection`` of ResNet-50 with 91 kinds.

    In training it gives all layers of the decoder their loss, as ours does.
    """

    def __init__(self) -> None:
        from transformers import DetrConfig, DetrForObjectDetection

        super().__init__()
        config = DetrConfig(num_labels=91, auxiliary_loss=True)
        self.network = DetrForObjectDetection(config)

    def detect(self, images: Tensor) -> list[dict[str, Tensor]]:
        """Return what each slot finds: ``boxes`` (xyxy, in pixels), scores, labels."""
        found = self.network(images)
        scores, labels = found.logits.softmax(2)[..., :-1].max(2)
        height, width = images.shape[2:]
        boxes = cxcywh_to_xyxy(found.pred_boxes)
        boxes = boxes * boxes.new_tensor([width, height] * 2)
        rows = zip(boxes, scores, labels, strict=True)
        return [
            dict(zip(("boxes", "scores", "labels"), row, strict=True)) for row in rows
        ]

    def losses(
        self, images: Tensor, targets: list[dict[str, Tensor]]
    ) -> dict[str, Tensor]:
        """Return the weighted sum of all losses.

        Args:
            images: (B, 3, H, W).
            targets: for each image ``boxes`` (M, 4), xyxy in pixels, and ``labels``.
        """
        labels = their_targets(targets, [images.shape[2:]] * len(images))
        return {"loss": self.network(images, labels=labels).loss}
