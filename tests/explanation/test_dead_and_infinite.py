"""A model that is dead, or whose numbers are none, is told and not drawn."""

import pytest
import torch
from torch import nn

from edulib.explanation import (
    attention_distance,
    attention_maps,
    attention_rollout,
    deconvnet,
    grad_cam,
    gradient,
    guided_backprop,
    layer_output,
    maximize_activation,
    occlusion_map,
    part_scores,
    top_activations,
)


def small(bias=True):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, bias=bias),
        nn.BatchNorm2d(4) if bias else nn.Identity(),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
    )


def asleep(net):
    net[0].weight.data.zero_()
    net[1].bias.data.fill_(-100)
    return net


def untrained(net):
    net[5].weight.data.zero_()
    return net


def saturated(net):
    net[5].bias.data.fill_(9)
    return nn.Sequential(*net, nn.ReLU6())


GRADIENTS = {
    "gradient": lambda net, x: gradient(net, x, "", 1),
    "gradient of a function": lambda net, x: gradient(net, x, "", lambda y: y[:, 1]),
    "guided": lambda net, x: guided_backprop(net, x, "", 1),
    "grad_cam": lambda net, x: grad_cam(net, x, "0", 1),
    "maximize": lambda net, x: maximize_activation(net, "", 1, (3, 8, 8), steps=4),
}


@pytest.mark.parametrize("call", GRADIENTS.values(), ids=GRADIENTS)
@pytest.mark.parametrize("kill", [asleep, untrained, saturated])
def test_a_gradient_of_0_everywhere_is_refused(call, kill, image):
    with pytest.raises(ValueError, match=r"gradient of .* is 0 everywhere in .*: the "):
        call(kill(small()), image[:1])


def test_a_head_of_zeros_is_not_undone(image):
    with pytest.raises(ValueError, match="is 0 everywhere in the image: the one does"):
        deconvnet(untrained(small()), image, "", 1)


@pytest.mark.parametrize("name", ["gradient", "guided"])
def test_the_dead_image_of_a_batch_is_named(name, image):
    """A black image moves nothing in a network without biases."""
    batch = torch.cat([image, torch.zeros(1, 3, 32, 32)])
    with pytest.raises(ValueError, match=r"in the image \(image 2 of the batch\): "):
        GRADIENTS[name](small(bias=False), batch)
    with pytest.raises(ValueError, match=r"in the image: "):
        GRADIENTS[name](small(bias=False), batch[2])
    assert GRADIENTS[name](small(bias=False), image).any()


def test_grad_cam_of_a_layer_that_sleeps(image):
    with pytest.raises(ValueError, match=r"layer '2' is 0 everywhere: no unit of it"):
        grad_cam(asleep(small()), image, "2", 1)
    batch = torch.cat([torch.zeros(1, 3, 32, 32), image])
    with pytest.raises(ValueError, match=r"everywhere \(image 0 of the batch\): no"):
        grad_cam(small(bias=False), batch, "2", 1)


def test_zeros_that_a_rule_makes_are_an_answer(image):
    """All evidence is against the class: nothing of it is positive."""
    net = small(bias=False)
    net[5].weight.data.fill_(-1)
    assert gradient(net, image, "", 1).any()
    assert not guided_backprop(net, image, "", 1).any()
    assert not deconvnet(net, image, "", 1).any()
    assert not grad_cam(net, image, "2", 1).any()


def test_occlusion_of_what_does_not_matter_is_an_answer(image):
    assert occlusion_map(untrained(small()), image[0], 1, 16, 16).std() == 0


class Attends(nn.Module):
    """Tokens of patches that attend to each other, and a head."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(3, 4, 8, stride=8)
        self.attention = nn.MultiheadAttention(4, 1, batch_first=True)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).mT
        return self.attention(tokens, tokens, tokens)[0].mean(1)


NUMBERS = {
    **GRADIENTS,
    "gradient of a layer": lambda net, x: gradient(net, x, "1", 0, (1, 2)),
    "deconvnet": lambda net, x: deconvnet(net, x, "", 1),
    "occlusion": lambda net, x: occlusion_map(net, x[0], 1, 16, 16),
    "occlusion of a layer": lambda net, x: occlusion_map(
        net, x[0], 0, 16, 16, layer="1"
    ),
    "layer_output": lambda net, x: layer_output(net, x, "1"),
    "top_activations": lambda net, x: top_activations(net, x, "1", [0], k=1),
    "part_scores": lambda net, x: part_scores(
        net, x, torch.ones(2, 1, 8, 8).bool(), "1", ["all"]
    ),
}


@pytest.mark.parametrize("call", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_no_numbers_are_named(call, value, image):
    net = small()
    net[1].bias.data[2] = value
    with pytest.raises(ValueError, match=rf"^parameter '1.bias' of .* holds {value}: "):
        call(net, image)


@pytest.mark.parametrize("call", NUMBERS.values(), ids=NUMBERS)
def test_statistics_that_are_no_numbers_are_named(call, image):
    net = small()
    net[1].running_mean[:] = torch.nan
    with pytest.raises(ValueError, match=r"is nan: buffer '1\.running_mean' of "):
        call(net, image)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_whose_sum_overflows_are_finite(dtype, image):
    net = small(bias=False).to(dtype)
    net[5].bias.data.fill_(torch.finfo(dtype).max)
    assert layer_output(net, image.to(dtype), "0").isfinite().all()
    net[5].bias.data[0] = torch.inf
    with pytest.raises(ValueError, match=r"parameter '5\.bias' of .* holds inf"):
        layer_output(net, image.to(dtype), "0")


@pytest.mark.parametrize("method", [attention_maps, attention_rollout])
def test_attention_of_weights_that_are_no_numbers(method, image):
    net = Attends()
    assert method(net, image) is not None
    net.attention.in_proj_weight.data[0, 0] = 1e38
    with pytest.raises(ValueError, match="attention of layer 'attention' is nan: all"):
        method(net, 100 * image)
    net.attention.in_proj_weight.data[0, 0] = torch.nan
    message = "parameter 'attention.in_proj_weight' of Attends holds nan"
    with pytest.raises(ValueError, match=message):
        method(net, image)


class Overflows(nn.Module):
    def forward(self, x):
        return (x.mean((2, 3)) * 1e30).square()


def test_a_model_that_overflows_is_told_from_one_of_odd_weights(image):
    net = Overflows()
    net.register_buffer("mask", torch.full((3,), -torch.inf))  # as attention has
    message = "the output is inf: all weights of the model are finite, so that a layer"
    with pytest.raises(ValueError, match=message):
        gradient(net, image, "", 1)
    with pytest.raises(ValueError, match=message.replace("output", "target")):
        occlusion_map(net, image[0], lambda y: y[:, 0], 16, 16)


def test_a_class_that_is_masked_out_does_not_stand_in_the_way(image):
    class Masked(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = small()
            self.register_buffer("mask", torch.tensor([0, 0, -torch.inf]))

        def forward(self, x):
            return self.net(x) + self.mask

    net = Masked()
    inner = net.net
    assert torch.equal(gradient(net, image, "", 1), gradient(inner, image, "", 1))
    assert torch.equal(grad_cam(net, image, "net.1", 1), grad_cam(inner, image, "1", 1))
    assert occlusion_map(net, image[0], 1, 16, 16).isfinite().all()
    with pytest.raises(ValueError, match="the output is -inf"):
        gradient(net, image, "", 2)


@pytest.mark.parametrize("value", [0, torch.nan, torch.inf])
def test_a_patch_that_looks_at_no_patch_has_no_distance(value):
    weights = torch.full((1, 2, 5, 5), 0.2)
    weights[0, 1, 3, 1:] = value
    with pytest.raises(ValueError, match=f"at least one above 0, got {value} in all"):
        attention_distance(weights, (2, 2))
