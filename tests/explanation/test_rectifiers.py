"""Every form of a rectifier gives the picture of `F.relu`, or is refused by name."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from edulib.explanation import Layer, deconvnet, gradient, guided_backprop

ZERO = torch.zeros(())


def in_place(x):
    x = x.clone()
    x *= x > 0
    return x


def by_index(x):
    x = x.clone()
    x[x < 0] = 0
    return x


def without_gradient(x):
    with torch.no_grad():
        gate = (x > 0).to(x.dtype)
    return gate * x


RELUS = {
    "x * (x > 0)": lambda x: x * (x > 0),
    "(x > 0) * x": lambda x: (x > 0) * x,
    "x * (x > 0).float()": lambda x: x * (x > 0).float(),
    "x.mul(gate)": lambda x: x.mul(torch.gt(x, 0)),
    "x *= (x > 0)": in_place,
    "gate under no_grad": without_gradient,
    "x * heaviside": lambda x: x * torch.heaviside(x.detach(), ZERO),
    "where": lambda x: torch.where(x > 0, x, 0),
    "where with zeros_like": lambda x: torch.where(x > 0, x, torch.zeros_like(x)),
    "masked_fill": lambda x: x.masked_fill(x < 0, 0),
    "clamp(min=0)": lambda x: x.clamp(min=0),
    "clamp(0)": lambda x: torch.clamp(x, 0),
    "clamp by a tensor": lambda x: x.clamp(min=torch.zeros(4, 1, 1)),
    "clip": lambda x: x.clip(0),
    "clamp_min": lambda x: x.clamp_min(0),
    "threshold": lambda x: F.threshold(x, 0, 0),
    "nn.Threshold": nn.Threshold(0, 0),
    "maximum": lambda x: torch.maximum(x, ZERO),
    "maximum, zero first": lambda x: torch.maximum(torch.zeros_like(x), x),
    "max": lambda x: torch.max(x, ZERO),
    "fmax": lambda x: torch.fmax(x, ZERO),
    "x[x < 0] = 0": by_index,
    "index_put": lambda x: x.clone().index_put_((x < 0,), ZERO),
    "hardtanh": lambda x: F.hardtanh(x, 0.0, 1e9),
}
RELU6S = {
    "clamp(0, 6)": lambda x: x.clamp(0, 6),
    "hardtanh(0, 6)": lambda x: F.hardtanh(x, 0.0, 6.0),
    "clamp by tensors": lambda x: x.clamp(ZERO, ZERO + 6),
}


class Rectified(nn.Module):
    """Two convolutions around a rectifier; some activations are exactly 0."""

    def __init__(self, rectify, scale=1.0):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)
        with torch.no_grad():
            self.first.bias[0] = self.first.weight[0] = 0
            self.first.weight.mul_(scale)
        self.rectify = rectify

    def forward(self, x):
        return self.second(self.rectify(self.first(x)))


@pytest.mark.parametrize("method", [guided_backprop, deconvnet])
@pytest.mark.parametrize("form", RELUS)
def test_every_form_of_a_relu(method, form, image):
    expected = method(Rectified(F.relu), image, "second", 1)
    assert expected.abs().max() > 1e-3
    found = method(Rectified(RELUS[form]), image, "second", 1)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("method", [guided_backprop, deconvnet])
@pytest.mark.parametrize("form", RELU6S)
def test_every_form_of_a_relu6(method, form, image):
    expected = method(Rectified(F.relu6, 40.0), image, "second", 1)
    plain = method(Rectified(F.relu, 40.0), image, "second", 1)
    assert not torch.equal(expected, plain)
    found = method(Rectified(RELU6S[form], 40.0), image, "second", 1)
    assert torch.equal(found, expected)


@pytest.mark.parametrize("form", RELUS)
def test_the_gradient_is_autograds_own(form, image):
    net = Rectified(RELUS[form])
    x = image.clone().requires_grad_()
    maps = net(x)[:, 1]
    maps.flatten(1).amax(1).sum().backward()
    torch.testing.assert_close(gradient(net, image, "second", 1), x.grad)


STRANGE = {
    "a gate by another map": (lambda x: x * (x.roll(1, 1) > 0), "mul by what is comp"),
    "a soft gate, detached": (lambda x: x * x.detach().sigmoid(), "mul by what is co"),
    "a soft gate": (lambda x: x * x.sigmoid(), "Mul"),
    "a division": (lambda x: x / x.detach().abs().mean(), "truediv|div by what"),
    "dynamic filters": (
        lambda x: F.conv2d(x, x.detach()[:1].mean((2, 3))[..., None, None]),
        "conv2d by what",
    ),
    "a leak": (lambda x: torch.where(x > 0, x, 0.1 * x), "Where"),
    "a shifted threshold": (lambda x: F.threshold(x, 0.1, 0), "threshold by|Thresh"),
    "another value below": (lambda x: F.threshold(x, 0, 5), "threshold by|Thresh"),
    "a clamp above only": (lambda x: x.clamp(max=1), "Clamp"),
    "a clamp from below 0": (lambda x: x.clamp(min=-1), "Clamp"),
    "a maximum with 1": (lambda x: torch.maximum(x, ZERO + 1), "Maximum"),
    "an absolute value": (lambda x: (x + x.abs()) / 2, "Abs"),
    "indexed": (lambda x: x.clone().index_put_((x < 0,), ZERO + 1), "index_put by"),
}


@pytest.mark.parametrize("form", STRANGE)
@pytest.mark.parametrize("method", [guided_backprop, deconvnet])
def test_what_is_no_rectifier_is_refused_by_name(method, form, image):
    rectify, name = STRANGE[form]
    net = Rectified(rectify)
    if form == "dynamic filters":
        net.second = nn.Conv2d(1, 4, 3)
    with pytest.raises(ValueError, match=f"no rule for .*({name})"):
        method(net, image, "second", 1)


def test_what_may_depend_on_the_image_without_being_a_gate(image):
    """A bias, a choice of channels: the gradient of these is exact."""

    def forward(x):
        x = x + x.detach().mean()
        order = x.detach().mean((0, 2, 3)).argsort()
        return F.relu(torch.cat([x[:, order], x.detach()], 1)[:, :4])

    for method in (guided_backprop, deconvnet):
        assert method(Rectified(forward), image, "second", 1).isfinite().all()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_what_cannot_be_seen_is_refused(image):
    net = Rectified(torch.jit.trace(lambda x: x * (x > 0), image[:, :, :4, :4]))
    net.second = nn.Sequential(
        torch.jit.trace(nn.Conv2d(4, 4, 3), torch.rand(1, 4, 9, 9))
    )
    with pytest.raises(ValueError, match=r"no rule for TorchScript \(second.0\)"):
        guided_backprop(net, image, Layer("second", layout="BCHW"), 1)
