import math

import pytest
import torch
from torch.utils.data import TensorDataset
from training_helpers import QUICK, examples, network, same

from edulib.training import Metrics, Recipe, evaluate, fit


def test_it_learns_and_says_so():
    model = network()
    history = fit(model, examples(), examples(), Recipe(epochs=8, lr=0.05))
    assert len(history) == len(history.val_loss) == len(history.val_accuracy) == 8
    assert history.train_loss[-1] < history.train_loss[0] / 2
    assert history.val_accuracy[-1] > 0.9
    assert not model.training


def test_the_last_values_are_those_that_evaluate_gives():
    model = network()
    history = fit(model, examples(), examples(), QUICK)
    metrics = evaluate(model, examples(), batch_size=7)
    assert metrics.accuracy == history.val_accuracy[-1]
    assert math.isclose(metrics.loss, history.val_loss[-1], rel_tol=1e-6)


def test_evaluate_equals_the_definition():
    model = network().eval()
    images, labels = examples(30)
    with torch.no_grad():
        logits = model(images)
    expected = -logits.log_softmax(1)[torch.arange(30), labels].mean().item()
    hits = (logits.argmax(1) == labels).float().mean().item()
    metrics = evaluate(model, (images, labels), batch_size=8)
    assert metrics == Metrics(
        pytest.approx(expected, rel=1e-6), pytest.approx(hits, rel=1e-6)
    )


def test_evaluate_puts_the_mode_back():
    model = network().train()
    evaluate(model, examples())
    assert model.training


def test_a_dataset_trains_exactly_as_its_tensors_do():
    one, other = network(), network()
    fit(one, examples(), recipe=QUICK)
    fit(other, TensorDataset(*examples()), recipe=QUICK)
    assert same(one, other)


class Noisy(TensorDataset):
    """Augments: every time an image is read, other noise is added."""

    def __getitem__(self, index):
        image, label = super().__getitem__(index)
        return image + 0.1 * torch.randn_like(image), label


def test_workers_augment_the_same_way_in_every_run():
    recipe = Recipe(epochs=2, batch_size=16, workers=2)
    one, again = network(), network()
    fit(one, Noisy(*examples()), recipe=recipe)
    torch.rand(3)
    fit(again, Noisy(*examples()), recipe=recipe)
    assert same(one, again)


def test_same_seed_same_weights_other_seed_other_weights():
    one, again, other = network(), network(), network()
    fit(one, examples(), recipe=QUICK)
    torch.rand(5)  # the caller's random state plays no part
    fit(again, examples(), recipe=QUICK)
    fit(other, examples(), recipe=Recipe(epochs=3, batch_size=16, seed=1))
    assert same(one, again)
    assert not same(one, other)


def test_the_global_random_state_is_left_alone():
    torch.manual_seed(3)
    expected = torch.rand(4)
    model = network()
    torch.manual_seed(3)
    fit(model, examples(), recipe=QUICK)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_every_option_of_the_recipe_works_together(optimizer):
    recipe = Recipe(
        epochs=4,
        lr=0.01,
        optimizer=optimizer,
        schedule="cosine",
        warmup=0.1,
        clip_norm=1.0,
        label_smoothing=0.1,
        batch_size=16,
    )
    history = fit(network(), examples(), recipe=recipe)
    assert history.train_loss[-1] < history.train_loss[0]
    assert history.val_loss == []


def test_clipping_bounds_the_step():
    model = network()
    before = [p.clone() for p in model.parameters()]
    recipe = Recipe(
        epochs=1,
        batch_size=64,
        lr=1.0,
        momentum=0.0,
        weight_decay=0.0,
        schedule="constant",
        clip_norm=0.01,
    )
    fit(model, examples(), recipe=recipe)
    moved = sum(
        (p - q).square().sum() for p, q in zip(model.parameters(), before, strict=True)
    )
    assert moved.sqrt().item() == pytest.approx(0.01, rel=1e-3)


def test_the_bar_shows_loss_and_accuracy(monkeypatch, capsys):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    fit(network(), examples(), recipe=QUICK)
    shown = capsys.readouterr().err
    assert "epoch 3/3" in shown
    assert "accuracy" in shown
    assert "loss" in shown


def test_the_bar_can_be_left_out(monkeypatch, capsys):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    fit(network(), examples(), recipe=QUICK, progress=False)
    assert capsys.readouterr().err == ""
