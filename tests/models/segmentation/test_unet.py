"""U-Net: the sizes of figure 1, tiles that fit together, and what the skips carry."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from edulib.models.segmentation.unet import UNet, crop, unet


def small(**options) -> UNet:
    torch.manual_seed(0)
    return UNet(num_classes=3, in_channels=1, width=4, **options).double().eval()


def test_sizes_are_those_of_figure_1():
    sizes = {}
    with torch.device("meta"):
        network = unet()
        for name, part in network.named_modules():
            part.register_forward_hook(
                lambda _module, _inputs, output, name=name: sizes.update(
                    {name: (output.shape[1], output.shape[-1])}
                )
            )
        network(torch.empty(1, 1, 572, 572))
    down = [sizes[f"down.{level}"] for level in range(5)]
    assert down == [(64, 568), (128, 280), (256, 136), (512, 64), (1024, 28)]
    doubled = [sizes[f"up.{level}.up"] for level in range(4)]
    assert doubled == [(512, 56), (256, 104), (128, 200), (64, 392)]
    up = [sizes[f"up.{level}"] for level in range(4)]
    assert up == [(512, 52), (256, 100), (128, 196), (64, 388)]
    assert sizes["scores"] == (2, 388)


def test_it_has_23_convolutions():
    with torch.device("meta"):
        layers = unet().modules()
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    assert sum(isinstance(layer, kinds) for layer in layers) == 23


@torch.no_grad()
def test_tiles_fit_together():
    network = small()
    images = torch.randn(1, 1, 188 + 16, 188, dtype=torch.double)
    whole = network(images)
    assert whole.shape == (1, 3, 20, 4)
    torch.testing.assert_close(whole[:, :, :4], network(images[:, :, :188]))
    torch.testing.assert_close(whole[:, :, 16:], network(images[:, :, 16:]))


@torch.no_grad()
def test_padded_maps_are_as_large_as_the_image():
    network = small(padding=1)
    assert network(torch.randn(2, 1, 32, 48).double()).shape == (2, 3, 32, 48)
    count = [sum(p.numel() for p in n.parameters()) for n in (network, small())]
    assert count[0] == count[1]


def test_the_middle_is_cut_out():
    x = torch.arange(64).view(1, 1, 8, 8)
    assert crop(x, torch.empty(1, 5, 4, 2))[0, 0].tolist() == [
        [19, 20],
        [27, 28],
        [35, 36],
        [43, 44],
    ]


def test_without_the_coarse_levels_a_pixel_still_reaches_the_map():
    """What no pooling has touched comes through the first skip alone."""
    network = small()
    images = torch.randn(1, 1, 188, 188, dtype=torch.double, requires_grad=True)
    with torch.no_grad():
        for up in network.up:
            up.up.weight.zero_()
            up.up.bias.zero_()
    (gradient,) = torch.autograd.grad(network(images)[0, 0, 2, 2], images)
    rows, columns = gradient[0, 0].nonzero().T
    assert (rows.min(), rows.max()) == (columns.min(), columns.max())
    assert (rows.min(), rows.max()) == (2 + 92 - 4, 2 + 92 + 4)  # four 3x3: 9 pixels


@pytest.mark.parametrize(
    ("padding", "size", "message"),
    [
        (0, (187, 572), "H, W >= 188, got"),
        (0, (572, 570), r"sides of 16 n \+ 60 pixels, got \(572, 570\)"),
        (1, (64, 70), r"sides of 16 n pixels, got \(64, 70\)"),
    ],
)
def test_images_that_cannot_be_halved_are_refused(padding, size, message):
    with torch.device("meta"):
        network = UNet(width=4, padding=padding)
        with pytest.raises(ValueError, match=message):
            network(torch.empty(1, 1, *size))
    with pytest.raises(ValueError, match="padding 0 or 1, got 2"):
        UNet(padding=2)


def test_ways_up_start_with_the_papers_deviation():
    torch.manual_seed(0)
    for up in UNet(width=16).up:
        deviation = (2 / up.up.in_channels) ** 0.5
        assert up.up.weight.std().item() == pytest.approx(deviation, rel=0.03)


def test_learns_one_batch():
    network = small(padding=1).float().train()
    images = torch.randn(2, 1, 32, 32)
    classes = (images[:, 0] > 0).long()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(30):
        loss = F.cross_entropy(network(images), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
