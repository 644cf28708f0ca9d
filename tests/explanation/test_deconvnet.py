"""DeconvNet against a step-by-step one, and against what it must show."""

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from edulib.explanation import deconvnet, gradient, guided_backprop, layer_output


def unpool(signal, switches, shape):
    """Put each value back at its switch, one by one."""
    out = torch.zeros(shape)
    rows, columns = signal.shape[2:]
    for b in range(shape[0]):
        for c in range(shape[1]):
            for r in range(rows):
                for k in range(columns):
                    at = switches[b, c, r, k].item()
                    out[b, c, at // shape[3], at % shape[3]] += signal[b, c, r, k]
    return out


def up(layer, x):
    """One layer on the way up, and what the way down has to remember of it."""
    if isinstance(layer, nn.MaxPool2d):
        options = (layer.kernel_size, layer.stride, layer.padding)
        return F.max_pool2d(x, *options, return_indices=True)
    y = layer(x)
    if isinstance(layer, nn.LocalResponseNorm):
        return y, torch.where(x > 0, y / x, torch.ones(()))
    return y, None


def down(layer, signal, memory, shape):
    """The same layer on the way down: figure 1 of the paper."""
    if isinstance(layer, nn.MaxPool2d):
        return unpool(signal, memory, shape)
    if isinstance(layer, nn.ReLU):
        return signal.clamp(min=0)
    if isinstance(layer, nn.LocalResponseNorm):
        return signal * memory
    options = (layer.stride, layer.padding)
    reached = F.conv_transpose2d(
        signal, layer.weight, None, *options, 0, layer.groups, layer.dilation
    )
    return F.pad(
        reached, (0, shape[3] - reached.shape[3], 0, shape[2] - reached.shape[2])
    )


def step_by_step(layers, image, unit):
    """The paper's deconvnet for a chain of layers, without autograd."""
    steps, x = [], image
    for layer in layers:
        y, memory = up(layer, x)
        steps.append((layer, memory, x.shape))
        x = y
    signal = torch.zeros_like(x)
    for b in range(len(x)):
        best = x[b, unit].flatten().argmax()
        signal[b, unit].view(-1)[best] = x[b, unit].flatten()[best].clamp(min=0)
    for layer, memory, shape in reversed(steps):
        signal = down(layer, signal, memory, shape)
    return signal


@pytest.mark.parametrize("depth", [1, 2, 4, 5, 6, 7])
def test_equals_a_step_by_step_deconvnet(alexnet_like, image, depth):
    layers = [
        nn.ReLU() if isinstance(layer, nn.ReLU) else layer
        for layer in alexnet_like[:depth]
    ]
    with torch.no_grad():
        expected = step_by_step(layers, image, unit=2)
    found = deconvnet(alexnet_like, image, str(depth - 1), 2)
    assert expected.abs().max() > 1e-4
    torch.testing.assert_close(found, expected)


def test_without_rectifiers_it_is_the_gradient_times_the_activation(image):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.Flatten()
    )
    activation = net[:3](image)[:, 1].flatten(1).amax(1)
    expected = (
        gradient(net, image, "2", 1) * activation.clamp(min=0)[:, None, None, None]
    )
    torch.testing.assert_close(deconvnet(net, image, "2", 1), expected)
    plain = gradient(net, image, "2", 1)
    torch.testing.assert_close(guided_backprop(net, image, "2", 1), plain)


def test_the_three_rules_on_a_hand_made_rectifier():
    """One ReLU that is off for the first pixel, and signals of both signs."""
    net = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), nn.Conv2d(1, 1, 2))
    with torch.no_grad():
        net[0].weight.fill_(1)
        net[2].weight.copy_(torch.tensor([[[[2.0, -3.0], [4.0, -5.0]]]]))
        net[2].bias.fill_(100)
    x = torch.tensor([[[[-1.0, 1.0], [1.0, -1.0]]]])
    value = (-3 + 4) + 100
    signal = torch.tensor([[[[2.0, -3.0], [4.0, -5.0]]]])
    fires = torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]]])
    assert torch.equal(gradient(net, x, "2", 0), signal * fires)
    assert torch.equal(deconvnet(net, x, "2", 0), signal.clamp(min=0) * value)
    assert torch.equal(guided_backprop(net, x, "2", 0), signal.clamp(min=0) * fires)


def test_gradient_equals_autograds(alexnet_like, image):
    net = nn.Sequential(
        *(m for m in alexnet_like if not isinstance(m, nn.LocalResponseNorm))
    )
    net.eval()
    leaf = image.clone().requires_grad_()
    net(leaf)[:, 3].sum().backward()
    torch.testing.assert_close(gradient(net, image, "8", 3), leaf.grad)


def test_a_given_position_and_a_silent_unit(alexnet_like, image):
    picture = deconvnet(alexnet_like, image[0], "1", 0, position=(0, 0))
    assert picture.shape == (1, 3, 32, 32)
    assert picture[..., 4:, :].eq(0).all()
    assert picture[..., :, 4:].eq(0).all()
    with torch.no_grad():
        alexnet_like[0].bias[0] = -100
    assert deconvnet(alexnet_like, image, "0", 0).eq(0).all()


def test_reconstruction_lies_where_the_stimulus_is():
    """A vertical edge detector, pooled twice, sees one bar on a black field."""
    net = nn.Sequential(
        nn.Conv2d(1, 1, 3, padding=1, bias=False),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(1, 1, 3, padding=1, bias=False),
        nn.ReLU(),
        nn.MaxPool2d(3, 2),
    )
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[-1.0, 0, 1]]).expand(3, 3)[None, None])
        net[3].weight.fill_(1)
    x = torch.zeros(1, 1, 48, 48)
    x[:, :, 20:28, 33:36] = 1
    picture = deconvnet(net, x, "5", 0).abs()
    near = picture[..., 18:30, 26:38]
    assert near.sum() == picture.sum() > 0


TORCHVISION = {
    "alexnet": ("features.11", "classifier.6"),
    "vgg11_bn": ("features.14", "classifier.0"),
    "googlenet": ("inception4a", "fc"),
    "resnet18": ("layer2.0.relu", "layer4.1.bn2"),
    "densenet121": ("features.denseblock2",),
    "squeezenet1_1": ("features.7",),
    "mobilenet_v2": ("features.4",),
    "shufflenet_v2_x0_5": ("stage2",),
}


def random_network(name):
    """One of torchvision's, without the seconds that its own start values take."""
    torch.manual_seed(0)
    options = {"init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        net = getattr(torchvision.models, name)(weights=None, **options)
        if name == "vgg11_bn":
            net.classifier = nn.Sequential(nn.Linear(25088, 10))
    net.to_empty(device="cpu")
    for module in net.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    return net


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvision_networks_run_and_are_left_untouched(name):
    net = random_network(name)
    next(net.children()).eval()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    modes = [module.training for module in net.modules()]
    x = torch.rand(2, 3, 64, 64)
    for layer in TORCHVISION[name]:
        features = layer_output(net, x, layer).detach()
        unit = int(features.reshape(2, features.shape[1], -1).amax(2).amin(0).argmax())
        for method in (gradient, guided_backprop, deconvnet):
            picture = method(net, x, layer, unit)
            assert picture.shape == x.shape
            assert picture.isfinite().all()
            assert picture[0].ne(picture[1]).any()
    assert modes == [module.training for module in net.modules()]
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())
    assert not any(m._forward_hooks for m in net.modules())


class Functional(nn.Module):
    """The same network three times: F.relu, in-place, one module used twice."""

    def __init__(self, style):
        super().__init__()
        self.style = style
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=style == "in place")

    def forward(self, x):
        relu = {"functional": F.relu, "method": torch.Tensor.relu}.get(
            self.style, self.relu
        )
        x = relu(self.conv1(x))
        return x + relu(self.conv2(x))


@pytest.mark.parametrize("method", [deconvnet, guided_backprop, gradient])
def test_every_way_to_write_a_relu_gives_the_same_picture(method, image):
    torch.manual_seed(0)
    nets = [Functional(s) for s in ("module", "functional", "method", "in place")]
    pictures = []
    for net in nets:
        net.load_state_dict(nets[0].state_dict())
        pictures.append(method(net, image, "conv2", 1))
    assert pictures[0].abs().max() > 0
    for picture in pictures[1:]:
        assert torch.equal(picture, pictures[0])


def test_a_module_used_twice_counts_by_its_last_call(image):
    torch.manual_seed(0)
    net = Functional("module")
    outer = nn.Sequential(net, nn.Identity())
    inner = F.relu(net.conv2(F.relu(net.conv1(image))))
    expected = inner[:, 1].flatten(1).amax(1)
    start = gradient(outer, image, "0.relu", 1)
    assert start.abs().max() > 0
    twice = deconvnet(outer, image, "0.relu", 1)
    one_by_one = deconvnet(outer, image, "0.conv2", 1)
    torch.testing.assert_close(twice, one_by_one)
    assert expected.min() > 0


def test_works_without_gradients_around_it(alexnet_like, image):
    expected = deconvnet(alexnet_like, image, "5", 0)
    with torch.no_grad():
        assert torch.equal(deconvnet(alexnet_like, image, "5", 0), expected)
    with torch.inference_mode():
        found = deconvnet(alexnet_like, image.clone(), "5", 0)
    assert torch.equal(found, expected)
    alexnet_like.requires_grad_(False)
    assert torch.equal(deconvnet(alexnet_like, image, "5", 0), expected)


def test_normalisation_may_be_the_first_layer(alexnet_like, image):
    """As in the chapter: torchvision's networks, for images in [0, 1]."""
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    scaling = torchvision.transforms.Normalize(mean, std)
    found = deconvnet(nn.Sequential(scaling, alexnet_like), image, "1.5", 2)
    inner = deconvnet(alexnet_like, scaling(image), "5", 2)
    torch.testing.assert_close(found, inner / torch.tensor(std)[:, None, None])


def correlation(a, b):
    return torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1].item()


def test_randomised_weights_destroy_the_picture(image):
    """Adebayo et al., 2018: a picture that survives shows the image, not the net."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3, padding=1),
        nn.ReLU(),
    )
    unit = int(layer_output(net, image, "7")[:, :, 4, 4].amin(0).argmax())
    before = deconvnet(net, image, "7", unit, position=(4, 4))
    for layer in net:
        if isinstance(layer, nn.Conv2d):
            layer.reset_parameters()
    unit = int(layer_output(net, image, "7")[:, :, 4, 4].amin(0).argmax())
    after = deconvnet(net, image, "7", unit, position=(4, 4))
    inside = (before != 0) & (after != 0)
    assert inside.sum() > 300
    assert abs(correlation(before[inside], after[inside])) < 0.3


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (nn.Tanh(), "no rule for Tanh between the image and layer '1'"),
        (nn.GELU(), "no rule for Gelu"),
        (nn.BatchNorm2d(4, track_running_stats=False), "no rule for NativeBatchNorm"),
        (nn.LeakyReLU(), "no rule for LeakyRelu"),
        (nn.Hardtanh(-1, 1), "no rule for Hardtanh"),
    ],
)
@pytest.mark.parametrize("method", [deconvnet, guided_backprop])
def test_what_cannot_be_undone_is_named(layer, expected, method, image):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), layer)
    with pytest.raises(ValueError, match=expected):
        method(net, image, "1", 0)
    assert gradient(net, image, "1", 0).isfinite().all()


def test_a_product_of_two_activations_is_refused_but_a_fixed_factor_is_not(image):
    class Scaled(nn.Module):
        def __init__(self, by_itself):
            super().__init__()
            self.conv, self.by_itself = nn.Conv2d(3, 2, 3), by_itself

        def forward(self, x):
            y = self.conv((x - 0.5) / torch.tensor(0.25))
            return nn.functional.relu(y * y if self.by_itself else y * 2)

    net = nn.Sequential(Scaled(False), nn.ReLU6())
    assert deconvnet(net, image, "1", 0).abs().max() > 0
    with pytest.raises(ValueError, match="no rule for Mul"):
        deconvnet(nn.Sequential(Scaled(True), nn.ReLU6()), image, "1", 0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layer": "feature.3"}, ValueError, "no layer 'feature.3'.*'features.3'"),
        ({"unit": 64}, ValueError, "from 0 to 63, got 64"),
        ({"unit": -1}, ValueError, "from 0 to 63, got -1"),
        ({"position": (0, 99)}, ValueError, r"\(15, 15\), got \(0, 99\)"),
        ({"image": torch.zeros(3, 64, 64, dtype=torch.uint8)}, TypeError, "by 255"),
        ({"image": torch.zeros(64, 64)}, ValueError, r"got shape \(64, 64\)"),
    ],
)
def test_bad_input(change, error, message):
    net = torchvision.models.alexnet(weights=None)
    arguments = {"image": torch.rand(3, 64, 64), "layer": "features.0", "unit": 0}
    with pytest.raises(error, match=message):
        deconvnet(net, **(arguments | change))
    assert net.training


def test_the_model_is_restored_when_it_fails(alexnet_like):
    with pytest.raises(ValueError, match=r"images \(1, 5, 32, 32\) .* 3 channels"):
        deconvnet(alexnet_like, torch.rand(1, 5, 32, 32), "5", 0)
    assert all(module.training for module in alexnet_like.modules())
    assert not any(module._forward_hooks for module in alexnet_like.modules())


def test_layers_without_a_picture_are_refused(image):
    class Unused(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.spare = nn.Conv2d(3, 2, 3), nn.Conv2d(3, 2, 3)
            self.constant, self.flat = nn.Embedding(4, 3), nn.Flatten(0)

        def forward(self, x):
            self.constant(torch.arange(2))
            return self.flat(self.conv(x))

    with pytest.raises(ValueError, match="'spare' takes no part"):
        deconvnet(Unused(), image, "spare", 0)
    with pytest.raises(ValueError, match="'constant' does not depend on the image"):
        gradient(Unused().requires_grad_(False), image, "constant", 0)
    with pytest.raises(ValueError, match=r"'flat' to give .* got \(3600,\)"):
        deconvnet(Unused(), image, "flat", 0)
