"""DETR: detection as the prediction of a set, by a transformer.

Carion, Massa, Synnaeve, Usunier, Kirillov and Zagoruyko, "End-to-End Object Detection
with Transformers", ECCV 2020. https://arxiv.org/abs/2005.12872

Read in this order: ``transformer.py`` (figure 10 of the paper: encoder and decoder),
``network.py`` (figure 2: backbone, transformer, heads; the builders). The loss stands
in ``edulib/models/losses/set_matching.py``.
Notation: B images; H, W height and width of the last map; N queries; D token width; L
decoder layers; K kinds of object.

Differs from the paper: in what its text leaves to the authors' code, which is followed.
The stem and the first stage of ResNet do not learn, which makes the paper's 41.3
million; positions are counted from 1 and divided by their number; dropout is also on
the attention's weights and behind the ReLU of a feed-forward network; the cross-entropy
is no sum divided by the number of objects (see ``SetLoss``).
"""

from edulib.models.detection.detr.network import (
    DETR,
    Predictions,
    SinePositions,
    detr_resnet50,
    detr_resnet50_dc5,
)
from edulib.models.detection.detr.transformer import (
    DecoderLayer,
    EncoderLayer,
    Transformer,
)

__all__ = [
    "DETR",
    "DecoderLayer",
    "EncoderLayer",
    "Predictions",
    "SinePositions",
    "Transformer",
    "detr_resnet50",
    "detr_resnet50_dc5",
]
