"""DeepLab: torchvision's, smp's parts, and holes that change no number."""

from copy import deepcopy

import pytest
import timm
import torch
import torchvision
from model_helpers import assert_equal_outputs, copy_in_order, randomize_statistics
from segmentation_models_pytorch.decoders.deeplabv3 import decoder as smp
from torch import nn
from torch.nn import functional as F
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.models.segmentation import deeplabv3 as theirs

from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import (
    BasicBlock,
    Bottleneck,
    ResNet,
    resnet18,
    resnet50,
)
from edulib.models.classification.xception65 import xception65
from edulib.models.segmentation.deeplab import (
    ASPP,
    Decoder,
    DeepLabV3,
    DeepLabV3Plus,
    XceptionMaps,
    conv_norm_relu,
    deeplabv3_mobilenet_v3_large,
    deeplabv3_resnet50,
    deeplabv3_resnet101,
    deeplabv3plus_resnet101,
    deeplabv3plus_xception65,
    keep_fine,
    lraspp_mobilenet_v3_large,
    separable,
    set_grid,
    spread,
)


class Out(nn.Module):
    """What torchvision's network says, without its dictionary."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images)["out"]


def torchvisions(name: str, classes: int = 5) -> nn.Module:
    build = getattr(torchvision.models.segmentation, name)
    return Out(build(weights=None, weights_backbone=None, num_classes=classes))


def wide_rates(network: nn.Module) -> list[int]:
    convs = (m for m in network.modules() if isinstance(m, nn.Conv2d))
    return [conv.dilation[0] for conv in convs if conv.kernel_size[0] > 1]


def test_v3_equals_torchvision():
    torch.manual_seed(0)
    reference = torchvisions("deeplabv3_resnet50")
    assert_equal_outputs(deeplabv3_resnet50(num_classes=5), reference, 72)


def test_v3_equals_torchvision_in_training():
    """On a network of six blocks from torchvision's own constructor."""
    torch.manual_seed(0)
    body = torchvision.models.resnet.ResNet(
        torchvision.models.resnet.Bottleneck,
        (1, 1, 2, 2),
        replace_stride_with_dilation=(False, True, True),
    )
    layers = IntermediateLayerGetter(body, {"layer4": "out"})
    reference = Out(theirs.DeepLabV3(layers, theirs.DeepLabHead(2048, 5)))
    depths, channels = (1, 1, 2, 2), (256, 512, 1024, 2048)
    backbone = keep_fine(Stages(ResNet(Bottleneck, depths, channels), ["stage4"]), 8)
    ours = DeepLabV3(backbone, ASPP(2048, (12, 24, 36), dropout=0.5), 5)
    copy_in_order(reference.double().train(), ours.double().train())
    without_dropout(ours, reference)
    images = torch.randn(2, 3, 48, 40, dtype=torch.double)
    expected, found = reference(images), ours(images)
    torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-8)
    assert_equal_gradients(ours, found, reference, expected)


def test_every_convolution_of_v3_on_resnet101_is_torchvisions():
    with torch.device("meta"):
        networks = deeplabv3_resnet101(), torchvisions("deeplabv3_resnet101", 21)
    ours, reference = (
        [str(m) for m in one.modules() if isinstance(m, nn.Conv2d)] for one in networks
    )
    assert ours == reference


PHONES = {
    "deeplabv3_mobilenet_v3_large": deeplabv3_mobilenet_v3_large,
    "lraspp_mobilenet_v3_large": lraspp_mobilenet_v3_large,
}


@pytest.mark.parametrize("name", PHONES)
def test_networks_for_phones_equal_torchvision(name):
    torch.manual_seed(0)
    assert_equal_outputs(PHONES[name](num_classes=5), torchvisions(name), 72)


@pytest.mark.parametrize("name", PHONES)
def test_networks_for_phones_equal_torchvision_in_training(name):
    torch.manual_seed(0)
    reference = torchvisions(name).double().train()
    ours = PHONES[name](num_classes=5).double().train()
    copy_in_order(reference, ours)
    without_dropout(ours, reference)
    images = torch.randn(3, 3, 70, 64, dtype=torch.double)
    expected, found = reference(images), ours(images)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)
    assert_equal_gradients(ours, found, reference, expected)


def without_dropout(*networks: nn.Module) -> None:
    for network in networks:
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0


def assert_equal_gradients(ours, found, reference, expected) -> None:
    found.square().mean().backward()
    expected.square().mean().backward()
    pairs = zip(ours.named_parameters(), reference.parameters(), strict=True)
    for (name, parameter), other in pairs:
        torch.testing.assert_close(
            parameter.grad, other.grad, rtol=1e-4, atol=1e-7, msg=name
        )


def shallow(network: XceptionMaps) -> XceptionMaps:
    """Keep one of sixteen blocks that are alike."""
    network.middle = network.middle[:1]
    return network


def resnet_maps(build) -> nn.Module:
    return Stages(build(), ["stage1", "stage2", "stage3", "stage4"])


BACKBONES = {
    "basic blocks": lambda: resnet_maps(resnet18),
    "bottlenecks": lambda: resnet_maps(resnet50),
    "separable": lambda: shallow(XceptionMaps(xception65())),
}


@torch.no_grad()
@pytest.mark.parametrize("kind", BACKBONES)
@pytest.mark.parametrize("size", [(64, 64), (65, 81)])
def test_in_every_second_row_and_column_stand_the_numbers_of_before(kind, size):
    torch.manual_seed(0)
    coarse = BACKBONES[kind]().double().eval()
    randomize_statistics(coarse)
    images = torch.randn(1, 3, *size, dtype=torch.double)
    expected = coarse(images)[-1]
    for stride in (16, 8):
        fine = keep_fine(deepcopy(coarse), stride)
        found = fine(images)[-1]
        step = 32 // stride
        assert found.shape[-2:] == tuple(-(-side // stride) for side in size)
        torch.testing.assert_close(found[..., ::step, ::step], expected)
    again = keep_fine(keep_fine(deepcopy(coarse), 16), 8)
    assert [str(m) for m in again.modules()] == [str(m) for m in fine.modules()]


@torch.no_grad()
def test_with_a_rate_too_small_the_numbers_are_others():
    torch.manual_seed(0)
    coarse = resnet_maps(resnet18).double().eval()
    fine = deepcopy(coarse)
    for conv in (fine.stage4[0].residual[0], fine.stage4[0].shortcut[0]):
        conv.stride = (1, 1)  # and nothing is spread behind
    images = torch.randn(1, 3, 64, 64, dtype=torch.double)
    found, expected = fine(images)[-1][..., ::2, ::2], coarse(images)[-1]
    assert not torch.allclose(found, expected, rtol=0.1)


@pytest.mark.parametrize("stride", [2, 12, 64, "16"])
def test_other_output_strides_are_refused(stride):
    with pytest.raises(ValueError, match=f"output stride of .* got {stride!r}"):
        keep_fine(resnet_maps(resnet18), stride)


def test_rates_of_the_last_stages():
    with torch.device("meta"):
        body = resnet_maps(resnet50)
        keep_fine(body, 8)
        assert wide_rates(body.stage2) == [1, 1, 1, 1]
        assert wide_rates(body.stage3) == [1, 2, 2, 2, 2, 2]
        assert wide_rates(body.stage4) == [2, 4, 4]
        set_grid(body.stage4, rate=4)
        assert wide_rates(body.stage4) == [4, 8, 16]
        network = deeplabv3plus_resnet101()
        assert wide_rates(network.backbone.stage4) == [2, 4, 8]
        assert wide_rates(network.backbone.stage3) == [1] * 23
        assert wide_rates(network.aspp) == [6, 12, 18]
        network = deeplabv3plus_xception65()
        assert wide_rates(network.backbone.exit1) == [1, 1, 1]
        assert wide_rates(network.backbone.exit2) == [2, 2, 2]


@torch.no_grad()
def test_the_backbone_on_xception_equals_timms():
    torch.manual_seed(0)
    reference = timm.create_model("xception65", output_stride=16).double().eval()
    del reference.blocks[4:19]  # one of sixteen alike is enough
    randomize_statistics(reference)
    ours = keep_fine(shallow(XceptionMaps(xception65())), 16).double().eval()
    values = list(reference.state_dict().values())[:-2]
    ours.load_state_dict(dict(zip(ours.state_dict(), values, strict=True)))
    seen = {}
    reference.blocks[1].stack.conv2.register_forward_hook(
        lambda _m, _i, out: seen.update(low=out)
    )
    images = torch.randn(1, 3, 65, 65, dtype=torch.double)
    wanted = reference.forward_features(images)
    low, high = ours(images)
    torch.testing.assert_close(high, wanted)
    torch.testing.assert_close(F.relu(low), F.relu(seen["low"]))  # theirs: in place
    assert (low < 0).any()  # the ReLU stands before the next convolution


def test_maps_are_those_of_figure_2():
    shapes = {}
    with torch.device("meta"):
        network = deeplabv3plus_resnet101().eval()
        for name in ("aspp", "decoder.reduce", "decoder", "scores"):
            network.get_submodule(name).register_forward_hook(
                lambda _m, _i, out, name=name: shapes.update({name: out.shape[1:]})
            )
        images = torch.empty(1, 3, 513, 513)
        low, high = network.backbone(images)
        assert network(images).shape == (1, 21, 513, 513)
    assert (low.shape[1:], high.shape[1:]) == ((256, 129, 129), (2048, 33, 33))
    assert {name: tuple(shape) for name, shape in shapes.items()} == {
        "aspp": (256, 33, 33),
        "decoder.reduce": (48, 129, 129),
        "decoder": (256, 129, 129),
        "scores": (21, 129, 129),
    }


def test_a_spread_kernel_is_the_loop_over_distant_cells():
    torch.manual_seed(0)
    conv = nn.Conv2d(2, 3, 3, padding=1, dilation=1).double()
    spread(conv, 3)
    x = torch.randn(1, 2, 7, 8, dtype=torch.double)
    expected = torch.zeros(1, 3, 7, 8, dtype=torch.double)
    for i in range(7):
        for j in range(8):
            total = conv.bias.clone()
            for u in (-1, 0, 1):
                for v in (-1, 0, 1):
                    row, column = i + 3 * u, j + 3 * v
                    if 0 <= row < 7 and 0 <= column < 8:
                        weight = conv.weight[:, :, u + 1, v + 1]
                        total = total + weight @ x[0, :, row, column]
            expected[0, :, i, j] = total
    torch.testing.assert_close(conv(x), expected)


@torch.no_grad()
def test_an_atrous_separable_layer_normalises_and_cuts_off_both_halves():
    torch.manual_seed(0)
    layer = separable(4, 6, 3, rate=2).double().eval()
    randomize_statistics(layer)
    depthwise, norm, _, pointwise, last_norm, _ = layer
    x = torch.randn(2, 4, 7, 9, dtype=torch.double)
    inner = F.conv2d(x, depthwise.weight, padding=2, dilation=2, groups=4)
    expected = last_norm(F.conv2d(norm(inner).relu(), pointwise.weight)).relu()
    torch.testing.assert_close(layer(x), expected)
    assert ASPP(4).project[-1].p == 0.1  # the authors' code keeps 0.9


@torch.no_grad()
def test_far_weights_fall_off_a_small_map():
    """At a rate of the map's size the middle weight alone is left."""
    conv = nn.Conv2d(1, 1, 3, padding=9, dilation=9, bias=False)
    x = torch.randn(1, 1, 9, 9)
    torch.testing.assert_close(conv(x), conv.weight[0, 0, 1, 1] * x)


def test_the_mean_is_the_same_everywhere():
    torch.manual_seed(0)
    aspp = ASPP(4, (1,), 2).eval()
    cells = aspp.pooling(torch.randn(1, 4, 5, 6)).expand(1, 2, 5, 6)
    small = cells[:, :, :1, :1]
    for aligned in (True, False):  # bilinear enlargement of one cell is repetition
        found = F.interpolate(small, (5, 6), mode="bilinear", align_corners=aligned)
        torch.testing.assert_close(found, cells)


@torch.no_grad()
def test_smp_has_the_same_aspp():
    torch.manual_seed(0)
    reference = smp.ASPP(12, 8, (6, 12, 18), separable=False, dropout=0.5)
    ours = ASPP(12, (6, 12, 18), 8).double()
    randomize_statistics(reference.double().eval())
    copy_in_order(reference, ours.eval())
    x = torch.randn(2, 12, 20, 17, dtype=torch.double)
    torch.testing.assert_close(ours(x), reference(x))


@torch.no_grad()
def test_smp_lays_the_same_maps_side_by_side():
    """Reduction to 48, enlargement with aligned corners, order of the maps."""
    torch.manual_seed(0)
    channels = (3, 8, 16, 24, 32, 40)
    rates = (6, 12, 18)
    reference = smp.DeepLabV3PlusDecoder(channels, 5, 24, rates, 16, False, 0.5)
    randomize_statistics(reference.double().eval())
    ours = Decoder(16, 24).double().eval()
    copy_in_order(reference.block1, ours.reduce)
    low = torch.randn(1, 16, 33, 29, dtype=torch.double)
    sides = ((129, 113), (65, 57), (33, 29), (17, 15), (9, 8), (9, 8))
    maps = [
        torch.randn(1, c, *side, dtype=torch.double)
        for c, side in zip(channels, sides, strict=True)
    ]
    maps[2] = low
    seen = {}
    reference.aspp.register_forward_hook(lambda _m, _i, out: seen.update(high=out))
    reference.up.scale_factor = None
    reference.up.size = (33, 29)  # theirs multiplies by 4, which 9 x 8 cells are not
    reference.block2.register_forward_hook(lambda _m, i, _o: seen.update(joined=i[0]))
    reference(maps)
    found = {}
    ours.refine.register_forward_hook(lambda _m, i, _o: found.update(joined=i[0]))
    ours(low, seen["high"])
    torch.testing.assert_close(found["joined"], seen["joined"])


def small_network(layer=conv_norm_relu) -> DeepLabV3Plus:
    torch.manual_seed(0)
    body = ResNet(BasicBlock, (1, 1, 1, 1), (8, 8, 8, 16))
    body.stem[0], body.stem[1] = nn.Conv2d(3, 8, 7, 2, 3), nn.BatchNorm2d(8)
    body.stage1 = nn.Sequential(BasicBlock(8, 8))
    backbone = keep_fine(Stages(body, ["stage1", "stage4"]), 16)
    aspp = ASPP(16, (1, 2), 16, layer=layer)
    decoder = Decoder(8, 16, 8, 16, layer=layer)
    return DeepLabV3Plus(backbone, aspp, decoder, num_classes=3)


@torch.no_grad()
def test_corners_lie_on_corners():
    """Of 16 n + 1 pixels every fourth has the value of a cell of the decoder's map."""
    network = small_network().double().eval()
    seen = {}
    network.scores.register_forward_hook(lambda _m, _i, out: seen.update(scores=out))
    logits = network(torch.randn(1, 3, 65, 81, dtype=torch.double))
    torch.testing.assert_close(logits[..., ::4, ::4], seen["scores"])


@pytest.mark.parametrize("layer", [conv_norm_relu, separable])
def test_learns_one_batch(layer):
    network = small_network(layer)
    images = torch.randn(2, 3, 65, 65)
    classes = (F.avg_pool2d(images[:, :1], 9, 1, 4)[:, 0] > 0).long()
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(12):
        loss = F.cross_entropy(network(images), classes)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.8 * losses[0]
