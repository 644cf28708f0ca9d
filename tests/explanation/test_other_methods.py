"""Grad-CAM, occlusion and activation maximisation against slow loops."""

import pytest
import torch
from torch import nn

from edulib.explanation import grad_cam, maximize_activation, occlusion_map


@pytest.fixture
def classifier():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(4),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Dropout(),
        nn.Linear(8, 4),
    )


def test_grad_cam_equals_a_slow_loop(classifier, image):
    net = classifier.eval()
    maps = net[:5](image).detach().requires_grad_()
    net[5:](maps)[:, 2].sum().backward()
    heat = torch.zeros(2, 8, 8)
    for b in range(2):
        for unit in range(8):
            heat[b] += maps.grad[b, unit].mean() * maps.detach()[b, unit]
    heat = heat.clamp(min=0)[:, None]
    expected = nn.functional.interpolate(heat, (32, 32), mode="bilinear")
    assert expected.max() > 0
    for layer in ("3", "4"):
        found = grad_cam(net, image, layer, 2)
        assert found.shape == (2, 1, 32, 32)
        if layer == "4":
            torch.testing.assert_close(found, expected)
    at_image_size = grad_cam(net, image, "1", 2)
    assert at_image_size.min() >= 0


def test_grad_cam_finds_the_object():
    """Class 0 counts bright pixels: its heat lies on the bright square."""
    net = nn.Sequential(
        nn.Conv2d(1, 2, 1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2, 2, bias=False),
    )
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([1.0, -1.0])[:, None, None, None])
        net[0].bias.copy_(torch.tensor([-0.5, 0.5]))
        net[4].weight.copy_(torch.tensor([[1.0, -1.0], [-1.0, 1.0]]))
    x = torch.zeros(1, 1, 16, 16)
    x[..., 3:7, 9:13] = 1
    heat = grad_cam(net, x, "1", 0)
    assert heat[..., 3:7, 9:13].sum() == heat.sum() > 0
    other = grad_cam(net, x, "1", 1)
    assert other[..., 3:7, 9:13].sum() == 0 < other.sum()


def test_occlusion_equals_a_slow_loop(classifier, image):
    net = classifier.eval()
    found = occlusion_map(classifier.train(), image[0], 1, 8, 5, batch_size=7)
    assert classifier.training
    net.eval()
    starts = [0, 5, 10, 15, 20, 24]
    assert found.shape == (6, 6)
    for row, top in enumerate(starts):
        for column, left in enumerate(starts):
            x = image[:1].clone()
            x[:, :, top : top + 8, left : left + 8] = 0.5
            probability = net(x).softmax(1)[0, 1]
            torch.testing.assert_close(found[row, column], probability.detach())


def test_occlusion_of_a_unit(classifier, image):
    x = image[:1].clone()
    found = occlusion_map(classifier, x, 3, 32, 1, layer="4", fill=0.25)
    expected = classifier[:5](torch.full_like(x, 0.25))[0, 3].sum()
    assert torch.equal(x, image[:1])
    torch.testing.assert_close(found, expected.detach().reshape(1, 1))


def test_maximised_activation_is_high_and_repeatable(classifier):
    options = {"image_shape": (3, 24, 24), "steps": 40}
    best = maximize_activation(classifier, "3", 2, **options)
    assert best.shape == (1, 3, 24, 24)
    assert 0 <= best.min() < best.max() <= 1
    assert torch.equal(best, maximize_activation(classifier, "3", 2, **options))
    assert not torch.equal(
        best, maximize_activation(classifier, "3", 2, seed=1, **options)
    )
    inner = classifier[:4]
    noise = torch.rand(200, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    assert inner(best)[0, 2].mean() > inner(noise)[:, 2].mean((1, 2)).max()
    assert classifier.training
    assert all(p.grad is None for p in classifier.parameters())


def test_a_dead_unit_is_not_maximised(classifier):
    with torch.no_grad():
        classifier[3].weight[0] = 0
    with pytest.raises(ValueError, match=r"layer '3' is 0 everywhere in the image: "):
        maximize_activation(classifier, "3", 0, (3, 24, 24), steps=8)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda n, x: grad_cam(n, x, "8", 0), ValueError, r"to give maps .*\(2, 4\)"),
        (lambda n, x: grad_cam(n, x, "3", 4), ValueError, "output from 0 to 3, got 4"),
        (lambda n, x: grad_cam(n, x, "x", 0), ValueError, "no layer 'x'"),
        (lambda n, x: grad_cam(n, x.byte(), "3", 0), TypeError, "divide by 255"),
        (lambda n, x: occlusion_map(n, x, 0, 4, 4), ValueError, "one image, got 2"),
        (lambda n, x: occlusion_map(n, x[0], 9, 4, 4), ValueError, "to 3, got 9"),
        (
            lambda n, x: occlusion_map(n, x[0], 0, 33, 4),
            ValueError,
            "pixels of 1 to 32, got",
        ),
        (
            lambda n, x: occlusion_map(n, x[0], 0, 4, 0),
            ValueError,
            "pixels of at least 1, got 0",
        ),
        (
            lambda n, x: occlusion_map(n, x[0], 8, 4, 4, layer="4"),
            ValueError,
            "layer '4' from 0 to 7, got 8",
        ),
        (
            lambda n, x: maximize_activation(n, "3", 8, (3, 16, 16)),
            ValueError,
            "layer '3' from 0 to 7, got 8",
        ),
    ],
)
def test_bad_input(classifier, image, call, error, message):
    with pytest.raises(error, match=message):
        call(classifier, image)
    assert classifier.training
