"""Attention distance, against loops."""

import math

import pytest
import torch

from edulib.explanation import attention_distance


def test_is_the_weighted_mean_of_distances():
    torch.manual_seed(0)
    weights = torch.rand(2, 3, 7, 7).softmax(-1)
    found = attention_distance(weights, (2, 3))
    places = [(row, column) for row in range(2) for column in range(3)]
    for image in range(2):
        for head in range(3):
            total = 0.0
            for query, here in enumerate(places):
                row = weights[image, head, 1 + query, 1:]
                far = [math.dist(here, there) for there in places]
                total += float((row * torch.tensor(far)).sum() / row.sum())
            assert found[image, head].item() == pytest.approx(total / 6)


def test_who_looks_at_itself_looks_nowhere_else():
    alone = torch.eye(9).expand(1, 1, 9, 9)
    assert attention_distance(alone, (3, 3), prefix_tokens=0).item() == 0
    uniform = torch.full((1, 1, 4, 4), 0.25)
    expected = (2 + math.sqrt(2)) / 4  # two neighbours, one across, itself
    found = attention_distance(uniform, (2, 2), prefix_tokens=0)
    assert found.item() == pytest.approx(expected)


def test_refuses_other_tokens():
    with pytest.raises(
        ValueError, match=r"\(B, heads, 10, 10\).*got .* \(1, 2, 9, 9\)"
    ):
        attention_distance(torch.rand(1, 2, 9, 9), (3, 3))
