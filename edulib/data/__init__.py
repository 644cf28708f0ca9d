"""Data: scenes (made), digits and photographs (real), torchvision's sets (downloaded).

All are map-style data sets whose images are floating-point numbers in [0, 1], and they
mix with torchvision's own sets and its v2 transforms. Torchvision, which takes longer
to import than all of the package, is imported by what uses it.
"""

from edulib.data.contrast import global_contrast_normalization
from edulib.data.crops import photo_crops
from edulib.data.digits import Digits
from edulib.data.mosaic import Mosaic
from edulib.data.padding import pad_images, pad_maps
from edulib.data.pca_color import PCAColor
from edulib.data.photographs import PHOTOS, ExemplarPatches, Photo, photos
from edulib.data.random_zoom import RandomZoom
from edulib.data.scenes import Scene, Scenes, detection_scenes, make_scene, parts_of
from edulib.data.tensors import as_tensors

__all__ = [
    "PHOTOS",
    "Digits",
    "ExemplarPatches",
    "Mosaic",
    "PCAColor",
    "Photo",
    "RandomZoom",
    "Scene",
    "Scenes",
    "as_tensors",
    "detection_scenes",
    "global_contrast_normalization",
    "make_scene",
    "pad_images",
    "pad_maps",
    "parts_of",
    "photo_crops",
    "photos",
    "torchvision_set",
]


def __getattr__(name: str) -> object:
    if name == "torchvision_set":
        from edulib.data.torchvision_sets import torchvision_set

        return torchvision_set
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
