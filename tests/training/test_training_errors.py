"""What is wrong with a recipe, the data or the numbers is said early and clearly."""

import pytest
import torch
from torch import nn

from edulib.training import Recipe, evaluate, fit


def network(classes: int = 3) -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(16, classes))


def examples(count: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.ones(count, 1, 4, 4), torch.arange(count) % 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("epochs", 0),
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
    ],
)
def test_a_wrong_number_in_the_recipe(field, value):
    with pytest.raises(ValueError, match=rf"expected {field} .*got {value!r}"):
        Recipe(**{field: value})


def test_a_loss_that_is_not_finite_names_place_rate_and_remedy():
    images, labels = examples()
    images[7] = torch.nan
    recipe = Recipe(epochs=2, batch_size=4, schedule="constant", lr=0.5)
    model = network()
    with pytest.raises(FloatingPointError) as error:
        fit(model, (images, labels), recipe=recipe)
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
    from edulib.training.loop import check_finite

    losses = [torch.tensor(x) for x in (1.0, 2.0, float("inf"), 1.0)]
    with pytest.raises(FloatingPointError, match="epoch 3, batch 19,"):
        check_finite(losses, epoch=2, number=19, lr=0.1)


def test_labels_beyond_the_classes():
    with pytest.raises(ValueError, match=r"labels 0 to 2: .*num_classes=3 or more"):
        fit(network(classes=2), examples())
    with pytest.raises(ValueError, match="num_classes=3 or more"):
        evaluate(network(classes=2), examples())


def test_logits_that_are_none():
    with pytest.raises(ValueError, match=r"expected logits \(B, classes\)"):
        fit(nn.Conv2d(1, 3, 1), examples())


def test_tensors_that_do_not_fit_together():
    images, labels = examples()
    with pytest.raises(ValueError, match=r"got \(12, 1, 4, 4\) and \(11,\)"):
        fit(network(), (images, labels[1:]))
    with pytest.raises(ValueError, match=r"got \(1, 4, 4\) and \(12,\)"):
        fit(network(), (images[0], labels))
    with pytest.raises(ValueError, match=r"torch\.int64, got torch\.float32: use"):
        fit(network(), (images, labels.float()))


def test_no_images():
    images, labels = examples()
    with pytest.raises(ValueError, match="at least 1 image"):
        fit(network(), (images[:0], labels[:0]))


def test_nothing_to_train():
    model = network().requires_grad_(False)
    with pytest.raises(ValueError, match="no parameter with requires_grad=True"):
        fit(model, examples())
