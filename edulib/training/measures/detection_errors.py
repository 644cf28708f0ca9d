"""The kinds of error that a detector makes, after Hoiem and others (2012)."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from torch import Tensor

from edulib.training.measures.comparison import Comparison, compare_all
from edulib.training.measures.matching import match_voc
from edulib.training.measures.ranking import join, mean_known

KINDS = ("correct", "localization", "similar", "other", "background")
_RIGHT, _NEAR = 0.5, 0.1  # IoU that a right detection exceeds, and an object met has


def detection_errors(
    detections: Sequence[Mapping[str, Tensor]],
    targets: Sequence[Mapping[str, Tensor]],
    similar: Sequence[Collection[int]] = (),
) -> dict[str, float]:
    """Say of what kind the most confident detections are, as shares that add up to 1.

    Of each class as many detections are taken as there are objects of it, and each is
    of the first kind that fits:

    - ``correct``: found an object of its class with an IoU above 0.5
    - ``localization``: an IoU of at least 0.1 with one of its class; so a second
      detection of an object, too
    - ``similar``: at least 0.1 with an object of a similar class
    - ``other``: at least 0.1 with any object
    - ``background``: the rest

    Args:
        detections: of each image, ``boxes`` (N, 4) xyxy, ``scores`` (N,) and
            ``labels`` (N,) int64.
        targets: of each image, ``boxes``, ``labels``, and where known ``crowd``;
            detections that find a crowd are left out.
        similar: groups of labels, each of classes that are alike.

    Returns:
        The mean of the shares over the classes that have objects and detections; NaN
        without any.

    Raises:
        ValueError: if an image is not as above, or there are no images.

    Source:
        Hoiem, Chodpathumwan and Dai, "Diagnosing Error in Object Detectors", 2012,
        section 2; as in figure 4 of Redmon and others, "You Only Look Once", 2015,
        beside the errors stands what is correct.

    Differs from the paper:
        Redmon and others do not say what a second detection of an object is: here, as
        in Hoiem's paper, it is an error of localization.
    """
    compared = compare_all(detections, targets)
    matches = join([match_voc(one, _RIGHT) for one in compared])
    right, wrong = matches.right[0, 0], matches.wrong[0, 0]
    met = np.concatenate([_met(one, similar) for one in compared], 1)
    kinds = np.select([right, *met], range(4), default=4)
    counts = right | wrong
    shares = []
    objects = matches.object_labels[matches.counted[0]]
    for label, count in zip(*np.unique(objects, return_counts=True), strict=True):
        own = counts & (matches.labels == label)
        shares.append(_shares(matches.scores[own], kinds[own], count))
    table = np.array(shares).reshape(-1, len(KINDS))  # (K, 5)
    return {kind: mean_known(table[:, k]) for k, kind in enumerate(KINDS)}


def _met(compared: Comparison, similar: Sequence[Collection[int]]) -> np.ndarray:
    """Say what each detection met: its class, a similar one, any object; (3, D)."""
    same = compared.same_class
    alike = np.zeros_like(same)
    for group in similar:
        own = np.isin(compared.labels, list(group))
        alike |= own[:, None] & np.isin(compared.object_labels, list(group))
    near = compared.iou >= _NEAR
    return np.array([(near & which).any(1) for which in (same, alike, True)])


def _shares(scores: np.ndarray, kinds: np.ndarray, count: int) -> np.ndarray:
    """Return the share of each kind among the most confident detections of a class."""
    top = kinds[np.argsort(-scores, kind="stable")][:count]
    if not len(top):
        return np.full(len(KINDS), np.nan)
    return np.bincount(top, minlength=len(KINDS)) / len(top)
