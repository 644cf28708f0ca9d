"""What the command line can train on: a name, to training and validation set."""

from pathlib import Path
from typing import NamedTuple

from edulib.training.batches import Examples

SIZES = {"scenes": 64, "digits": 32, "cifar10": 32, "folder": 224}
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's photographs


class Source(NamedTuple):
    """Training and validation set, and what a model has to know of them."""

    train: Examples
    val: Examples
    num_classes: int
    in_channels: int


def load_source(
    name: str, image_size: int | None, length: int, root: str | None
) -> Source:
    """Data by name.

    Args:
        name: "scenes" or "digits", which need no network; "cifar10", which is fetched
            into ``root`` once; "folder" for your own images, in
            ``root/train/CLASS/*`` and ``root/val/CLASS/*``.
        image_size: side of the images in pixels; None for the usual one.
        length: how many scenes to train on; a quarter as many more validate.
        root: folder of "cifar10" and "folder".

    Raises:
        ValueError: if a number is below 1, or ``root`` or what it needs is missing.
    """
    size = SIZES[name] if image_size is None else image_size
    if size < 1 or length < 1:
        raise ValueError(
            f"expected --image-size and --length of at least 1, got {size} and {length}"
        )
    if name == "digits":
        return digits(size)
    if name == "scenes":
        return scenes(length, size)
    if root is None:
        raise ValueError(f"--data {name} needs --root: the folder of the images")
    return cifar10(root, size) if name == "cifar10" else folder(Path(root), size)


def digits(image_size: int) -> Source:
    """Scikit-learn's handwritten digits."""
    from edulib.data import Digits, as_tensors

    train, val = (as_tensors(Digits(split, image_size)) for split in ("train", "test"))
    return Source(train, val, num_classes=10, in_channels=1)


def scenes(length: int, image_size: int) -> Source:
    """Scenes: kept in memory up to 64 pixels, drawn again in every epoch beyond."""
    from edulib.data import Scenes, as_tensors

    train = Scenes(length, image_size, seed=0)
    val = Scenes(max(1, length // 4), image_size, seed=1)
    if image_size <= 64:
        train, val = as_tensors(train), as_tensors(val)
    return Source(train, val, num_classes=len(Scenes.classes), in_channels=3)


def cifar10(root: str, image_size: int) -> Source:
    """CIFAR-10, with the usual augmentation: shifted by an eighth, and mirrored."""
    from torchvision.datasets import CIFAR10
    from torchvision.transforms import v2

    shifted = [v2.RandomCrop(32, padding=4), v2.RandomHorizontalFlip()]
    resized = [v2.Resize(image_size)]
    train = CIFAR10(root, True, v2.Compose(shifted + resized + numbers()), None, True)
    val = CIFAR10(root, False, v2.Compose(resized + numbers()))
    return Source(train, val, num_classes=10, in_channels=3)


def folder(root: Path, image_size: int) -> Source:
    """Photographs, in one folder for each class."""
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    for split in ("train", "val"):
        if not (root / split).is_dir():
            raise ValueError(
                f"expected the folders {root}/train/CLASS and {root}/val/CLASS with "
                f"images, found no {root / split}"
            )
    cut = [v2.RandomResizedCrop(image_size, (0.25, 1)), v2.RandomHorizontalFlip()]
    whole = [v2.Resize(image_size), v2.CenterCrop(image_size)]
    train = ImageFolder(root / "train", v2.Compose(cut + numbers()))
    val = ImageFolder(root / "val", v2.Compose(whole + numbers()))
    if train.classes != val.classes:
        raise ValueError(
            f"expected the same classes in train and val, got {train.classes} and "
            f"{val.classes}"
        )
    return Source(train, val, num_classes=len(train.classes), in_channels=3)


def numbers() -> list:
    """Transforms from a picture to floating-point numbers about zero."""
    import torch
    from torchvision.transforms import v2

    return [
        v2.ToImage(),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize(MEAN, STD),
    ]
