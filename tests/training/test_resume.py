"""An interrupted training goes on to exactly the result of an uninterrupted one."""

import errno
import os
import signal

import pytest
import torch
from torch import nn
from training_helpers import QUICK, examples, network, same

from edulib.training import Recipe, fit, load_weights, loop


class StopsAfter(nn.Module):
    """A network in which Ctrl-C is pressed at a certain training batch."""

    def __init__(self, model: nn.Module, batches: int) -> None:
        super().__init__()
        self.model = model
        self.left = batches

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.left -= self.training
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return self.model(x)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("stop", [2, 6, 11])
def test_resumed_training_is_bitwise_the_same(tmp_path, optimizer, stop):
    recipe = Recipe(epochs=3, batch_size=16, lr=0.01, optimizer=optimizer)
    whole = network()
    expected = fit(whole, examples(), examples(), recipe)

    file = tmp_path / "runs" / "net.safetensors"
    interrupted = StopsAfter(network(), stop)
    with pytest.raises(KeyboardInterrupt, match="whole epoch"):
        fit(interrupted, examples(), examples(), recipe, checkpoint=file)
    saved = stop > 4
    assert file.exists() == saved
    resumed = StopsAfter(network(seed=7 if saved else 0), batches=-1)
    history = fit(resumed, examples(), examples(), recipe, checkpoint=file)

    assert same(resumed.model, whole)
    assert history == expected


def test_ctrl_c_says_how_to_go_on(tmp_path):
    file = tmp_path / "net.safetensors"
    with pytest.raises(KeyboardInterrupt) as stop:
        fit(StopsAfter(network(), 6), examples(), recipe=QUICK, checkpoint=file)
    assert "after 1 whole epoch(s), saved in" in str(stop.value)
    assert "same arguments to go on" in str(stop.value)
    with pytest.raises(KeyboardInterrupt, match="nothing is saved"):
        fit(StopsAfter(network(), 6), examples(), recipe=QUICK)


def test_a_finished_training_is_only_read(tmp_path):
    file = tmp_path / "net.safetensors"
    model = network()
    history = fit(model, examples(), recipe=QUICK, checkpoint=file)
    before = file.stat().st_mtime_ns
    again = network(seed=7)
    assert fit(again, examples(), recipe=QUICK, checkpoint=file) == history
    assert same(model, again)
    assert file.stat().st_mtime_ns == before


def test_the_weights_can_be_taken_out(tmp_path):
    file = tmp_path / "net.safetensors"
    model = network()
    fit(model, examples(), recipe=QUICK, checkpoint=file)
    other = load_weights(network(seed=7), file)
    assert same(model, other)
    assert not other.training


def test_shared_and_transposed_weights_are_stored(tmp_path):
    def tied() -> nn.Module:
        model = nn.Sequential(nn.Flatten(), nn.Linear(36, 36), nn.Linear(36, 36))
        model[2].weight = model[1].weight
        model[1].weight.data = model[1].weight.data.t()
        return model

    file = tmp_path / "net.safetensors"
    recipe = Recipe(epochs=1, lr=0.01)
    model = tied()
    fit(model, examples(), recipe=recipe, checkpoint=file)
    assert same(load_weights(tied(), file), model)


def test_no_temporary_file_stays(tmp_path):
    fit(network(), examples(), recipe=QUICK, checkpoint=tmp_path / "net.safetensors")
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    file = tmp_path / "net.safetensors"
    real, calls = os.fsync, []

    def full_at_the_second_epoch(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full_at_the_second_epoch)
    with pytest.raises(OSError, match=r"no room to save net\.safetensors") as error:
        fit(network(), examples(), recipe=QUICK, checkpoint=file)
    assert error.value.errno == errno.ENOSPC
    assert "untouched" in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]

    resumed, whole = network(seed=7), network()
    assert len(fit(resumed, examples(), recipe=QUICK, checkpoint=file)) == 3
    fit(whole, examples(), recipe=QUICK)
    assert same(resumed, whole)


def test_an_unwritable_folder_is_said_before_training(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    steps = []
    monkeypatch.setattr(loop, "train_epoch", lambda *_: steps.append(1))
    with pytest.raises(OSError, match="choose another folder"):
        fit(network(), examples(), checkpoint=tmp_path / "file" / "net.safetensors")
    assert steps == []


def test_another_recipe_is_refused(tmp_path):
    file = tmp_path / "net.safetensors"
    fit(network(), examples(), recipe=QUICK, checkpoint=file)
    other = Recipe(epochs=5, batch_size=16, lr=0.1)
    with pytest.raises(ValueError, match=r"begun with epochs=3, now it is 5.*delete"):
        fit(network(), examples(), recipe=other, checkpoint=file)


def test_another_model_is_refused(tmp_path):
    file = tmp_path / "net.safetensors"
    fit(network(), examples(), recipe=QUICK, checkpoint=file)
    with pytest.raises(ValueError, match=r"another model.*delete"):
        fit(network(classes=5), examples(), recipe=QUICK, checkpoint=file)


@pytest.mark.parametrize("keep", [0, 5, 200])
def test_a_truncated_checkpoint_is_refused(tmp_path, keep):
    file = tmp_path / "net.safetensors"
    fit(network(), examples(), recipe=QUICK, checkpoint=file)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"no whole checkpoint.*delete the file"):
        fit(network(), examples(), recipe=QUICK, checkpoint=file)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"there is no checkpoint .*gone"):
        load_weights(network(), tmp_path / "gone.safetensors")
