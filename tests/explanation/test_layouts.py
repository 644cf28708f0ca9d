"""Channels-last maps and tokens against twins that hold channels first."""

import pytest
import timm
import torch
import torchvision
from networks import AsTokens, ChannelsFirst, ChannelsLast, Net
from torch import nn

from edulib.explanation import (
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


@pytest.fixture
def twin():
    return ChannelsFirst()


@pytest.fixture(params=["channels last", "tokens", "class token", "registers"])
def other(request, twin):
    if request.param == "channels last":
        return ChannelsLast(twin)
    return AsTokens(
        twin, {"tokens": 0, "class token": 1, "registers": 5}[request.param]
    )


def test_the_twins_compute_the_same(twin, other, image):
    torch.testing.assert_close(other(image), twin(image))


def test_grad_cam_is_that_of_the_twin(twin, other, image):
    expected = grad_cam(twin, image, "body", 2)
    assert expected.max() > 1e-3
    torch.testing.assert_close(grad_cam(other, image, "body", 2), expected)


def test_grad_cam_of_an_image_that_is_no_square(twin, other):
    wide = torch.rand(1, 3, 16, 40, generator=torch.Generator().manual_seed(0))
    expected = grad_cam(twin, wide, "body", 2)
    assert expected.max() > 1e-3
    torch.testing.assert_close(grad_cam(other, wide, "body", 2), expected)


def test_layer_output_is_that_of_the_twin(twin, other, image):
    found = layer_output(other, image, "body")
    assert found.shape == (2, 6, 8, 8)
    torch.testing.assert_close(found, layer_output(twin, image, "body"))


@pytest.mark.parametrize("method", [gradient, guided_backprop, deconvnet])
@pytest.mark.parametrize("position", [None, (5, 2)])
def test_projections_are_those_of_the_twin(method, position, twin, other, image):
    expected = method(twin, image, "body.mix", 3, position)
    assert expected.abs().max() > 1e-3
    found = method(other, image, "body.mix", 3, position)
    torch.testing.assert_close(found, expected)


def test_top_activations_are_those_of_the_twin(twin, other):
    images = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    expected = top_activations(twin, images, "body", [0, 5], k=2)
    for found, right in zip(
        top_activations(other, images, "body", [0, 5], k=2), expected, strict=True
    ):
        assert torch.equal(found.images, right.images)
        assert torch.equal(found.positions, right.positions)
        torch.testing.assert_close(found.values, right.values)


def test_patches_of_channels_last_maps_are_receptive_fields(twin):
    images = torch.rand(3, 3, 32, 32)
    (top,) = top_activations(ChannelsLast(twin), images, "body", [1], k=1)
    row, column = top.positions[0].tolist()
    expected = [4 * column, 4 * row, 4 * column + 4, 4 * row + 4]
    assert top.boxes_xyxy[0].tolist() == expected


def test_a_maximised_unit_is_that_of_the_twin(twin, other):
    shape = (3, 32, 32)
    expected = maximize_activation(twin, "body.mix", 4, shape, steps=5)
    found = maximize_activation(other, "body.mix", 4, shape, steps=5)
    torch.testing.assert_close(found, expected)


def test_occlusion_of_a_unit_is_that_of_the_twin(twin, other, image):
    expected = occlusion_map(twin, image[0], 2, 8, 8, layer="body", batch_size=5)
    found = occlusion_map(other, image[0], 2, 8, 8, layer="body", batch_size=5)
    torch.testing.assert_close(found, expected)


def test_part_scores_are_those_of_the_twin(twin, other, image):
    masks = torch.rand(2, 1, 16, 16) < 0.3
    expected = part_scores(twin, image, masks, "body", ["a"], quantile=0.8)
    found = part_scores(other, image, masks, "body", ["a"], quantile=0.8)
    assert torch.equal(found.iou, expected.iou)


def test_the_last_unit_is_a_channel(other, image):
    gradient(other, image, "body", 5)
    with pytest.raises(ValueError, match="'body' from 0 to 5, got 6"):
        gradient(other, image, "body", 6)


def tiny_swin(version):
    build = torchvision.models.SwinTransformer
    block = torchvision.models.swin_transformer.SwinTransformerBlock
    merging = torchvision.models.swin_transformer.PatchMerging
    if version == 2:
        block = torchvision.models.swin_transformer.SwinTransformerBlockV2
        merging = torchvision.models.swin_transformer.PatchMergingV2
    torch.manual_seed(0)
    sizes = ([4, 4], 8, [1, 2], [1, 2], [4, 4])
    return build(*sizes, num_classes=5, block=block, downsample_layer=merging).eval()


def slow_grad_cam(maps, logits, target):
    """Of channels-last maps (B, H, W, C), unit by unit."""
    (gradients,) = torch.autograd.grad(logits[:, target].sum(), maps)
    heat = torch.zeros(maps.shape[:3])
    for unit in range(maps.shape[3]):
        weight = gradients[..., unit].mean((1, 2), keepdim=True)
        heat += weight * maps.detach()[..., unit]
    return heat.relu()[:, None]


@pytest.mark.parametrize("version", [1, 2])
def test_grad_cam_of_torchvisions_swin_equals_a_slow_loop(version, image):
    net = tiny_swin(version)
    maps = net.features(image).detach().requires_grad_()
    logits = net.head(net.norm(maps).mean((1, 2)))
    heat = slow_grad_cam(maps, logits, 3)
    expected = nn.functional.interpolate(heat, (32, 32), mode="bilinear")
    assert expected.max() > 0
    for layer in ("features", "features.3", "features.3.1"):
        found = grad_cam(net, image, layer, 3)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    "name", ["swin_tiny_patch4_window7_224", "swinv2_tiny_window8_256"]
)
def test_grad_cam_of_timms_swin_equals_a_slow_loop(name):
    torch.manual_seed(0)
    net = timm.create_model(
        name,
        num_classes=5,
        embed_dim=8,
        depths=(1, 2),
        num_heads=(1, 2),
        img_size=64,
        window_size=8,
    )
    nn.init.normal_(net.eval().head.fc.weight, std=0.5)
    images = torch.rand(2, 3, 64, 64)
    maps = net.layers(net.patch_embed(images)).detach().requires_grad_()
    assert maps.shape == (2, 8, 8, 16)
    heat = slow_grad_cam(maps, net.head(net.norm(maps)), 3)
    expected = nn.functional.interpolate(heat, (64, 64), mode="bilinear")
    assert expected.max() > 0
    for layer in ("layers", "layers.1", "layers.1.blocks.1"):
        found = grad_cam(net, images, layer, 3)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)


def vit_of_torchvision():
    torch.manual_seed(0)
    net = torchvision.models.VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=5)
    nn.init.normal_(net.heads.head.weight)
    return net.eval(), "encoder.layers.encoder_layer_1.ln_1", 1


def vit_of_timm(**options):
    torch.manual_seed(0)
    sizes = {"img_size": 32, "patch_size": 8, "embed_dim": 16, "depth": 2}
    net = timm.models.VisionTransformer(**sizes, num_heads=2, num_classes=5, **options)
    return net.eval(), "blocks.1.norm1", net.num_prefix_tokens


VITS = {
    "torchvision": vit_of_torchvision,
    "timm": vit_of_timm,
    "timm registers": lambda: vit_of_timm(reg_tokens=4),
    "timm registers, positions apart": lambda: vit_of_timm(
        reg_tokens=4, no_embed_class=True
    ),
    "timm average": lambda: vit_of_timm(class_token=False, global_pool="avg"),
}


@pytest.mark.parametrize("name", VITS)
def test_grad_cam_of_a_vit_equals_a_slow_loop(name, image):
    net, layer, prefix = VITS[name]()
    kept = []
    hook = net.get_submodule(layer).register_forward_hook(
        lambda m, a, out: kept.append(out)
    )
    logits = net(image)
    hook.remove()
    largest = 0
    for target in range(5):
        (gradients,) = torch.autograd.grad(
            logits[:, target].sum(), kept[0], retain_graph=True
        )
        weights = gradients[:, prefix:].mean(1)
        heat = torch.zeros(2, 1, 4, 4)
        for row in range(4):
            for column in range(4):
                token = kept[0][:, prefix + 4 * row + column].detach()
                heat[:, 0, row, column] = (weights * token).sum(1).relu()
        expected = nn.functional.interpolate(heat, (32, 32), mode="bilinear")
        torch.testing.assert_close(grad_cam(net, image, layer, target), expected)
        largest = max(largest, expected.max())
    assert largest > 0


def test_behind_the_last_attention_only_the_class_token_is_read(image):
    net, *_ = vit_of_torchvision()
    with pytest.raises(ValueError, match="nothing but the class token of layer 'enc"):
        grad_cam(net, image, "encoder.layers.encoder_layer_1", 1)


def test_maps_that_cannot_be_told_apart_are_refused():
    """Of a model that is not traced; units, rows and columns are three of a kind."""

    def forward(net, x):
        assert not x.is_meta
        assert x.any()
        return net.head(net.body(x).mean((1, 2)))

    body = Net(lambda s, x: x.permute(0, 2, 3, 1) * 2)
    net = Net(forward, body=body, head=nn.Linear(3, 2))
    with pytest.raises(ValueError, match=r"Layer\('body', layout='BCHW'\), or 'BHWC'"):
        grad_cam(net, torch.rand(1, 3, 3, 3), "body", 0)
    found = layer_output(net, torch.rand(1, 3, 6, 3), "body")
    assert found.shape == (1, 3, 6, 3)


def test_windows_are_no_images(image):
    """Of a Swin: 4 windows of 16 tokens for each of 2 images."""

    def forward(net, x):
        x = net.stem(x).unflatten(2, (2, 4)).unflatten(4, (2, 4))
        x = x.permute(0, 2, 4, 3, 5, 1).flatten(0, 2)  # (B * windows, 4, 4, C)
        return net.head(net.norm(x).mean((1, 2))).unflatten(0, (-1, 4)).mean(1)

    parts = {"stem": nn.Conv2d(3, 6, 4, 4), "norm": nn.LayerNorm(6)}
    net = Net(forward, **parts, head=nn.Linear(6, 3))
    with pytest.raises(ValueError, match=r"maps of 2 images, got 8 in \(8, 4, 4, 6\)"):
        grad_cam(net, image, "norm", 0)


def test_attention_weights_are_no_maps(image):
    """Their sides are the image's, made smaller: 16 tokens of 32 pixels."""
    net, *_ = vit_of_timm(class_token=False, global_pool="avg")
    net.blocks[0].attn.fused_attn = False
    with pytest.raises(ValueError, match=r"'blocks.0.attn.attn_drop' \(2, 2, 16, 16"):
        grad_cam(net, image, "blocks.0.attn.attn_drop", 0)


def test_tokens_of_no_grid_are_refused(image):
    """Queries are no positions of the image."""
    torch.manual_seed(0)
    net = Net(
        lambda s, x: s.mix(x.flatten(2)[:, :, torch.randperm(1024)[:7]].mT),
        mix=nn.Linear(3, 6),
    )
    with pytest.raises(
        ValueError, match=r"that lie on a grid, got \(2, 7, 6\): say La"
    ):
        grad_cam(net, image, "mix", 0)


def test_tokens_in_another_row_are_refused(twin, image):
    """As many as there were, shuffled."""
    order = torch.arange(64).flip(0)

    def forward(net, x):
        x = net.stem(x).flatten(2).mT[:, order]
        return net.head(net.body(x).mean(1))

    last = ChannelsLast(twin)
    net = Net(forward, stem=last.stem, body=last.body, head=last.head)
    with pytest.raises(ValueError, match="that lie on a grid"):
        grad_cam(net, image, "body", 0)


def test_tokens_in_another_order_are_refused(twin, image):
    """As Hiera does it: as many tokens as positions, in another order."""

    def forward(net, x):
        x = net.stem(x).unfold(2, 4, 4).unfold(3, 4, 4)  # (B, C, 2, 2, 4, 4)
        x = x.permute(0, 2, 3, 4, 5, 1).reshape(len(x), 64, 6)
        return net.head(net.body(x).mean(1))

    last = ChannelsLast(twin)
    net = Net(forward, stem=last.stem, body=last.body, head=last.head)
    with pytest.raises(ValueError, match="that lie on a grid"):
        grad_cam(net, image, "body", 0)


def test_a_model_is_traced_once_until_it_is_changed(monkeypatch, twin, image):
    from edulib.explanation import traces

    shapes = []

    def counting(model, shape, trace=traces.trace_graph):
        shapes.append(shape)
        return trace(model, shape)

    monkeypatch.setattr(traces, "trace_graph", counting)
    net = AsTokens(twin, 1)
    for unit in range(3):
        gradient(net, image, "body.mix", unit)
    assert shapes == [(3, 32, 32)]
    small = layer_output(net, image[:, :, :16], "body")
    assert small.shape == (2, 6, 4, 8)
    assert shapes == [(3, 32, 32), (3, 16, 32)]
    net.body.mix = nn.Linear(6, 6)
    layer_output(net, image[:, :, :16], "body")
    assert shapes == [(3, 32, 32), (3, 16, 32), (3, 16, 32)]
