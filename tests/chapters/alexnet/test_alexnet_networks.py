"""AlexNet's rival, features made by hand."""

import math

import pytest
import torch

from edulib.chapters.alexnet.networks import EdgeHistograms, edge_histograms


def test_edge_histograms_equal_slow_loops():
    torch.manual_seed(0)
    image = torch.rand(3, 32, 32, dtype=torch.float64)
    cells = torch.zeros(9, 8, 8, dtype=torch.float64)
    for row in range(32):
        for column in range(32):
            length, angle = strongest_gradient(image, row, column)
            place = angle / math.pi * 9
            low = int(place) % 9
            cells[low, row // 4, column // 4] += length * (1 - place % 1) / 16
            cells[(low + 1) % 9, row // 4, column // 4] += length * (place % 1) / 16
    blocks = [
        torch.nn.functional.normalize(cells[:, r : r + 2, c : c + 2].flatten(), dim=0)
        for r in range(7)
        for c in range(7)
    ]
    found = EdgeHistograms()(image[None])[0].view(36, 49)
    torch.testing.assert_close(found, torch.stack(blocks, 1))


def strongest_gradient(image, row, column):
    """Length and direction, from 0 to pi, of the channel that changes most."""
    up, below = max(row - 1, 0), min(row + 1, 31)
    left, right = max(column - 1, 0), min(column + 1, 31)
    gradients = [
        (
            (plane[row, right] - plane[row, left]).item(),
            (plane[below, column] - plane[up, column]).item(),
        )
        for plane in image
    ]
    across, down = max(gradients, key=lambda g: math.hypot(*g))
    return math.hypot(across, down), math.atan2(down, across) % math.pi


def test_edge_histograms_do_not_see_contrast_or_tint():
    torch.manual_seed(0)
    image = torch.rand(2, 3, 32, 32)
    tinted = 0.5 * image + torch.tensor([0.1, 0.3, 0.2])[:, None, None]
    features = EdgeHistograms()
    torch.testing.assert_close(features(tinted), features(image))


def test_of_the_rival_only_the_last_step_is_learned():
    net = edge_histograms(num_classes=7)
    shapes = {name: tuple(p.shape) for name, p in net.named_parameters()}
    assert shapes == {"1.weight": (7, 1764), "1.bias": (7,)}
    assert net(torch.rand(2, 3, 32, 32)).shape == (2, 7)
    with pytest.raises(ValueError, match="got 0"):
        edge_histograms(num_classes=0)
