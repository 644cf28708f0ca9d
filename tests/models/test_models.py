"""What every registered model must do, whatever its paper."""

import inspect

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from edulib.registry import get_builder, get_model_info, list_models

# Smallest images (channels, height, width) that are quick, and still more than one
# value per channel for batch normalisation; other models take their own size.
SMALL = {
    "resnet": 64,
    "plain": 8,
    "_cifar": 8,
    "alexnet": 67,
    "nin_imagenet": 67,
    "vgg": 32,
    "googlenet": 64,
    "efficientnet": 64,
}


def small_shape(name: str) -> tuple[int, int, int]:
    channels, height, width = get_model_info(name).image_shape
    sizes = [size for part, size in SMALL.items() if part in name]
    return (channels, sizes[-1], sizes[-1]) if sizes else (channels, height, width)


@pytest.mark.parametrize("name", list_models())
def test_has_the_published_size(name):
    model = get_model_info(name)
    with torch.device("meta"):
        network = get_builder(name)()
        with FlopCounterMode(display=False) as counter:
            network(torch.empty(1, *model.image_shape))
    trained = [p for p in network.parameters() if p.requires_grad]
    assert sum(p.numel() for p in trained) == model.params
    if model.macs is not None:
        assert counter.get_total_flops() == 2 * model.macs


@pytest.mark.parametrize("name", list_models())
def test_every_parameter_gets_a_gradient(name):
    torch.manual_seed(0)
    network = get_builder(name)(num_classes=7)
    for module in network.modules():
        if hasattr(module, "p"):  # what is left out gets no gradient
            module.p = 0.0
    logits = network(torch.randn(2, *small_shape(name)))
    assert logits.shape == (2, 7)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 6])).backward()
    for key, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert torch.isfinite(parameter.grad).all(), key
            assert parameter.grad.abs().max() > 0, key


@pytest.mark.parametrize("name", list_models())
def test_takes_other_channels_and_one_class(name):
    channels, height, width = small_shape(name)
    network = get_builder(name)(num_classes=1, in_channels=channels + 1).eval()
    with torch.no_grad():
        logits = network(torch.randn(1, channels + 1, height, width))
    assert logits.shape == (1, 1)


@pytest.mark.parametrize("name", list_models())
def test_names_bad_input(name):
    channels, height, width = get_model_info(name).image_shape
    with torch.device("meta"):
        network = get_builder(name)()
        with pytest.raises(ValueError, match=f"got \\(2, {channels + 1}, {height}"):
            network(torch.empty(2, channels + 1, height, width))
        with pytest.raises(TypeError, match=r"torch\.uint8: divide by 255"):
            network(torch.empty(2, channels, height, width, dtype=torch.uint8))
        with pytest.raises(ValueError, match=r"H, W >= \d+, got"):
            network(torch.empty(2, channels, 1, 1))
        with pytest.raises(ValueError, match=r"num_classes.*got 0"):
            get_builder(name)(num_classes=0)


@pytest.mark.parametrize("name", list_models())
def test_builders_share_a_signature(name):
    parameters = inspect.signature(get_builder(name)).parameters
    assert list(parameters)[:2] == ["num_classes", "in_channels"]
    assert all(p.default is not inspect.Parameter.empty for p in parameters.values())
    assert len(parameters) <= 8
