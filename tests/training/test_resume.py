"""An interrupted training goes on to exactly the result of an uninterrupted one."""

import errno
import os
import random
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset
from training_helpers import QUICK, Noisy, examples, network, same
from training_tasks import TASKS

from edulib.training import (
    Classification,
    Objective,
    Recipe,
    fit,
    load_weights,
    loop,
)
from edulib.training.fingerprint import describe_examples
from edulib.training.resume import read_model


@pytest.fixture(autouse=True)
def ctrl_c_interrupts():
    """Ctrl-C raises, even where whoever started the tests ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c(monkeypatch, objective: Objective, batch: int) -> None:
    """Interrupt this process at a training batch, counted from 1 over all epochs."""
    kind, left = type(objective), [batch]
    real = kind.step

    def step(self, model, batch, update):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGINT)
        return real(self, model, batch, update)

    monkeypatch.setattr(kind, "step", step)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("stop", [2, 6, 11])
def test_resumed_training_is_bitwise_the_same(
    tmp_path, monkeypatch, name, optimizer, stop
):
    task = TASKS[name]
    recipe = replace(task.recipe, optimizer=optimizer)
    settings = {"recipe": recipe, "objective": task.objective}
    sets = task.train_set, task.val_set
    whole = task.build()
    expected = fit(whole, *sets, **settings)
    final = tmp_path / "whole.pt"
    fit(task.build(), *sets, **settings, checkpoint=final)

    file = tmp_path / "runs" / "net.pt"
    with monkeypatch.context() as patch:
        press_ctrl_c(patch, task.objective, stop)
        with pytest.raises(KeyboardInterrupt, match="whole epoch"):
            fit(task.build(), *sets, **settings, checkpoint=file)
    saved = stop > 4
    assert file.exists() == saved
    resumed = task.build(seed=7 if saved else 0)
    history = fit(resumed, *sets, **settings, checkpoint=file)

    assert same(resumed, whole)
    assert history == expected
    assert file.read_bytes() == final.read_bytes()  # the optimizers, too


def test_ctrl_c_says_how_to_go_on(tmp_path, monkeypatch):
    file = tmp_path / "net.pt"
    press_ctrl_c(monkeypatch, Classification(), 6)
    with pytest.raises(KeyboardInterrupt) as stop:
        fit(network(), examples(), recipe=QUICK, checkpoint=file)
    assert "after 1 whole epoch(s), saved in" in str(stop.value)
    assert "same arguments to go on" in str(stop.value)
    press_ctrl_c(monkeypatch, Classification(), 6)
    with pytest.raises(KeyboardInterrupt, match="nothing is saved"):
        fit(network(), examples(), recipe=QUICK)
    press_ctrl_c(monkeypatch, Classification(), 2)
    with pytest.raises(KeyboardInterrupt, match=r"after 0 .*none\.pt is not written"):
        fit(network(), examples(), recipe=QUICK, checkpoint=tmp_path / "none.pt")


def test_a_finished_training_is_only_read(tmp_path):
    file = tmp_path / "net.pt"
    model = network()
    history = fit(model, examples(), recipe=QUICK, checkpoint=file)
    before = file.stat().st_mtime_ns
    again = network(seed=7)
    assert fit(again, examples(), recipe=QUICK, checkpoint=file) == history
    assert same(model, again)
    assert file.stat().st_mtime_ns == before


def test_the_weights_can_be_taken_out(tmp_path):
    file = tmp_path / "net.pt"
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

    file = tmp_path / "net.pt"
    recipe = Recipe(epochs=1, lr=0.01)
    model = tied()
    fit(model, examples(), recipe=recipe, checkpoint=file)
    assert same(load_weights(tied(), file), model)


def test_no_temporary_file_stays(tmp_path):
    fit(network(), examples(), recipe=QUICK, checkpoint=tmp_path / "net.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["net.pt"]


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    file = tmp_path / "net.pt"
    real, calls = os.fsync, []

    def full_at_the_second_epoch(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", full_at_the_second_epoch)
    with pytest.raises(OSError, match=r"no room to save net\.pt") as error:
        fit(network(), examples(), recipe=QUICK, checkpoint=file)
    assert error.value.errno == errno.ENOSPC
    assert "untouched" in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["net.pt"]

    resumed, whole = network(seed=7), network()
    assert len(fit(resumed, examples(), recipe=QUICK, checkpoint=file)) == 3
    fit(whole, examples(), recipe=QUICK)
    assert same(resumed, whole)


def test_an_unwritable_folder_is_said_before_training(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    steps = []
    monkeypatch.setattr(loop, "train_epoch", lambda *_: steps.append(1))
    with pytest.raises(OSError, match="choose another folder"):
        fit(network(), examples(), checkpoint=tmp_path / "file" / "net.pt")
    assert steps == []


def refused(path, message: str, **changes: object) -> None:
    """Resume with something changed; the file must be refused and stay as it is."""
    arguments = {
        "model": network(),
        "train_set": examples(),
        "val_set": examples(30),
        "recipe": QUICK,
        "checkpoint": path,
    }
    before = path.read_bytes()
    with pytest.raises(ValueError, match=message) as error:
        fit(**{**arguments, **changes})
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == before


def changed(examples: tuple[torch.Tensor, torch.Tensor], part: int):
    """A set in which one number of its last example is another one."""
    columns = [column.clone() for column in examples]
    columns[part][-1] = (columns[part][-1] + 1) % 3
    return tuple(columns)


def frozen() -> nn.Module:
    model = network()
    model[0].requires_grad_(False)
    return model


def frozen_norm() -> nn.Module:
    model = network()
    model[1].eval()
    return model


class OtherName(Classification):
    pass


@pytest.fixture
def saved(tmp_path):
    file = tmp_path / "net.pt"
    fit(network(), examples(), examples(30), QUICK, checkpoint=file)
    return file


@pytest.mark.parametrize(
    ("message", "changes"),
    [
        (
            "begun with epochs 3, now it is 5.*name another file",
            {"recipe": Recipe(epochs=5)},
        ),
        ("begun with lr 0.1, now it is 0.2", {"recipe": replace(QUICK, lr=0.2)}),
        ("begun with model 'Sequential of ", {"model": network(classes=5)}),
        ("begun with model", {"model": nn.Sequential(*network(), nn.Dropout(0.1))}),
        ("begun with model", {"model": frozen()}),
        ("begun with model", {"model": frozen_norm()}),
        ("begun with objective 'Classification", {"objective": OtherName()}),
        ("training set '64 examples .*'63 exam", {"train_set": examples(63)}),
        ("training set", {"train_set": changed(examples(), 0)}),
        ("training set", {"train_set": changed(examples(), 1)}),
        ("validation set .*now it is None", {"val_set": None}),
        ("validation set", {"val_set": changed(examples(30), 0)}),
    ],
)
def test_a_training_of_another_origin_is_refused(saved, message, changes):
    refused(saved, message, **changes)


def test_a_dataset_goes_on_from_what_its_tensors_began(saved):
    before = saved.read_bytes()
    sets = TensorDataset(*examples()), TensorDataset(*examples(30))
    assert len(fit(network(), *sets, QUICK, checkpoint=saved)) == 3
    assert saved.read_bytes() == before


class NoisyInEveryWay(Noisy):
    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image + random.random() + np.random.random(), label


def test_random_examples_are_known_again_and_disturb_no_random_state(tmp_path):
    file = tmp_path / "net.pt"
    noisy = Noisy(*examples())
    fit(network(), noisy, recipe=QUICK, checkpoint=file)
    whole, resumed = network(), network(seed=7)
    fit(whole, noisy, recipe=QUICK)
    fit(resumed, noisy, recipe=QUICK, checkpoint=file)
    assert same(resumed, whole)

    noisy, seen = NoisyInEveryWay(*examples()), []
    for seed in range(2):
        random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
        numbers = random.random(), np.random.random(), torch.rand(1)
        random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
        seen.append(describe_examples(noisy))
        assert (random.random(), np.random.random(), torch.rand(1)) == numbers
    assert "content" in seen[0] == seen[1]
    assert seen[0] != describe_examples(NoisyInEveryWay(*changed(examples(), 0)))


def test_examples_that_are_never_the_same_are_known_by_their_shapes():
    numbers = iter(range(1000))

    class Unrepeatable(TensorDataset):
        def __getitem__(self, index):
            return torch.tensor(next(numbers)), super().__getitem__(index)

    one = describe_examples(Unrepeatable(*examples(5)))
    assert one == describe_examples(Unrepeatable(*examples(5)))
    assert "content" not in one
    assert "float32 (1, 6, 6)" in one


@pytest.mark.parametrize("keep", [0, 5, 200])
def test_a_truncated_checkpoint_is_refused(saved, keep):
    saved.write_bytes(saved.read_bytes()[:keep])
    refused(saved, "no whole checkpoint.*delete this one")


@pytest.mark.parametrize("place", [-4000, "epochs", "loss"])
def test_one_flipped_bit_is_refused(saved, place):
    content = bytearray(saved.read_bytes())
    place = content.index(place.encode()) if isinstance(place, str) else place
    content[place] ^= 1
    saved.write_bytes(content)
    refused(saved, "(is damaged|no whole checkpoint).*delete this one")
    with pytest.raises(ValueError, match=r"is damaged|no whole checkpoint"):
        load_weights(network(), saved)


@pytest.mark.parametrize(
    "stored",
    [
        *(None, {}, {"training": "{}"}),
        *({"training": text, "tensors": {}} for text in ("{}", "no JSON", "[]")),
    ],
)
def test_what_holds_no_training_is_refused(saved, stored):
    torch.save(stored, saved)
    refused(saved, "no whole checkpoint")


@pytest.mark.parametrize("part", ["tensors", "training"])
def test_an_edited_checkpoint_is_refused(saved, part):
    stored = torch.load(saved, weights_only=True)
    if part == "tensors":
        stored["tensors"]["model.0.bias"][0] += 1
    else:
        stored["training"] = stored["training"].replace('"epochs": 3', '"epochs": 4')
    torch.save(stored, saved)
    refused(saved, "is damaged.*checksum.*delete this one")


def test_no_code_in_a_checkpoint_is_run(saved):
    torch.save({"training": Path("x"), "tensors": {}}, saved)
    refused(saved, "no whole checkpoint.*whose code is not run.*name another file")


@pytest.mark.parametrize("name", [".", "..", "/"])
def test_a_folder_without_a_name_is_no_checkpoint(name, tmp_path, monkeypatch):
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    with pytest.raises(ValueError, match=rf"expected a file .*folder {name}$"):
        fit(network(), examples(), checkpoint=name)


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(ValueError, match=f"expected a file .*folder {tmp_path}"):
        fit(network(), examples(), checkpoint=tmp_path)


def test_a_pipe_is_no_checkpoint(tmp_path):
    """Whoever opens one to read waits for ever."""
    os.mkfifo(tmp_path / "net.pt")
    with pytest.raises(ValueError, match=r"expected a file .*, got a pipe or device"):
        fit(network(), examples(), checkpoint=tmp_path / "net.pt")


def test_what_a_killed_training_left_is_removed(tmp_path):
    left = tmp_path / f".net.pt.{'0a' * 16}"
    others = [tmp_path / f".other.pt.{'0a' * 16}", tmp_path / ".net.x"]
    for path in (left, *others):
        path.write_bytes(b"half")
    fit(network(), examples(), recipe=QUICK, checkpoint=tmp_path / "net.pt")
    assert not left.exists()
    assert all(path.exists() for path in others)


def test_a_state_that_cannot_be_stored_is_found_before_training(tmp_path, monkeypatch):
    class Versioned(nn.Linear):
        def get_extra_state(self):
            return {"version": 3}

    steps = []
    monkeypatch.setattr(loop, "train_epoch", lambda *_: steps.append(1))
    model = nn.Sequential(nn.Flatten(), Versioned(36, 3))
    with pytest.raises(ValueError, match=r"got model\.1\._extra_state of type dict"):
        fit(model, examples(), checkpoint=tmp_path / "net.pt")
    assert steps == []


def test_buffers_that_overlap_are_stored(tmp_path):
    def overlapping() -> nn.Module:
        model = network()
        model.register_buffer("table", torch.arange(9.0))
        model.register_buffer("tail", model.table[2:])
        return model

    file = tmp_path / "net.pt"
    model = overlapping()
    fit(model, examples(), recipe=QUICK, checkpoint=file)
    assert same(load_weights(overlapping(), file), model)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"there is no checkpoint .*gone"):
        load_weights(network(), tmp_path / "gone.pt")


WIDER = nn.Sequential(*network(), nn.Linear(3, 3))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (network(classes=5), r"for 3 classes, the model for 5 \(5\.weight, 5\.bias\)"),
        (nn.DataParallel(network()), r"begin with 'module\.': load .* model\.module"),
        (network()[:5], r"more than the model, 5\.weight, 5\.bias"),
        (WIDER, r"lack 6\.weight, 6\.bias: load what is there with strict=False"),
    ],
)
def test_weights_for_another_model_are_explained(saved, model, message):
    with pytest.raises(ValueError, match=message) as error:
        load_weights(model, saved)
    assert "delete" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        (lambda own: own, r"weights_only=True\)\)$"),
        (
            lambda own: network(classes=7).state_dict(),
            r"for 7 classes, the model for 3 \(5\.weight, 5\.bias\)",
        ),
        (lambda own: {**own, "ema": torch.ones(1)}, "more than the model, ema"),
        (
            lambda own: {"model": {f"net.{k}": v for k, v in own.items()}, "epoch": 3},
            r"under 'model': .*begin with 'net\.': take that off",
        ),
    ],
)
def test_how_weights_alone_differ_from_the_model_is_said(stored, message, tmp_path):
    file = tmp_path / "net.pth"
    torch.save(stored(network().state_dict()), file)
    with pytest.raises(ValueError, match=message) as error:
        load_weights(network(), file)
    assert "delete" not in str(error.value)


@pytest.mark.parametrize("wrap", [nn.DataParallel, lambda m: nn.ModuleDict({"a": m})])
def test_weights_of_a_wrapped_model_are_explained_by_code_that_runs(wrap, tmp_path):
    class Wrapped(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = wrap(network())

        def forward(self, x):
            return next(self.inner.children())(x)

    file = tmp_path / "wrapped.safetensors"  # whose ending says nothing
    model = Wrapped()
    fit(model, examples(), recipe=QUICK, checkpoint=file)
    assert len(fit(Wrapped(), examples(), recipe=QUICK, checkpoint=file)) == 3
    with pytest.raises(ValueError, match="their names begin with 'inner") as error:
        load_weights(network(), file)
    advice = str(error.value)
    assert "delete" not in advice
    weights = read_model(file)
    unwrapped = network(seed=7)
    code = advice[advice.index("{k") : advice.index("}") + 1]
    unwrapped.load_state_dict(eval(code, {"weights": weights}))
    assert same(unwrapped, next(model.inner.children()))


def test_a_training_is_not_begun_on_good_weights(tmp_path):
    file = tmp_path / "net.pth"
    torch.save(network().half().state_dict(), file)
    refused(file, "holds weights alone, .* of float16 and int64: .*name another file")
    with pytest.raises(ValueError, match="holds weights alone"):
        load_weights(network(), file)


@pytest.mark.parametrize(
    ("buffer", "message"),
    [
        (torch.eye(3).to_sparse(), r"dense tensors, got model\.table, a sparse one"),
        (torch.ones(1).expand(3), "could not be put back: .*table"),
    ],
)
def test_what_cannot_be_put_back_is_found_before_training(
    tmp_path, monkeypatch, buffer, message
):
    steps = []
    monkeypatch.setattr(loop, "train_epoch", lambda *_: steps.append(1))
    model = network()
    model.register_buffer("table", buffer)
    with pytest.raises(ValueError, match=message) as error:
        fit(model, examples(), checkpoint=tmp_path / "net.pt")
    assert "\n" not in str(error.value)
    assert steps == list(tmp_path.iterdir()) == []


def test_a_view_of_conjugates_is_stored(tmp_path):
    def conjugate() -> nn.Module:
        model = network()
        model.register_buffer("phase", torch.tensor([1 + 2j, 3j]).conj())
        return model

    model = conjugate()
    fit(model, examples(), recipe=QUICK, checkpoint=tmp_path / "net.pt")
    assert same(load_weights(conjugate(), tmp_path / "net.pt"), model)


def test_a_lazy_layer_is_told_to_be_run_once(tmp_path):
    lazy = nn.Sequential(nn.Flatten(), nn.LazyLinear(3))
    with pytest.raises(ValueError, match=r"1\.weight has no shape yet: run the model"):
        fit(lazy, examples(), checkpoint=tmp_path / "net.pt")
    lazy(examples()[0])
    assert len(fit(lazy, examples(), recipe=QUICK, checkpoint=tmp_path / "n.pt")) == 3


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("n" * 230, None, "name of 200 letters"),
        ("n" * 300, None, "name of 200 letters"),
        ("net.pt", errno.ENOSPC, "no room to"),
    ],
)
def test_a_file_that_cannot_be_written_is_found_before_training(
    tmp_path, monkeypatch, name, code, message
):
    def full(path: Path, content: bytes) -> None:
        raise OSError(code, os.strerror(code))

    steps = []
    monkeypatch.setattr(loop, "train_epoch", lambda *_: steps.append(1))
    if code:
        monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=message):
        fit(network(), examples(), checkpoint=tmp_path / name)
    assert steps == list(tmp_path.iterdir()) == []
