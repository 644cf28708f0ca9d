"""What is wrong with a recipe, the data or the numbers is said early and clearly."""

import json
import re
from dataclasses import asdict, fields

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import TensorDataset

from edulib.data.splits import Examples
from edulib.training import Recipe, evaluate, fit, learning_rate
from edulib.training.batches import Batch
from edulib.training.update import Update


def network(classes: int = 3) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, classes))


def examples(count: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.ones(count, 1, 4, 4), torch.arange(count) % 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
        ("epochs", 2.5),
        ("seed", 0.5),
        ("lr", float("inf")),
        ("batch_size", 0),
        ("lr", 0),
        ("lr", float("nan")),
        ("optimizer", "sdg"),
        ("momentum", 1.0),
        ("weight_decay", -1),
        ("schedule", "one-cycle"),
        ("warmup", 1.0),
        ("clip_norm", 0),
        ("label_smoothing", 1.0),
        ("workers", -1),
        ("epochs", "3"),
        ("batch_size", None),
        ("batch_size", True),
        ("lr", "0.1"),
        ("lr", None),
        ("momentum", 1j),
        ("warmup", "none"),
        ("clip_norm", float("inf")),
        ("clip_norm", []),
        ("decay_all", "no"),
        ("mixed_precision", None),
        ("optimizer", ["sgd"]),
        ("seed", -1),
        ("seed", 2**64),
    ],
)
def test_a_wrong_number_in_the_recipe(field, value):
    message = rf"expected {field} .*got {re.escape(repr(value))}$"
    with pytest.raises(ValueError, match=message):
        Recipe(**{field: value})


# No subnormal numbers: an experiment in the same process may have switched them off.
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_subnormal=False),
    st.text(max_size=3),
)


@settings(deadline=None)
@given(st.sampled_from([field.name for field in fields(Recipe)]), ANYTHING)
def test_a_recipe_is_refused_or_can_be_stored(name, value):
    recipe, message = None, ""
    try:
        recipe = Recipe(**{name: value})
    except ValueError as error:
        message = str(error)
    if recipe is None:
        assert message.startswith(f"expected {name} ")
        return
    stored = json.loads(json.dumps(asdict(recipe), allow_nan=False))
    assert Recipe(**stored) == recipe
    assert all(0 <= learning_rate(recipe, k / 10) <= recipe.lr for k in range(11))


def test_a_loss_that_is_not_finite_names_place_rate_and_remedy():
    class Logarithm(nn.Module):
        def forward(self, x):
            return x.log() if self.training else x

    recipe = Recipe(epochs=2, batch_size=4, schedule="constant", lr=0.5)
    model = nn.Sequential(network(), Logarithm())
    with torch.no_grad():
        model[0][1].weight.fill_(-1)
    with pytest.raises(FloatingPointError) as error:
        fit(model, examples(), recipe=recipe)
    message = str(error.value)
    assert "epoch 1, batch " in message
    assert "learning rate 0.5" in message
    assert "Lower lr, or set clip_norm" in message
    assert all(p.isfinite().all() for p in model.parameters())


def test_a_training_that_explodes_is_stopped():
    images, labels = examples()
    recipe = Recipe(epochs=50, lr=1e20, schedule="constant", weight_decay=0.5)
    with pytest.raises(FloatingPointError, match="learning rate 1e\\+20"):
        fit(network(), (images, labels), recipe=recipe)


def test_the_batch_is_named_where_the_loss_is_looked_at_later():
    model = nn.Linear(1, 1)
    optimizers = {"model": torch.optim.SGD(model.parameters())}
    update = Update(model, optimizers, Recipe(), torch.device("cpu"))
    for number, loss in enumerate((1.0, 2.0, torch.inf, 1.0), 15):
        update.begin(2, Batch(None, None, number, 1.0), batches=99)
        update.looks = False
        update(loss + 0 * sum(p.sum() for p in model.parameters()))
    with pytest.raises(FloatingPointError, match="epoch 3, batch 18,"):
        update.check_finite()


def test_labels_beyond_the_classes():
    with pytest.raises(ValueError, match=r"labels 0 to 2: .*num_classes=3 or more"):
        fit(network(classes=2), examples())
    with pytest.raises(ValueError, match="num_classes=3 or more"):
        evaluate(network(classes=2), examples())


def test_logits_that_are_none():
    with pytest.raises(ValueError, match=r"return logits \(B, classes\)"):
        fit(nn.Conv2d(1, 3, 1), examples())


@pytest.mark.parametrize(("place", "label"), [(11, 3), (11, -1)])
def test_a_label_is_checked_in_every_batch(place, label):
    images, labels = examples()
    labels[place] = label
    for recipe in (Recipe(batch_size=2, seed=seed) for seed in range(3)):
        with pytest.raises(ValueError, match=f"and labels .*{label}.*: (build|number)"):
            fit(network(), (images, labels), recipe=recipe)


@pytest.mark.parametrize("wrap", [lambda *pair: pair, TensorDataset])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: y.float(), r"torch\.int64, got torch\.float32: use"),
        (lambda y: y.int(), r"torch\.int64, got torch\.int32: use"),
        (lambda y: y[:, None], r"expected labels \(B,\), .*got int64 \(12, 1\)"),
    ],
)
def test_labels_that_are_none(wrap, change, message):
    images, labels = examples()
    data: Examples = wrap(images, change(labels))
    with pytest.raises(ValueError, match=message):
        fit(network(), data)
    with pytest.raises(ValueError, match=message):
        evaluate(network(), data)


def test_one_class_is_none():
    with pytest.raises(ValueError, match=r"at least 2 classes, got \(1, 1\)"):
        fit(network(classes=1), examples())


@pytest.mark.parametrize("device", ["tpu", "meta", "cuda:99"])
def test_a_device_that_is_not_here(device):
    with pytest.raises(ValueError, match=f"got '{device}'"):
        fit(network(), examples(), device=device)
    with pytest.raises(ValueError, match=f"got '{device}'"):
        evaluate(network(), examples(), device=device)


def test_tensors_that_do_not_fit_together():
    images, labels = examples()
    with pytest.raises(
        ValueError, match=r"got float32 \(12, 1, 4, 4\) and int64 \(11,\)"
    ):
        fit(network(), (images, labels[1:]))
    with pytest.raises(ValueError, match=r"got float32 \(1, 4, 4\) and int64 \(12,\)"):
        fit(network(), (images[0], labels))
    with pytest.raises(ValueError, match=r"got float32 \(12, .* and a list of 11"):
        fit(network(), (images, [{}] * 11))
    with pytest.raises(ValueError, match=r"\(inputs,\), got \(float32 \(.*, 3\)"):
        fit(network(), (images, 3))


def test_an_image_that_cannot_be_read_is_named():
    class Folder(TensorDataset):
        samples = tuple((f"photos/{k}.png", k % 3) for k in range(12))

        def __getitem__(self, index):
            if index == 7:
                raise OSError("image file is truncated")
            return super().__getitem__(index)

    message = r"cannot read example 7 \(photos/7\.png\): image file is truncated"
    with pytest.raises(OSError, match=message):
        fit(network(), Folder(*examples()))
    Folder.samples = None
    with pytest.raises(OSError, match="cannot read example 7: image"):
        evaluate(network(), Folder(*examples()))


def test_no_images():
    images, labels = examples()
    with pytest.raises(ValueError, match="at least 1 example"):
        fit(network(), (images[:0], labels[:0]))


def test_nothing_to_train():
    model = network().requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter with requires_grad=True"):
        fit(model, examples())
