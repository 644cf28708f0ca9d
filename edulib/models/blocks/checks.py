"""Checks of what a model is given: one clear error in place of a distant one."""

import torch
from torch import Tensor
from torch.fx import Proxy


def check_images(
    x: Tensor, channels: int, min_size: int, max_size: int | None = None
) -> None:
    """Raise unless ``x`` is a batch of images that a model can take.

    Args:
        x: images (B, channels, H, W), floating point.
        channels: channels that the model expects.
        min_size: smallest H and W that the model can take, in pixels.
        max_size: largest H and W, where there is one.

    Raises:
        TypeError: if ``x`` is no tensor of floating-point numbers.
        ValueError: if ``x`` has another shape; the message quotes it.
    """
    if isinstance(x, Proxy):  # torch.fx draws the graph: there is no image yet
        return
    if not isinstance(x, Tensor):
        raise TypeError(
            f"expected images as a torch.Tensor, got {type(x).__name__}: "
            "convert them with torchvision.transforms.v2.functional.to_image"
        )
    expected = f"(B, {channels}, H, W) with H, W >= {min_size}"
    shape = tuple(x.shape)
    if x.ndim == 3:
        raise ValueError(
            f"expected a batch of images {expected}, got one of shape {shape}: "
            "add the batch axis with image.unsqueeze(0)"
        )
    if x.ndim != 4 or x.shape[1] != channels or min(x.shape[-2:]) < min_size:
        raise ValueError(
            f"expected images {expected}, got {shape}{_remedy(x, channels)}"
        )
    if max_size is not None and max(x.shape[-2:]) > max_size:
        raise ValueError(
            f"expected images with H, W <= {max_size}, got {shape}: resize them with "
            "torchvision.transforms.v2.functional.resize"
        )
    if not x.is_floating_point():
        divide = ": divide by 255, images.float() / 255" * (x.dtype == torch.uint8)
        raise TypeError(
            f"expected floating-point images {expected}, got {x.dtype}{divide}"
        )


def check_tokens(x: Tensor, embed_dim: int, num_tokens: int | None = None) -> None:
    """Raise unless ``x`` is a batch of rows of tokens.

    Args:
        x: tokens (B, N, embed_dim).
        embed_dim: width of a token.
        num_tokens: N, where it has to be one number.

    Raises:
        ValueError: if ``x`` has another shape; the message quotes it.
    """
    if isinstance(x, Proxy):
        return
    fits = x.ndim == 3 and x.shape[-1] == embed_dim
    if not fits or num_tokens not in (None, x.shape[1]):
        raise ValueError(
            f"expected tokens (B, {num_tokens or 'N'}, {embed_dim}), "
            f"got {tuple(x.shape)}"
        )


def check_num_classes(num_classes: int) -> None:
    """Raise unless the number of classes is a whole number of at least 1.

    Raises:
        ValueError: if it is not; the message quotes it.
    """
    if not isinstance(num_classes, int) or num_classes < 1:
        raise ValueError(
            f"expected num_classes, a whole number >= 1, got {num_classes!r}"
        )


def check_targets(targets: list[dict[str, Tensor]], images: int, classes: int) -> None:
    """Raise unless these are the objects of a batch of images.

    Args:
        targets: for each image ``boxes`` (N, 4), xyxy, floating point, with x2 > x1 and
            y2 > y1, and ``labels`` (N,), int64 from 0 to classes - 1; N may be 0.
        images: number of images, at least 1.
        classes: kinds of object.

    Raises:
        ValueError: if they are not; the message quotes the first that does not fit.
    """
    if not images:
        raise ValueError("expected at least one image to learn from, got none")
    if len(targets) != images:
        raise ValueError(
            f"expected a target for each of {images} images, got {len(targets)}"
        )
    for number, target in enumerate(targets):
        _check_target(target, f"target {number}")
    boxes = torch.cat([target["boxes"] for target in targets])
    labels = torch.cat([target["labels"] for target in targets])
    sound = (boxes[:, 2:] > boxes[:, :2]).all(1) & boxes.isfinite().all(1)
    if not sound.all():
        raise ValueError(
            "expected boxes (x1, y1, x2, y2) of finite numbers with x2 > x1 and "
            f"y2 > y1, got {boxes[~sound][0].tolist()}"
        )
    known = (labels >= 0) & (labels < classes)
    if not known.all():
        raise ValueError(
            f"expected labels from 0 to {classes - 1}, got {labels[~known][0]}: "
            "objects are numbered from 0, the background has no number"
        )


def _check_target(target: dict[str, Tensor], name: str) -> None:
    boxes, labels = target["boxes"], target["labels"]
    if boxes.ndim != 2 or boxes.shape[1] != 4 or not boxes.is_floating_point():
        raise ValueError(
            f"expected boxes (N, 4), floating point, got {boxes.dtype} "
            f"{tuple(boxes.shape)} in {name}"
        )
    if labels.dtype != torch.int64 or labels.shape != boxes.shape[:1]:
        raise ValueError(
            f"expected labels ({len(boxes)},), one for each box, of type torch.int64, "
            f"got {labels.dtype} {tuple(labels.shape)} in {name}"
        )


def check_masks(targets: list[dict[str, Tensor]], image_size: tuple[int, int]) -> None:
    """Raise unless each object of checked targets has a mask of the image's size.

    Args:
        targets: for each image ``boxes`` (N, 4) and ``masks`` (N, H, W).
        image_size: H and W.

    Raises:
        ValueError: if one does not fit; the message quotes it.
    """
    for number, target in enumerate(targets):
        expected = (len(target["boxes"]), *image_size)
        masks = target.get("masks")
        found = "none" if masks is None else tuple(masks.shape)
        if found != expected:
            raise ValueError(
                f"expected masks {expected}, one for each box and as large as the "
                f"image, got {found} in target {number}"
            )


def _remedy(x: Tensor, channels: int) -> str:
    if x.ndim != 4 or x.shape[1] == channels:
        return ""
    if x.shape[-1] == channels:
        return ": the channels are last, move them with images.permute(0, 3, 1, 2)"
    return f": for other images build the model with in_channels={x.shape[1]}"
