"""What is explained: outputs of any structure, classes, pixels, boxes."""

import numpy as np
import pytest
import torch
import torchvision
from networks import OUTPUTS, ChannelsFirst, ChannelsLast, Net, Structured
from torch import nn

from edulib.explanation import (
    Layer,
    box_score,
    class_score,
    deconvnet,
    grad_cam,
    gradient,
    guided_backprop,
    layer_output,
    maximize_activation,
    occlusion_map,
    region_score,
)

PROJECTIONS = [gradient, guided_backprop, deconvnet]


@pytest.fixture
def twin():
    return ChannelsFirst()


@pytest.fixture(params=OUTPUTS)
def structured(request, twin):
    return Structured(twin, request.param), OUTPUTS[request.param][1]


def test_grad_cam_of_one_of_several_outputs(twin, structured, image):
    net, output = structured
    expected = grad_cam(twin, image, "body", 2)
    assert expected.max() > 1e-3
    found = grad_cam(net, image, "twin.body", class_score(2, output=output))
    assert torch.equal(found, expected)
    with pytest.raises(ValueError, match="expected one tensor of the output, got "):
        grad_cam(net, image, "twin.body", 2)


def test_occlusion_of_one_of_several_outputs(twin, structured, image):
    net, output = structured
    target = class_score(2, output=output, probability=True)
    expected = occlusion_map(twin, image[0], 2, 8, 8)
    torch.testing.assert_close(occlusion_map(net, image[0], target, 8, 8), expected)
    with pytest.raises(ValueError, match="choose one by output="):
        occlusion_map(net, image[0], 2, 8, 8)


def rectified(twin):
    """A head that DeconvNet can undo, and that fires."""
    nn.init.ones_(twin.head.bias)
    return nn.Sequential(twin.stem, nn.ReLU(), nn.AvgPool2d(8), nn.Flatten(), twin.head)


@pytest.mark.parametrize("method", PROJECTIONS)
def test_projections_of_one_of_several_outputs(method, twin, image):
    plain = rectified(twin)
    expected = method(plain, image, "4", 2)
    assert expected.abs().max() > 1e-4
    for kind, (_, output) in OUTPUTS.items():
        net = Structured(plain, kind)
        for layer, unit in (
            ("", class_score(2, output=output)),
            (Layer("", output=output), 2),
        ):
            torch.testing.assert_close(method(net, image, layer, unit), expected)
    assert torch.equal(method(plain, image, "", 2), expected)


def test_maximising_one_of_several_outputs(twin, structured):
    net, output = structured
    shape = (3, 32, 32)
    expected = maximize_activation(twin, "head", 1, shape, steps=5)
    for layer, unit in (
        ("", class_score(1, output=output)),
        (Layer("", output=output), 1),
    ):
        found = maximize_activation(net, layer, unit, shape, steps=5)
        torch.testing.assert_close(found, expected)


def test_a_number_beside_the_only_tensor_does_no_harm(twin, image):
    net = Net(lambda s, x: (s.twin(x), 1, "name"), twin=twin)
    expected = grad_cam(twin, image, "body", 2)
    assert torch.equal(grad_cam(net, image, "twin.body", 2), expected)
    expected = occlusion_map(twin, image[0], 2, 16, 16)
    assert torch.equal(occlusion_map(net, image[0], 2, 16, 16), expected)


def test_a_function_of_ones_own(twin, image):
    weights = torch.autograd.grad
    x = image.clone().requires_grad_()
    logits = twin(x)
    (expected,) = weights((logits[:, 1] - logits[:, 3]).sum(), x)
    found = gradient(twin, image, "", lambda out: out[:, 1] - out[:, 3])
    torch.testing.assert_close(found, expected)
    one = grad_cam(twin, image[0], "body", lambda out: out[0, 1])
    assert torch.equal(one, grad_cam(twin, image[0], "body", 1))


def dense(last=False):
    """A segmentation network, and its twin with the classes last."""
    torch.manual_seed(0)
    body, head = nn.Conv2d(3, 6, 4, stride=4), nn.Conv2d(6, 5, 1)
    if not last:
        return nn.Sequential(body, nn.ReLU(), head)
    linear = nn.Linear(6, 5)
    linear.load_state_dict({"weight": head.weight[:, :, 0, 0], "bias": head.bias})
    order = torchvision.ops.Permute([0, 2, 3, 1])
    return nn.Sequential(body, nn.ReLU(), order, linear)


def slow_heat(net, image, score):
    maps = net[:2](image).detach().requires_grad_()
    (gradients,) = torch.autograd.grad(score(net[2:](maps)).sum(), maps)
    heat = (gradients.mean((2, 3), keepdim=True) * maps.detach()).sum(1, keepdim=True)
    return nn.functional.interpolate(heat.relu(), image.shape[2:], mode="bilinear")


MASK = torch.zeros(8, 8, dtype=torch.bool)
MASK[2:5, 1:3] = True
REGIONS = {
    "pixel": ((3, 6), lambda y: y[:, :, 3, 6]),
    "mask": (MASK, lambda y: y[:, :, 2:5, 1:3].sum((2, 3))),
    "all": (None, lambda y: y.sum((2, 3))),
}


@pytest.mark.parametrize("region", REGIONS)
def test_a_class_at_a_pixel_or_in_a_region(region, image):
    net, where = dense(), REGIONS[region][0]
    total = 0
    for number in range(5):
        expected = slow_heat(net, image, lambda y: REGIONS[region][1](y)[:, number])  # noqa: B023
        found = grad_cam(net, image, "1", region_score(number, where))
        torch.testing.assert_close(found, expected)
        target = region_score(number, where, layout="BHWC")
        torch.testing.assert_close(grad_cam(dense(True), image, "1", target), expected)
        total += expected.sum()
    assert total > 0


@pytest.mark.parametrize("last", [False, True])
def test_a_class_of_a_dense_output_is_summed_over_its_positions(last, image):
    expected = slow_heat(dense(), image, lambda y: y[:, 1].sum((1, 2)))
    found = grad_cam(dense(last), image, "1", 1)
    torch.testing.assert_close(found, expected)
    shares = occlusion_map(dense(last), image[0], 1, 16, 16)
    covered = image[:1].clone()
    covered[:, :, :16, 16:] = 0.5
    right = dense()(covered).softmax(1)[0, 1].sum()
    assert shares.shape == (2, 2)
    torch.testing.assert_close(shares[0, 1], right.detach())


def test_a_pixel_of_a_torchvision_segmentation_with_its_auxiliary_head(image):
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Conv2d(3, 8, 3, 4, 1), nn.ReLU())
    taken = torchvision.models._utils.IntermediateLayerGetter(
        backbone, {"0": "aux", "1": "out"}
    )
    model = torchvision.models.segmentation
    net = model.FCN(taken, model.fcn.FCNHead(8, 5), model.fcn.FCNHead(8, 5)).eval()
    target = region_score(3, (9, 20), output="out")
    found = grad_cam(net, image, "backbone.1", target)
    maps = backbone(image).detach().requires_grad_()
    large = nn.functional.interpolate(net.classifier(maps), (32, 32), mode="bilinear")
    (gradients,) = torch.autograd.grad(large[:, 3, 9, 20].sum(), maps)
    heat = (gradients.mean((2, 3), keepdim=True) * maps.detach()).sum(1, keepdim=True)
    expected = nn.functional.interpolate(heat.relu(), (32, 32), mode="bilinear")
    torch.testing.assert_close(found, expected)
    with pytest.raises(ValueError, match=r"'out' \(2, 5, 32, 32\), 'aux'"):
        grad_cam(net, image, "backbone.1", 3)
    picture = gradient(net, image, "", target)
    assert picture.abs().max() > 0
    maps = layer_output(net, image, Layer("backbone", output="aux"))
    assert maps.shape == (2, 8, 8, 8)


class Detector(nn.Module):
    """A left and a right box for each image, scored by the brightness inside."""

    def forward(self, images):
        boxes = torch.tensor([[0.0, 0, 16, 32], [16, 0, 32, 32], [0, 0, 15, 32]])
        answers = []
        for image in images:
            left, right = image[:, :, :16].mean(), image[:, :, 16:].mean()
            scores = torch.stack([left, right, left / 2])
            labels = torch.tensor([1, 1, 2])
            answers.append({"boxes": boxes, "labels": labels, "scores": scores})
        return answers


def test_a_box_is_explained_by_its_own_pixels(image):
    target = box_score((15, 1, 32, 31), 1)
    picture = gradient(Detector(), image, "", target)
    assert picture[..., :16].eq(0).all()
    torch.testing.assert_close(picture[..., 16:], torch.full((2, 3, 32, 16), 1 / 1536))
    found = occlusion_map(Detector(), image[0] * 0 + 1, target, 16, 16, fill=0.0)
    torch.testing.assert_close(found, torch.tensor([[1.0, 0.5], [1.0, 0.5]]))
    nowhere = box_score((0, 0, 4, 4), 1)
    assert occlusion_map(Detector(), image[0], nowhere, 16, 16).eq(0).all()
    with pytest.raises(ValueError, match="no gradient leads back to it"):
        gradient(Detector(), image, "", nowhere)


def test_a_box_of_a_torchvision_detector():
    torch.manual_seed(0)
    backbone = nn.Sequential(nn.Conv2d(3, 8, 3, 8, 1), nn.ReLU(), nn.Conv2d(8, 8, 1))
    backbone.out_channels = 8
    anchors = torchvision.models.detection.rpn.AnchorGenerator(((16,),), ((1.0,),))
    pool = torchvision.ops.MultiScaleRoIAlign(["0"], 3, 2)
    sizes = {"min_size": 64, "max_size": 64}
    net = torchvision.models.detection.FasterRCNN(
        backbone, rpn_anchor_generator=anchors, box_roi_pool=pool,
        box_score_thresh=0.0, box_head=torchvision.models.detection.faster_rcnn
        .TwoMLPHead(8 * 9, 16), box_predictor=torchvision.models.detection
        .faster_rcnn.FastRCNNPredictor(16, 3), **sizes,
    ).eval()  # fmt: skip
    images = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        found = net(images)[0]
    label, box = int(found["labels"][0]), found["boxes"][0].tolist()
    target = box_score(box, label, min_iou=0.99)
    x = images.clone().requires_grad_()
    (expected,) = torch.autograd.grad(net(x)[0]["scores"][0], x)
    assert expected.abs().max() > 0
    torch.testing.assert_close(gradient(net, images, "", target), expected)
    heat = grad_cam(net, images, "backbone.1", target)
    assert heat.shape == (1, 1, 64, 64)
    shares = occlusion_map(net, images, box_score(box, label), 32, 32)
    assert shares.shape == (2, 2)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (4, "output from 0 to 3, got 4"),
        (1.0, "output from 0 to 3, got 1.0"),
        (True, "output from 0 to 3, got True"),
        ("cat", "output from 0 to 3, got 'cat'"),
        (class_score(4), "output from 0 to 3, got 4"),
        (
            class_score(0, output="logits"),
            "no output .*, which is one tensor",
        ),
        (region_score(0), r"four dimensions, got \(2, 4\)"),
        (box_score((0, 0, 1, 1), 1), "boxes, labels and scores, got Tensor"),
        (lambda y: y, r"one number for each image, \(2,\) .*, got \(2, 4\)"),
        (lambda y: y.sum(), r"one number for each image, \(2,\) .*, got \(\)"),
        (lambda y: y.argmax(1), "floating-point numbers, got .* of torch.int64"),
        (lambda y: 3.0, "floating-point numbers, got 3.0"),
        (lambda y: y[:, 0].detach(), "no gradient leads back to it"),
    ],
)
def test_bad_targets(target, message, twin, image):
    with pytest.raises(ValueError, match=message):
        grad_cam(twin, image, "body", target)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: region_score(0, layout="BNC"), "letters of BCHW, got 'BNC'"),
        (lambda: box_score((3, 0, 1, 1), 1), r"a box .*, got \(3, 0, 1, 1\)"),
        (lambda: region_score(0, (8, 0))(torch.zeros(1, 2, 8, 8)), r"got \(8, 0\)"),
        (lambda: region_score(2)(torch.zeros(1, 2, 8, 8)), "from 0 to 1, got 2"),
        (
            lambda: region_score(0, MASK)(torch.zeros(1, 2, 4, 4)),
            r"a mask \(4, 4\) as the output, got \(8, 8\)",
        ),
        (
            lambda: region_score(0, MASK & ~MASK)(torch.zeros(1, 2, 8, 8)),
            r"a mask \(8, 8\) with a pixel in it, got none",
        ),
    ],
)
def test_bad_arguments_of_targets(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_number_of_numpy_or_torch_is_a_class(twin, image):
    expected = grad_cam(twin, image, "body", 2)
    for number in (np.int64(2), torch.tensor(2)):
        torch.testing.assert_close(grad_cam(twin, image, "body", number), expected)


def test_a_dense_output_with_the_classes_last_is_known(twin, image):
    last = ChannelsLast(twin)
    net = Net(lambda s, x: s.last.body(s.last.stem(x).permute(0, 2, 3, 1)), last=last)
    first = Net(lambda s, x: s.twin.body(s.twin.stem(x)), twin=twin)
    expected = grad_cam(first, image, "twin.stem", 5)
    assert expected.max() > 0
    torch.testing.assert_close(grad_cam(net, image, "last.stem", 5), expected)
