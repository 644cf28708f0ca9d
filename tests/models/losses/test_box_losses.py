"""Losses of boxes: against the papers' formulas, torch and torchvision."""

import pytest
import torch
from torch.nn import functional as F
from torchvision import ops as theirs

from edulib.models.losses.boxes import ciou_loss, diou_loss, giou_loss, smooth_l1

LOSSES = {
    giou_loss: theirs.generalized_box_iou_loss,
    diou_loss: theirs.distance_box_iou_loss,
    ciou_loss: theirs.complete_box_iou_loss,
}


def boxes(count, seed):
    torch.manual_seed(seed)
    first, sides = torch.rand(2, count, 2, dtype=torch.float64)
    return torch.cat([first, first + 0.1 + sides], dim=1)


def value_and_gradient(loss, prediction, target):
    leaf = prediction.clone().requires_grad_()
    value = loss(leaf, target)
    return value, torch.autograd.grad(value.sum(), leaf)[0]


@pytest.mark.parametrize("beta", [1 / 9, 1.0, 3.0])
def test_smooth_l1_is_its_formula_and_torchs(beta):
    prediction, target = 4 * torch.randn(2, 300, 4, dtype=torch.float64)
    prediction[:3] = target[:3]
    prediction[3], target[3] = beta, 0  # where both parts meet
    values, gradients = value_and_gradient(
        lambda *pair: smooth_l1(*pair, beta), prediction, target
    )
    expected = value_and_gradient(
        lambda *pair: F.smooth_l1_loss(*pair, beta=beta, reduction="none"),
        prediction,
        target,
    )
    torch.testing.assert_close((values, gradients), expected)
    differences = (prediction - target).flatten()
    for x, found in zip(differences, values.flatten(), strict=True):
        d = abs(x.item())
        by_hand = d * d / (2 * beta) if d < beta else d - beta / 2
        assert found.item() == pytest.approx(by_hand)


def test_smooth_l1_does_not_let_one_outlier_rule():
    prediction = torch.tensor([1000.0, 0.5, 0.0])
    _, gradient = value_and_gradient(smooth_l1, prediction, torch.zeros(3))
    assert gradient.tolist() == [1, 0.5, 0]


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_and_gradients_are_torchvisions(loss):
    pair = boxes(500, 0), boxes(500, 1)
    ours = value_and_gradient(loss, *pair)
    theirs_ = value_and_gradient(LOSSES[loss], *pair)
    torch.testing.assert_close(ours, theirs_, rtol=1e-5, atol=1e-5)  # theirs adds 1e-7
    assert ours[0].shape == (500,)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_fall_to_zero_when_followed(loss):
    target = torch.tensor([[3.0, 3, 6, 5]])
    box = torch.tensor([[0.0, 0, 1, 2]], requires_grad=True)  # apart
    optimizer = torch.optim.Adam([box], lr=0.05)
    for _ in range(500):
        optimizer.zero_grad()
        loss(box, target).sum().backward()
        optimizer.step()
    assert loss(box, target).item() < 0.1


@pytest.mark.parametrize("loss", LOSSES)
def test_the_same_box_costs_nothing_and_none_costs_none(loss):
    same = boxes(9, 0)
    torch.testing.assert_close(loss(same, same), torch.zeros(9, dtype=torch.float64))
    assert loss(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0,)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_box_that_collapsed_has_a_finite_gradient(loss):
    flat = torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, 4], [0, 0, 2, 2]])
    targets = torch.tensor([[1.0, 1, 1, 1], [0, 0, 3, 3], [2, 2, 2, 2]])
    values, gradients = value_and_gradient(loss, flat, targets)
    assert values.isfinite().all()
    assert gradients.isfinite().all()
    assert values[0] == 1


@pytest.mark.parametrize("loss", [smooth_l1, *LOSSES])
def test_a_target_does_not_broadcast(loss):
    message = (
        r"target of the prediction's shape, got a target float32 \(4,\) for float32"
    )
    with pytest.raises(ValueError, match=message):
        loss(torch.ones(3, 4), torch.ones(4))
    with pytest.raises(ValueError, match=r"got a target int64 \(3, 4\)"):
        loss(torch.ones(3, 4), torch.ones(3, 4).long())


@pytest.mark.parametrize("loss", LOSSES)
def test_nan_is_refused(loss):
    bad = torch.tensor([[0.0, 0, float("nan"), 1]])
    with pytest.raises(ValueError, match="expected boxes of finite numbers"):
        loss(bad, torch.ones(1, 4))


@pytest.mark.parametrize("beta", [0, -1, float("nan")])
def test_beta_is_above_zero(beta):
    with pytest.raises(ValueError, match=f"beta above 0, got {beta}"):
        smooth_l1(torch.ones(1), torch.ones(1), beta)
