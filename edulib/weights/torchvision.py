"""Torchvision's published weights in the models of this package.

model = load_torchvision("resnet50")     # fetched once, then cached
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.registry import get_builder, suggest
from edulib.weights.checkpoint import put_weights
from edulib.weights.downloads import fetch


def load_torchvision(name: str, weights: str = "IMAGENET1K_V1") -> nn.Module:
    """A model of this package with torchvision's published weights, in evaluation mode.

    Both define their layers in the same order, so that the tensors only have to be
    renamed one after the other. The epsilons of batch normalisation, which belong to
    the weights, come with them.

    Args:
        name: a model in the registry that torchvision has too, such as "resnet50".
        weights: which of torchvision's weights; the first are those of the paper's
            recipe.

    Raises:
        ValueError: if either has no such model or weights, or the two differ.
        ConnectionError: without a network, unless the file is in the cache.
        OSError: if the cache cannot be written.
    """
    model = get_builder(name)()
    reference = _published(name, weights)
    ours, theirs = model.state_dict(), reference.state_dict()
    if len(ours) != len(theirs):
        raise ValueError(
            f"our {name} has {len(ours)} tensors and torchvision's {len(theirs)}: "
            "the two are built differently; use torchvision.models for its weights"
        )
    renamed = dict(zip(ours, theirs.values(), strict=True))
    put_weights(model, renamed, name)
    for own, published in zip(_norms(model), _norms(reference), strict=True):
        own.eps = published.eps
    return model.eval()


def published_weights(name: str, weights: str = "IMAGENET1K_V1") -> dict[str, Tensor]:
    """Torchvision's published weights, under its own names and in its layers' order.

    The file is kept in the folder of ``torch.hub``, where torchvision looks for it.

    Raises:
        ValueError: if torchvision has no such model or weights.
        ConnectionError: without a network, unless the file is in the cache.
        OSError: if the cache cannot be written.
    """
    return _published(name, weights).state_dict()


def _published(name: str, weights: str) -> nn.Module:
    """Return torchvision's model with its published weights."""
    from torchvision import models

    known = models.list_models(module=models)
    if name not in known:
        raise ValueError(f"torchvision has no model {name!r}: {suggest(name, known)}")
    published = models.get_model_weights(name)
    if weights not in published.__members__:
        raise ValueError(
            f"torchvision has no weights {weights!r} of {name}: "
            f"{suggest(weights, published.__members__)}"
        )
    url = published[weights].url
    digits = url.rsplit("-", 1)[-1].split(".")[0]
    path = fetch(url, Path(torch.hub.get_dir()) / "checkpoints", digits)
    with torch.device("meta"):
        reference = models.get_model(name)
    stored = torch.load(path, map_location="cpu", weights_only=True)
    reference.load_state_dict(stored, assign=True)
    return reference


def _norms(model: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
