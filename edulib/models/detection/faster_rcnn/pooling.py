"""A region of any size as a map of fixed size, cut out of the map that suits it.

Girshick, "Fast R-CNN", 2015, section 2.1, for pooling; He and others, "Mask R-CNN",
2017, section 3, for RoIAlign; Lin and others, "Feature Pyramid Networks for Object
Detection", 2016, section 4.2, for the choice of the map.
The kernels are torchvision's; edulib/models/ops/roi.py has them to be read.
"""

from collections.abc import Sequence
from math import log2

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import roi_align, roi_pool

from edulib.models.detection.faster_rcnn.backbone import Features
from edulib.models.detection.faster_rcnn.selection import indices_of
from edulib.models.ops.roi import level_of


class RoIAlign(nn.Module):
    """Divide a region into cells, and read each at points, without rounding.

    Args:
        output_size: cells along a side.
        samples: points along the side of a cell; the cell is their mean.

    Shape:
        - Input: a map (B, C, H, W), regions (R, 5), a scale
        - Output: (R, C, output_size, output_size)

    Source: He et al., 2017, section 3 and figure 3. As in the paper.
    """

    def __init__(self, output_size: int, samples: int = 2) -> None:
        super().__init__()
        self.output_size, self.samples = output_size, samples

    def forward(self, features: Tensor, regions: Tensor, scale: float) -> Tensor:
        """Cut out regions: each is the image's number and a box in pixels, xyxy."""
        return roi_align(features, regions, self.output_size, scale, self.samples)

    def extra_repr(self) -> str:
        """Return what is printed between the brackets."""
        return f"{self.output_size}, samples={self.samples}"


class RoIPool(nn.Module):
    """Round a region to whole pixels of the map, and take the maximum of each cell.

    Args:
        output_size: cells along a side.

    Shape:
        - Input: a map (B, C, H, W), regions (R, 5), a scale
        - Output: (R, C, output_size, output_size)

    Source: Girshick, 2015, section 2.1. As in the paper.
    """

    def __init__(self, output_size: int) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, features: Tensor, regions: Tensor, scale: float) -> Tensor:
        """Cut out regions: each is the image's number and a box in pixels, xyxy."""
        return roi_pool(features, regions, self.output_size, scale)

    def extra_repr(self) -> str:
        """Return what is printed between the brackets."""
        return str(self.output_size)


class RegionPooling(nn.Module):
    """Cut each region out of the map for its size (Lin et al., 2016, equation 1).

    Args:
        pool: :class:`RoIAlign` or :class:`RoIPool`.
        strides: of the maps to choose from, powers of two, each twice the last. Others
            of the backbone, such as the coarsest of a pyramid, are not read.

    Shape:
        - Input: features and, for each image, boxes (N, 4), xyxy in pixels
        - Output: (R, C, output_size, output_size), image by image

    Raises:
        ValueError: if the backbone has no map of such a stride.

    Source: Lin et al., 2016, section 4.2. As in the paper. (torchvision guesses strides
    from the height before images are filled up, and is wrong where that adds 42 %.)
    """

    def __init__(self, pool: nn.Module, strides: Sequence[int]) -> None:
        super().__init__()
        self.pool = pool
        self.strides = tuple(strides)

    def forward(self, features: Features, boxes: Sequence[Tensor]) -> Tensor:
        """Return the features of all boxes of a batch."""
        regions = torch.cat(
            [F.pad(one, (1, 0), value=k) for k, one in enumerate(boxes)]
        )  # (R, 5), the image's number first
        maps = [self.map_of(stride, features) for stride in self.strides]
        if len(maps) == 1:
            return self.pool(maps[0], regions, 1 / self.strides[0])
        lowest, highest = (round(log2(self.strides[end])) for end in (0, -1))
        levels = level_of(regions[:, 1:], lowest, highest)
        indices = [indices_of(levels == lowest + k) for k in range(len(maps))]
        parts = [
            self.pool(one, regions[index], 1 / stride)
            for one, index, stride in zip(maps, indices, self.strides, strict=True)
        ]
        pooled = parts[0].new_empty(len(regions), *parts[0].shape[1:])
        for index, part in zip(indices, parts, strict=True):
            pooled[index] = part
        return pooled

    def map_of(self, stride: int, features: Features) -> Tensor:
        """Return the map whose pixels are so many pixels of the image apart."""
        strides = [round(features.size[1] / m.shape[-1]) for m in features.maps]
        if stride not in strides:
            raise ValueError(f"expected a map of stride {stride}, got {strides}")
        return features.maps[strides.index(stride)]

    def extra_repr(self) -> str:
        """Return what is printed between the brackets."""
        return f"strides={self.strides}"
