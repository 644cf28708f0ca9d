"""What the tests of Faster R-CNN and Mask R-CNN need: torchvision's, small ones too."""

from collections import OrderedDict

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN, MaskRCNN
from torchvision.models.detection import faster_rcnn as theirs
from torchvision.models.detection.backbone_utils import (
    BackboneWithFPN,
    resnet_fpn_backbone,
)
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import FrozenBatchNorm2d

from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import resnet18
from edulib.models.detection import faster_rcnn as ours
from edulib.models.detection.faster_rcnn.builders import (
    STRIDES,
    fpn_box_head,
    fpn_rpn,
)
from edulib.models.detection.fpn import STAGES, FeaturePyramid, Subsample
from edulib.models.detection.mask_rcnn import MaskHead
from edulib.models.detection.mask_rcnn import MaskRCNN as OurMaskRCNN

KINDS, WIDTH, HIDDEN = 5, 16, 24
CHANNELS = (64, 128, 256, 512)
FEWER = {
    "rpn_pre_nms_top_n_train": 100,
    "rpn_pre_nms_top_n_test": 100,
    "rpn_post_nms_top_n_train": 60,
    "rpn_post_nms_top_n_test": 60,
    "box_batch_size_per_image": 32,
    "box_detections_per_img": 20,
}
"""Settings with which torchvision's networks are tested in little time."""


def full_reference(build: type[nn.Module] = FasterRCNN) -> nn.Module:
    """Return torchvision's network on ResNet-50, of double precision."""
    backbone = resnet_fpn_backbone(
        backbone_name="resnet50", weights=None, trainable_layers=5
    )
    return prepare(build(backbone, num_classes=KINDS + 1, **FEWER))


def small_reference(norm: type[nn.Module], masks: bool = False) -> nn.Module:
    """Return torchvision's network on ResNet-18 with a narrow pyramid and heads."""
    layers = {f"layer{k + 1}": str(k) for k in range(4)}
    body = torchvision.models.resnet18(norm_layer=norm)
    backbone = BackboneWithFPN(body, layers, list(CHANNELS), WIDTH)
    heads = {
        "box_head": theirs.TwoMLPHead(WIDTH * 49, HIDDEN),
        "box_predictor": theirs.FastRCNNPredictor(HIDDEN, KINDS + 1),
    }
    if not masks:
        return prepare(FasterRCNN(backbone, **heads, **FEWER))
    heads["mask_head"] = MaskRCNNHeads(WIDTH, (8, 8), 1)
    heads["mask_predictor"] = MaskRCNNPredictor(8, 8, KINDS + 1)
    return prepare(MaskRCNN(backbone, **heads, **FEWER))


def small_network(masks: bool = False) -> nn.Module:
    """Return ours of the same kind, with batch normalisation that learns."""
    body = Stages(resnet18(), STAGES)
    pyramid = FeaturePyramid(CHANNELS, WIDTH, further=[Subsample()])
    parts = [
        ours.Backbone(nn.Sequential(OrderedDict(body=body, pyramid=pyramid))),
        fpn_rpn(WIDTH),
        fpn_box_head(KINDS, WIDTH, HIDDEN),
    ]
    if not masks:
        return fewer(ours.FasterRCNN(*parts))
    pooling = ours.RegionPooling(ours.RoIAlign(14), STRIDES)
    return fewer(OurMaskRCNN(*parts, MaskHead(pooling, WIDTH, KINDS, 8, depth=2)))


def fewer(network: nn.Module) -> nn.Module:
    """Give a network of ours the settings of ``FEWER``, and double precision."""
    network.rpn.keep = network.rpn.keep_training = ours.Keep(100, 60)
    network.box_head.sampler = ours.Sampler(32, 0.25)
    return network.double()


def prepare(network: nn.Module) -> nn.Module:
    """Let torchvision's network take images as they are; spread what it predicts."""
    network.transform.normalize = lambda image: image
    network.transform.resize = lambda image, target=None: (image, target)
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d | FrozenBatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.normal_(module.bias, std=0.1)
        if name.endswith(("cls_logits", "bbox_pred", "cls_score", "fcn_logits")):
            nn.init.normal_(module.weight, std=0.05)
    return network.double()


def make_targets(height: int, width: int, masks: bool = False) -> list[dict]:
    """Return three objects of an image, one of the next, and none of a third."""
    size = torch.tensor([width, height, width, height], dtype=torch.double)
    first = [[0.1, 0.1, 0.5, 0.7], [0.4, 0.5, 0.9, 0.9], [0.5, 0.1, 0.6, 0.2]]
    targets = []
    for number, corners in enumerate([first, [[0.0, 0.2, 1.0, 0.9]], []]):
        boxes = torch.tensor(corners, dtype=torch.double).reshape(-1, 4) * size
        labels = (torch.arange(len(boxes)) + 2 * number) % KINDS
        targets.append({"boxes": boxes, "labels": labels})
        if masks:
            targets[-1]["masks"] = ellipses(boxes, height, width)
    return targets


def ellipses(boxes: Tensor, height: int, width: int) -> Tensor:
    """Return a mask for each box that touches its four edges."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    x1, y1, x2, y2 = boxes[..., None, None].unbind(1)
    across = (2 * x + 1 - x1 - x2) / (x2 - x1)
    down = (2 * y + 1 - y1 - y2) / (y2 - y1)
    return across**2 + down**2 <= 1


def as_theirs(targets: list[dict]) -> list[dict]:
    """Return targets as torchvision has them: kinds from 1, masks of bytes."""
    counted = [one | {"labels": one["labels"] + 1} for one in targets]
    for one in counted:
        if "masks" in one:
            one["masks"] = one["masks"].to(torch.uint8)
    return counted


def assert_same_detections(own: list[dict], expected: list[dict]) -> None:
    """Compare boxes, scores and labels; torchvision counts kinds from 1."""
    assert len(own) == len(expected)
    for one, other in zip(own, expected, strict=True):
        assert torch.equal(one["labels"] + 1, other["labels"])
        for key in ("boxes", "scores"):
            torch.testing.assert_close(one[key], other[key], rtol=1e-9, atol=1e-9)


def assert_same_training(
    own: nn.Module, reference: nn.Module, images: Tensor, targets: list[dict]
) -> None:
    """Compare all losses, drawn with one seed, and all parameters' gradients."""
    names = {
        "loss_objectness": "objectness",
        "loss_rpn_box_reg": "proposal",
        "loss_classifier": "class",
        "loss_box_reg": "box",
        "loss_mask": "mask",
    }
    torch.manual_seed(1)
    expected = reference.train()(list(images), as_theirs(targets))
    torch.manual_seed(1)
    losses = own.train().losses(images, targets)
    assert set(losses) == {names[key] for key in expected}
    for key, value in expected.items():  # objectness comes in single precision
        exact = {"rtol": 1e-6 if key == "loss_objectness" else 1e-9, "atol": 1e-12}
        torch.testing.assert_close(
            losses[names[key]], value, check_dtype=False, **exact
        )
    sum(expected.values()).backward()
    sum(losses.values()).backward()
    pairs = zip(own.named_parameters(), reference.parameters(), strict=True)
    for (name, parameter), other in pairs:
        assert parameter.grad.abs().max() > 0, name
        torch.testing.assert_close(parameter.grad, other.grad, rtol=1e-7, atol=1e-10)


def assert_learns(
    network: nn.Module, images: Tensor, targets: list[dict], below: float
) -> None:
    """Take 25 steps on one batch: the loss must fall to a share of the first."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    losses = []
    for _ in range(25):
        loss = sum(network.losses(images, targets).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < below * losses[0]
