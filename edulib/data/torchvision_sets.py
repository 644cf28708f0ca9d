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

from edulib.data.annotated_sets import (
    coco_boxes,
    coco_masks,
    pets_maps,
    read_coco,
    voc_boxes,
    voc_maps,
)
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
        wrap: gives its items the types of transforms v2, and our targets.
        by_hand: what has to be fetched by hand, where torchvision fetches nothing.
    """

    load: Callable[[Path, str, bool], Dataset]
    splits: dict[str, str]
    folder: str
    size: str
    wrap: Callable[[Dataset], Dataset] = datasets.wrap_dataset_for_transforms_v2
    by_hand: str = ""


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


def _coco(root: Path, split: str, download: bool) -> Dataset:
    return read_coco(root, split)


TEST = {"train": "train", "val": "test"}
VAL = {"train": "train", "val": "val"}
PETS = {"train": "trainval", "val": "test"}
VOC = "VOCdevkit/VOC2012"
COCO = {"train": "train2017", "val": "val2017"}
COCO_ZIPS = (
    "unpack train2017.zip, val2017.zip and annotations_trainval2017.zip of "
    "https://cocodataset.org there"
)
SOURCES = {
    "fashion_mnist": Source(_fashion_mnist, TEST, "FashionMNIST", "30 MB"),
    "cifar10": Source(_cifar10, TEST, "cifar-10-batches-py", "170 MB"),
    "imagenette": Source(_imagenette, VAL, "imagenette2-320", "330 MB"),
    "pets": Source(_pets, PETS, "oxford-iiit-pet", "800 MB"),
    "pets_masks": Source(_pets_masks, PETS, "oxford-iiit-pet", "800 MB", pets_maps),
    "voc_boxes": Source(_voc_boxes, VAL, VOC, "2 GB", voc_boxes),
    "voc_masks": Source(_voc_masks, VAL, VOC, "2 GB", voc_maps),
    "coco_boxes": Source(_coco, COCO, "coco", "19 GB", coco_boxes, COCO_ZIPS),
    "coco_masks": Source(_coco, COCO, "coco", "19 GB", coco_masks, COCO_ZIPS),
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
    ``"pets_masks"``        ``Mask`` (H, W) int64: 1 pet, 2 background, 3 border
    ``"voc_boxes"``         dict of ``boxes`` (N, 4), ``BoundingBoxes``, xyxy in pixels,
                            right and lower edge excluded; ``labels`` (N,) int64, 0 to
                            19, positions in ``classes``; ``crowd`` (N,) bool: what VOC
                            calls difficult
    ``"voc_masks"``         ``Mask`` (H, W) int64: 0 background, 1 to 20 the class, 255
                            border; positions in ``classes``
    ``"coco_boxes"``        as ``voc_boxes``, labels 0 to 79, with ``area`` (N,), the
                            pixels of the objects' masks; N may be 0
    ``"coco_masks"``        the same with ``masks``, ``Mask`` (N, H, W) bool
    ``"folder"``            label, int; of ``root/SPLIT/CLASS/*.jpg``, read upright, 8
                            or 16 bits, white where transparent; hidden files and
                            folders are passed over
    ======================  ====================================================

    Labels of objects count from 0, without a background. COCO itself numbers its 80
    kinds from 1 to 90, with gaps: label k is ``sorted(coco.dataset.coco.cats)[k]``.
    Boxes without an area are left out.

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
        FileNotFoundError: if the files are missing or damaged and need not be fetched,
            or torchvision does not fetch them (COCO).
        ModuleNotFoundError: if COCO is read without pycocotools.
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
        wrap = datasets.wrap_dataset_for_transforms_v2
    else:
        wrap = SOURCES[name].wrap
        dataset = _present(name, root, split)
        if dataset is None:
            if not download or SOURCES[name].by_hand:
                raise FileNotFoundError(_missing(name, root))
            _fetch(name, root, split)
            dataset = _present(name, root, split)
    dataset = wrap(dataset)
    steps = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
    dataset.transforms = v2.Compose(steps + ([transforms] if transforms else []))
    return dataset


def _missing(name: str, root: Path) -> str:
    source = SOURCES[name]
    remedy = source.by_hand or "pass download=True to fetch it"
    return (
        f"no whole {name} in {root / source.folder}: {remedy} (about {source.size}); "
        f"{INSTEAD}"
    )


def _image_folder(folder: Path) -> Dataset:
    try:
        return ImageFolder(folder)
    except (FileNotFoundError, NotADirectoryError) as error:
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
