"""Each objective learns, and measures what its definition says."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset
from training_helpers import examples, network, same
from training_tasks import (
    TASKS,
    adversaries,
    maps,
    perceptron,
    pixelwise,
    ring,
)

from edulib.training import (
    GAN,
    AdversarialNetworks,
    Recipe,
    Segmentation,
    evaluate,
    fit,
)
from edulib.training.objectives.gan import energy_distance


class Answers(nn.Module):
    """Says what it was told: logits that have their greatest value at an answer."""

    def __init__(self, answers: torch.Tensor, classes: int) -> None:
        super().__init__()
        self.logits = nn.functional.one_hot(answers, classes).movedim(-1, 1).float()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.logits[images[:, 0, 0, 0].long()]


def numbered(count: int, side: int) -> torch.Tensor:
    """Images whose first pixel is their number."""
    return torch.arange(count).float()[:, None, None, None].expand(-1, 1, side, side)


def test_mean_iou_is_of_the_whole_set_and_ignores_what_is_unlabelled():
    targets = torch.tensor([[[0, 0], [0, 1]], [[1, 1], [255, 1]]])
    answers = torch.tensor([[[0, 0], [1, 1]], [[1, 0], [1, 1]]])
    model = Answers(answers, classes=4)  # classes 2 and 3 do not occur
    for batch_size in (1, 2):
        found = evaluate(
            model,
            (numbered(2, 2), targets),
            batch_size=batch_size,
            objective=Segmentation(),
        )
        assert found.mean_iou == pytest.approx((2 / 4 + 3 / 5) / 2)
        assert found.pixel_accuracy == pytest.approx(5 / 7)
        right, wrong = (math.log(3 + math.e) - x for x in (1, 0))
        assert found.loss == pytest.approx((5 * right + 2 * wrong) / 7)


def test_segmentation_learns():
    task = TASKS["segmentation"]
    recipe = replace(task.recipe, epochs=8, batch_size=8, lr=0.2)
    history = fit(
        pixelwise(), task.train_set, task.val_set, recipe, objective=Segmentation()
    )
    assert history.train_loss[-1] < history.train_loss[0] / 2
    assert history.val["mean_iou"][-1] > 0.9
    assert history.val_mean_iou[-1] < history.val_pixel_accuracy[-1] < 1.001


def test_the_loss_of_a_step_is_smoothed():
    images, targets = maps(8)
    model = pixelwise().train()
    logits = model(images)
    expected = nn.functional.cross_entropy(
        logits, targets, ignore_index=255, label_smoothing=0.2
    )
    recipe = Recipe(epochs=1, batch_size=8, label_smoothing=0.2)
    history = fit(model, (images, targets), recipe=recipe, objective=Segmentation())
    assert history.train_loss == [pytest.approx(expected.item(), rel=1e-5)]


def test_a_batch_without_labelled_pixels_changes_nothing_by_its_loss():
    images, targets = maps(4)
    targets[:] = 255
    model, before = pixelwise(), pixelwise()
    recipe = Recipe(epochs=1, weight_decay=0.0)
    history = fit(model, (images, targets), recipe=recipe, objective=Segmentation())
    assert history.train_loss == [0]
    pairs = zip(model.parameters(), before.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[:, None], r"\(B, H, W\) for .*got int64 \(4, 1, 5, 5\)"),
        (lambda t: t.to(torch.uint8), r"torch\.int64, got torch\.uint8: use"),
        (lambda t: t + 1, "labels 1 to 256: .*num_classes=257"),
    ],
)
def test_targets_that_are_no_maps_of_classes(change, message):
    images, targets = maps(4)
    with pytest.raises(ValueError, match=message):
        fit(pixelwise(), (images, change(targets)), objective=Segmentation())


def test_a_gan_finds_all_eight_places_of_the_ring():
    model = adversaries(width=64, decay=0.99)
    recipe = Recipe(
        epochs=150,
        batch_size=128,
        lr=3e-3,
        optimizer="adamw",
        momentum=0.0,
        schedule="cosine",
        weight_decay=0.0,
    )
    history = fit(model, ring(1024), ring(256, seed=1), recipe, objective=GAN())
    samples = model(model.draw_latents(800, seed=5)).detach()
    distances = torch.cdist(samples, ring(8)[0])
    nearest = distances.argmin(1)[distances.amin(1) < 0.4].bincount(minlength=8)
    assert nearest.min() > 10, nearest
    assert nearest.sum() > 520, nearest
    distance = history.val["energy_distance"]
    assert distance[-1] < distance[0] / 10


def test_the_average_lags_behind_the_generator():
    model = adversaries(decay=0.9)
    start = model.generator[0].weight.detach().clone()
    recipe = Recipe(epochs=2, batch_size=32, lr=0.01)
    passed = []

    class Watched(GAN):
        def step(self, model, batch, update):
            result = super().step(model, batch, update)
            passed.append(model.generator[0].weight.detach().clone())
            return result

    fit(model, ring(64), recipe=recipe, objective=Watched())
    expected = passed[0]
    for weight in passed[1:]:
        expected = 0.9 * expected + 0.1 * weight
    averaged = model.averaged.module[0].weight
    assert len(passed) == 4
    assert not torch.equal(passed[0], start)
    torch.testing.assert_close(averaged, expected)


def test_energy_distance_equals_the_slow_sums():
    torch.manual_seed(0)
    one, other = torch.randn(5, 3), torch.randn(7, 3) + 1
    between = sum((a - b).norm() for a in one for b in other) / 35
    inside = sum((a - b).norm() for a in one for b in one) / 20
    inside += sum((a - b).norm() for a in other for b in other) / 42
    expected = float(2 * between - inside)
    assert energy_distance(one, other) == pytest.approx(expected, rel=1e-5)


def test_a_gan_wants_its_two_networks():
    with pytest.raises(ValueError, match="AdversarialNetworks, got Sequential"):
        fit(network(), ring(), objective=GAN())
    with pytest.raises(ValueError, match=r"decay from 0 to below 1, got 1\.0"):
        adversaries(decay=1.0)


def test_examples_without_targets_train_from_memory_or_from_a_dataset():
    one, other = adversaries(), adversaries()
    recipe = TASKS["gan"].recipe
    fit(one, ring(64), recipe=recipe, objective=GAN())
    fit(other, TensorDataset(*ring(64)), recipe=recipe, objective=GAN())
    assert same(one, other)


def test_probabilities_are_labels_too():
    images, labels = examples(30)
    hot = nn.functional.one_hot(labels, 3).float()
    one, other = network(), network()
    recipe = Recipe(epochs=2, batch_size=10)
    history = fit(one, (images, labels), (images, labels), recipe)
    soft = fit(other, TensorDataset(images, hot), (images, hot), recipe)
    assert soft.train_accuracy == history.train_accuracy
    assert soft.val_accuracy == history.val_accuracy
    assert soft.val_loss == pytest.approx(history.val_loss, rel=1e-5)


@pytest.mark.parametrize("latent_dim", [0, 2.5, None, True])
def test_latents_that_are_none(latent_dim):
    parts = perceptron(8, 2, 4), perceptron(2, 1, 4)
    with pytest.raises(ValueError, match=f"latent_dim of at least 1, got {latent_dim}"):
        AdversarialNetworks(*parts, latent_dim)


@pytest.mark.parametrize(
    ("generator", "discriminator", "message"),
    [
        (
            perceptron(8, 3, 4),
            perceptron(2, 1, 4),
            r"like .*\(1, 3\) and .*, 2",
        ),
        (perceptron(8, 2, 4), perceptron(2, 5, 4), r"one logit .*got float32 \(1, 5\)"),
        (
            perceptron(8, 2, 4),
            perceptron(3, 1, 4),
            r"model takes, .*\(1, 2\): ",
        ),
        (
            perceptron(8, 2, 4),
            nn.ModuleDict({"a": nn.Linear(2, 1)}),
            "takes, got float32",
        ),
        (
            perceptron(7, 2, 4),
            perceptron(2, 1, 4),
            r"model takes, got float32 \(1, 8\): RuntimeError: ",
        ),
    ],
)
def test_adversaries_that_do_not_fit(generator, discriminator, message):
    model = AdversarialNetworks(generator, discriminator, 8)
    for use in (fit, evaluate):
        with pytest.raises(ValueError, match=message):
            use(model, ring(16), objective=GAN())
