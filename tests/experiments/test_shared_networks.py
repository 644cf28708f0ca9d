"""The small backbone: its maps, and what its checkpoint knows of other scenes."""

import pytest
import torch

from edulib.data import Scenes
from edulib.experiments.networks import SmallBackbone, SmallClassifier, small_backbone
from edulib.training import evaluate
from edulib.weights import load_checkpoint


@pytest.mark.parametrize("size", [(64, 96), (50, 33)])
def test_three_maps_of_the_channels_and_strides_it_names(size):
    backbone = SmallBackbone()
    maps = backbone(torch.rand(2, 3, *size))
    assert [tuple(one.shape) for one in maps] == [
        (2, channels, -(-size[0] // stride), -(-size[1] // stride))
        for channels, stride in zip(
            backbone.out_channels, backbone.strides, strict=True
        )
    ]
    assert all((one >= 0).all() and one.std() > 0.1 for one in maps)


def test_it_has_three_hundred_thousand_parameters():
    assert sum(p.numel() for p in SmallBackbone().parameters()) == 302_864


def test_pretrained_it_is_the_classifiers_and_its_norms_go_on_learning():
    backbone = small_backbone()
    expected = load_checkpoint("small-backbone-scenes").backbone.state_dict()
    torch.testing.assert_close(backbone.state_dict(), expected, rtol=0, atol=0)
    assert all(module.training for module in backbone.modules())
    start = small_backbone(pretrained=False)
    assert not torch.equal(start.stem[1].weight, backbone.stem[1].weight)


def test_its_checkpoint_knows_scenes_that_it_has_not_seen():
    classifier = load_checkpoint("small-backbone-scenes")
    assert isinstance(classifier, SmallClassifier)
    unseen = Scenes(100, seed=7).as_tensors()
    assert evaluate(classifier, unseen).accuracy >= 0.97


def test_images_that_it_cannot_take():
    with pytest.raises(ValueError, match=r"H, W >= 16, got \(1, 3, 8, 8\)"):
        SmallBackbone()(torch.rand(1, 3, 8, 8))
    with pytest.raises(ValueError, match=r"num_classes.*got 0"):
        SmallClassifier(0)
