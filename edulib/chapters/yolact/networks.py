"""A small YOLACT for scenes of 96 x 96 pixels, on features of a small Faster R-CNN."""

import torch
from torch import Tensor, nn
from torchvision.ops import batched_nms

from edulib.models.detection import yolact
from edulib.models.detection.ssd.backbone import init_new
from edulib.weights.checkpoint import load_checkpoint

SIZE = (96, 96)
STRIDES = (4, 8, 16)
SCALES = tuple(3 * stride for stride in STRIDES)
"""As in the paper, where the scale is 3 times the stride on every map."""
CHANNELS, WIDTH, PROTOTYPES, KINDS = 48, 32, 8, 10
START = "maskrcnn-boxes-scenes"
"""Whose backbone and pyramid it begins with, where the paper has ImageNet's."""


def everywhere(
    boxes: Tensor, cells: tuple[int, int], image_size: tuple[int, int]
) -> Tensor:
    """Crop nothing: return (N, h, w), true in all cells.

    Args:
        boxes: (N, 4).
        cells: height and width of the masks.
        image_size: height and width of the image.
    """
    shape = (len(boxes), *cells)
    return torch.ones(shape, dtype=torch.bool, device=boxes.device)


def greedy_nms(
    boxes: Tensor, scores: Tensor, threshold: float, candidates: int = 200
) -> tuple[Tensor, Tensor]:
    """Suppress duplicates one after the other, with the arguments of `fast_nms`.

    Args:
        boxes: (N, 4), xyxy.
        scores: (N, K).
        threshold: IoU up to which two boxes of a kind may both be kept.
        candidates: how many of the surest boxes of a kind come to that.

    Returns:
        Index of the box (M,) and kind (M,) of what is kept, the surest first.
    """
    best, index = scores.topk(min(candidates, len(boxes)), dim=0)  # (n, K)
    kinds = torch.arange(scores.shape[1], device=boxes.device).expand_as(index)
    rows, kinds = index.flatten(), kinds.flatten()
    kept = batched_nms(boxes[rows], best.flatten(), kinds, threshold)
    return rows[kept], kinds[kept]


def small_yolact(learn_crop: bool = True) -> yolact.Yolact:
    """Build a small YOLACT, in training mode.

    Its maps have strides of 4, 8 and 16 pixels, its prototypes 48 x 48 cells. All of it
    learns; backbone and pyramid begin with the weights of a detector of boxes.

    Args:
        learn_crop: whether the masks' loss asks the true box only, as in the paper, or
            the whole image.
    """
    body, trained = load_checkpoint(START).backbone.network
    pyramid = yolact.Pyramid(body.out_channels, CHANNELS, further=0)
    pyramid.laterals.load_state_dict(trained.laterals.state_dict())
    pyramid.outputs.load_state_dict(trained.outputs.state_dict())
    semantic = nn.Conv2d(CHANNELS, KINDS, 1)
    init_new(semantic)
    maps = [tuple(side // stride for side in SIZE) for stride in STRIDES]
    return yolact.Yolact(
        nn.Sequential(body, pyramid),
        yolact.Protonet(CHANNELS, PROTOTYPES, WIDTH, depth=1),
        yolact.PredictionHead(CHANNELS, KINDS, PROTOTYPES),
        semantic,
        yolact.anchors_of_maps(SIZE, maps, SCALES),
        loss=yolact.YolactLoss(crop=yolact.cells_inside if learn_crop else everywhere),
    ).train()
