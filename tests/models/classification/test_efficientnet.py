"""EfficientNet: equal to torchvision's and timm's, as in table 1, and scaled."""

import math

import pytest
import torch
import torchvision
from model_helpers import (
    assert_equal_outputs,
    assert_equal_training,
    copy_in_order,
    layer_shapes,
    randomize_statistics,
)
from torch import nn
from torch.nn import functional as F

from edulib.models.blocks.mobile import SqueezeExcitation, scale_channels
from edulib.models.classification import efficientnet
from edulib.models.classification.efficientnet import (
    TABLE_1,
    EfficientNet,
    MBConv,
    SameConv2d,
    StochasticDepth,
    conv_norm_relu6,
    efficientnet_b0,
    efficientnet_lite0,
    scale_depth,
)

B = [f"efficientnet_b{i}" for i in range(8)]
LITE = [f"efficientnet_lite{i}" for i in range(5)]
DROPOUT = dict(
    zip(
        B + LITE,
        [0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5, 0.2, 0.2, 0.3, 0.3, 0.3],
        strict=True,
    )
)


def references(name: str, **arguments: object) -> nn.Module:
    """Build torchvision's network, or timm's with TensorFlow's padding."""
    if name in B:
        return torchvision.models.get_model(name, **arguments)
    import timm

    return timm.create_model(f"tf_{name}", drop_path_rate=0.2, **arguments)


def both(name: str) -> tuple[EfficientNet, nn.Module]:
    """Build our network and the reference, without what differs by chance or choice."""
    torch.manual_seed(0)
    pair = getattr(efficientnet, name)(num_classes=11), references(name, num_classes=11)
    for module in (module for network in pair for module in network.modules()):
        if isinstance(module, nn.BatchNorm2d):
            module.eps, module.momentum = 1e-3, 0.01
        for rate in ("p", "drop_prob"):
            if hasattr(module, rate):
                setattr(module, rate, 0.0)
    return pair


@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_lite0"])
@pytest.mark.parametrize("size", [64, 75])  # stride 2 meets even and odd sides
def test_equals_the_reference(name, size):
    assert_equal_outputs(*both(name), size)


@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_lite0"])
def test_equals_the_reference_in_training(name):
    ours, theirs = (network.double().train() for network in both(name))
    randomize_statistics(theirs)
    copy_in_order(theirs, ours)
    assert_equal_training(ours, theirs)


@pytest.mark.parametrize("name", B + LITE)
def test_scales_as_the_reference(name):
    with torch.device("meta"):
        ours, theirs = getattr(efficientnet, name)(), references(name)
    shapes = [[p.shape for p in network.parameters()] for network in (ours, theirs)]
    assert shapes[0] == shapes[1]
    rates = [p for p in drop_rates(theirs) if p]
    assert [p for p in drop_rates(ours) if p] == pytest.approx(rates)


def drop_rates(network: nn.Module) -> list[float]:
    """List the rates of stochastic depth of the blocks that have a shortcut."""
    rates = []
    for block in network.modules():
        if getattr(block, "use_res_connect", False):  # torchvision's
            rates.append(block.stochastic_depth.p)
        elif getattr(block, "has_skip", False):  # timm's
            rates.append(getattr(block.drop_path, "drop_prob", 0.0))
        elif getattr(block, "has_shortcut", False):
            rates.append(block.drop.p)
    return rates


@pytest.mark.parametrize("name", DROPOUT)
def test_dropout_stands_before_the_last_layer(name):
    with torch.device("meta"):
        network = getattr(efficientnet, name)()
    kinds = [type(part) for part in network.head[1:]]
    assert kinds == [nn.AdaptiveAvgPool2d, nn.Flatten, nn.Dropout, nn.Linear]
    found = [m.p for m in network.modules() if isinstance(m, nn.Dropout)]
    assert found == [DROPOUT[name]]


def test_rates_of_stochastic_depth_climb_linearly_to_a_fifth():
    with torch.device("meta"):
        network = efficientnet_b0()
    rates = [m.p for m in network.modules() if isinstance(m, StochasticDepth)]
    assert rates == pytest.approx([0.0125 * block for block in range(16)])


@pytest.mark.parametrize("build", [efficientnet_b0, efficientnet_lite0])
def test_every_normalisation_has_the_authors_constants(build):
    with torch.device("meta"):
        network = build()
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 49
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}


@pytest.mark.parametrize("build", [efficientnet_b0, efficientnet_lite0])
def test_stages_are_those_of_table_1(build):
    with torch.device("meta"):
        shapes = layer_shapes(build(), 224)
    assert shapes == {
        "stem": (32, 112, 112),
        "stage2": (16, 112, 112),
        "stage3": (24, 56, 56),
        "stage4": (40, 28, 28),
        "stage5": (80, 14, 14),
        "stage6": (112, 14, 14),
        "stage7": (192, 7, 7),
        "stage8": (320, 7, 7),
        "head": (1000,),
    }
    assert [stage.depth for stage in TABLE_1] == [1, 2, 2, 3, 3, 4, 1]


@pytest.mark.parametrize(
    ("build", "activation", "squeezes"),
    [(efficientnet_b0, nn.SiLU, 16), (efficientnet_lite0, nn.ReLU6, 0)],
)
def test_the_lite_form_has_relu6_and_no_squeezing(build, activation, squeezes):
    with torch.device("meta"):
        modules = list(build().modules())
    count = {
        kind: sum(isinstance(m, kind) for m in modules)
        for kind in (nn.SiLU, nn.ReLU6, SqueezeExcitation)
    }
    others = {nn.SiLU, nn.ReLU6} - {activation}
    assert count[SqueezeExcitation] == squeezes
    assert count[activation] == 33 + squeezes  # 15 expansions, 16 filters, two ends
    assert [count[other] for other in others] == [0]


@pytest.mark.parametrize("name", ["efficientnet_b0", "efficientnet_lite0"])
def test_starts_with_the_distribution_of_the_authors_code(name):
    torch.manual_seed(0)
    ours = getattr(efficientnet, name)()
    for module in ours.modules():
        if isinstance(module, nn.Conv2d):
            height, width = module.kernel_size
            filters = module.out_channels // module.groups
            std = math.sqrt(2 / (height * width * filters))
            weight = module.weight.detach()
            few = 4 / math.sqrt(2 * weight.numel())  # four standard errors
            assert weight.std().item() == pytest.approx(std, rel=few)
        if isinstance(module, nn.Linear):
            bound = 1 / math.sqrt(1000)
            assert 0.99 * bound < module.weight.abs().max() <= bound
            assert module.weight.std().item() == pytest.approx(
                bound / math.sqrt(3), rel=0.01
            )
        if getattr(module, "bias", None) is not None:
            assert not module.bias.any()


def test_a_block_is_the_chain_of_its_parts():
    torch.manual_seed(0)
    block = MBConv(8, 8, kernel_size=3, stride=1, expansion=6).eval()
    randomize_statistics(block)
    x = torch.randn(2, 8, 6, 6)
    wide = block.depthwise(block.expand(x))
    assert wide.shape == (2, 48, 6, 6)
    _, reduce, _, restore, _ = block.squeeze.weigh
    assert reduce.weight.shape == (2, 8 * 6, 1, 1)  # a quarter of 8, not of 48
    mean = wide.mean(dim=(2, 3))
    hidden = F.silu(F.linear(mean, reduce.weight[:, :, 0, 0], reduce.bias))
    gate = F.linear(hidden, restore.weight[:, :, 0, 0], restore.bias).sigmoid()
    conv, norm = block.project  # and no activation
    expected = x + norm(conv(wide * gate[:, :, None, None]))
    torch.testing.assert_close(block(x), expected)


def test_a_block_has_a_shortcut_where_shapes_agree():
    x = torch.randn(2, 8, 6, 6)
    for out_channels, stride, shortcut in ((8, 1, True), (8, 2, False), (16, 1, False)):
        block = MBConv(8, out_channels, 3, stride, expansion=2).eval()
        nn.init.zeros_(block.project[1].weight)
        y = block(x)
        assert torch.equal(y, x) if shortcut else not y.any()


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("height", [5, 6])
@pytest.mark.parametrize("width", [7, 8])
def test_same_padding_puts_the_odd_zero_right_and_below(kernel_size, height, width):
    """A window's first pixel, slowly: TensorFlow's rule, one output at a time."""
    torch.manual_seed(0)
    conv = SameConv2d(1, 1, kernel_size, stride=2, bias=False)
    x = torch.randn(1, 1, height, width)
    starts = []
    for side in (height, width):
        outputs = math.ceil(side / 2)
        missing = max((outputs - 1) * 2 + kernel_size - side, 0)
        starts.append([2 * k - missing // 2 for k in range(outputs)])
    expected = torch.zeros(1, 1, len(starts[0]), len(starts[1]))
    for i, top in enumerate(starts[0]):
        for j, left in enumerate(starts[1]):
            for row in range(max(top, 0), min(top + kernel_size, height)):
                for column in range(max(left, 0), min(left + kernel_size, width)):
                    tap = conv.weight[0, 0, row - top, column - left].detach()
                    expected[0, 0, i, j] += tap * x[0, 0, row, column]
    torch.testing.assert_close(conv(x), expected)


def test_only_strided_layers_of_the_lite_form_pad_unequally():
    with torch.device("meta"):
        convs = {
            build: [m for m in build().modules() if isinstance(m, nn.Conv2d)]
            for build in (efficientnet_b0, efficientnet_lite0)
        }
    assert not any(isinstance(conv, SameConv2d) for conv in convs[efficientnet_b0])
    for conv in convs[efficientnet_lite0]:
        assert isinstance(conv, SameConv2d) == (conv.stride == (2, 2))
    x = torch.randn(1, 4, 9, 9)
    assert conv_norm_relu6(4, 4, 5, groups=4)(x).shape == (1, 4, 9, 9)


def test_stochastic_depth_leaves_out_images_and_keeps_the_mean():
    torch.manual_seed(0)
    drop = StochasticDepth(0.25)
    x = torch.ones(4000, 2, 3)
    assert drop.eval()(x) is x
    y = drop.train()(x)
    per_image = y.flatten(1)
    assert (per_image == per_image[:, :1]).all()  # all of an image, or nothing
    assert per_image.unique().tolist() == pytest.approx([0, 4 / 3])
    assert y.mean().item() == pytest.approx(1, abs=0.04)
    assert StochasticDepth(0.0).train()(x) is x


def test_scaling_rounds_as_the_authors_do():
    assert [scale_channels(c, 1.1) for c in (16, 24, 40, 320)] == [16, 24, 48, 352]
    assert scale_channels(32, 0.36) == 16  # 8 would be more than a tenth less
    assert scale_channels(16, 0.1) == 8
    assert [scale_depth(d, 1.1) for d in (1, 2, 3, 4)] == [2, 3, 4, 5]
    assert scale_depth(4, 0.1) == 1


@pytest.mark.parametrize("factor", [0, -1.0, float("nan")])
def test_a_factor_above_0_is_asked_for(factor):
    for family in (efficientnet.efficientnet, efficientnet.efficientnet_lite):
        with pytest.raises(ValueError, match=f"expected width.*got {factor}"):
            family(factor, 1.0)
        with pytest.raises(ValueError, match=f"expected depth.*got {factor}"):
            family(1.0, factor)


@pytest.mark.parametrize("family", ["efficientnet", "efficientnet_lite"])
def test_learns_one_batch(family):
    torch.manual_seed(0)
    network = getattr(efficientnet, family)(0.25, 0.3, 0.0, num_classes=4)
    images, labels = torch.randn(8, 3, 32, 32), torch.arange(8) % 4
    optimizer = torch.optim.Adam(network.parameters(), lr=0.001)
    losses = []
    for _ in range(20):
        loss = F.cross_entropy(network(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


@pytest.mark.parametrize("family", ["efficientnet", "efficientnet_lite"])
def test_torch_fx_and_export_draw_its_graph(family):
    model = getattr(efficientnet, family)(0.25, 0.3, num_classes=3).eval()
    images = torch.randn(2, 3, 33, 46)
    expected = model(images)
    torch.testing.assert_close(torch.fx.symbolic_trace(model)(images), expected)
    exported = torch.export.export(model, (images,)).module()
    torch.testing.assert_close(exported(images), expected)
