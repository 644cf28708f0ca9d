"""Encodings of position against their formulas, number by number."""

import math

import pytest
import torch

from edulib.models.blocks.mlp import MLP
from edulib.models.blocks.positions import (
    LearnedPositions,
    sine_positions,
    sine_positions_2d,
    sinusoids,
)


def wave(position: float, channel: int, width: int) -> float:
    """Return one number of section 3.5."""
    angle = position / 10_000 ** ((channel - channel % 2) / width)
    return math.cos(angle) if channel % 2 else math.sin(angle)


def test_sines_are_the_papers():
    expected = [[wave(n, c, 12) for c in range(12)] for n in range(7)]
    torch.testing.assert_close(sine_positions(7, 12), torch.tensor(expected))
    assert sine_positions(1, 4).tolist() == [[0.0, 1.0, 0.0, 1.0]]


def test_a_step_is_a_rotation_that_does_not_depend_on_the_place():
    codes = sine_positions(20, 16).double()
    products = codes @ codes.mT
    for step in range(1, 5):
        diagonal = products.diagonal(step)
        torch.testing.assert_close(diagonal, diagonal[:1].expand_as(diagonal))


def test_rows_and_columns_are_counted_within_each_image():
    inside = torch.zeros(2, 4, 5, dtype=torch.bool)
    inside[0] = True
    inside[1, :3, :2] = True
    found = sine_positions_2d(inside, 8)
    assert found.shape == (2, 4, 5, 8)
    for image, (height, width) in enumerate([(4, 5), (3, 2)]):
        for row in range(height):
            for column in range(width):
                y = (row + 1) / (height + 1e-6) * 2 * math.pi
                x = (column + 1) / (width + 1e-6) * 2 * math.pi
                expected = [wave(p, c, 4) for p in (y, x) for c in range(4)]
                torch.testing.assert_close(
                    found[image, row, column], torch.tensor(expected)
                )


def test_rows_and_columns_equal_transformers():
    detr = pytest.importorskip("transformers.models.detr.modeling_detr")
    inside = torch.ones(2, 6, 7, dtype=torch.bool)
    inside[1, 4:] = False
    inside[1, :, 5:] = False
    theirs = detr.DetrSinePositionEmbedding(16, normalize=True)
    expected = theirs(torch.Size((2, 32, 6, 7)), "cpu", torch.float32, inside)
    if expected.ndim == 4:  # (B, D, H, W), in older versions
        expected = expected.flatten(2).mT
    torch.testing.assert_close(sine_positions_2d(inside, 32).flatten(1, 2), expected)


def test_learned_positions_are_added():
    torch.manual_seed(0)
    layer = LearnedPositions(64, 128)
    tokens = torch.randn(2, 64, 128)
    torch.testing.assert_close(
        layer(tokens) - tokens, layer.positions.expand(2, -1, -1)
    )
    assert layer.positions.std().item() == pytest.approx(0.02, rel=0.05)


def test_the_mlp_is_the_same_for_every_token():
    mlp = MLP(4, 16, dropout=0.5).eval()
    tokens = torch.randn(2, 3, 4)
    torch.testing.assert_close(mlp(tokens)[:, 1], mlp(tokens[:, 1]))
    assert sum(p.numel() for p in mlp.parameters()) == 2 * 4 * 16 + 16 + 4


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match=r"even width, .*got 7"):
        sinusoids(torch.zeros(3), 7)
    with pytest.raises(ValueError, match="divides by 4, got 6"):
        sine_positions_2d(torch.ones(1, 2, 2, dtype=torch.bool), 6)
    with pytest.raises(ValueError, match=r"\(B, H, W\), got \(2, 2\)"):
        sine_positions_2d(torch.ones(2, 2, dtype=torch.bool), 8)
    with pytest.raises(ValueError, match=r"\(B, 5, 8\), got \(2, 4, 8\)"):
        LearnedPositions(5, 8)(torch.zeros(2, 4, 8))
