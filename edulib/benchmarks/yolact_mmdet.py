"""MMDetection's YOLACT, run once: what it says, loses and keeps, with made weights.

``python -m edulib.benchmarks.yolact_mmdet`` writes ``yolact_mmdet.json``; the tests
compare ours with that file. It needs ``mmdet`` 3.3.0, ``mmengine``, ``mmcv-lite`` 2.1.0
and OpenCV, which the tests do not. Weights, maps and objects are made by formulas, so
that nothing but a few numbers of each result has to be kept.

Compared are protonet, prediction head, the four losses with their gradients, Fast NMS
and the masks, all at full width. MMDetection's pyramid is another one: it makes P6 out
of C5 and has no ReLU. Its map of kinds is trained with the number of each kind less 1,
though it numbers them from 0.
"""

import json
import sys
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.benchmarks.mmdet import NoOperations, digest, fill, wave
from edulib.files import atomic_write

FILE = Path(__file__).with_name("yolact_mmdet.json")
SIDE = 136  # of the images, in pixels
MAPS = (17, 9, 5, 3, 2)
SCALES = (24, 48, 96, 192, 384)
KINDS = 80
BOXES = (
    ((20.0, 30, 50, 66), (70.0, 8, 130, 40), (64.0, 60, 128, 130)),
    ((6.0, 9, 40, 34), (30.0, 50, 120, 126)),
)
LABELS = ((3, 79, 3), (0, 41))
Results = dict[str, list[float]]


def made_maps() -> list[Tensor]:
    """Return the maps of a pyramid for two images, at least 0."""
    shapes = [(2, 256, side, side) for side in MAPS]
    return [wave(shape, 50 + i).relu() for i, shape in enumerate(shapes)]


def made_targets() -> list[dict[str, Tensor]]:
    """Return two images' objects, each mask the ellipse in its box."""
    y, x = torch.meshgrid(*2 * [torch.arange(SIDE) + 0.5], indexing="ij")
    targets = []
    for rows, labels in zip(BOXES, LABELS, strict=True):
        boxes = torch.tensor(rows, dtype=torch.double)
        left, top, right, bottom = boxes[..., None, None].unbind(1)
        across = (2 * x - left - right) / (right - left)
        down = (2 * y - top - bottom) / (bottom - top)
        masks = across**2 + down**2 < 1
        target = {"boxes": boxes, "labels": torch.tensor(labels), "masks": masks}
        targets.append(target)
    return targets


def made_candidates() -> tuple[Tensor, Tensor]:
    """Return boxes (150, 4) and scores (150, 80) to choose from."""
    corners = 40 + 40 * wave((150, 2), 70)
    sides = 25 + 15 * wave((150, 2), 71)
    return torch.cat([corners, corners + sides], 1), 0.5 + 0.5 * wave((150, KINDS), 72)


def reference_results() -> Results:
    """Return what MMDetection computes, in float64."""
    sys.meta_path.insert(0, NoOperations())
    torch.set_default_dtype(torch.double)
    Tensor.float = Tensor.double  # it rounds boxes on its way
    from mmdet.models.layers import fast_nms

    head, protonet = mmdet_networks()
    parameters = [*head.named_parameters(), *protonet.protonet.named_parameters()]
    parameters += protonet.segm_branch.named_parameters()
    fill(parameter for _, parameter in parameters)
    maps = made_maps()
    logits, offsets, coefficients = head(maps)
    results = {
        "logits": digest(in_rows(logits, KINDS + 1)),
        "offsets": digest(in_rows(offsets, 4)),
        "coefficients": digest(in_rows(coefficients, 32)),
        "prototypes": digest(protonet.protonet(maps[0])),
    }
    losses = mmdet_losses(head, protonet, maps)
    sum(losses.values()).backward()
    results |= {name: [loss.item()] for name, loss in losses.items()}
    for number, (_, parameter) in enumerate(parameters):
        results[f"gradient {number}"] = digest(parameter.grad)
    boxes, scores = made_candidates()
    limits = {"score_thr": 0.0, "iou_thr": 0.5, "top_k": 100, "max_num": 100}
    background = scores.new_zeros(len(scores), 1)
    chosen = fast_nms(boxes, torch.cat([scores, background], 1), boxes, **limits)
    results |= {"kept": digest(chosen[0]), "kept kinds": digest(chosen[1])}
    results["masks"] = digest(mmdet_masks(protonet, maps))
    return results


def mmdet_networks() -> tuple[nn.Module, nn.Module]:
    """Return head and protonet as its configuration of YOLACT has them."""
    from mmdet.models.dense_heads.yolact_head import YOLACTHead, YOLACTProtonet
    from mmengine import ConfigDict

    steps = [SIDE / side for side in MAPS]
    anchors = {
        "type": "AnchorGenerator",
        "octave_base_scale": 3,
        "scales_per_octave": 1,
        "base_sizes": [8, 16, 32, 64, 128],
        "ratios": [0.5, 1.0, 2.0],
        "strides": steps,
        "centers": [(step / 2, step / 2) for step in steps],
    }
    assigner = {
        "type": "MaxIoUAssigner",
        "pos_iou_thr": 0.5,
        "neg_iou_thr": 0.4,
        "min_pos_iou": 0.0,
        "ignore_iof_thr": -1,
        "gt_max_assign_all": False,
    }
    train = {"assigner": assigner, "allowed_border": -1, "pos_weight": -1}
    head = YOLACTHead(
        num_classes=KINDS,
        in_channels=256,
        feat_channels=256,
        anchor_generator=anchors,
        bbox_coder={
            "type": "DeltaXYWHBBoxCoder",
            "target_means": [0.0] * 4,
            "target_stds": [0.1, 0.1, 0.2, 0.2],
        },
        train_cfg=ConfigDict(
            **train, sampler={"type": "PseudoSampler"}, neg_pos_ratio=3
        ),
    )
    grid = head.prior_generator.grid_priors
    head.prior_generator.grid_priors = partial(grid, dtype=torch.double)
    test = ConfigDict(mask_thr=0.5, mask_thr_binary=0.5)
    return head, YOLACTProtonet(KINDS, loss_mask_weight=6.125, test_cfg=test)


def mmdet_losses(
    head: nn.Module, protonet: nn.Module, maps: list[Tensor]
) -> dict[str, Tensor]:
    """Return its four losses of the made objects, summed over the images."""
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
    about = [{"img_shape": (SIDE, SIDE), "pad_shape": (SIDE, SIDE)}] * 2
    losses = head.loss_by_feat(*head(maps), objects, about)
    infos = head.get_positive_infos()
    drawn, kinds = protonet.train()(maps, infos)
    losses |= protonet.loss_by_feat(drawn, kinds, objects, about, infos)
    names = {"class": "cls", "box": "bbox", "mask": "mask", "semantic": "segm"}
    return {
        name: sum(part.sum() for part in losses[f"loss_{key}"])
        for name, key in names.items()
    }


def mmdet_masks(protonet: nn.Module, maps: list[Tensor]) -> Tensor:
    """Return the masks (3, H, W) of the first image's boxes, coefficients made."""
    from mmengine.structures import InstanceData

    found = InstanceData(
        bboxes=made_targets()[0]["boxes"],
        coeffs=0.1 + wave((3, 32), 80),
        scores=torch.ones(3),
        labels=torch.zeros(3, dtype=torch.int64),
    )
    about = {"ori_shape": (SIDE, SIDE), "img_shape": (SIDE, SIDE)}
    about["scale_factor"] = (1.0, 1.0)
    with torch.no_grad():
        drawn, _ = protonet.eval()([maps[0][:1]], [found])
        protonet.predict_by_feat(drawn, None, [found], [about], rescale=False)
    return found.masks


def in_rows(maps: list[Tensor], numbers: int) -> Tensor:
    """Lay its maps out as rows (B, A, numbers)."""
    rows = [x.permute(0, 2, 3, 1).reshape(len(x), -1, numbers) for x in maps]
    return torch.cat(rows, 1)


if __name__ == "__main__":
    text = json.dumps(reference_results(), indent=1)
    atomic_write(FILE, (text + "\n").encode())
