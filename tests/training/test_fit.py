import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset
from training_helpers import QUICK, Noisy, examples, network, same

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
    assert metrics == pytest.approx({"loss": expected, "accuracy": hits}, rel=1e-6)


def test_evaluate_puts_the_mode_of_each_module_back():
    model = network().train()
    model[1].eval()
    before = [module.training for module in model.modules()]
    evaluate(model, examples())
    assert [module.training for module in model.modules()] == before


def test_a_frozen_norm_stays_frozen():
    """Its mean and variance are those of a larger set; here they may not move."""
    model = network().train()
    model[1].eval()
    before = {key: value.clone() for key, value in model[1].state_dict().items()}
    fit(model, examples(), examples(30), QUICK)
    for key in ("running_mean", "running_var", "num_batches_tracked"):
        assert torch.equal(model[1].state_dict()[key], before[key])
    assert not torch.equal(model[1].weight, before["weight"])

    thawed = network().eval()  # as a whole: as a model that was loaded
    fit(thawed, examples(), recipe=QUICK)
    assert thawed[1].num_batches_tracked == 12


RULES = {  # the rate at a part of the training that is done, as a share of the highest
    "onecycle": lambda done: 4 * done if done < 0.25 else (1 - done) / 0.75,
    "cosine": lambda done: (1 + math.cos(math.pi * done)) / 2,
    "step": lambda done: 1 if done < 0.5 else 0.1 if done < 0.75 else 0.01,
    "constant": lambda done: 1,
}


@pytest.mark.parametrize("schedule", RULES)
def test_fit_equals_a_loop_of_fifteen_lines(schedule):
    recipe = Recipe(epochs=4, batch_size=16, lr=0.1, schedule=schedule)
    recipe = replace(recipe, label_smoothing=0.2, clip_norm=0.7, seed=3)
    ours, theirs = network(dropout=0.0), network(dropout=0.0)
    images, labels = examples(64)
    history = fit(ours, (images, labels), recipe=recipe)

    vectors = [p for p in theirs.parameters() if p.ndim == 1]
    matrices = [p for p in theirs.parameters() if p.ndim > 1]
    groups = [{"params": matrices, "weight_decay": 5e-4}, {"params": vectors}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    for epoch in range(4):
        generator = torch.Generator().manual_seed(3 * 1_000_003 + epoch)
        order = torch.randperm(64, generator=generator).split(16)
        for number, chosen in enumerate(order):
            done = (epoch + (number + 1) / (4 + 1)) / 4
            for group in optimizer.param_groups:
                group["lr"] = 0.1 * RULES[schedule](done)
            loss = F.cross_entropy(
                theirs(images[chosen]), labels[chosen], label_smoothing=0.2
            )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(theirs.parameters(), 0.7)
            optimizer.step()

    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    assert history.val == {}


def test_a_history_has_named_measures():
    history = fit(network(), examples(), examples(30), QUICK)
    assert list(history.train) == list(history.val) == ["loss", "accuracy"]
    assert history.train_loss is history.train["loss"]
    rows = list(history.rows())
    assert rows[2] == (3, history.train_loss[2], history.train_accuracy[2])
    with pytest.raises(AttributeError, match="no 'val_mean_iou'"):
        _ = history.val_mean_iou
    metrics = Metrics(loss=0.25, accuracy=0.5)
    assert str(metrics) == "loss 0.250, accuracy 0.500"
    with pytest.raises(AttributeError, match="no measure 'f1': there are loss, acc"):
        _ = metrics.f1


def test_a_validation_that_is_not_finite_says_so():
    images, labels = examples(30)
    images[7] = torch.nan
    with pytest.warns(UserWarning, match="not all measures are finite: loss nan"):
        evaluate(network(), (images, labels))


def test_a_dataset_trains_exactly_as_its_tensors_do():
    one, other = network(), network()
    fit(one, examples(), recipe=QUICK)
    fit(other, TensorDataset(*examples()), recipe=QUICK)
    assert same(one, other)


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
