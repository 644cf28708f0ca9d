"""Focal and dice loss: against the papers' formulas and torchvision."""

import math

import pytest
import torch
from torch.nn import functional as F
from torchvision import ops as theirs

from edulib.models.losses.dice import dice_loss
from edulib.models.losses.focal import focal_loss


def logits_and_targets(*shape):
    torch.manual_seed(0)
    logits = 4 * torch.randn(*shape, dtype=torch.float64)
    return logits, (torch.rand(*shape) < 0.3).double()


def value_and_gradient(loss, logits, *rest):
    leaf = logits.clone().requires_grad_()
    value = loss(leaf, *rest)
    return value, torch.autograd.grad(value.sum(), leaf)[0]


@pytest.mark.parametrize("alpha", [0.25, 0.9, None])
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_loss_is_its_formula_and_torchvisions(alpha, gamma):
    logits, targets = logits_and_targets(40, 5)
    ours = value_and_gradient(focal_loss, logits, targets, alpha, gamma)
    weight = -1 if alpha is None else alpha
    expected = value_and_gradient(
        theirs.sigmoid_focal_loss, logits, targets, weight, gamma
    )
    torch.testing.assert_close(ours, expected)
    columns = [column.flatten() for column in (logits, targets, ours[0])]
    for x, y, found in zip(*columns, strict=True):
        p = 1 / (1 + math.exp(-x.item()))
        p_t, alpha_t = (p, alpha) if y == 1 else (1 - p, alpha and 1 - alpha)
        alpha_t = 1 if alpha is None else alpha_t
        by_hand = -alpha_t * (1 - p_t) ** gamma * math.log(p_t)
        assert found.item() == pytest.approx(by_hand)


def test_focal_loss_without_focus_is_cross_entropy():
    logits, targets = logits_and_targets(30)
    expected = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    torch.testing.assert_close(focal_loss(logits, targets, None, 0.0), expected)


def test_focal_loss_silences_what_is_easy():
    logits, targets = torch.tensor([2.2, -2.2]), torch.ones(2)  # p_t of 0.9 and 0.1
    kept = focal_loss(logits, targets, None) / focal_loss(logits, targets, None, 0.0)
    assert kept.tolist() == pytest.approx([0.01, 0.81], rel=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_focal_loss_is_finite_for_any_logit(dtype):
    logits = torch.tensor([-1e4, -100, 0, 100, 1e4], dtype=dtype)
    for targets in (torch.zeros_like(logits), torch.ones_like(logits)):
        values, gradients = value_and_gradient(focal_loss, logits, targets)
        assert values.isfinite().all()
        assert gradients.isfinite().all()


def test_dice_loss_is_its_formula():
    logits, targets = logits_and_targets(6, 3, 4)
    values, gradients = value_and_gradient(dice_loss, logits, targets)
    assert values.shape == (6,)
    for x, g, found in zip(logits, targets, values, strict=True):
        p, g = torch.sigmoid(x).flatten().tolist(), g.flatten().tolist()
        both = sum(a * b for a, b in zip(p, g, strict=True))
        either = sum(a * a for a in p) + sum(b * b for b in g)
        assert found.item() == pytest.approx(1 - 2 * both / either)
    assert torch.autograd.gradcheck(
        lambda x: dice_loss(x, targets), logits.requires_grad_()
    )
    assert gradients.abs().sum() > 0


def test_dice_loss_of_masks_counts_pixels():
    target = torch.zeros(1, 100, 100)
    target[0, :2, :2] = 1
    shifted = target.roll(1, dims=2)
    assert dice_loss(200 * target - 100, target).item() == pytest.approx(0)
    assert dice_loss(200 * shifted - 100, target).item() == pytest.approx(0.5)
    assert dice_loss(torch.full_like(target, -100), target).item() == 1


def test_dice_loss_of_nothing_is_one():
    logits = torch.tensor([[-1e4, -1e4], [0, 0]])
    values, gradients = value_and_gradient(dice_loss, logits, torch.zeros(2, 2))
    assert values.tolist() == [1, 1]
    assert gradients.eq(0).all()
    assert dice_loss(torch.zeros(0, 5, 5), torch.zeros(0, 5, 5)).shape == (0,)


@pytest.mark.parametrize("loss", [focal_loss, dice_loss])
def test_a_target_does_not_broadcast(loss):
    with pytest.raises(ValueError, match=r"got a target float32 \(3, 1\) for float32"):
        loss(torch.ones(3, 4), torch.ones(3, 1))
    with pytest.raises(ValueError, match=r"got a target bool \(3, 4\)"):
        loss(torch.ones(3, 4), torch.ones(3, 4).bool())


@pytest.mark.parametrize(("alpha", "gamma"), [(1.5, 2), (-1, 2), (0.25, -1)])
def test_alpha_and_gamma_are_in_their_range(alpha, gamma):
    with pytest.raises(ValueError, match=f"gamma >= 0, got {alpha} and {gamma}"):
        focal_loss(torch.ones(1), torch.ones(1), alpha, gamma)
