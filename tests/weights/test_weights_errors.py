"""What is wrong with a checkpoint is named, with a remedy."""

import errno
import json
import os
from dataclasses import replace

import pytest
import torch

from edulib.training import Recipe
from edulib.weights.checkpoint import (
    CheckpointInfo,
    build,
    load_checkpoint,
    save_checkpoint,
)
from edulib.weights.published import load_timm, load_torchvision

INFO = CheckpointInfo(
    builder="edulib.models.classification.resnet.resnet20_cifar",
    arguments={"num_classes": 3, "in_channels": 1, "width": 4},
    data="nothing",
    recipe=Recipe(),
    result={},
)


@pytest.fixture
def saved(tmp_path):
    model = build(INFO.builder, INFO.arguments)
    return save_checkpoint(model, "tiny", INFO, tmp_path)


def test_an_unknown_name(saved):
    with pytest.raises(ValueError, match=r"no checkpoint 'tyni': did you mean 'tiny'"):
        load_checkpoint("tyni", saved.parent)
    with pytest.raises(ValueError, match="no checkpoint None: known are tiny"):
        load_checkpoint(None, saved.parent)


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_missing_half(saved, suffix):
    saved.with_suffix(suffix).unlink()
    with pytest.raises(ValueError, match="no checkpoint 'tiny'"):
        load_checkpoint("tiny", saved.parent)


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_truncated_file(saved, keep):
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"is damaged: its \d+ bytes.*restore it"):
        load_checkpoint("tiny", saved.parent)


def test_a_card_that_is_no_json(saved):
    saved.with_suffix(".json").write_text('{"builder": "edu')
    with pytest.raises(ValueError, match=r"tiny\.json is damaged.*restore it"):
        load_checkpoint("tiny", saved.parent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda card: [], "'builder' as str, got None"),
        (lambda card: card | {"builder": 3}, "'builder' as str, got 3"),
        (lambda card: card | {"arguments": [1]}, r"'arguments' as dict, got \[1\]"),
        (lambda card: card | {"sha256": None}, "'sha256' as str, got None"),
    ],
)
def test_a_card_that_lacks_something(saved, change, message):
    path = saved.with_suffix(".json")
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(ValueError, match=rf"tiny\.json is damaged: .*{message}; rest"):
        load_checkpoint("tiny", saved.parent)


def test_a_card_of_other_letters(saved):
    saved.with_suffix(".json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(ValueError, match=r"tiny\.json is damaged \(.*restore it"):
        load_checkpoint("tiny", saved.parent)


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_folder_in_place_of_a_half(saved, suffix):
    saved.with_suffix(suffix).unlink()
    saved.with_suffix(suffix).mkdir()
    with pytest.raises(ValueError, match="no checkpoint 'tiny'"):
        load_checkpoint("tiny", saved.parent)


@pytest.mark.parametrize(
    "change",
    [
        {"builder": "edulib.models.classification.resnet.resnet20"},
        {"builder": "edulib.models.resnet20"},
        {"builder": "edulib.models.classification.resnet.__name__"},
        {"arguments": {"classes": 3}},
    ],
)
def test_a_builder_that_is_none(saved, change):
    path = saved.with_suffix(".json")
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match="a builder in edulib and its arguments, got"):
        load_checkpoint("tiny", saved.parent)


@pytest.mark.parametrize("result", [{"loss": float("nan")}, {"loss": torch.ones(1)}])
def test_a_result_that_no_card_can_hold(tmp_path, result):
    model = build(INFO.builder, INFO.arguments)
    with pytest.raises(ValueError, match=r"words and finite numbers, got .*loss"):
        save_checkpoint(model, "tiny", replace(INFO, result=result), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_weights_of_another_architecture(saved):
    card = saved.with_suffix(".json")
    card.write_text(card.read_text().replace('"width": 4', '"width": 8'))
    with pytest.raises(
        ValueError, match=r"another architecture than CifarResNet: .*16"
    ):
        load_checkpoint("tiny", saved.parent)


def test_a_card_for_another_model_is_not_saved(saved):
    model = build(INFO.builder, INFO.arguments)
    other = replace(INFO, arguments={"num_classes": 4, "in_channels": 1, "width": 4})
    with pytest.raises(ValueError, match="another architecture"):
        save_checkpoint(model, "other", other, saved.parent)
    assert not (saved.parent / "other.safetensors").exists()


def test_a_builder_from_elsewhere_is_never_called():
    with pytest.raises(ValueError, match=r"expected a builder in edulib, got 'os\."):
        build("os.system", {"command": "true"})


def test_a_full_disk_leaves_the_old_checkpoint(saved, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = load_checkpoint("tiny", saved.parent)
    monkeypatch.setattr(os, "fsync", full)
    other = build(INFO.builder, INFO.arguments)
    with pytest.raises(OSError, match="untouched"):
        save_checkpoint(other, "tiny", INFO, saved.parent)
    after = load_checkpoint("tiny", saved.parent)
    torch.testing.assert_close(after.state_dict(), before.state_dict(), rtol=0, atol=0)
    assert len(list(saved.parent.iterdir())) == 2


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    model = build(INFO.builder, INFO.arguments)
    with pytest.raises(OSError, match="choose another folder"):
        save_checkpoint(model, "tiny", INFO, tmp_path / "file")


def test_published_names():
    with pytest.raises(ValueError, match=r"unknown model 'resnet51': did you mean"):
        load_torchvision("resnet51")
    with pytest.raises(ValueError, match=r"torchvision has no model 'resnet20_cifar'"):
        load_torchvision("resnet20_cifar")
    with pytest.raises(ValueError, match=r"no weights 'V1' of resnet18: "):
        load_torchvision("resnet18", "V1")
    with pytest.raises(ValueError, match=r"no model of timm.*'alexnet'"):
        load_timm("alexnet")
    with pytest.raises(ValueError, match=r"no weights 'v1' of resnet18: "):
        load_timm("resnet18", "v1")
