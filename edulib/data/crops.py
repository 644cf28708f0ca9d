"""Small crops of photographs, each place a class, changed in all that is not the class.

Dosovitskiy, Springenberg, Riedmiller and Brox, "Discriminative Unsupervised Feature
Learning with Exemplar Convolutional Neural Networks", 2014.
https://arxiv.org/abs/1406.6909
"""

import torch
from torch import Tensor

from edulib.data.photographs import check_counts, photos

PLACE, CROP = 40, 24  # pixels of a class, and of what is cut from it
PLAIN = 0.08  # standard deviation below which there is nothing to see


def photo_crops(
    length: int, num_classes: int = 64, *, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Cut 24 x 24 pixels out of places of 40 x 40, flipped, tinted, of any contrast.

    The mean colour of a crop is taken off and a random tint put on, so that a place
    must be known by its edges, textures and differences of colour.

    Why it stands beside ``ExemplarPatches``: these crops go past [0, 1] and are made
    in one stroke, 24,576 of them in a second, with numbers that depend on how many
    there are; a patch of the other is made alone, from its index.

    Args:
        length: number of crops; crop k belongs to place k modulo ``num_classes``.
        num_classes: number of places; they are the same for every seed.
        seed: of everything else.

    Returns:
        Images (length, 3, 24, 24) with values around 0, and labels (length,) int64.

    Raises:
        ValueError: if a number is below 1.
    """
    check_counts(length, num_classes, seed)
    places = _textured_places(num_classes)
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(length) % num_classes
    corners = torch.randint(PLACE - CROP + 1, (2, length, 1), generator=generator)
    rows, columns = corners + torch.arange(CROP)  # (length, CROP) each
    crops = places[labels[:, None, None], :, rows[:, :, None], columns[:, None]]
    crops = crops.permute(0, 3, 1, 2)
    mirrored = torch.rand(length, 1, 1, 1, generator=generator) < 0.5
    crops = torch.where(mirrored, crops.flip(3), crops)
    contrast = 2.4 + 3.2 * torch.rand(length, 1, 1, 1, generator=generator)
    tint = 0.2 * torch.randn(length, 3, 1, 1, generator=generator)
    return (crops - crops.mean((2, 3), keepdim=True)) * contrast + tint, labels


def _textured_places(count: int) -> Tensor:
    """Places (count, 3, 40, 40) that are not plain, from all photographs in colour."""
    generator = torch.Generator().manual_seed(0)
    sources = list(photos().values())
    places = []
    while len(places) < count:
        source = sources[int(torch.randint(len(sources), (), generator=generator))]
        row, column = (
            int(torch.randint(side - PLACE + 1, (), generator=generator))
            for side in source.shape[1:]
        )
        place = source[:, row : row + PLACE, column : column + PLACE]
        if place.std((1, 2)).mean() >= PLAIN:
            places.append(place)
    return torch.stack(places)
