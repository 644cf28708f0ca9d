"""DETR: equal to the one of transformers, in what it predicts, learns and detects."""

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from edulib.benchmarks.their_detr import our_names, their_targets
from edulib.models.blocks.attention import MultiHeadAttention
from edulib.models.blocks.stages import Stages
from edulib.models.classification.resnet import resnet50
from edulib.models.detection.detr import (
    Transformer,
    detr_resnet50,
    detr_resnet50_dc5,
)
from edulib.models.detection.detr.network import cells_inside, dilate, image_sizes
from edulib.models.tiny import detection as tiny

KINDS = 6
SIZES = ((96, 128), (80, 100))
"""Heights and widths of two images, of which the second is filled up."""


def reference_of() -> nn.Module:
    """Return transformers' network in full depth and width, with random weights."""
    transformers = pytest.importorskip("transformers")
    config = transformers.DetrConfig(num_labels=KINDS, dropout=0.0)
    network = transformers.DetrForObjectDetection(config).double()
    for name, value in network.state_dict().items():
        if name.endswith("running_var"):
            nn.init.uniform_(value, 0.5, 2)
        elif value.ndim == 1:
            nn.init.normal_(value, 1.0 * name.endswith("weight"), std=0.1)
        elif "backbone" not in name:
            wide = "query_pos" in name or "encoder_attn." in name  # slots differ
            nn.init.normal_(value, std=0.4 if wide else 0.08)
    places = network.model.position_embedding
    network.model.position_embedding = InSingle(places)
    return network


class InSingle(nn.Module):
    """Sines in float32, as in the authors' code and ours."""

    def __init__(self, places: nn.Module) -> None:
        super().__init__()
        self.places = places

    def forward(self, shape, device, dtype, mask) -> Tensor:
        return self.places(shape, device, torch.float32, mask).to(dtype)


def without_dropout(network: nn.Module) -> nn.Module:
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        if hasattr(module, "dropout") and isinstance(module.dropout, float):
            module.dropout = 0.0
    return network


@pytest.fixture(scope="module")
def pair():
    torch.manual_seed(0)
    reference = reference_of()
    ours = without_dropout(detr_resnet50(KINDS)).double()
    copy_names(reference, ours)
    return reference, ours


def copy_names(reference: nn.Module, ours: nn.Module) -> None:
    ours.load_state_dict(our_names(reference.state_dict()))


@pytest.fixture
def in_double():
    """Make new tensors float64, such as the weights of kinds in their loss."""
    torch.set_default_dtype(torch.double)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def images():
    torch.manual_seed(1)
    padded = torch.zeros(2, 3, *SIZES[0], dtype=torch.double)
    inside = torch.zeros(2, *SIZES[0], dtype=torch.bool)
    for image, mask, (height, width) in zip(padded, inside, SIZES, strict=True):
        image[:, :height, :width] = torch.randn(3, height, width, dtype=torch.double)
        mask[:height, :width] = True
    return padded, inside


def some_targets() -> list[dict[str, Tensor]]:
    boxes = torch.tensor([[3.0, 5, 50, 60], [40, 20, 99, 70], [60, 50, 90, 79]])
    one = {"boxes": boxes.double(), "labels": torch.tensor([1, 5, 1])}
    return [one, {"boxes": one["boxes"][:2], "labels": torch.tensor([0, 3])}]


@pytest.mark.parametrize("training", [False, True])
def test_predictions_of_images_of_two_sizes_are_those_of_transformers(
    pair, images, training
):
    reference, ours = (network.train(training) for network in pair)
    pixels, inside = images[0].clone().requires_grad_(), images[1]
    found = ours(pixels, inside)
    expected = reference(pixels, pixel_mask=inside.long())
    values = {"rtol": 1e-9, "atol": 1e-9}
    torch.testing.assert_close(found.logits[-1], expected.logits, **values)
    torch.testing.assert_close(found.boxes_cxcywh[-1], expected.pred_boxes, **values)
    assert found.boxes_cxcywh[-1].std(1).min() > 1e-4  # the slots differ
    gradients = [
        torch.autograd.grad(logits.square().sum() + boxes.square().sum(), pixels)[0]
        for logits, boxes in (
            (found.logits[-1], found.boxes_cxcywh[-1]),
            (expected.logits, expected.pred_boxes),
        )
    ]
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-12)


def test_losses_of_all_layers_and_their_gradients_are_those_of_transformers(
    pair, images, in_double
):
    """With ``auxiliary_loss=True`` theirs gives each layer what the shared norm made of
    the one before, which the authors' code does not: so they are asked layer by layer.
    """
    reference, ours = (network.train() for network in pair)
    targets = some_targets()
    losses = ours.losses(images[0], targets, images[1])
    decoder = reference.model.decoder
    layers, results = decoder.layers, []
    for k in range(6):
        decoder.layers = layers[: k + 1]
        mask, labels = images[1].long(), their_targets(targets, SIZES)
        results.append(reference(images[0], pixel_mask=mask, labels=labels))
    decoder.layers = layers
    total = sum(result.loss for result in results)
    values = {"rtol": 1e-9, "atol": 1e-9}
    torch.testing.assert_close(sum(losses.values()), total, **values)
    weights = {
        "class": ("loss_ce", 1),
        "l1": ("loss_bbox", 5),
        "giou": ("loss_giou", 2),
    }
    for name, (key, weight) in weights.items():
        expected = weight * sum(result.loss_dict[key] for result in results)
        torch.testing.assert_close(losses[name], expected, **values)
    for network, loss in ((ours, sum(losses.values())), (reference, total)):
        network.zero_grad()
        loss.backward()
    theirs = our_names({k: p.grad for k, p in reference.named_parameters()})
    frozen = [name for name, p in ours.named_parameters() if p.grad is None]
    assert all(
        name.startswith(("backbone.stem.", "backbone.stage1.")) for name in frozen
    )
    assert len(frozen) == 11
    for name, parameter in ours.named_parameters():
        if name not in frozen:
            torch.testing.assert_close(
                parameter.grad, theirs[name], rtol=1e-6, atol=1e-10, msg=name
            )


@torch.no_grad()
def test_detections_are_those_of_transformers(pair, images):
    reference, ours = (network.eval() for network in pair)
    processing = pytest.importorskip("transformers.models.detr.image_processing_detr")
    process = processing.DetrImageProcessor().post_process_object_detection
    output = reference(images[0], pixel_mask=images[1].long())
    expected = process(output, threshold=0, target_sizes=list(SIZES))
    found = ours.detect(images[0], inside=images[1])
    for one, other, (height, width) in zip(found, expected, SIZES, strict=True):
        assert len(one["scores"]) == 100
        order = other["scores"].argsort(descending=True)
        torch.testing.assert_close(one["scores"], other["scores"][order])
        assert torch.equal(one["labels"], other["labels"][order])
        edges = torch.tensor([width, height, width, height])
        boxes = other["boxes"][order].clamp(min=0).minimum(edges)
        torch.testing.assert_close(one["boxes"], boxes)


@torch.no_grad()
def test_what_an_image_was_filled_up_with_changes_nothing(pair, images):
    """Where the fill is whole cells: else the cells at the edge see it."""
    ours = pair[1].eval()
    pixels = torch.randn(1, 3, 64, 64, dtype=torch.double)
    noise = torch.zeros(1, 3, 64, 128, dtype=torch.double)
    noise[..., :64] = pixels
    inside = torch.zeros(1, 64, 128, dtype=torch.bool)
    inside[..., :64] = True
    tokens, places = torch.randn(2, 1, 8, 256, dtype=torch.double)
    mask = torch.arange(8)[None, None, None] < 5
    queries = torch.randn(3, 256, dtype=torch.double)
    found = ours.transformer(tokens, places, queries, mask)
    tokens[:, 5:] = 99
    torch.testing.assert_close(ours.transformer(tokens, places, queries, mask), found)
    torch.testing.assert_close(
        ours(noise, inside).logits.shape, ours(pixels).logits.shape
    )
    everything = torch.ones(1, 64, 64, dtype=torch.bool)
    torch.testing.assert_close(ours(pixels, everything), ours(pixels))


def test_dilated_stage_is_torchvisions():
    torch.manual_seed(0)
    dilations = [False, False, True]
    theirs = models.resnet50(replace_stride_with_dilation=dilations).double().eval()
    ours = Stages(resnet50(), ["stage4"]).double().eval()
    dilate(ours.stage4)
    values = list(theirs.state_dict().values())[: len(ours.state_dict())]
    ours.load_state_dict(dict(zip(ours.state_dict(), values, strict=True)))
    images = torch.randn(1, 3, 64, 96, dtype=torch.double)
    x = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(images))))
    for stage in (theirs.layer1, theirs.layer2, theirs.layer3, theirs.layer4):
        x = stage(x)
    (found,) = ours(images)
    assert found.shape == (1, 2048, 4, 6)
    torch.testing.assert_close(found, x)


def test_parts_have_the_sizes_that_the_paper_tells():
    """41.3 M = 23.5 M + 17.8 M (section 4.1), of which 222,400 do not learn."""
    with torch.device("meta"):
        network = detr_resnet50()
        shapes = {}
        for name in ("project", "class_head", "box_head"):
            network.get_submodule(name).register_forward_hook(
                lambda *call, name=name: shapes.update({name: call[2].shape[1:]})
            )
        network(torch.empty(1, 3, 800, 800))
        dc5 = detr_resnet50_dc5().backbone(torch.empty(1, 3, 800, 800))[0]
    counts = {
        n: sum(p.numel() for p in m.parameters()) for n, m in network.named_children()
    }
    assert counts["transformer"] == 6 * 1_315_072 + 9_473_024
    assert counts["class_head"] + counts["box_head"] == 23_644 + 132_612
    everything = sum(p.numel() for p in network.parameters())
    assert everything == 41_524_768 == sum(counts.values()) + 100 * 256
    frozen = sum(p.numel() for p in network.parameters() if not p.requires_grad)
    assert frozen == 222_400
    assert round(counts["backbone"] / 1e6, 1) == 23.5
    assert shapes["project"] == (256, 25, 25)
    assert shapes["class_head"] == (1, 100, 92)
    assert shapes["box_head"] == (1, 100, 4)
    assert dc5.shape == (1, 2048, 50, 50)


def test_slots_do_not_change_when_the_queries_change_places():
    torch.manual_seed(0)
    network = tiny.detr_resnet50().eval()
    images = torch.randn(1, 3, 64, 96)
    order = torch.randperm(8)
    with torch.no_grad():
        before = network(images)
        network.queries.data = network.queries[order]
        after = network(images)
    torch.testing.assert_close(after.logits, before.logits[:, :, order])


def test_dropout_is_where_the_authors_code_has_it():
    """0.1: on attentions' weights and behind them, behind ReLU and the second layer."""
    with torch.device("meta"):
        transformer = detr_resnet50().transformer
    for name, attentions in (("encoder", 1), ("decoder", 2)):
        for layer in transformer.get_submodule(name):
            weights = [
                module.dropout
                for module in layer.modules()
                if isinstance(module, MultiHeadAttention)
            ]
            assert weights == [0.1] * attentions
            assert layer.dropout.p == 0.1
            inside = [m.p for m in layer.mlp.modules() if isinstance(m, nn.Dropout)]
            assert inside == [0.1, 0.1]


def test_weights_of_the_transformer_begin_as_xaviers():
    torch.manual_seed(0)
    transformer = Transformer(64, 4, 256, encoder_depth=1, decoder_depth=1)
    for module in transformer.modules():
        if isinstance(module, nn.Linear):
            largest = (6 / sum(module.weight.shape)) ** 0.5
            assert 0.99 * largest < module.weight.abs().max() <= largest


def test_without_positions_places_are_a_set():
    torch.manual_seed(0)
    transformer = tiny.detr_resnet50().eval().transformer
    tokens, queries = torch.randn(1, 12, 16), torch.randn(4, 16)
    order = torch.randperm(12)
    nowhere = torch.zeros(1, 12, 16)
    with torch.no_grad():
        before = transformer(tokens, nowhere, queries)
        after = transformer(tokens[:, order], nowhere, queries)
    torch.testing.assert_close(after, before)


def test_sizes_and_cells_follow_the_mask():
    inside = torch.zeros(2, 64, 96, dtype=torch.bool)
    inside[0, :64, :96] = inside[1, :32, :80] = True
    images, features = torch.empty(2, 3, 64, 96), torch.empty(2, 5, 2, 3)
    assert image_sizes(images, inside).tolist() == [[96, 64] * 2, [80, 32] * 2]
    assert image_sizes(images, None).tolist() == [[96, 64] * 2] * 2
    cells = cells_inside(features, inside)
    assert cells[0].all()
    assert cells[1].tolist() == [[True, True, True], [False, False, False]]
    assert cells_inside(features, None).all()


def test_each_layer_can_be_asked():
    torch.manual_seed(0)
    network = tiny.detr_resnet50(KINDS).eval()
    images = torch.randn(2, 3, 64, 96)
    first, last = (network.detect(images, layer=k) for k in (0, -1))
    assert not torch.equal(first[0]["scores"], last[0]["scores"])
    assert torch.equal(network.detect(images, layer=1)[0]["boxes"], last[0]["boxes"])
    middle = last[0]["scores"][3].item()
    sure = network.detect(images, score_threshold=middle)[0]
    assert torch.equal(sure["scores"], last[0]["scores"][:3])


def test_learns_one_batch():
    torch.manual_seed(0)
    network = without_dropout(tiny.detr_resnet50(KINDS))
    images = torch.randn(2, 3, 64, 96)
    targets = [
        {"boxes": one["boxes"].float().clamp(max=63), "labels": one["labels"]}
        for one in some_targets()
    ]
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(40):
        loss = sum(network.losses(images, targets).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
