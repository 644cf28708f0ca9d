"""ZFNet: the paper's sizes, and its layers against slow ones."""

import pytest
import torch
import torch.nn.functional as F

from edulib.anatomy import trace_graph
from edulib.explanation import deconvnet
from edulib.models.classification.zfnet import zfnet

FIGURE_3 = {
    "conv1": (96, 110, 110),
    "norm1": (96, 55, 55),
    "conv2": (256, 26, 26),
    "norm2": (256, 13, 13),
    "conv3": (384, 13, 13),
    "conv4": (384, 13, 13),
    "conv5": (256, 13, 13),
    "pool5": (256, 6, 6),
    "fc6": (4096,),
    "fc7": (4096,),
    "fc8": (1000,),
}


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return zfnet().eval()


def test_layers_have_the_sizes_of_figure_3():
    with torch.device("meta"):
        graph = trace_graph(zfnet(), (3, 224, 224))
    for layer, shape in FIGURE_3.items():
        assert graph.ops[graph.call(layer).output].shape == shape


def slow_convolution(x, layer):
    """Each output is a sum over a window of the padded image, plus a bias."""
    k, stride, pad = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    columns = F.unfold(x, k, padding=pad, stride=stride)  # (1, C * k * k, places)
    side = (x.shape[-1] + 2 * pad - k) // stride + 1
    out = layer.weight.flatten(1) @ columns[0] + layer.bias[:, None]
    return out.reshape(1, -1, side, side)


def slow_pool(x):
    """Maximum of rows and columns 2r, 2r + 1, 2r + 2, as far as they exist."""
    side = x.shape[-1] // 2
    rows = [x[:, :, 2 * r : 2 * r + 3].amax(2) for r in range(side)]
    x = torch.stack(rows, 2)
    columns = [x[..., 2 * c : 2 * c + 3].amax(3) for c in range(side)]
    return torch.stack(columns, 3)


def slow_norm(x):
    """AlexNet's paper, section 3.3: b = a / (k + alpha * sum of a squared) ** beta."""
    out = torch.empty_like(x)
    for i in range(x.shape[1]):
        near = x[:, max(0, i - 2) : i + 3]
        out[:, i] = x[:, i] / (2 + 1e-4 * near.square().sum(1)) ** 0.75
    return out


def test_equals_a_slow_network(network):
    """No public reference exists: this one is written from the paper's figure."""
    net = network.double()
    image = 128 * torch.randn(1, 3, 224, 224, dtype=torch.float64)
    with torch.no_grad():
        for layer in (net.conv1, net.conv2):
            layer.bias.normal_()
        x = slow_norm(slow_pool(slow_convolution(image, net.conv1).clamp(min=0)))
        assert x.shape[1:] == FIGURE_3["norm1"]
        x = slow_norm(slow_pool(slow_convolution(x, net.conv2).clamp(min=0)))
        for layer in (net.conv3, net.conv4, net.conv5):
            x = slow_convolution(x, layer).clamp(min=0)
        x = slow_pool(x).flatten(1)
        for layer in (net.fc6, net.fc7):
            x = (x @ layer.weight.T + layer.bias).clamp(min=0)
        expected = x @ net.fc8.weight.T + net.fc8.bias
        found = net(image)
    net.float()
    assert expected.abs().max() > 1e-3
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_starts_as_the_paper_says(network):
    for name, parameter in zfnet().named_parameters():
        if name.endswith("bias"):
            assert parameter.eq(0).all()
        else:
            assert abs(parameter.std().item() - 0.01) < 3e-4
            assert abs(parameter.mean().item()) < 3e-4


def test_deconvnet_reaches_the_image_through_both_normalisations(network):
    picture = deconvnet(network, 64 * torch.randn(3, 224, 224), "conv5", 7)
    assert picture.shape == (1, 3, 224, 224)
    assert 0 < picture.ne(0).float().mean() < (139 / 224) ** 2 + 0.01


def test_other_sizes_are_refused(network):
    with pytest.raises(ValueError, match=r"224 x 224 pixels.*got 256 x 224"):
        network(torch.zeros(1, 3, 256, 224))
