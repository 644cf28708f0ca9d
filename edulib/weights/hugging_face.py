"""Weights that transformers publishes, in the models of this package.

    model = load_transformers("detr_resnet50")        # fetched once, then cached
    model = load_transformers("detr_resnet50", file="model.safetensors")

A file of transformers holds its tensors in the order of their names, so that each has
to be renamed by its own.
"""

import re
from collections.abc import Callable
from pathlib import Path

from torch import nn

from edulib.registry import get_builder, get_model_info
from edulib.weights.checkpoint import put_weights

Names = tuple[tuple[str, str | Callable[[re.Match], str]], ...]

_RESNET: Names = (
    (r"^model\.backbone\.conv_encoder\.model\.", "backbone."),
    (r"^backbone\.conv1\.", "backbone.stem.0."),
    (r"^backbone\.bn1\.", "backbone.stem.1."),
    (r"^backbone\.layer(\d)\.", r"backbone.stage\1."),
    (r"\.downsample\.", ".shortcut."),
    *(
        (rf"(stage\d\.\d+)\.{kind}{number}\.", rf"\1.residual.{3 * number - 3 + at}.")
        for number in (1, 2, 3)
        for at, kind in enumerate(("conv", "bn"))
    ),
)
_DETR: Names = (
    *_RESNET,
    (r"^model\.input_projection\.", "project."),
    (r"^model\.query_position_embeddings\.weight$", "queries"),
    (r"^model\.decoder\.layernorm\.", "transformer.norm."),
    (r"^model\.(encoder|decoder)\.layers\.", r"transformer.\1."),
    (r"\.([qkv])_proj\.", lambda found: f".{_PARTS[found[1]]}."),
    (r"\.out_proj\.", ".out."),
    (r"(encoder\.\d+)\.self_attn\.", r"\1.attention."),
    (r"(decoder\.\d+)\.self_attn\.", r"\1.self_attention."),
    (r"\.encoder_attn\.", ".cross_attention."),
    (r"\.self_attn_layer_norm\.", ".norm1."),
    (r"\.encoder_attn_layer_norm\.", ".norm2."),
    (r"(encoder\.\d+)\.final_layer_norm\.", r"\1.norm2."),
    (r"(decoder\.\d+)\.final_layer_norm\.", r"\1.norm3."),
    (r"\.fc1\.", ".mlp.0."),
    (r"\.fc2\.", ".mlp.3."),
    (r"^class_labels_classifier\.", "class_head."),
    (
        r"^bbox_predictor\.layers\.(\d)\.",
        lambda found: f"box_head.{2 * int(found[1])}.",
    ),
)
_PARTS = {"q": "query", "k": "key", "v": "value"}
NAMES: dict[str, Names] = {"edulib.models.detection.detr": _DETR}
"""For each module of models: a pattern of their names, and what ours have in place."""


def load_transformers(name: str, *, file: str | Path | None = None) -> nn.Module:
    """A model of this package with weights of transformers, in evaluation mode.

    Args:
        name: a model in the registry that transformers has too, such as
            "detr_resnet50".
        file: a safetensors file as transformers writes it, in place of a download.

    Raises:
        ValueError: if transformers has no such model, or the file holds another.
        ConnectionError: without a network, unless the file is in the cache.
        OSError: if ``file`` cannot be read.
        ModuleNotFoundError: if a download needs huggingface_hub, which is not
            installed.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    info = get_model_info(name)
    if "transformers" not in info.published:
        raise ValueError(f"no model of transformers is known to equal {name!r}")
    path = Path(file or _fetched(info.published["transformers"]))
    open(path, "rb").close()  # whose error names the file
    try:
        stored = load_file(path)
    except SafetensorError as error:
        raise ValueError(
            f"{path} is damaged or no safetensors file: {error}"
        ) from error
    renamed = {
        our_name(key, NAMES[info.module]): value for key, value in stored.items()
    }
    return put_weights(get_builder(name)(), renamed, name).eval()


def our_name(theirs: str, names: Names) -> str:
    """Return the name of a tensor in ours.

    Args:
        theirs: its name in transformers.
        names: patterns of theirs, and what ours have in place, applied in order.
    """
    for pattern, ours in names:
        theirs = re.sub(pattern, ours, theirs)
    return theirs


def _fetched(repository: str) -> Path:
    """Return the file of published weights, from the cache if it is there."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(repository, "model.safetensors"))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ConnectionError(
            f"could not fetch {repository}: {error}. Without a network give its file: "
            "load_transformers(..., file=...)"
        ) from error
