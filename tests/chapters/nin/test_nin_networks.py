"""A narrow Network in Network, with either end."""

import torch

from edulib.chapters.nin.networks import nin_small, nin_small_dense


def test_a_dense_layer_can_do_what_the_average_does():
    torch.manual_seed(0)
    averaged, dense = nin_small().eval(), nin_small_dense(image_size=32).eval()
    dense.stages.load_state_dict(averaged.stages.state_dict())
    layer = dense.average[1]
    layer.weight.data = torch.block_diag(*[torch.full((1, 64), 1 / 64)] * 10)
    layer.bias.data.zero_()
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(dense(images), averaged(images))


def test_the_small_network_takes_any_size_and_starts_with_living_maps():
    torch.manual_seed(0)
    network = nin_small(num_classes=4, in_channels=1).eval()
    for side in (16, 40):
        with torch.no_grad():
            maps = network.class_maps(torch.rand(8, 1, side, side))
        assert maps.shape == (8, 4, side // 4, side // 4)
        assert (maps.amax((0, 2, 3)) > 0).all()
