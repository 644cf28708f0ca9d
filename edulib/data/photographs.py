"""Real photographs: those that are installed with the packages that we use anyway."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import Dataset

from edulib.checks import check_whole
from edulib.data.scenes.stream import Stream


@dataclass(frozen=True)
class Photo:
    """A photograph and where it comes from.

    Attributes:
        name: what ``photos()`` calls it.
        path: its package, then its file in there.
        shows: what is to be seen, for alternative texts.
        source: who made it.
        license: under which terms.
        url: where it was published.
    """

    name: str
    path: str
    shows: str
    source: str
    license: str
    url: str


NASA = "public domain (NASA)"
_SKIMAGE = "https://scikit-image.org/docs/stable/api/skimage.data.html#skimage.data."
PHOTOS = (
    Photo(
        "astronaut",
        "skimage/data/astronaut.png",
        "Eileen Collins in an orange suit, before a flag and a model of the Shuttle",
        "NASA Great Images",
        NASA,
        "https://flic.kr/p/r9qvLn",
    ),
    Photo(
        "cat",
        "skimage/data/chelsea.png",
        "the face of a tabby cat, from near",
        "Stefan van der Walt",
        "CC0",
        f"{_SKIMAGE}chelsea",
    ),
    Photo(
        "coffee",
        "skimage/data/coffee.png",
        "a cup of espresso on a red saucer on a wooden table",
        "Rachel Michetti, courtesy of Pikolo Espresso Bar",
        "CC0",
        f"{_SKIMAGE}coffee",
    ),
    Photo(
        "rocket",
        "skimage/data/rocket.jpg",
        "a Falcon 9 rocket between its masts at dusk",
        "SpaceX",
        "public domain",
        "https://www.flickr.com/photos/spacexphotos/16511594820/",
    ),
    Photo(
        "galaxies",
        "skimage/data/hubble_deep_field.jpg",
        "hundreds of galaxies on a black sky",
        "Hubble eXtreme Deep Field, NASA",
        NASA,
        f"{_SKIMAGE}hubble_deep_field",
    ),
    Photo(
        "retina",
        "skimage/data/retina.jpg",
        "the back of an eye with its blood vessels",
        "Mikael H\u00e4ggstr\u00f6m, Wikimedia Commons",
        "CC0",
        "https://commons.wikimedia.org/wiki/File:Fundus_photograph_of_normal_left_eye.jpg",
    ),
    Photo(
        "tissue",
        "skimage/data/ihc.png",
        "stained glands of a colon under the microscope",
        "Center for Microscopy and Molecular Imaging (CMMI)",
        "no known copyright restrictions",
        f"{_SKIMAGE}immunohistochemistry",
    ),
    Photo(
        "pagoda",
        "sklearn/datasets/images/china.jpg",
        "a red and green pagoda above trees and a lake",
        "danielbuechele, Flickr",
        "CC BY 2.0",
        "https://www.flickr.com/photos/danielbuechele/6061409035/",
    ),
    Photo(
        "dahlia",
        "sklearn/datasets/images/flower.jpg",
        "an orange dahlia before dark leaves",
        "vultilion, Flickr",
        "CC BY 2.0",
        "https://www.flickr.com/photos/vultilion/6056698931/",
    ),
    Photo(
        "admiral",
        "matplotlib/mpl-data/sample_data/grace_hopper.jpg",
        "Grace Hopper in navy uniform, before a flag",
        "James S. Davis, US Navy",
        "public domain (US Navy)",
        "https://commons.wikimedia.org/wiki/"
        "File:Commodore_Grace_M._Hopper,_USN_%28covered%29.jpg",
    ),
)
DISTRIBUTIONS = {
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "matplotlib": "matplotlib",
}
NAMES = tuple(photo.name for photo in PHOTOS)


@cache
def _read(name: str) -> np.ndarray:
    """A photograph as (H, W, 3) uint8."""
    photo = next(photo for photo in PHOTOS if photo.name == name)
    package, _, file = photo.path.partition("/")
    path = _folder(package) / file
    if not path.is_file():
        raise FileNotFoundError(
            f"no photograph {name!r} at {path}: reinstall {DISTRIBUTIONS[package]}, "
            "which brings it, or choose other names out of PHOTOS"
        )
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def _folder(package: str) -> Path:
    """Where a package is installed; it is not imported."""
    return Path(find_spec(package).submodule_search_locations[0])


def photos(names: Sequence[str] = NAMES) -> dict[str, torch.Tensor]:
    """Real colour photographs, from 451 x 300 to 1411 x 1411 pixels.

    They are installed with scikit-image, scikit-learn and matplotlib; ``PHOTOS`` says
    what each shows, who made it and under which licence.

    Args:
        names: which ones; all if none are given.

    Returns:
        Each name's photograph: (3, H, W) float32 in [0, 1].

    Raises:
        ValueError: if there is no photograph of a name.
        FileNotFoundError: if a package was installed without its photographs.
    """
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise ValueError(f"expected photographs out of {NAMES}, got {unknown}")
    return {name: _as_tensor(_read(name)) for name in names}


def _as_tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.tensor(pixels).permute(2, 0, 1).contiguous().float().div_(255)


def check_counts(length: int, num_classes: int, seed: int) -> None:
    """Refuse a set of patches without patches or without classes.

    Raises:
        ValueError: if a number is too small, or not whole.
    """
    check_whole("a length", length, 1)
    check_whole("a number of classes", num_classes, 1)
    check_whole("a seed", seed)


class ExemplarPatches(Dataset):
    """Square patches of the photographs; a class is a place in one of them.

    Each class is a random place; its patches are taken around there, a little shifted
    and scaled, and mirrored or not. A network that names the places has to learn
    real textures and shapes without any label of a person: the surrogate classes of
    Dosovitskiy et al., "Discriminative Unsupervised Feature Learning with Exemplar
    Convolutional Neural Networks", 2014. https://arxiv.org/abs/1406.6909

    Places lie where something is to be seen: uniform ones are passed over.

    Args:
        length: number of patches; patch k belongs to class k modulo ``num_classes``.
        image_size: side of a patch in pixels: 8 to 224.
        num_classes: number of places.
        seed: of places and shifts. Sets which differ only in ``split`` share places.
        split: "train" or "val": the same places, other shifts.
        names: photographs to cut from; all if none are given.
        transforms: called as ``transforms(image, label)``.

    Shape:
        - image: ``Image`` (3, image_size, image_size) float32 in [0, 1]
        - label: int, the place

    Raises:
        ValueError: if an argument is outside its range.
    """

    def __init__(
        self,
        length: int,
        image_size: int = 32,
        *,
        num_classes: int = 50,
        seed: int = 0,
        split: str = "train",
        names: Sequence[str] = NAMES,
        transforms: Callable | None = None,
    ) -> None:
        check_counts(length, num_classes, seed)
        check_whole("an image size", image_size, 8, 224)
        if split not in ("train", "val"):
            raise ValueError(f"expected a split out of ('train', 'val'), got {split!r}")
        photos(names)
        self.length = length
        self.image_size = image_size
        self.seed = seed
        self.split = split
        self.transforms = transforms
        self.places = _places_apart(Stream(seed, "places"), names, num_classes)

    def __len__(self) -> int:
        """Number of patches."""
        return self.length

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """One patch and its place, transformed."""
        from torchvision import tv_tensors

        index = operator.index(index)
        if not -self.length <= index < self.length:
            raise IndexError(f"no patch {index} among {self.length}")
        index %= self.length
        label = index % len(self.places)
        image = tv_tensors.Image(_as_tensor(self._patch(index, *self.places[label])))
        return self.transforms(image, label) if self.transforms else (image, label)

    def _patch(self, index: int, name: str, x: int, y: int, side: int) -> np.ndarray:
        """Patch (image_size, image_size, 3) uint8 around a place."""
        stream = Stream(self.seed, self.split, index)
        pixels = _read(name)
        height, width, _ = pixels.shape
        side = side * stream.between(80, 125) // 100
        shift = side // 5
        left = min(max(x - side // 2 + stream.between(-shift, shift), 0), width - side)
        top = min(max(y - side // 2 + stream.between(-shift, shift), 0), height - side)
        patch = Image.fromarray(pixels[top : top + side, left : left + side])
        patch = patch.resize((self.image_size,) * 2, Image.Resampling.BOX)
        if stream.chance(50):
            patch = patch.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return np.asarray(patch)


def _places_apart(
    stream: Stream, names: Sequence[str], count: int
) -> list[tuple[str, int, int, int]]:
    """Places that lie apart: photograph, point and side of the square around it.

    Of every six random places the one with the strongest contrast, so that no class
    is a piece of empty sky.
    """
    places: list[tuple[str, int, int, int]] = []
    for _ in range(40 * count):
        candidates = [_place(stream, names) for _ in range(6)]
        free = [one for one in candidates if all(_apart(one, p) for p in places)]
        if free:
            places.append(max(free, key=_contrast))
        if len(places) == count:
            return places
    raise ValueError(
        f"found room for {len(places)} places that lie apart, expected {count}: take "
        "fewer classes or more photographs"
    )


def _place(stream: Stream, names: Sequence[str]) -> tuple[str, int, int, int]:
    name = stream.choice(names)
    height, width, _ = _read(name).shape
    side = min(height, width) * stream.between(14, 30) // 100
    x = stream.between(side // 2, width - side // 2)
    return name, x, stream.between(side // 2, height - side // 2), side


def _apart(first: tuple[str, int, int, int], second: tuple[str, int, int, int]) -> bool:
    """Whether less than half of the two squares' sides overlap."""
    distance = max(abs(first[1] - second[1]), abs(first[2] - second[2]))
    return first[0] != second[0] or 4 * distance > 3 * max(first[3], second[3])


def _contrast(place: tuple[str, int, int, int]) -> int:
    """Spread of the grey values around a place: 90th less 10th percentile."""
    name, x, y, side = place
    top, left = max(y - side // 2, 0), max(x - side // 2, 0)
    gray = _read(name)[top : top + side, left : left + side].astype(int).sum(2)
    values = np.sort(gray, axis=None)
    return int(values[len(values) * 9 // 10] - values[len(values) // 10])
