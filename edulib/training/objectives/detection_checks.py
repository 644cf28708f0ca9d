"""What a detector is given and what it returns, looked at before it is trained."""

from collections.abc import Iterable
from math import inf

from torch import Tensor, nn

from edulib.checks import describe, told
from edulib.training.measures.inputs import check_masks, check_target

Objects = list[dict[str, Tensor]]  # one dict an image


def check_same_channels(images: Iterable[Tensor]) -> None:
    """Refuse images that differ in more than height and width."""
    shapes = dict.fromkeys(tuple(image.shape[:-2]) for image in images)
    if len(shapes) > 1:
        raise ValueError(
            "expected images (C, H, W) of as many channels, got "
            f"{' and '.join(map(str, shapes))} before height and width"
        )


def losses_of_one(
    model: nn.Module, images: Tensor, targets: Objects
) -> dict[str, Tensor]:
    """Return the losses of one example.

    Raises:
        ValueError: if the model cannot take its target.
    """
    labels = targets[0]["labels"].tolist()
    given = f"{describe(targets[0])} and the labels {labels}"
    with told(f"expected a target that the model's losses take, got {given}"):
        return model.losses(images, targets)


def total_loss(losses: dict[str, Tensor]) -> Tensor:
    """Return the sum of a detector's losses.

    Raises:
        ValueError: if they are no single numbers by name.
    """
    kept = ("loss", "count")
    if not isinstance(losses, dict) or not losses or not losses.keys().isdisjoint(kept):
        raise ValueError(
            "expected losses(images, targets) to return the parts of the loss by name, "
            f"none of them called {' or '.join(map(repr, kept))}, got "
            f"{describe(losses)}"
        )
    for name, value in losses.items():
        if not isinstance(value, Tensor) or value.ndim:
            raise ValueError(
                f"expected a loss {name!r} of one number, got {describe(value)}"
            )
    return sum(losses.values())


def known_classes(model: nn.Module) -> float:
    """Return how many kinds of object a model knows; infinity where it does not say."""
    return getattr(model, "num_classes", inf)


def check_objects(target: dict[str, Tensor], num_classes: float) -> None:
    """Refuse a target without boxes and labels that can be learnt."""
    check_target(target, masks=False)
    boxes, labels = target["boxes"], target["labels"]
    flat = ~(boxes[:, 2:] > boxes[:, :2]).all(1)
    if flat.any():
        raise ValueError(
            "expected boxes x1, y1, x2, y2 with x1 < x2 and y1 < y2, got "
            f"{[round(edge, 4) for edge in boxes[flat][0].tolist()]}"
        )
    if len(labels) and labels.max() >= num_classes:
        highest = labels.max().item()
        raise ValueError(
            "expected labels from 0 to below the number of classes, "
            f"{num_classes}, got {highest}: build the model with "
            f"num_classes={highest + 1} or more"
        )


def check_masks_of(target: dict[str, Tensor], image: Tensor) -> None:
    """Refuse a target without a mask of the image's size for each of its boxes."""
    masks = target.get("masks")
    if not isinstance(masks, Tensor):
        raise ValueError(f"expected a target with masks, got {describe(target)}")
    check_masks(masks)
    wanted = (len(target["boxes"]), *image.shape[-2:])
    if masks.shape != wanted:
        raise ValueError(
            f"expected masks {wanted} of {wanted[0]} boxes in an image "
            f"{tuple(image.shape)}, got {tuple(masks.shape)}"
        )
