"""Files that torchvision and timm wrote, in our models: the outputs are theirs."""

import hashlib
import io
import re

import pytest
import timm
import torch
from local_server import serve
from torch import nn
from torchvision import models

from edulib.models.classification.resnet import resnet18, resnet20_cifar
from edulib.weights import downloads, published
from edulib.weights.published import load_timm, load_torchvision

TORCHVISION = {
    "resnext50_32x4d": ("resnext50_32x4d", {}),
    "densenet121": ("densenet121", {}),
    "squeezenet1_0": ("squeezenet1_0", {}),
    "efficientnet_b0": ("efficientnet_b0", {}),
    "mobilenet_v2": ("mobilenet_v2", {}),
    "mobilenet_v3_large": ("mobilenet_v3_large", {}),
    "mobilenet_v3_small": ("mobilenet_v3_small", {}),
    "googlenet_bn": ("googlenet", {"init_weights": False}),
    "inception_v3": ("inception_v3", {"init_weights": False}),
}
TIMM = {
    "resnext101_32x4d": "resnext101_32x4d",
    "densenet121": "densenet121",
    "inception_v3": "inception_v3",
    "inception_v4": "inception_v4",
    "inception_resnet_v2": "inception_resnet_v2",
    "xception": "legacy_xception",
    "xception65": "xception65",
    "mobilenet_v1": "mobilenetv1_100",
    "mobilenet_v2_140": "mobilenetv2_140",
    "efficientnet_lite0": "tf_efficientnet_lite0",
}


@pytest.fixture
def images():
    torch.manual_seed(0)
    return torch.rand(1, 3, 96, 96)


def randomize_statistics(network: nn.Module) -> nn.Module:
    """Give batch normalisation statistics so small that its epsilon matters."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_var, 1e-3, 1e-1)
    return network.eval()


@torch.no_grad()
def assert_same(ours: nn.Module, reference: nn.Module, images: torch.Tensor) -> None:
    assert not ours.training
    expected = reference.double()(images.double())
    torch.testing.assert_close(ours.double()(images.double()), expected)


@pytest.mark.parametrize("name", TORCHVISION)
def test_a_file_of_torchvision(name, tmp_path, images):
    theirs, arguments = TORCHVISION[name]
    reference = randomize_statistics(models.get_model(theirs, **arguments))
    torch.save(reference.state_dict(), tmp_path / "weights.pth")
    ours = load_torchvision(name, file=tmp_path / "weights.pth")
    assert_same(ours, reference, images)


@torch.no_grad()
def test_a_transformer_of_torchvision(tmp_path):
    with torch.device("meta"):
        reference = models.vit_b_32()
    reference = reference.to_empty(device="cpu").eval()
    torch.manual_seed(0)
    for parameter in reference.parameters():
        nn.init.normal_(parameter, std=0.02)
    torch.save(reference.state_dict(), tmp_path / "weights.pth")
    ours = load_torchvision("vit_b_32", file=tmp_path / "weights.pth")
    images = torch.rand(1, 3, 224, 224)
    torch.testing.assert_close(ours(images), reference(images))


def test_a_transformer_of_timm(tmp_path):
    torch.manual_seed(0)
    reference = timm.create_model("deit_tiny_patch16_224").eval()
    for parameter in reference.parameters():
        nn.init.normal_(parameter, std=0.05)
    torch.save(reference.state_dict(), tmp_path / "weights.pth")
    ours = load_timm("vit_ti_16", file=tmp_path / "weights.pth")
    assert_same(ours, reference, torch.rand(1, 3, 224, 224))


@pytest.mark.parametrize("name", ["fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn"])
@torch.no_grad()
def test_a_detector_of_torchvision(name, tmp_path, monkeypatch, images):
    torch.manual_seed(0)
    untrained = models.get_model(name, weights_backbone=None).state_dict()
    published = {k: v for k, v in untrained.items() if not k.endswith("_tracked")}
    for key, value in published.items():
        if key.endswith("running_var"):
            nn.init.uniform_(value, 0.5, 2)
    table = models.get_model_weights(name)
    monkeypatch.setattr(table, "get_state_dict", lambda *_, **__: published)
    reference = models.get_model(name, weights="COCO_V1").eval()
    torch.save(reference.state_dict(), tmp_path / "weights.pth")
    ours = load_torchvision(name, file=tmp_path / "weights.pth")
    reference.transform.normalize = lambda image: image
    reference.transform.resize = lambda image, target=None: (image, target)
    reference.roi_heads.score_thresh, reference.roi_heads.detections_per_img = 0, 5
    (expected,) = reference.double()(list(images.double()))
    (found,) = ours.double().detect(images.double(), 0, max_detections=5)
    assert len(found["boxes"]) == 5
    assert torch.equal(found["labels"] + 1, expected["labels"])
    torch.testing.assert_close(found["boxes"], expected["boxes"])
    torch.testing.assert_close(found["scores"], expected["scores"])


@torch.no_grad()
def test_a_file_of_torchvisions_ssd(tmp_path):
    torch.manual_seed(0)
    reference = models.get_model("ssd300_vgg16", weights_backbone=None).eval()
    torch.save(reference.state_dict(), tmp_path / "weights.pth")
    ours = load_torchvision("ssd300_vgg16", file=tmp_path / "weights.pth")
    assert not ours.training
    images = torch.randn(1, 3, 300, 300)
    expected = reference.head(list(reference.backbone(images).values()))
    logits, offsets = ours(images)
    torch.testing.assert_close(logits, expected["cls_logits"], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        offsets, expected["bbox_regression"], rtol=1e-4, atol=1e-4
    )


@torch.no_grad()
@pytest.mark.parametrize(
    "name", ["deeplabv3_mobilenet_v3_large", "lraspp_mobilenet_v3_large"]
)
def test_a_file_of_a_segmenter(name, tmp_path):
    """That of DeepLabV3 holds a head that serves training only, as those published."""
    torch.manual_seed(0)
    more = {"aux_loss": True} if name.startswith("deeplab") else {}
    reference = models.get_model(name, weights_backbone=None, **more)
    randomize_statistics(reference)
    torch.save(reference.state_dict(), tmp_path / "weights.pth")
    ours = load_torchvision(name, file=tmp_path / "weights.pth").double()
    images = torch.rand(1, 3, 70, 64, dtype=torch.double)
    expected = reference.double()(images)["out"]
    torch.testing.assert_close(ours(images), expected)


@pytest.mark.parametrize("name", TIMM)
def test_a_file_of_timm(name, tmp_path, images):
    reference = randomize_statistics(timm.create_model(TIMM[name]))
    torch.save(reference.state_dict(), tmp_path / "weights.pth")
    assert_same(load_timm(name, file=tmp_path / "weights.pth"), reference, images)


def test_the_inceptions_take_images_of_mean_and_deviation_one_half(tmp_path, images):
    reference = models.inception_v3(init_weights=False, transform_input=True).eval()
    torch.save(reference.state_dict(), tmp_path / "weights.pth")
    ours = load_torchvision("inception_v3", file=tmp_path / "weights.pth")
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        expected = reference((images - mean) / deviation)
        torch.testing.assert_close(ours((images - 0.5) / 0.5), expected)


def test_the_names_of_2017_are_read(tmp_path, images):
    reference = models.densenet121().eval()
    old = {
        re.sub(r"(denselayer.*\.(?:norm|conv))([12])", r"\1.\2", key): value
        for key, value in reference.state_dict().items()
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    torch.save(old, tmp_path / "weights.pth")
    ours = load_torchvision("densenet121", file=tmp_path / "weights.pth")
    assert_same(ours, reference, images)


@pytest.fixture(scope="module")
def content():
    """What torchvision would publish: its ResNet-18, with random weights."""
    torch.manual_seed(0)
    file = io.BytesIO()
    torch.save(models.resnet18().state_dict(), file)
    return file.getvalue()


@pytest.fixture
def server(monkeypatch, tmp_path, content):
    """A server from which torchvision's table of weights points to ``content``."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(downloads.time, "sleep", lambda _: None)
    digits = hashlib.sha256(content).hexdigest()[:8]
    with serve(content) as server:

        class Table(models.WeightsEnum):
            IMAGENET1K_V1 = models.Weights(
                f"{server.address}/resnet18-{digits}.pth", None, {}
            )

        monkeypatch.setattr(models, "get_model_weights", lambda _: Table)
        yield server


def test_fetched_once_no_network_is_needed(server, content, images):
    first = load_torchvision("resnet18")
    server.content = b"gone"
    second = load_torchvision("resnet18")
    assert server.asked == 1
    reference = models.resnet18()
    reference.load_state_dict(torch.load(io.BytesIO(content)))
    for ours in (first, second):
        assert_same(ours, reference.eval(), images)


def test_timm_without_a_network(monkeypatch):
    def refused(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(timm, "create_model", refused)
    message = r"timm could not fetch mobilenetv1_100: no route.*file="
    with pytest.raises(ConnectionError, match=message):
        load_timm("mobilenet_v1")


def test_a_model_that_differs_from_torchvisions(server, monkeypatch):
    monkeypatch.setattr(published, "get_builder", lambda _: resnet20_cifar)
    with pytest.raises(ValueError, match=r"has 116 tensors and torchvision's 122"):
        load_torchvision("resnet18")
    monkeypatch.setattr(
        published, "get_builder", lambda _: lambda: resnet18(in_channels=1)
    )
    with pytest.raises(ValueError, match=r"model expects \(64, 1, 7, 7\)"):
        load_torchvision("resnet18")
