"""What the tests of several models need."""

import torch
from torch import nn

from edulib.weights.projections import split_projections


def copy_in_order(source: nn.Module, target: nn.Module) -> None:
    """Copy weights and statistics: both networks define their layers in one order."""
    values = split_projections(source.state_dict()).values()
    target.load_state_dict(dict(zip(target.state_dict(), values, strict=True)))


def randomize_statistics(network: nn.Module) -> None:
    """Give batch normalisation other running statistics than 0 and 1."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)


def assert_equal_outputs(
    ours: nn.Module, reference: nn.Module, image_size: int
) -> None:
    """Copy the reference's weights; outputs and input gradients must agree."""
    reference = reference.double().eval()
    randomize_statistics(reference)
    copy_in_order(reference, ours.double().eval())
    images = torch.randn(2, 3, image_size, image_size, dtype=torch.double)
    images.requires_grad_()
    expected, logits = reference(images), ours(images)
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
    (wanted,) = torch.autograd.grad(expected.square().sum(), images)
    (gradient,) = torch.autograd.grad(logits.square().sum(), images)
    torch.testing.assert_close(gradient, wanted, rtol=1e-6, atol=1e-12)


def assert_equal_training(ours: nn.Module, theirs: nn.Module) -> None:
    """Hold a step of training to a reference's: outputs, gradients, statistics."""
    images = torch.randn(3, 3, 64, 64, dtype=torch.double, requires_grad=True)
    logits, expected = ours(images), theirs(images)
    torch.testing.assert_close(logits, expected, rtol=1e-9, atol=1e-9)
    gradients = [
        torch.autograd.grad(output.square().mean(), [images, *network.parameters()])
        for output, network in ((logits, ours), (expected, theirs))
    ]
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-9)
    statistics = [list(network.buffers()) for network in (ours, theirs)]
    torch.testing.assert_close(*statistics, rtol=1e-9, atol=1e-12)


def layer_shapes(network: nn.Module, image_size: int) -> dict[str, tuple[int, ...]]:
    """Return the output shape, without the batch, of each part of a network."""
    shapes = {}
    for name, part in network.named_children():
        part.register_forward_hook(
            lambda _module, _inputs, output, name=name: shapes.update(
                {name: tuple(output.shape[1:])}
            )
        )
    network(torch.empty(1, 3, image_size, image_size, device="meta"))
    return shapes
