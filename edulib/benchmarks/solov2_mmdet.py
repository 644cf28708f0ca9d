"""MMDetection's SOLOv2, run once: what it says, loses and keeps, with made weights.

``python -m edulib.benchmarks.solov2_mmdet`` writes ``solov2_mmdet.json``; the tests
compare ours with that file. ``mmdet.py`` says what it needs.

Compared are the head and the mask features, narrower than the paper's, both losses
with their gradients, Matrix NMS, and the detections of predictions made surer. Its dice
loss adds 0.001 to both terms below the line, which is set to 0 here; a pixel's place is
its corner there, and its middle here, so the made objects are such that both give the
same cells; and no two of them meet in a cell.
"""

import json
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.benchmarks.mmdet import NoOperations, digest, fill, wave
from edulib.files import atomic_write

FILE = Path(__file__).with_name("solov2_mmdet.json")
SIDE = 128  # of the images, in pixels
MAPS = (32, 16, 8, 4, 2)
KINDS = 80
CHANNELS, WIDTH, MASK_WIDTH, KERNEL = 64, 96, 32, 128  # 256, 512, 128 and 256
BOXES = (
    ((8.0, 16, 40, 72), (64.0, 4, 124, 60)),
    ((4.0, 4, 124, 120),),
)
LABELS = ((3, 79), (41,))
PARTS = ("scores", "labels", "masks")
Results = dict[str, list[float]]


def made_maps() -> list[Tensor]:
    """Return the maps of a pyramid for two images."""
    shapes = [(2, CHANNELS, side, side) for side in MAPS]
    return [wave(shape, 150 + i) for i, shape in enumerate(shapes)]


def made_targets() -> list[dict[str, Tensor]]:
    """Return two images' objects, ellipses made of squares of 4 x 4 pixels."""
    y, x = torch.meshgrid(*2 * [4 * torch.arange(SIDE // 4) + 2], indexing="ij")
    targets = []
    for rows, labels in zip(BOXES, LABELS, strict=True):
        boxes = torch.tensor(rows, dtype=torch.double)
        left, top, right, bottom = boxes[..., None, None].unbind(1)
        across = (2 * x - left - right) / (right - left)
        down = (2 * y - top - bottom) / (bottom - top)
        masks = (across**2 + down**2 < 1).repeat_interleave(4, 1)
        masks = masks.repeat_interleave(4, 2)
        target = {"boxes": boxes, "labels": torch.tensor(labels), "masks": masks}
        targets.append(target)
    return targets


def made_candidates() -> tuple[Tensor, Tensor, Tensor]:
    """Return masks (60, 32, 32), falling scores (60,) and labels (60,)."""
    y, x = torch.meshgrid(*2 * [torch.arange(32.0)], indexing="ij")
    places = 16 + 6 * wave((60, 2), 170)
    reach = 6 + 3 * wave((60,), 171)
    off = torch.stack([x, y]) - places[..., None, None]
    masks = off.square().sum(1) < reach[:, None, None] ** 2
    scores = (0.5 + 0.5 * wave((60,), 172)).sort(descending=True).values
    return masks, scores, torch.arange(60) % 3


def reference_results() -> Results:
    """Return what MMDetection computes, in float64."""
    sys.meta_path.insert(0, NoOperations())
    torch.set_default_dtype(torch.double)
    from mmdet.models.layers import mask_matrix_nms

    head = mmdet_head()
    parameters = list(in_order(head))
    fill(parameters)
    kernels, logits, features = head(made_maps())
    results = {"features": digest(features)}
    for level, (one, other) in enumerate(zip(kernels, logits, strict=True)):
        results |= {f"kernels {level}": digest(one), f"logits {level}": digest(other)}
    losses = mmdet_losses(head, (kernels, logits, features))
    sum(losses.values()).backward()
    results |= {name: [loss.item()] for name, loss in losses.items()}
    for number, parameter in enumerate(parameters):
        results[f"gradient {number}"] = digest(parameter.grad)
    masks, scores, labels = made_candidates()
    for kernel in ("gaussian", "linear"):
        found = mask_matrix_nms(masks, labels, scores, kernel=kernel)
        results |= {kernel: digest(found[0]), f"{kernel} order": digest(found[3])}
    found = mmdet_detections(head, kernels, logits, features)
    for number, one in enumerate(found):
        results |= {f"{part} {number}": digest(one[part]) for part in PARTS}
    return results


def surer(x: Tensor, spread: float = 1.0, mean: float = 0.0) -> Tensor:
    """Return numbers of another spread and mean, as of a network that has learned."""
    x = x.detach()
    return (x - x.mean()) / x.std() * spread + mean


def made_surer(
    kernels: list[Tensor], logits: list[Tensor], features: Tensor
) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """Return predictions of which many cells and pixels exceed the limits."""
    kinds = [surer(one, 2, -3) for one in logits]
    return [surer(one) for one in kernels], kinds, surer(features)


def mmdet_head() -> nn.Module:
    """Return the head as its configuration of SOLOv2 has it, but for the widths."""
    from mmdet.models.dense_heads.solov2_head import SOLOV2Head
    from mmengine import ConfigDict

    norm = {"type": "GN", "num_groups": 32, "requires_grad": True}
    features = {
        "feat_channels": MASK_WIDTH,
        "start_level": 0,
        "end_level": 3,
        "out_channels": KERNEL,
        "mask_stride": 4,
        "norm_cfg": norm,
    }
    dice = {"type": "DiceLoss", "use_sigmoid": True, "loss_weight": 3.0, "eps": 0.0}
    focal = {"type": "FocalLoss", "use_sigmoid": True, "gamma": 2.0, "alpha": 0.25}
    return SOLOV2Head(
        num_classes=KINDS,
        in_channels=CHANNELS,
        feat_channels=WIDTH,
        stacked_convs=4,
        strides=[8, 8, 16, 32, 32],
        scale_ranges=((1, 96), (48, 192), (96, 384), (192, 768), (384, 2048)),
        pos_scale=0.2,
        num_grids=[40, 36, 24, 16, 12],
        mask_feature_head=ConfigDict(features),
        loss_mask=dice,
        loss_cls=focal,
    )


def in_order(head: nn.Module) -> list[nn.Parameter]:
    """Return its parameters in the order of ours: kinds, kernels, mask features."""
    parts = (head.cls_convs, head.conv_cls, head.kernel_convs, head.conv_kernel)
    parts += (head.mask_feature_head,)
    return [parameter for part in parts for parameter in part.parameters()]


def mmdet_losses(head: nn.Module, said: tuple) -> dict[str, Tensor]:
    """Return its two losses of the made objects."""
    from mmdet.structures.mask import BitmapMasks
    from mmengine.structures import InstanceData

    objects = [
        InstanceData(
            bboxes=target["boxes"],
            labels=target["labels"],
            masks=BitmapMasks(target["masks"].numpy().astype("uint8"), SIDE, SIDE),
        )
        for target in made_targets()
    ]
    losses = head.loss_by_feat(*said, objects, [{}] * 2)
    return {"class": losses["loss_cls"], "mask": losses["loss_mask"]}


def mmdet_detections(
    head: nn.Module, kernels: list[Tensor], logits: list[Tensor], features: Tensor
) -> list[dict[str, Tensor]]:
    """Return what it detects in surer predictions, with its configuration's limits."""
    from mmengine import ConfigDict

    limits = {"score_thr": 0.1, "mask_thr": 0.5, "filter_thr": 0.05}
    most = {"nms_pre": 500, "max_per_img": 100}
    head.test_cfg = ConfigDict(**limits, **most, kernel="gaussian", sigma=2.0)
    size = {"img_shape": (SIDE, SIDE), "ori_shape": (SIDE, SIDE)}
    said = made_surer(kernels, logits, features)
    return list(head.predict_by_feat(*said, [size] * 2))


if __name__ == "__main__":
    text = json.dumps(reference_results(), indent=1)
    atomic_write(FILE, (text + "\n").encode())
