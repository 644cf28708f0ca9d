"""Transfer learning: few images, three starts, features."""

import pytest
import torch

from edulib.chapters.vgg.transfer import (
    features,
    few_scenes,
    fine_tuned,
    from_nothing,
    frozen,
)
from edulib.weights.checkpoint import load_checkpoint


@pytest.mark.parametrize("per_class", [1, 5])
def test_few_scenes_are_repeated_to_a_thousand(per_class):
    (images, labels), (new, new_labels) = few_scenes(per_class, val=10)
    assert labels.bincount().tolist() == [100] * 10
    assert images.shape == (1000, 3, 64, 64)
    assert len(images.flatten(1).unique(dim=0)) == 10 * per_class
    assert new.shape == (10, 3, 64, 64)
    assert len(new_labels) == 10


@pytest.mark.parametrize("per_class", [0, 30, 101])
def test_other_numbers_are_refused(per_class):
    with pytest.raises(ValueError, match=f"a divisor of 100, got {per_class}"):
        few_scenes(per_class)


def test_a_start_differs_in_its_stages_only():
    learned = load_checkpoint("vgg-small-photos").state_dict()
    networks = {}
    for build in (from_nothing, fine_tuned, frozen):
        torch.manual_seed(0)
        networks[build.__name__] = build()
    for name, value in networks["fine_tuned"].state_dict().items():
        if name.startswith("stage"):
            assert torch.equal(value, learned[name])
            assert torch.equal(value, networks["frozen"].state_dict()[name])
    for network in networks.values():
        assert network.training
        assert network(torch.rand(2, 3, 64, 64)).shape == (2, 10)


def test_frozen_trains_the_head_alone():
    trained = {n for n, p in frozen().named_parameters() if p.requires_grad}
    assert trained == {f"head.{k}.{n}" for k in (0, 3, 6) for n in ("weight", "bias")}
    assert all(p.requires_grad for p in fine_tuned().parameters())


@pytest.mark.parametrize(("stages", "width"), [(2, 24), (5, 96)])
def test_features_are_means_of_maps_at_length_one(stages, width):
    model = load_checkpoint("vgg-small-photos")
    found = features(model, torch.rand(3, 3, 64, 64), stages)
    assert found.shape == (3, width)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
