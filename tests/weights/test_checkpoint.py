"""The book's own checkpoints."""

import hashlib
import json

import pytest
import torch

from edulib.experiments.checkpoints import list_recipes
from edulib.training import Recipe
from edulib.weights.checkpoint import (
    FOLDER,
    CheckpointInfo,
    build,
    checkpoint_info,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)

RECIPES = list_recipes()
INFO = CheckpointInfo(
    builder="edulib.models.classification.resnet.resnet20_cifar",
    arguments={"num_classes": 3, "in_channels": 1, "width": 4},
    data="nothing",
    recipe=Recipe(),
    result={"val_accuracy": 0.5},
)


def tiny():
    return build(INFO.builder, INFO.arguments)


def test_saved_and_loaded_is_the_same(tmp_path):
    model = tiny()
    path = save_checkpoint(model, "tiny", INFO, tmp_path)
    loaded = load_checkpoint("tiny", tmp_path)
    assert not loaded.training
    assert type(loaded) is type(model)
    torch.testing.assert_close(loaded.state_dict(), model.state_dict(), rtol=0, atol=0)
    assert list_checkpoints(tmp_path) == ["tiny"]
    about = json.loads(path.with_suffix(".json").read_text())
    assert about["recipe"]["epochs"] == 10
    assert about["result"] == {"val_accuracy": 0.5}
    assert about["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_recipe_has_its_checkpoint_and_every_checkpoint_its_recipe():
    assert list_checkpoints() == sorted(RECIPES)


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_shipped_checkpoints_are_whole_and_small(name):
    row, about = RECIPES[name], checkpoint_info(name)
    model = load_checkpoint(name)
    assert about["recipe"] == vars(row.recipe)
    assert about["arguments"] == row.arguments
    assert about["result"][f"val_{row.measure}"] >= row.minimum
    assert all(value.isfinite().all() for value in model.state_dict().values())
    assert (FOLDER / f"{name}.safetensors").stat().st_size < 2e6
