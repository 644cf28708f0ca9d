"""ViT: equal to torchvision's and timm's, as the paper draws it."""

import pytest
import timm
import torch
from model_helpers import layer_shapes
from torch import Tensor, nn
from torchvision import models

from edulib.anatomy import count_parameters
from edulib.models.classification.vit import (
    EncoderLayer,
    HybridEmbedding,
    PatchEmbedding,
    ResNetStem,
    VisionTransformer,
    resize_positions,
    vit_b_16,
)
from edulib.weights.published import in_our_order


def same_weights(ours: nn.Module, reference: nn.Module) -> None:
    """Give a reference weights whose head is not zero, and ours the same."""
    for key, value in reference.state_dict().items():
        if key.startswith("head") or "bias" in key or "token" in key:
            nn.init.normal_(value, std=0.1)
    theirs = in_our_order(reference.state_dict()).values()
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs, strict=True)))


def assert_equal(ours: nn.Module, reference: nn.Module, image_size: int) -> None:
    """Outputs and gradients of images, and of parameters where both have as many."""
    ours, reference = ours.double(), reference.double()
    same_weights(ours, reference)
    images = torch.randn(2, 3, image_size, image_size, dtype=torch.double)
    images.requires_grad_()
    found = [network(images) for network in (ours, reference)]
    torch.testing.assert_close(*found, rtol=1e-9, atol=1e-9)
    assert found[0].abs().max() > 0.1
    gradients = [torch.autograd.grad(y.square().sum(), images)[0] for y in found]
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("training", [False, True])
def test_base_equals_torchvision(training):
    torch.manual_seed(0)
    reference = models.vit_b_16(image_size=32, num_classes=11).train(training)
    ours = VisionTransformer(PatchEmbedding(32, 16), num_classes=11).train(training)
    assert_equal(ours, reference, 32)


def test_tiny_equals_timm_with_all_gradients():
    torch.manual_seed(0)
    settings = {"img_size": 64, "num_classes": 11}
    reference = timm.create_model("deit_tiny_patch16_224", **settings).double()
    patches = PatchEmbedding(64, 16, 192)
    ours = VisionTransformer(patches, num_heads=3, num_classes=11).double()
    assert_equal(ours, reference, 64)
    images = torch.randn(2, 3, 64, 64, dtype=torch.double)
    for network in (ours, reference):
        network(images).square().sum().backward()
    theirs = {key: value.grad for key, value in reference.named_parameters()}
    wanted = in_our_order(theirs).values()
    for (key, value), gradient in zip(ours.named_parameters(), wanted, strict=True):
        torch.testing.assert_close(
            value.grad, gradient, rtol=1e-6, atol=1e-10, msg=f"of {key}"
        )


@pytest.mark.parametrize("training", [False, True])
def test_hybrid_equals_timm(training):
    torch.manual_seed(0)
    settings = {"img_size": 64, "num_classes": 11, "depth": 2}
    reference = timm.create_model("vit_base_r50_s16_224", **settings).train(training)
    for module in reference.modules():
        if isinstance(module, nn.GroupNorm):
            nn.init.normal_(module.weight, 1, 0.2)
    ours = VisionTransformer(
        HybridEmbedding(ResNetStem(), 64), depth=2, num_classes=11
    ).train(training)
    assert_equal(ours, reference, 64)


def test_stages_are_those_of_figure_1():
    with torch.device("meta"):
        network = vit_b_16()
        shapes = layer_shapes(network, 224)
    assert shapes == {
        "patches": (196, 768),
        "positions": (197, 768),
        "dropout": (197, 768),
        "layers": (197, 768),
        "norm": (197, 768),
        "head": (1000,),
    }
    assert count_parameters(network.layers[0]) == 12 * 768**2 + 13 * 768


def test_a_patch_is_cut_out_and_multiplied():
    torch.manual_seed(0)
    embed = PatchEmbedding(12, 4, 5, in_channels=2)
    nn.init.normal_(embed.project.bias)
    image = torch.randn(1, 2, 12, 12)
    tokens = embed(image)
    assert tokens.shape == (1, 9, 5)
    patch = image[0, :, 4:8, 8:12].flatten()  # second row, third column
    wanted = embed.project.weight.flatten(1) @ patch + embed.project.bias
    torch.testing.assert_close(tokens[0, 5], wanted)


def test_idle_branches_leave_the_tokens_alone():
    torch.manual_seed(0)
    layer = EncoderLayer(8, 2)
    for last in (layer.attention.out, layer.mlp[3]):
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    x = torch.randn(2, 5, 8)
    assert torch.equal(layer(x), x)


def test_full_dropout_leaves_the_shortcuts_alone():
    torch.manual_seed(0)
    layer = EncoderLayer(8, 2, dropout=1.0)
    x = torch.randn(2, 5, 8)
    assert torch.equal(layer.train()(x), x)
    assert not torch.allclose(layer.eval()(x), x)


def test_dropout_stands_after_positions_attention_and_both_layers_of_the_mlp():
    patches = PatchEmbedding(16, 4, 8)
    network = VisionTransformer(patches, depth=2, num_heads=2, dropout=0.1)
    seen = []
    for name, module in network.named_modules():
        if isinstance(module, nn.Dropout):
            assert module.p == 0.1
            module.register_forward_hook(lambda *_, name=name: seen.append(name))
    network(torch.zeros(1, 3, 16, 16))
    parts = ("dropout", "mlp.2", "mlp.4")
    wanted = [f"layers.{k}.{part}" for k in range(2) for part in parts]
    assert seen == ["dropout", *wanted]
    assert all(layer.attention.dropout == 0 for layer in network.layers)


def test_without_positions_the_order_of_patches_plays_no_part():
    torch.manual_seed(0)
    network = VisionTransformer(
        PatchEmbedding(16, 4, 8), depth=2, num_heads=2, num_classes=3
    ).eval()
    nn.init.normal_(network.head.weight)
    image = torch.randn(1, 3, 16, 16)
    mirrored = blockwise_mirror(image, 4)
    assert not torch.allclose(network(image), network(mirrored), atol=1e-4)
    nn.init.zeros_(network.positions.positions)
    torch.testing.assert_close(network(image), network(mirrored))


def blockwise_mirror(image: Tensor, patch: int) -> Tensor:
    """Exchange the columns of patches; each patch stays as it is."""
    columns = image.unflatten(3, (-1, patch))
    return columns.flip(3).flatten(3)


def test_resized_positions_keep_class_token_and_corners():
    positions = torch.randn(1, 1 + 9, 4)
    found = resize_positions(positions, (5, 7))
    assert found.shape == (1, 1 + 35, 4)
    torch.testing.assert_close(found[:, 0], positions[:, 0])
    for place, was in ((1, 1), (7, 3), (29, 7), (35, 9)):  # the corners
        torch.testing.assert_close(found[:, place], positions[:, was])
    torch.testing.assert_close(resize_positions(positions, (3, 3)), positions)


def test_resized_positions_are_torchvision_s():
    torch.manual_seed(0)
    state = {"encoder.pos_embedding": torch.randn(1, 1 + 49, 6)}
    wanted = models.vision_transformer.interpolate_embeddings(384, 32, dict(state))
    found = resize_positions(state["encoder.pos_embedding"], (12, 12))
    torch.testing.assert_close(found, wanted["encoder.pos_embedding"])


@pytest.mark.parametrize("shape", [(1, 9, 4), (1, 1, 4), (10, 4)])
def test_positions_of_no_square_grid_are_refused(shape):
    with pytest.raises(ValueError, match=r"1 \+ S².*got \("):
        resize_positions(torch.zeros(shape), (4, 4))


def test_sizes_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="divides by patch_size, got 30 and 4"):
        PatchEmbedding(30, 4)
    with pytest.raises(ValueError, match="divides by 16, got 40"):
        HybridEmbedding(ResNetStem(), 40)
    with pytest.raises(ValueError, match="H, W <= 32, got"):
        PatchEmbedding(32, 8)(torch.zeros(1, 3, 40, 40))
