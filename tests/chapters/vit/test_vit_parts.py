"""The small rivals, few scenes shown often, and what is measured of places."""

import pytest
import torch

from edulib.anatomy import count_macs
from edulib.chapters.vit.data import few_scenes
from edulib.chapters.vit.measures import (
    Looks,
    patch_distances,
    position_similarity,
    position_structure,
)
from edulib.chapters.vit.networks import small_cnn, small_vit
from edulib.exercises import check
from edulib.training.batches import Batch


def test_the_rivals_cost_about_the_same():
    with torch.device("meta"):
        costs = [count_macs(net(), (3, 32, 32)) for net in (small_vit, small_cnn)]
    assert max(costs) < 1.15 * min(costs)


def test_few_scenes_are_shown_as_often_as_many(monkeypatch):
    monkeypatch.setattr("edulib.chapters.vit.data.SHOWN", 12)
    (images, labels), (others, _) = few_scenes(4, val=3)
    assert images.shape == (12, 3, 32, 32)
    assert torch.equal(images[:4], images[8:])
    assert torch.equal(labels[:4], labels[4:8])
    assert len(others) == 3
    assert not torch.equal(others[0], images[0])


def test_structure_is_found_where_it_was_put():
    distance, row, column = patch_distances()
    assert row.sum() == column.sum() == 64 * 8
    near = position_structure(1 - distance / 10)
    assert near["nearness"] == pytest.approx(1)
    assert abs(near["row"]) < 0.05
    rows = position_structure(0.5 * row)
    assert rows["row"] == pytest.approx(0.5)
    assert rows["column"] == pytest.approx(0)
    columns = position_structure(0.3 * column)
    assert columns["column"] == pytest.approx(0.3)
    assert columns["row"] == pytest.approx(0)


def test_similarity_is_that_of_the_patches_without_the_class_token():
    torch.manual_seed(0)
    network = small_vit()
    table = network[1].positions.positions[0]
    found = position_similarity(network)
    wanted = torch.cosine_similarity(table[1], table[3], dim=0)
    assert found.shape == (64, 64)
    assert found[0, 2].item() == pytest.approx(wanted.item(), abs=1e-6)
    assert torch.allclose(found.diagonal(), torch.ones(64))


@torch.no_grad()
def test_validation_measures_places_and_gives_means():
    torch.manual_seed(0)
    network, objective = small_vit().eval(), Looks()
    batch = Batch(torch.rand(6, 3, 32, 32), torch.arange(6), 0, 1.0)
    found = objective.measures(objective.validate(network, batch))
    assert set(found) == {
        *("error", "loss", "nearness", "row", "column"),
        *(f"distance{layer}" for layer in range(1, 5)),
    }
    assert found["error"] == pytest.approx(1 - 1 / 6)  # a zero head answers 0
    assert abs(found["nearness"]) < 0.2
    assert found["distance1"] == pytest.approx(16.5, abs=1)


def test_a_quotient_that_is_whole_counts_as_whole():
    answer = ((384 / 16) ** 2 + 1, 2_360_064, 1_774_464)
    assert "3 of 3 points" in repr(check("vit-count", answer))
    answer = ((384 / 16) ** 2, 2_360_064, 1_774_464)
    assert "2 of 3 points" in repr(check("vit-count", answer))
