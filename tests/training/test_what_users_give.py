"""Outputs, labels and sets of a user: one ValueError with the value and the rule."""

import os
import signal
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    TensorDataset,
    get_worker_info,
)
from training_helpers import examples, network, same
from training_tasks import maps, pixelwise

from edulib.training import Recipe, Segmentation, evaluate, fit

ONCE = Recipe(epochs=1, batch_size=8)


class Returning(nn.Module):
    """A network whose output is changed."""

    def __init__(self, change, model=None):
        super().__init__()
        self.model, self.change = model or network(), change

    def forward(self, x):
        return self.change(self.model(x))


@dataclass
class Answer:
    logits: torch.Tensor


@pytest.mark.parametrize(
    ("change", "got"),
    [
        (lambda y: None, "None: wrap"),
        (Answer, "a Answer: wrap"),
        (lambda y: {"logits": y, "aux": y}, "a dict with 'logits', 'aux': wrap"),
        (lambda y: y.detach().numpy(), "a ndarray: wrap"),
        (lambda y: y.argmax(1), r"int64 \(\d+,\)$"),
        (lambda y: y.round().long(), r"int64 \(\d+, 3\)$"),
        (lambda y: y > 0, r"bool \(\d+, 3\)$"),
        (lambda y: y[:, None], r"float32 \(\d+, 1, 3\)$"),
    ],
)
def test_outputs_that_are_no_logits(change, got):
    for use in (fit, evaluate):
        with pytest.raises(ValueError, match=rf"return logits \(B, .*got {got}"):
            use(Returning(change), examples())


def test_maps_that_are_no_logits():
    for change, got in ((lambda y: {"out": y}, "'out'"), (lambda y: y[0], "float32")):
        model = Returning(change, pixelwise())
        with pytest.raises(ValueError, match=rf"\(B, classes, H, W\), .*got .*{got}"):
            evaluate(model, maps(4), objective=Segmentation())
    images, targets = maps(4)
    with pytest.raises(ValueError, match=r"\(B, H, W\) .*got int64 \(4, 4, 5\)"):
        evaluate(pixelwise(), (images, targets[:, 1:]), objective=Segmentation())


def probabilities(rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows).repeat(64, 1)


@pytest.mark.parametrize("wrap", [lambda *pair: pair, TensorDataset])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (torch.eye(3, dtype=torch.long).repeat(22, 1)[:64], r"labels\.argmax\(1\)"),
        (probabilities([1.0, 1.0, 0.0]), "add up to 1, got 0 to 1 with the sum 2"),
        (probabilities([1.5, -0.5, 0.0]), r"got -0\.5 to 1\.5 with the sum 1"),
        (probabilities([0.5, 0.5, torch.nan]), "got nan"),
        (torch.full((64,), 255), "labels 255 to 255: build the model with num_cl"),
        (torch.full((64,), -100), "labels -100 to -100: number the classes from 0"),
    ],
)
def test_labels_that_are_none(wrap, labels, message):
    data = wrap(examples()[0], labels)
    for use in (fit, evaluate):
        with pytest.raises(ValueError, match=message):
            use(network(), data)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_mixed_labels_are_probabilities(dtype):
    images, labels = examples()
    hot = torch.eye(3)[labels].to(dtype)
    mixed = 0.7 * hot + 0.3 * hot.roll(1, 0)
    fit(network(), (images, mixed), recipe=ONCE)
    assert evaluate(network(), (images, hot)).accuracy <= 1


class Pairs(Dataset):
    """Examples that are changed as they are read."""

    def __init__(self, change):
        self.pairs, self.change = TensorDataset(*examples()), change

    def __len__(self):
        return len(self.pairs)

    def __getitem__(self, index):
        return self.change(index, *self.pairs[index])


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda k, x, y: (x, None), "expected targets that are tensors, .*got None"),
        (lambda k, x, y: (x, "cat" if k % 2 else 3), "targets that .* and "),
        (lambda k, x, y: (Image.new("L", (6, 6)), 0), "inputs that .*got a Image$"),
        (lambda k, x, y: (x, y, k), r"got example \d+ of 3 values"),
        (lambda k, x, y: (x, y) if k % 2 else x, "a target in all examples or in no"),
        (lambda k, x, y: int("x"), r"cannot read example \d+: invalid literal"),
        (lambda k, x, y: (x, [y][k]), r"example \d+: IndexError: list index out"),
        (lambda k, x, y: (x, {}["label"]), r"example \d+: KeyError: 'label'$"),
        (lambda k, x, y: x.view(7), r"cannot read example \d+: RuntimeError: shape"),
        (lambda k, x, y: x.label, r"example \d+: AttributeError: 'Tensor' object"),
        (lambda k, x, y: (x, None) if k else (x, 0), "targets that .* 0 and None"),
        (lambda k, x, y: {"x": x}, "inputs that are one tensor each, got a dict wi"),
        (lambda k, x, y: (x if k else None, y), "inputs that are tensors, .*None"),
    ],
)
def test_examples_that_are_none_are_told_in_one_line(change, message, workers):
    recipe = Recipe(epochs=1, batch_size=8, workers=workers)
    with pytest.raises(ValueError, match=message) as error:
        fit(network(), Pairs(change), recipe=recipe)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("place", [0, 32, 63])
def test_an_example_that_ends_an_iteration_does_not_end_the_set(place, workers):
    def ended(index, image, label):
        return (next(iter(())), label) if index == place else (image, label)

    with pytest.raises(ValueError, match=f"^cannot read example {place}: StopIter"):
        fit(network(), Pairs(ended), recipe=Recipe(epochs=1, workers=workers))
    with pytest.raises(ValueError, match=f"^cannot read example {place}: StopIter"):
        evaluate(network(), Pairs(ended), batch_size=16)


LISTS = {
    "inputs": lambda images, labels: (list(images), labels),
    "targets": lambda images, labels: (images, list(labels)),
    "numbers": lambda images, labels: (images, labels.tolist()),
    "both": lambda images, labels: (list(images), labels.tolist()),
    "arrays": lambda images, labels: ([x.numpy() for x in images], list(labels)),
    "views": lambda images, labels: (
        [np.flip(np.flip(x).copy()) for x in images.numpy()],
        labels,
    ),
    "mixed": lambda images, labels: (
        [x.numpy() if y else x for x, y in zip(images, labels, strict=True)],
        [np.asarray(y) for y in labels],
    ),
}


@pytest.mark.parametrize("lists", LISTS.values(), ids=LISTS)
def test_lists_of_one_shape_are_as_tensors(lists):
    whole, listed = network(), network()
    expected = fit(whole, examples(), examples(30), recipe=ONCE)
    assert fit(listed, lists(*examples()), lists(*examples(30)), ONCE) == expected
    assert same(listed, whole)


def test_columns_of_other_kinds_are_told_as_what_they_are():
    images, labels = examples()
    for column, message in (
        ([{"x": image} for image in images], "one tensor each, got a dict with 'x': "),
        ([(image, image[:, 1:]) for image in images], "a tuple of 2: join the parts"),
        (
            [[image, image] for image in images],
            "examples 0 to 7: .* a list of 2: join",
        ),
        ([Image.new("L", (6, 6))] * 64, "inputs that are tensors, .* got a Image$"),
        ([*images[:63], None], r"inputs that are tensors, .* and None$"),
        ([np.zeros((1, 6, 5 + k % 2)) for k in range(64)], "inputs of one shape"),
    ):
        with pytest.raises(ValueError, match=message) as error:
            fit(network(), (column, labels), recipe=ONCE)
        assert ("shape" in str(error.value)) == ("shape" in message)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": None}, "expected a model, an nn.Module, got None"),
        ({"model": network().forward}, "expected a model, .*got a method"),
        ({"model": nn.Linear}, "expected a model, .*got the class Linear"),
        ({"model": network().to("meta")}, r"got 0\.weight on the meta device"),
        ({"objective": None}, "expected an objective, .*got None"),
        ({"objective": "ce"}, "expected an objective, .*got 'ce'"),
        ({"objective": Segmentation}, "an objective, .*got the class Segmentation"),
        ({"recipe": None}, "expected a recipe, .*got None"),
        ({"recipe": {"epochs": 3}}, "expected a recipe, .*got a dict with 'epochs'"),
        ({"recipe": Recipe}, "expected a recipe, .*got the class Recipe"),
    ],
)
def test_arguments_of_another_kind(changes, message):
    arguments = {"model": network(), "train_set": examples(), "recipe": ONCE, **changes}
    with pytest.raises(ValueError, match=message):
        fit(**arguments)
    if "recipe" not in changes:
        model, objective = arguments["model"], changes.get("objective", Segmentation())
        with pytest.raises(ValueError, match=message):
            evaluate(model, examples(), objective=objective)


def test_a_file_is_named_by_another_process_in_one_line():
    def cut_off(index, image, label):
        if index == 9:
            raise OSError("image file is truncated")
        return image, label

    data = Pairs(cut_off)
    data.samples = [(f"photos/{k}.png", 0) for k in range(64)]
    with pytest.raises(OSError, match="cannot read example 9") as error:
        fit(network(), data, recipe=Recipe(epochs=1, workers=2))
    message = "cannot read example 9 (photos/9.png): image file is truncated"
    assert str(error.value) == message


def test_a_process_that_is_killed_while_it_loads_is_told_in_one_line():
    def die(index, image, label):
        if get_worker_info() and index == 9:
            os.kill(os.getpid(), signal.SIGKILL)
        return image, label

    with pytest.raises(OSError, match=r"was ended from outside, .*: take fewer work"):
        fit(network(), Pairs(die), recipe=Recipe(epochs=1, workers=1))


class Stream(IterableDataset):
    def __iter__(self):
        yield from zip(*examples(), strict=True)


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (lambda: DataLoader(TensorDataset(*examples())), "a DataLoader: give its data"),
        (Stream, "a Stream"),
        (lambda: iter([]), "a list_iterator"),
        (lambda: None, "None"),
        (lambda: "photos/train", "'photos/train'"),
        (lambda: {"images": 1}, "a dict with 'images'"),
        (lambda: examples()[0], r"float32 \(64, 1, 6, 6\)"),
        (lambda: np.zeros((4, 1, 6, 6)), "a ndarray"),
    ],
)
def test_sets_that_are_none(data, got, tmp_path):
    with pytest.raises(ValueError, match=rf"map-style dataset, or .*got {got}"):
        fit(network(), data(), checkpoint=tmp_path / "net.pt")
    with pytest.raises(ValueError, match=rf"map-style dataset, or .*got {got}"):
        evaluate(network(), data())


def test_columns_that_are_none():
    images, labels = examples()
    kept_elsewhere = (images.to("meta"), images.to_sparse())
    for pair in (
        (images, torch.tensor(3)),
        (images.numpy(), labels.numpy()),
        *((column, labels) for column in kept_elsewhere),
    ):
        with pytest.raises(ValueError, match=r"dense tensors or lists .*got \("):
            evaluate(network(), pair)


@pytest.mark.parametrize("size", [0, -3, 2.5, None])
def test_a_batch_size_that_is_none(size):
    with pytest.raises(ValueError, match=f"batch size of at least 1, got {size}"):
        evaluate(network(), examples(), batch_size=size)


def test_a_list_of_examples_is_a_set_and_goes_on(tmp_path):
    whole, resumed = network(), network(seed=7)
    pairs = list(zip(*examples(), strict=True))
    fit(whole, pairs, recipe=ONCE, checkpoint=tmp_path / "net.pt")
    fit(resumed, pairs, recipe=ONCE, checkpoint=tmp_path / "net.pt")
    assert same(whole, resumed)


def test_a_device_that_is_none():
    with pytest.raises(ValueError, match="expected device 'cpu' or 'cuda', got"):
        evaluate(network(), examples(), device=None)
