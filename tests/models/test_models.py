"""What every registered model must do, whatever its paper."""

import inspect

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from edulib.registry import get_builder, get_model_info, get_tiny_builder, list_models

CLASSIFIERS = list_models(task="classification")
DETECTORS = list_models(task="detection")
SEGMENTERS = list_models(task="segmentation")
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
        if isinstance(module, nn.Linear) and not module.weight.any():  # a head that
            nn.init.normal_(module.weight)  # begins at 0 lets nothing through
    logits = network(*inputs)
    assert logits.shape == (2, 7)
    return network, nn.functional.cross_entropy(logits, torch.tensor([0, 6]))


def detection_loss(build, inputs: list[Tensor]) -> tuple[nn.Module, Tensor]:
    network = build(num_classes=7)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    losses = network.losses(*inputs, [some_objects(inputs[0]), no_objects(inputs[0])])
    assert all(loss.shape == () for loss in losses.values())
    return network, sum(losses.values())


def segmentation_loss(build, inputs: list[Tensor]) -> tuple[nn.Module, Tensor]:
    network = build(num_classes=7)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    for parameter in network.parameters():
        if parameter.ndim == 4 and not parameter.any():  # FCN's scores begin at 0,
            nn.init.normal_(parameter)  # where nothing before them gets a gradient
    logits = network(*inputs)
    classes = torch.arange(logits[:, 0].numel()).view_as(logits[:, 0]) % 7
    return network, nn.functional.cross_entropy(logits, classes)


def some_objects(images: Tensor) -> dict[str, Tensor]:
    """Return objects of all sizes, each with its centre elsewhere."""
    height, width = images.shape[-2:]
    shares = torch.tensor(
        [
            [0.02, 0.03, 0.10, 0.12],
            [0.75, 0.05, 0.92, 0.20],
            [0.05, 0.60, 0.40, 0.92],
            [0.40, 0.45, 0.95, 0.95],
            [0.20, 0.10, 0.90, 0.80],
            [0.03, 0.02, 0.95, 0.97],
        ]
    )
    boxes = shares * torch.tensor([width, height, width, height])
    masks = torch.zeros(6, height, width, dtype=torch.bool)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes.long().tolist(), strict=True):
        mask[y1 : y2 + 1, x1 : x2 + 1] = True
    return {"boxes": boxes, "labels": torch.arange(6), "masks": masks}


def no_objects(images: Tensor) -> dict[str, Tensor]:
    return {key: value[:0] for key, value in some_objects(images).items()}


FIRST = "transformer.decoder.0."
IDLE = {"detr_resnet50": (f"{FIRST}self_attention.", f"{FIRST}norm1.weight")}
"""Parts without a gradient in the first step: DETR's slots begin with zeros, among
which there is nothing to gather and nothing to scale (appendix A.3 of its paper)."""
LOSSES = {
    "classification": classification_loss,
    "detection": detection_loss,
    "segmentation": segmentation_loss,
}
"""For each task: builds a network with a function; its loss for a batch of two."""


@pytest.mark.parametrize("name", list_models())
def test_has_the_published_size(name):
    model = get_model_info(name)
    with torch.device("meta"):
        network = get_builder(name)()
        if name in SEGMENTERS:  # the mean of one image has no deviation to learn from
            network.eval()
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
        if parameter.requires_grad and not key.startswith(IDLE.get(name, ())):
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


@pytest.mark.parametrize("name", [*CLASSIFIERS, *DETECTORS, *SEGMENTERS])
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


@pytest.mark.parametrize("name", [*CLASSIFIERS, *DETECTORS, *SEGMENTERS])
def test_builders_share_a_signature(name):
    for build in (get_builder(name), get_tiny_builder(name)):
        parameters = inspect.signature(build).parameters
        assert list(parameters)[:2] == ["num_classes", "in_channels"]
        assert all(p.default is not p.empty for p in parameters.values())
        assert len(parameters) <= 8


@pytest.fixture(params=[name for name in KINDS if name in DETECTORS])
def detector(request):
    """A tiny detector of seven kinds of object, and two images for it."""
    torch.manual_seed(0)
    model = get_model_info(request.param)
    images = [torch.randn(2, *shape) for shape in model.test_inputs]
    return get_tiny_builder(request.param)(num_classes=7).eval(), *images


def test_detections_are_boxes_in_the_image_the_surest_first(detector):
    network, images = detector
    height, width = images.shape[-2:]
    for found in network.detect(images):
        boxes, scores, labels = found["boxes"], found["scores"], found["labels"]
        assert len(boxes) == len(scores) == len(labels)
        assert not boxes.requires_grad
        assert (boxes >= 0).all()
        assert (boxes <= torch.tensor([width, height, width, height])).all()
        assert (boxes[:, 2:] >= boxes[:, :2]).all()
        assert (scores.diff() <= 0).all()
        assert ((scores > 0) & (scores <= 1)).all()
        assert labels.dtype == torch.int64
        assert ((labels >= 0) & (labels < 7)).all()


def test_without_images_there_are_no_detections_and_no_loss(detector):
    network, images = detector
    assert network.detect(images[:0]) == []
    with pytest.raises(ValueError, match="at least one image to learn from, got none"):
        network.losses(images[:0], [])


def test_without_objects_the_losses_are_finite(detector):
    network, images = detector
    losses = network.losses(images, [no_objects(images), no_objects(images)])
    total = sum(losses.values())
    total.backward()
    assert torch.isfinite(total)
    assert all(loss >= 0 for loss in losses.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": torch.arange(6) + 2}, "labels from 0 to 6, got 7"),
        ({"labels": torch.arange(6) - 1}, "labels from 0 to 6, got -1"),
        ({"labels": torch.arange(5)}, r"labels \(6,\), one for each box.* \(5,\)"),
        ({"labels": torch.arange(6.0)}, r"torch\.int64, got torch\.float32"),
        ({"boxes": torch.ones(6, 5)}, r"boxes \(N, 4\).*got torch.float32 \(6, 5\)"),
        (
            {"boxes": torch.tensor([[5.0, 2, 1, 8]]).expand(6, 4)},
            r"x2 > x1 and y2 > y1, got \[5\.0, 2\.0, 1\.0, 8\.0\]",
        ),
        ({"boxes": torch.full((6, 4), torch.nan)}, r"finite numbers.*got \[nan"),
    ],
)
def test_targets_that_do_not_fit_are_refused(detector, change, message):
    network, images = detector
    with pytest.raises(ValueError, match=message):
        network.losses(images, [no_objects(images), some_objects(images) | change])


def test_a_target_for_each_image_is_asked_for(detector):
    network, images = detector
    with pytest.raises(ValueError, match="a target for each of 2 images, got 1"):
        network.losses(images, [no_objects(images)])
