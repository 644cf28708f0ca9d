"""A detector of a few thousand parameters, and the images on which it learns."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

STRIDE = 4


class Rectangles(Dataset):
    """Noise with 0 to 3 rectangles, bright (class 0) or dark (class 1), side by side.

    Args:
        count: how many images.
        seed: which.
        masks: whether the targets have masks.
        ragged: whether every third image is wider, and every fourth higher.
    """

    def __init__(
        self, count: int, seed: int = 0, masks: bool = False, ragged: bool = False
    ) -> None:
        self.items = [draw(seed, k, masks, ragged) for k in range(count)]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        image, target = self.items[index]
        return image, dict(target)


def draw(
    seed: int, index: int, with_masks: bool, ragged: bool
) -> tuple[Tensor, dict[str, Tensor]]:
    generator = torch.Generator().manual_seed(1000 * seed + index)
    width, height = 16 + 8 * (index % 3 == 0), 16 + 8 * (index % 4 == 0)
    size = (height, width) if ragged else (16, 16)
    image = 0.1 * torch.randn(1, *size, generator=generator)
    quarters = torch.randperm(4, generator=generator)[: index % 4]
    corners = 8 * torch.stack((quarters % 2, quarters // 2), 1)
    sides = torch.randint(4, 8, (len(corners), 2), generator=generator)
    labels = torch.randint(0, 2, (len(corners),), generator=generator)
    boxes = torch.cat((corners, corners + sides), 1)
    masks = torch.zeros(len(boxes), *size, dtype=torch.bool)
    for mask, (x1, y1, x2, y2), label in zip(masks, boxes, labels, strict=True):
        mask[y1:y2, x1:x2] = True
        image[0, mask] += 1 - 2 * label
    target = {"boxes": boxes.float(), "labels": labels}
    return image, {**target, "masks": masks} if with_masks else target


class TinyDetector(nn.Module):
    """One map of cells: is a centre here, of which class, and how far are the edges?

    Its losses are sums over the cells and objects of an image, means over the images.

    Args:
        num_classes: kinds of object.
        in_channels: channels of the images.
        masks: whether it also says, of each pixel, whether it is an object's.
    """

    def __init__(
        self, num_classes: int = 2, in_channels: int = 1, masks: bool = False
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, 16, 5, 2, padding=2),
            nn.ReLU(),
            nn.Conv2d(16, 32, 5, 2, padding=2),
            nn.ReLU(),
        )
        self.head = nn.Conv2d(32, 5 + num_classes, 3, padding=1)
        self.pixels = nn.Conv2d(in_channels, 8, 3, padding=1) if masks else None
        self.mask_head = nn.Conv2d(8, 1, 1) if masks else None

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images))

    def mask_logits(self, images: Tensor) -> Tensor:
        return self.mask_head(self.pixels(images).square())[:, 0]

    def losses(self, images: Tensor, targets: list[dict]) -> dict[str, Tensor]:
        raw = self(images).movedim(1, -1).float()
        wanted = torch.zeros_like(raw[..., 0])
        box = label = raw.sum() * 0
        for number, target in enumerate(targets):
            boxes = target["boxes"] / STRIDE
            column, row = ((boxes[:, :2] + boxes[:, 2:]) / 2).long().unbind(1)
            wanted[number, row, column] = 1
            found = raw[number, row, column]
            edges = distances(boxes, torch.stack((column, row), 1))
            box = box + F.smooth_l1_loss(found[:, 1:5], edges, reduction="sum")
            label = label + F.cross_entropy(
                found[:, 5:], target["labels"], reduction="sum"
            )
        centre = F.binary_cross_entropy_with_logits(
            raw[..., 0], wanted, reduction="sum"
        )
        parts = {"centre": centre, "box": box, "class": label}
        if self.mask_head is not None:
            covered = [t["masks"].any(0) for t in targets]
            parts["mask"] = 16 * F.binary_cross_entropy_with_logits(
                self.mask_logits(images), torch.stack(covered).float()
            )
        return {name: part / len(images) for name, part in parts.items()}

    def detect(self, images: Tensor) -> list[dict]:
        raw = self(images).movedim(1, -1)
        scores = raw[..., 0].sigmoid() * raw[..., 5:].softmax(-1).amax(-1)
        detections = []
        for number, map_of_scores in enumerate(scores):
            row, column = (map_of_scores > 0.05).nonzero().unbind(1)
            order = map_of_scores[row, column].argsort(descending=True)
            row, column = row[order], column[order]
            found = raw[number, row, column]
            sign = found.new_tensor([-1, -1, 1, 1])
            middle = torch.stack((column, row), 1).repeat(1, 2) + 0.5
            boxes = STRIDE * (middle + sign * found[:, 1:5].clamp(min=0))
            detection = {
                "boxes": boxes,
                "scores": map_of_scores[row, column],
                "labels": found[:, 5:].argmax(1),
            }
            if self.mask_head is not None:
                inside = self.mask_logits(images[number : number + 1])[0] > 0
                detection["masks"] = inside & within(boxes, inside.shape)
            detections.append(detection)
        return detections


def distances(boxes: Tensor, cells: Tensor) -> Tensor:
    """Distances (N, 4) from the middles of cells to the edges of boxes, in cells."""
    middle = cells + 0.5
    return torch.cat((middle - boxes[:, :2], boxes[:, 2:] - middle), 1)


def within(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Masks (N, H, W) of the pixels whose middles lie in boxes."""
    y, x = (torch.arange(side, device=boxes.device) + 0.5 for side in size)
    x1, y1, x2, y2 = boxes[:, :, None].unbind(1)
    across, down = (x1 < x) & (x < x2), (y1 < y) & (y < y2)
    return down[:, :, None] & across[:, None, :]


def detector(seed: int = 0, masks: bool = False) -> nn.Module:
    torch.manual_seed(seed)
    return TinyDetector(masks=masks)
