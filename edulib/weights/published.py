"""Weights that torchvision and timm publish, in the models of this package.

    model = load_torchvision("resnet50")              # fetched once, then cached
    model = load_torchvision("resnet50", file="resnet50.pth")
    model = load_timm("mobilenet_v1")                 # fetched and cached by timm

Theirs and ours define their layers in the same order, so that the tensors only have to
be renamed one after the other; where they pack the projections of an attention into one
matrix, it is split. The epsilons of batch normalisation, which belong to
the weights, come with them. Images are normalised as the library's own transforms do,
but for ``googlenet_bn`` and ``inception_v3`` of torchvision: its models change the
normalisation once more, and ours take the result, mean 0.5 and deviation 0.5.
Torchvision's detectors normalise images themselves; what ours take, their builders say.
"""

import re
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.models.blocks.frozen_norm import FrozenBatchNorm2d
from edulib.registry import get_builder, get_model_info, suggest
from edulib.weight_files import explain_difference, read_weights
from edulib.weights.checkpoint import put_weights
from edulib.weights.downloads import fetch
from edulib.weights.projections import split_projections

AUXILIARY = ("aux1", "aux2", "AuxLogits", "aux_classifier")
"""Parts of torchvision's models that serve training only."""
OLD_NAME = re.compile(r"\.(norm|conv)\.([12])\.")
"""In DenseNet's files of 2017, ``norm.1`` for what is ``norm1`` today."""
FRONT = ("cls_token", "patch_embed.")
"""Behind these of timm's stand the positions, which timm itself has before patches."""
COUNTER = "num_batches_tracked"
WITHOUT_EPS = ("fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn")
"""Detectors whose weights on COCO were made with an epsilon of 0 in their norms."""


def load_torchvision(
    name: str, weights: str | None = None, *, file: str | Path | None = None
) -> nn.Module:
    """A model of this package with torchvision's published weights, in evaluation mode.

    Args:
        name: a model in the registry that torchvision has too, such as "resnet50".
        weights: which of torchvision's weights; None for the first, those of the
            paper's recipe, such as "IMAGENET1K_V1", "COCO_V1" for detectors, and
            "COCO_WITH_VOC_LABELS_V1" for segmenters.
        file: what torchvision's ``state_dict`` was saved to, in place of a download.

    Raises:
        ValueError: if either has no such model or weights, or the two differ.
        ConnectionError: without a network, unless the file is in the cache.
        OSError: if the cache cannot be written, or ``file`` cannot be read.
    """
    from torchvision import models

    theirs = get_model_info(name).published.get("torchvision", name)
    parts = (models.detection, models.segmentation)
    on_backbone = [found for part in parts for found in models.list_models(module=part)]
    known = [*models.list_models(module=models), *on_backbone]
    if theirs not in known:
        raise ValueError(f"torchvision has no model {name!r}: {suggest(name, known)}")
    path = file or _fetched(theirs, weights)
    untrained = {"weights_backbone": None} if theirs in on_backbone else {}
    stored = read_weights(Path(path))
    if any(key.startswith("aux_classifier.") for key in stored):
        untrained["aux_loss"] = True
    with torch.device("meta"):
        reference = models.get_model(theirs, **untrained)
    today = reference.state_dict()
    current = {
        key if key in today else OLD_NAME.sub(r".\1\2.", key): value
        for key, value in stored.items()
    }
    try:
        reference.load_state_dict(current, assign=True)
    except RuntimeError as error:
        raise _others(path, f"torchvision's {theirs}", reference, current) from error
    model = _translated(name, reference, "torchvision")
    if theirs in WITHOUT_EPS and weights in (None, "COCO_V1"):
        for norm in _norms(model):
            norm.eps = 0.0
    return model


def load_timm(
    name: str, tag: str | None = None, *, file: str | Path | None = None
) -> nn.Module:
    """A model of this package with weights of timm, in evaluation mode.

    Args:
        name: a model in the registry that timm has too, such as "mobilenet_v1".
        tag: which of timm's weights, such as "ra4_e3600_r224_in1k"; None for the first.
        file: what timm's ``state_dict`` was saved to, in place of a download.

    Raises:
        ValueError: if either has no such model or weights, or the two differ.
        ConnectionError: without a network, unless the file is in timm's cache.
        OSError: if ``file`` cannot be read.
        ModuleNotFoundError: if timm is not installed.
    """
    import timm

    theirs = get_model_info(name).published.get("timm")
    if theirs is None:
        raise ValueError(f"no model of timm is known to equal {name!r}")
    if tag is not None:
        tags = timm.list_pretrained(f"{theirs}.*")
        if f"{theirs}.{tag}" not in tags:
            wanted = [known.partition(".")[2] for known in tags]
            raise ValueError(
                f"timm has no weights {tag!r} of {name}: {suggest(tag, wanted)}"
            )
        theirs = f"{theirs}.{tag}"
    if file is not None:
        open(file, "rb").close()  # timm's own error names nothing
        try:
            reference = timm.create_model(theirs, checkpoint_path=str(file))
        except (RuntimeError, ValueError, LookupError, TypeError, EOFError) as error:
            stored, whole = read_weights(Path(file)), timm.create_model(theirs)
            raise _others(file, f"timm's {theirs}", whole, stored) from error
        return _translated(name, reference, "timm")
    try:
        reference = timm.create_model(theirs, pretrained=True)
    except (OSError, RuntimeError) as error:
        raise ConnectionError(
            f"timm could not fetch {theirs}: {error}. Without a network give a file "
            "that timm's state_dict was saved to: load_timm(..., file=...)"
        ) from error
    return _translated(name, reference, "timm")


def _others(
    path: str | Path, wanted: str, reference: nn.Module, stored: dict[str, Tensor]
) -> ValueError:
    """Return the error that says how stored weights differ from those wanted."""
    difference = explain_difference(reference.state_dict(), stored)
    return ValueError(f"{path} does not hold the weights of {wanted}: {difference}")


def _fetched(theirs: str, weights: str | None) -> Path:
    """Return the file of torchvision's weights, from torch.hub's folder if there."""
    from torchvision import models

    published = models.get_model_weights(theirs)
    weights = weights or next(iter(published.__members__))
    if weights not in published.__members__:
        raise ValueError(
            f"torchvision has no weights {weights!r} of {theirs}: "
            f"{suggest(weights, published.__members__)}"
        )
    url = published[weights].url
    digits = url.rsplit("-", 1)[-1].split(".")[0]
    return fetch(url, Path(torch.hub.get_dir()) / "checkpoints", digits)


def _translated(name: str, reference: nn.Module, library: str) -> nn.Module:
    """Return our model with the weights of the reference."""
    model = get_builder(name)()
    ours = model.state_dict()
    if len(ours) < len(reference.state_dict()):
        for part in AUXILIARY:
            reference._modules.pop(part, None)
    theirs = in_our_order(reference.state_dict())
    if not any(key.endswith(COUNTER) for key in ours):  # the norms are frozen
        theirs = {k: v for k, v in theirs.items() if not k.endswith(COUNTER)}
    if len(ours) != len(theirs):
        raise ValueError(
            f"our {name} has {len(ours)} tensors and {library}'s {len(theirs)}: "
            f"the two are built differently; use {library} for its weights"
        )
    put_weights(model, dict(zip(ours, theirs.values(), strict=True)), name)
    for own, published in zip(_norms(model), _norms(reference), strict=True):
        own.eps = published.eps
    return model.eval()


def in_our_order(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of a model of torchvision's or timm's as ours follow.

    Args:
        state: of the whole model.
    """
    found = split_projections(state)
    in_front = sorted(found, key=lambda name: not name.startswith(FRONT))
    return {name: found[name] for name in in_front}


def _norms(model: nn.Module) -> list[nn.BatchNorm2d | FrozenBatchNorm2d]:
    kinds = nn.BatchNorm2d | FrozenBatchNorm2d
    return [module for module in model.modules() if isinstance(module, kinds)]
