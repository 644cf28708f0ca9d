"""Before the first epoch: each example is read, and what would end it is said."""

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset, TensorDataset
from training_helpers import QUICK, Noisy, examples, network, same
from training_tasks import TASKS, maps, pixelwise

from edulib.training import Classification, Recipe, Segmentation, evaluate, fit


class Counting(nn.Module):
    """A network that counts the batches on which it was trained."""

    def __init__(self, model=None):
        super().__init__()
        self.model, self.steps = model or network(), 0

    def forward(self, x):
        self.steps += self.training
        return self.model(x)


class Broken(TensorDataset):
    """One example, the last, cannot be read."""

    def __getitem__(self, index):
        if index == len(self) - 1:
            raise OSError("image file is truncated")
        return super().__getitem__(index)


def late(part: int, value: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Examples of which the last has one number of its own."""
    columns = [column.clone() for column in examples(40)]
    columns[part][-1] = value
    return tuple(columns)


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize("wrap", [lambda *pair: pair, TensorDataset])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            late(1, 3),
            "examples .* to 39: .* labels 0 to 3: build the model with num_classes=4",
        ),
        (late(1, -1), "labels -1 to 2: number"),
        (late(0, torch.nan), r"finite numbers, got nan in example 39, float32 \(1,"),
        (late(0, torch.inf), "got inf in example 39"),
    ],
)
def test_what_is_wrong_with_the_last_example(split, wrap, bad, message):
    model = Counting()
    sets = {"train_set": examples(), "val_set": examples(30)}
    sets[f"{split}_set"] = wrap(*bad)
    with pytest.raises(ValueError, match=message):
        fit(model, recipe=QUICK, **sets)
    assert model.steps == 0


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_cannot_be_read(split, workers, tmp_path):
    model, file = Counting(), tmp_path / "net.pt"
    sets = {"train_set": examples(), "val_set": examples(30)}
    sets[f"{split}_set"] = Broken(*examples(130))  # 129 is none of the fingerprint's
    recipe = Recipe(epochs=1, workers=workers)
    with pytest.raises(OSError, match="cannot read example 129: image file is trunca"):
        fit(model, recipe=recipe, checkpoint=file, **sets)
    assert model.steps == 0


def test_a_class_among_the_pixels_that_is_none():
    images, targets = maps(9)
    targets[8, 0, 0] = 3
    model = Counting(pixelwise())
    with pytest.raises(ValueError, match="labels 0 to 3: build"):
        fit(model, (images, targets), objective=Segmentation())
    assert model.steps == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: (x * 255).byte(), r"takes, got uint8 \(1, 1, 6, 6\): .* / 255"),
        (
            lambda x: x.double(),
            r"got float64 .*; use inputs.to\(torch.float32\)$",
        ),
        (lambda x: x > 0, r"got bool .*; use inputs.to\(torch.float32\)$"),
        (lambda x: x + 0j, r"takes, got complex64 \(1, 1, 6, 6\): [^;]*$"),
        (lambda x: x[..., 1:], r"takes, got float32 \(1, 1, 6, 5\): [^;]*$"),
        (lambda x: x.expand(-1, 3, -1, -1), r"got float32 \(1, 3, 6, 6\): "),
        (lambda x: list(x[:60]) + list(x[60:, :, 1:]), r"of one shape, got .*1, 5, 6"),
    ],
)
def test_inputs_that_the_model_cannot_take(change, message):
    images, labels = examples()
    for use in (fit, evaluate):
        with pytest.raises(ValueError, match=message) as error:
            use(network(), (change(images), labels))
        assert "\n" not in str(error.value)


class Faulty(nn.Module):
    """Raises an error of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error, self.weight = error, nn.Parameter(torch.zeros(1))

    def forward(self, x):
        raise self.error


@pytest.mark.parametrize("use", [fit, evaluate])
@pytest.mark.parametrize("objective", [Classification(), Segmentation()])
def test_a_fault_of_the_model_is_told_with_what_it_was_given(use, objective):
    for error in (KeyError("x"), ZeroDivisionError("x"), AssertionError("x")):
        message = rf"takes, got float32 \(1, 1, 6, 6\): {type(error).__name__}: '?x'?$"
        with pytest.raises(ValueError, match=message) as found:
            use(Faulty(error), examples(), objective=objective)
        causes = found.value.__cause__, getattr(found.value.__cause__, "__cause__", 0)
        assert error in causes
    with pytest.raises(torch.OutOfMemoryError):
        use(Faulty(torch.OutOfMemoryError("full")), examples(), objective=objective)


def test_an_empty_validation_set():
    model, (images, labels) = Counting(), examples()
    with pytest.raises(ValueError, match="at least 1 example"):
        fit(model, (images, labels), (images[:0], labels[:0]))
    assert model.steps == 0


@pytest.mark.parametrize("name", TASKS)
def test_inspecting_changes_nothing(name, monkeypatch):
    task = TASKS[name]

    def train() -> nn.Module:
        model = task.build()
        fit(model, task.train_set, task.val_set, task.recipe, objective=task.objective)
        return model

    seen = train()
    monkeypatch.setattr("edulib.training.loop.inspect_examples", lambda *_: None)
    assert same(seen, train())


def test_what_augments_is_read_without_a_trace(monkeypatch):
    seen, blind = network(), network()
    fit(seen, Noisy(*examples()), recipe=QUICK)
    monkeypatch.setattr("edulib.training.loop.inspect_examples", lambda *_: None)
    fit(blind, Noisy(*examples()), recipe=QUICK)
    assert same(seen, blind)


def test_a_training_that_goes_on_does_not_read_all_again(tmp_path):
    class Reads(Dataset):
        count = 0

        def __len__(self):
            return 64

        def __getitem__(self, index):
            Reads.count += 1
            return tuple(column[index] for column in examples())

    file = tmp_path / "net.pt"
    fit(network(), Reads(), recipe=QUICK, checkpoint=file)
    first, Reads.count = Reads.count, 0
    fit(network(), Reads(), recipe=QUICK, checkpoint=file)
    fingerprint, inspection, epochs = 2 * 64, 64, 3 * 64
    assert Reads.count == fingerprint
    assert first == fingerprint + inspection + epochs


class Branched(nn.Module):
    """A network with two parts that its loss does not reach."""

    def __init__(self):
        super().__init__()
        self.trunk, self.aux = network(), nn.Linear(3, 3)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return self.trunk(x)


def test_parameters_without_a_gradient_are_named_once():
    with pytest.warns(UserWarning, match="3 of 9 parameters, .*: scale, aux") as seen:
        fit(Branched(), examples(), recipe=QUICK)
    assert len(seen) == 1


@pytest.mark.filterwarnings("error")
def test_frozen_parameters_and_used_ones_are_not_spoken_of():
    model = Branched()
    model.scale.requires_grad_(False)
    model.aux.requires_grad_(False)
    fit(model, examples(), recipe=QUICK)
    for task in TASKS.values():
        recipe = Recipe(epochs=1)
        fit(task.build(), task.train_set, recipe=recipe, objective=task.objective)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda loss: loss.detach(), "got one without a gradient: see that forward"),
        (lambda loss: loss[None], r"one number, .*got float32 \(1,\)"),
    ],
)
def test_a_loss_that_is_none(change, message):
    class Changing(Classification):
        def step(self, model, batch, update):
            logits = model(batch.inputs)
            update(change(nn.functional.cross_entropy(logits, batch.targets)))
            return {}

    with pytest.raises(ValueError, match=message):
        fit(network(), examples(), recipe=QUICK, objective=Changing())
