"""Checkpoints of the book, and torchvision's weights from a server on this machine."""

import hashlib
import io
import json

import pytest
import torch
from local_server import serve
from torchvision import models

from edulib.experiments.checkpoints import list_recipes
from edulib.models.classification.resnet import resnet18
from edulib.training import Recipe
from edulib.weights import downloads, torchvision
from edulib.weights.checkpoint import (
    FOLDER,
    CheckpointInfo,
    build,
    checkpoint_info,
    list_checkpoints,
    load_checkpoint,
    save_checkpoint,
)
from edulib.weights.torchvision import load_torchvision, published_weights

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
    assert about["result"]["val_accuracy"] >= row.min_accuracy
    assert all(value.isfinite().all() for value in model.state_dict().values())
    assert (FOLDER / f"{name}.safetensors").stat().st_size < 2e6


@pytest.fixture(scope="module")
def content():
    """What torchvision would publish: its ResNet-18, with random weights."""
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(models.resnet18().state_dict(), file)
    return file.getvalue()


@pytest.fixture
def server(monkeypatch, tmp_path, content):
    """A server from which torchvision's table of weights points to ``content``."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(downloads.time, "sleep", lambda _: None)
    digits = hashlib.sha256(content).hexdigest()[:8]
    with serve(content) as server:

        class Table(models.WeightsEnum):
            IMAGENET1K_V1 = models.Weights(
                f"{server.address}/resnet18-{digits}.pth", None, {}
            )

        monkeypatch.setattr(models, "get_model_weights", lambda _: Table)
        yield server


def test_published_weights_give_the_published_model(server, content):
    ours = load_torchvision("resnet18")
    reference = models.resnet18()
    reference.load_state_dict(torch.load(io.BytesIO(content)))
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        expected = reference.eval()(images)
        torch.testing.assert_close(ours(images), expected, rtol=1e-5, atol=1e-5)
    assert not ours.training


def test_published_weights_bring_their_epsilon(monkeypatch, tmp_path):
    torch.manual_seed(0)
    reference = models.efficientnet_b0().eval()  # epsilon 1e-5; ours is the authors'
    for module in reference.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_var, 1e-4, 1e-2)
    path = tmp_path / "b0.pth"
    torch.save(reference.state_dict(), path)
    monkeypatch.setattr(torchvision, "fetch", lambda *_: path)
    ours, images = (
        load_torchvision("efficientnet_b0").double(),
        torch.rand(1, 3, 64, 64),
    )
    with torch.no_grad():
        expected = reference.double()(images.double())
        torch.testing.assert_close(ours(images.double()), expected)


def test_once_fetched_no_network_is_needed(server):
    first = published_weights("resnet18")
    server.content = b"gone"
    second = published_weights("resnet18")
    assert server.asked == 1
    assert list(first) == list(models.resnet18().state_dict())
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_a_model_that_differs_from_torchvisions(server, monkeypatch):
    monkeypatch.setattr(torchvision, "get_builder", lambda _: tiny)
    with pytest.raises(ValueError, match=r"has 116 tensors and torchvision's 122"):
        load_torchvision("resnet18")
    monkeypatch.setattr(
        torchvision, "get_builder", lambda _: lambda: resnet18(in_channels=1)
    )
    with pytest.raises(ValueError, match=r"model expects \(64, 1, 7, 7\)"):
        load_torchvision("resnet18")
