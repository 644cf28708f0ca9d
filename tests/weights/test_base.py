"""Checkpoints on top of another: what the base holds is not stored again."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from edulib.chapters.maskrcnn.networks import small_boxes, small_mask_rcnn
from edulib.training import Recipe
from edulib.weights.checkpoint import (
    CheckpointInfo,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)

PLACE = "edulib.chapters.maskrcnn.networks"
BASE = CheckpointInfo(f"{PLACE}.small_boxes", {}, "nothing", Recipe(), {})
MASKS = replace(
    BASE, builder=f"{PLACE}.small_mask_rcnn", arguments={"boxes": None}, base="boxes"
)


def save_base(folder, seed: int = 0):
    torch.manual_seed(seed)
    save_checkpoint(small_boxes(), "boxes", BASE, folder, half=True)


@pytest.fixture
def model(tmp_path):
    """A network with masks on top of a saved one without."""
    save_base(tmp_path)
    network = small_mask_rcnn(boxes=None)
    weights = load_checkpoint("boxes", tmp_path).state_dict()
    assert not network.load_state_dict(weights, strict=False).unexpected_keys
    return network


def test_both_files_together_are_the_model(model, tmp_path):
    path = save_checkpoint(model, "masks", MASKS, tmp_path)
    own = load_file(path)
    assert own
    assert all(name.startswith("mask_head.") for name in own)
    loaded = load_checkpoint("masks", tmp_path).state_dict()
    torch.testing.assert_close(loaded, model.state_dict(), rtol=0, atol=0)


def test_a_base_that_was_trained_again_is_refused(model, tmp_path):
    save_checkpoint(model, "masks", MASKS, tmp_path)
    save_base(tmp_path, seed=1)
    message = "masks holds weights of boxes, .*: train masks again"
    with pytest.raises(ValueError, match=message):
        load_checkpoint("masks", tmp_path)


def test_a_model_that_changed_its_base_is_not_saved(model, tmp_path):
    with torch.no_grad():
        model.rpn.head.offsets.bias += 1
    message = "holds the weights of boxes unchanged, got another 'rpn.*bias'"
    with pytest.raises(ValueError, match=message):
        save_checkpoint(model, "masks", MASKS, tmp_path)
    assert list_checkpoints(tmp_path) == ["boxes"]
