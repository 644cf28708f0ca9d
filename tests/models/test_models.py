"""What every registered model must do, whatever its paper."""

import inspect

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from edulib.registry import get_builder, get_model_info, get_tiny_builder, list_models

CLASSIFIERS = list_models(task="classification")
SEEN = {}
KINDS = [
    name
    for name in list_models()
    if SEEN.setdefault(get_model_info(name).tiny or name, name) == name
]
"""The first model of each tiny network."""


def classification_loss(build, inputs: list[Tensor]) -> tuple[nn.Module, Tensor]:
    network = build(num_classes=7)
    for module in network.modules():
        if hasattr(module, "p"):  # what is left out gets no gradient
            module.p = 0.0
    logits = network(*inputs)
    assert logits.shape == (2, 7)
    return network, nn.functional.cross_entropy(logits, torch.tensor([0, 6]))


LOSSES = {"classification": classification_loss}
"""For each task: builds a network with a function; its loss for a batch of two."""


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


@pytest.mark.parametrize("name", KINDS)
def test_every_parameter_gets_a_gradient(name):
    torch.manual_seed(0)
    model = get_model_info(name)
    inputs = [torch.randn(2, *shape) for shape in model.test_inputs]
    network, loss = LOSSES[model.task](get_tiny_builder(name), inputs)
    loss.backward()
    for key, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert torch.isfinite(parameter.grad).all(), key
            assert parameter.grad.abs().max() > 0, key


@pytest.mark.parametrize("name", KINDS)
def test_the_tiny_network_is_of_the_same_kind_and_tiny(name):
    with torch.device("meta"):
        network, tiny = get_builder(name)(), get_tiny_builder(name)()
    kinds = [{type(m) for m in one.modules()} for one in (network, tiny)]
    assert kinds[0] == kinds[1]
    assert sum(p.numel() for p in tiny.parameters()) < 1_000_000


@pytest.mark.parametrize("name", [name for name in KINDS if name in CLASSIFIERS])
def test_takes_other_channels_and_one_class(name):
    channels, height, width = get_model_info(name).image_shape
    with torch.device("meta"):
        network = get_builder(name)(num_classes=1, in_channels=channels + 1).eval()
        logits = network(torch.empty(1, channels + 1, height, width))
    assert logits.shape == (1, 1)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_names_bad_input(name):
    given, height, width = get_model_info(name).image_shape
    wanted = given + 1
    with torch.device("meta"):
        network = get_builder(name)(in_channels=wanted)
        wrong = rf"expected images \(B, {wanted}, .* got \(2, {given}, {height}"
        with pytest.raises(ValueError, match=wrong):
            network(torch.empty(2, given, height, width))
        with pytest.raises(TypeError, match=r"torch\.uint8: divide by 255"):
            network(torch.empty(2, wanted, height, width, dtype=torch.uint8))
        with pytest.raises(ValueError, match=r"H, W >= \d+, got"):
            network(torch.empty(2, wanted, 1, 1))
        with pytest.raises(ValueError, match=r"num_classes.*got 0"):
            get_builder(name)(num_classes=0)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_share_a_signature(name):
    for build in (get_builder(name), get_tiny_builder(name)):
        parameters = inspect.signature(build).parameters
        assert list(parameters)[:2] == ["num_classes", "in_channels"]
        assert all(p.default is not p.empty for p in parameters.values())
        assert len(parameters) <= 8
