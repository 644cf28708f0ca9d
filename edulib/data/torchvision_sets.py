"""Torchvision's data sets: real photographs that have to be downloaded once."""

import errno
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import torch
from torch.utils.data import Dataset
from torchvision import datasets
from torchvision.transforms import v2

from edulib.data.image_folder import ImageFolder
from edulib.files import IDLE, remove_idle_folders

# What torchvision raises when files are missing, cut off or changed.
DAMAGED = (RuntimeError, FileNotFoundError, ValueError, AssertionError)
INSTEAD = (
    "Scenes, Digits and ExemplarPatches of edulib.data need no download and serve "
    "instead"
)


@dataclass(frozen=True)
class Source:
    """A set that torchvision can load.

    Attributes:
        load: called with root, split and whether to download.
        splits: what ours are called, and what torchvision calls them.
        folder: where its files lie below the root.
        size: of the download.
    """

    load: Callable[[Path, str, bool], Dataset]
    splits: dict[str, str]
    folder: str
    size: str


def _fashion_mnist(root: Path, split: str, download: bool) -> Dataset:
    return datasets.FashionMNIST(root, split == "train", download=download)


def _cifar10(root: Path, split: str, download: bool) -> Dataset:
    return datasets.CIFAR10(root, split == "train", download=download)


def _imagenette(root: Path, split: str, download: bool) -> Dataset:
    return datasets.Imagenette(root, split, "320px", download)


def _pets(root: Path, split: str, download: bool) -> Dataset:
    return datasets.OxfordIIITPet(root, split, "category", download=download)


def _pets_masks(root: Path, split: str, download: bool) -> Dataset:
    return datasets.OxfordIIITPet(root, split, "segmentation", download=download)


def _voc_boxes(root: Path, split: str, download: bool) -> Dataset:
    return datasets.VOCDetection(root, "2012", split, download)


def _voc_masks(root: Path, split: str, download: bool) -> Dataset:
    return datasets.VOCSegmentation(root, "2012", split, download)


TEST = {"train": "train", "val": "test"}
VAL = {"train": "train", "val": "val"}
PETS = {"train": "trainval", "val": "test"}
VOC = "VOCdevkit/VOC2012"
SOURCES = {
    "fashion_mnist": Source(_fashion_mnist, TEST, "FashionMNIST", "30 MB"),
    "cifar10": Source(_cifar10, TEST, "cifar-10-batches-py", "170 MB"),
    "imagenette": Source(_imagenette, VAL, "imagenette2-320", "330 MB"),
    "pets": Source(_pets, PETS, "oxford-iiit-pet", "800 MB"),
    "pets_masks": Source(_pets_masks, PETS, "oxford-iiit-pet", "800 MB"),
    "voc_boxes": Source(_voc_boxes, VAL, VOC, "2 GB"),
    "voc_masks": Source(_voc_masks, VAL, VOC, "2 GB"),
}
NAMES = (*SOURCES, "folder")


def torchvision_set(
    name: str,
    root: str | Path,
    split: str = "train",
    transforms: Callable | None = None,
    download: bool = False,
) -> Dataset:
    """Load one of torchvision's data sets, its items in the types of transforms v2.

    ======================  ====================================================
    name                    target
    ======================  ====================================================
    ``"fashion_mnist"``     label, int; images of 1 x 28 x 28
    ``"cifar10"``           label, int; images of 3 x 32 x 32
    ``"imagenette"``        label, int; ten classes of ImageNet, shorter side 320
    ``"pets"``              label, int; 37 breeds of cats and dogs
    ``"pets_masks"``        ``Mask`` (1, H, W) uint8: 1 pet, 2 background, 3 border
    ``"voc_boxes"``         dict of ``boxes`` (N, 4), ``BoundingBoxes``, xyxy in pixels,
                            and ``labels`` (N,), 1 to 20
    ``"voc_masks"``         ``Mask`` (1, H, W) uint8: 0 background, 1 to 20 the class,
                            255 border
    ``"folder"``            label, int; of ``root/SPLIT/CLASS/*.jpg``, read upright, 8
                            or 16 bits, white where transparent; hidden files and
                            folders are passed over
    ======================  ====================================================

    A download goes to a temporary folder beside its place and moves there when it is
    whole and checked: interrupted or failed, it leaves nothing behind.

    Args:
        name: see above.
        root: folder for all sets, laid out as torchvision does.
        split: "train" or "val"; what torchvision calls "test" where there is no other.
        transforms: called as ``transforms(image, target)``.
        download: whether to fetch what is missing.

    Returns:
        A map-style set of (image, target), the image an ``Image`` (C, H, W) float32
        in [0, 1].

    Raises:
        ValueError: if the name or the split is unknown.
        FileNotFoundError: if the files are missing or damaged and need not be fetched.
        ConnectionError: if the download failed.
        OSError: if the disk is full or not writable.
        KeyboardInterrupt: on Ctrl-C; nothing half-fetched is kept.
    """
    if name not in NAMES:
        raise ValueError(f"expected a name out of {NAMES}, got {name!r}")
    if split not in ("train", "val"):
        raise ValueError(f"expected a split out of ('train', 'val'), got {split!r}")
    root = Path(root).expanduser()
    if name == "folder":
        dataset = _image_folder(root / split)
    else:
        dataset = _present(name, root, split)
        if dataset is None:
            if not download:
                raise FileNotFoundError(_missing(name, root))
            _fetch(name, root, split)
            dataset = _present(name, root, split)
    dataset = datasets.wrap_dataset_for_transforms_v2(dataset)
    steps = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    dataset.transforms = v2.Compose(steps + ([transforms] if transforms else []))
    return dataset


def _missing(name: str, root: Path) -> str:
    source = SOURCES[name]
    return (
        f"no whole {name} in {root / source.folder}: pass download=True to fetch it "
        f"(about {source.size}); {INSTEAD}"
    )


def _image_folder(folder: Path) -> Dataset:
    try:
        return ImageFolder(folder)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"expected images in {folder}/CLASS/, one folder for each class: {error}; "
            f"{INSTEAD}"
        ) from error


def _present(name: str, root: Path, split: str) -> Dataset | None:
    """The set if all of its files are there, otherwise None."""
    source = SOURCES[name]
    try:
        return source.load(root, source.splits[split], False)
    except DAMAGED:
        return None


def _fetch(name: str, root: Path, split: str) -> None:
    """Download a set into a temporary folder, then move it into its place."""
    source = SOURCES[name]
    root.mkdir(parents=True, exist_ok=True)
    prefix = f".{name}-download-"
    remove_idle_folders(root, prefix, IDLE)
    with tempfile.TemporaryDirectory(dir=root, prefix=prefix) as folder:
        fresh = Path(folder)
        try:
            source.load(fresh, source.splits[split], True)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"download of {name} stopped; nothing half-fetched is kept: call again "
                "to start over"
            ) from None
        except (RuntimeError, HTTPException, OSError) as error:
            if isinstance(error, OSError) and error.errno in (
                errno.ENOSPC,
                errno.EDQUOT,
            ):
                raise
            raise ConnectionError(
                f"could not download {name} (about {source.size}) to {root}: {error}. "
                f"Without a network: {INSTEAD}"
            ) from error
        place = root / source.folder
        if place.exists():  # damaged, or it would have been loaded
            shutil.move(place, fresh / "damaged")
        place.parent.mkdir(parents=True, exist_ok=True)
        (fresh / source.folder).replace(place)
