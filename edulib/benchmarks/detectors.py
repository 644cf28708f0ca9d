"""Detectors against other libraries': images to detections, a step of training."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

BATCHES = {"cpu": 2, "cuda": 16}
SIZE = 300  # pixels
OBJECTS = 5  # in each image

FROZEN = {"fasterrcnn_resnet50_fpn": "FasterRCNN", "maskrcnn_resnet50_fpn": "MaskRCNN"}
"""Detectors of both libraries with frozen norms, and torchvision's class."""

Targets = list[dict[str, Tensor]]


def detection_runner(
    model: nn.Module, kind: str, numbers: str, device: torch.device
) -> Callable[[], object]:
    """Return the function to be timed, of one of our detectors or torchvision's.

    Args:
        model: the detector.
        kind: "forward" (evaluation mode: detections of a batch) or "step" (losses of a
            batch, backward, step of SGD with momentum).
        numbers: "float32", "bfloat16" or "bfloat16 channels-last".
        device: where.
    """
    layout = torch.channels_last if "last" in numbers else torch.contiguous_format
    model.to(device, memory_format=layout).train(kind == "step")
    if not hasattr(model, "detect"):  # torchvision's prepares images itself
        model.transform.fixed_size = (SIZE, SIZE)
        model.transform.image_mean, model.transform.image_std = [0.0] * 3, [1.0] * 3
    torch.manual_seed(0)  # for both the same images, and so the same proposals
    images = torch.rand(BATCHES[device.type], 3, SIZE, SIZE, device=device)
    images = images.to(memory_format=layout)
    targets = make_targets(len(images), device)
    half = torch.autocast(device.type, torch.bfloat16, enabled="bfloat16" in numbers)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)

    @torch.no_grad()
    def forward() -> None:
        with half:
            detect(model, images)

    def step() -> None:
        with half:
            loss = sum(losses(model, images, targets).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step if kind == "step" else forward


def make_targets(images: int, device: torch.device) -> Targets:
    """Draw boxes of all sizes in each image, of the first class, and their masks."""
    corners = torch.rand(images, OBJECTS, 2, 2, device=device) * (SIZE - 20)
    corners = corners.sort(2).values + torch.tensor([[0], [20]], device=device)
    labels = torch.zeros(OBJECTS, dtype=torch.int64, device=device)
    targets = [{"boxes": boxes, "labels": labels} for boxes in corners.flatten(2)]
    for target in targets:
        masks = torch.zeros(OBJECTS, SIZE, SIZE, dtype=torch.bool, device=device)
        for mask, (x1, y1, x2, y2) in zip(masks, target["boxes"].long(), strict=True):
            mask[y1:y2, x1:x2] = True
        target["masks"] = masks
    return targets


def build_frozen(name: str) -> nn.Module:
    """Return torchvision's network whose norms are frozen, as its weights have it.

    Without weights to download its own builder would make norms that learn.
    """
    from torchvision.models import detection
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

    backbone = resnet_fpn_backbone(
        backbone_name="resnet50", weights=None, trainable_layers=5
    )
    return getattr(detection, FROZEN[name])(backbone, num_classes=91)


def detect(model: nn.Module, images: Tensor) -> Targets:
    """Return detections in either library's way."""
    if hasattr(model, "detect"):
        return model.detect(images)
    return model(list(images))


def losses(model: nn.Module, images: Tensor, targets: Targets) -> dict[str, Tensor]:
    """Return losses in either library's way: torchvision counts the background."""
    if hasattr(model, "losses"):
        return model.losses(images, targets)
    theirs = [
        target | {"labels": target["labels"] + 1, "masks": target["masks"].byte()}
        for target in targets
    ]
    return model(list(images), theirs)
