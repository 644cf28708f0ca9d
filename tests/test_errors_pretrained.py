"""What is wrong with a checkpoint is named, with a remedy."""

import errno
import os
from dataclasses import replace

import pytest
import torch

from edulib import pretrained
from edulib.pretrained import Card, load, load_published, published_weights, save
from edulib.training import Recipe

CARD = Card(
    builder="edulib.classification.resnet.resnet20_cifar",
    arguments={"num_classes": 3, "in_channels": 1, "width": 4},
    data="nothing",
    recipe=Recipe(),
    result={},
)


@pytest.fixture
def saved(tmp_path):
    model = pretrained.build(CARD.builder, CARD.arguments)
    return save(model, "tiny", CARD, tmp_path)


def test_an_unknown_name(saved):
    with pytest.raises(ValueError, match=r"no checkpoint 'tyni': did you mean 'tiny'"):
        load("tyni", saved.parent)


@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_missing_half(saved, suffix):
    saved.with_suffix(suffix).unlink()
    with pytest.raises(ValueError, match="no checkpoint 'tiny'"):
        load("tiny", saved.parent)


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_a_truncated_file(saved, keep):
    saved.write_bytes(saved.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"is damaged: its \d+ bytes.*restore it"):
        load("tiny", saved.parent)


def test_a_card_that_is_no_json(saved):
    saved.with_suffix(".json").write_text('{"builder": "edu')
    with pytest.raises(ValueError, match=r"tiny\.json is damaged.*restore it"):
        load("tiny", saved.parent)


def test_weights_of_another_architecture(saved):
    card = saved.with_suffix(".json")
    card.write_text(card.read_text().replace('"width": 4', '"width": 8'))
    with pytest.raises(
        ValueError, match=r"another architecture than CifarResNet: .*16"
    ):
        load("tiny", saved.parent)


def test_a_card_for_another_model_is_not_saved(saved):
    model = pretrained.build(CARD.builder, CARD.arguments)
    other = replace(CARD, arguments={"num_classes": 4, "in_channels": 1, "width": 4})
    with pytest.raises(ValueError, match="another architecture"):
        save(model, "other", other, saved.parent)
    assert not (saved.parent / "other.safetensors").exists()


def test_a_builder_from_elsewhere_is_never_called():
    with pytest.raises(ValueError, match=r"expected a builder in edulib, got 'os\."):
        pretrained.build("os.system", {"command": "true"})


def test_a_full_disk_leaves_the_old_checkpoint(saved, monkeypatch):
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = load("tiny", saved.parent)
    monkeypatch.setattr(os, "fsync", full)
    other = pretrained.build(CARD.builder, CARD.arguments)
    with pytest.raises(OSError, match="untouched"):
        save(other, "tiny", CARD, saved.parent)
    after = load("tiny", saved.parent)
    torch.testing.assert_close(after.state_dict(), before.state_dict(), rtol=0, atol=0)
    assert len(list(saved.parent.iterdir())) == 2


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    model = pretrained.build(CARD.builder, CARD.arguments)
    with pytest.raises(OSError, match="choose another folder"):
        save(model, "tiny", CARD, tmp_path / "file")


def test_published_names():
    with pytest.raises(ValueError, match=r"unknown model 'resnet51': did you mean"):
        load_published("resnet51")
    with pytest.raises(ValueError, match=r"torchvision has no model 'resnet20_cifar'"):
        load_published("resnet20_cifar")
    with pytest.raises(ValueError, match=r"no weights 'V1' of resnet18: "):
        published_weights("resnet18", "V1")
