"""A folder of the reader's own images, read as an image viewer shows them."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from torchvision import datasets
from torchvision.datasets.folder import IMG_EXTENSIONS

SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N")


class ImageFolder(datasets.ImageFolder):
    """Torchvision's, without what cameras, archives and notebooks leave in a folder.

    - Folders and files that are hidden (``.ipynb_checkpoints``, ``._0.png``) or an
      archive's own (``__MACOSX``) are no classes and no images.
    - Photographs are turned upright, as their EXIF tag says.
    - Pictures of 16 bits keep all of their range.

    Args:
        root: holds one folder for each class, and these the images.

    Raises:
        FileNotFoundError: if there is no class, or a class without an image.
        ValueError: when an item is taken whose pixels have no known range.
    """

    def __init__(self, root: Path) -> None:
        def is_image(path: str) -> bool:
            parts = Path(path).relative_to(root).parts
            return path.lower().endswith(IMG_EXTENSIONS) and not any(map(_left, parts))

        super().__init__(root, loader=read_image, is_valid_file=is_image)

    def find_classes(self, directory: str) -> tuple[list[str], dict[str, int]]:
        """Names of the classes in order, and the position of each."""
        found, _ = super().find_classes(directory)
        classes = [name for name in found if not _left(name)]
        if not classes:
            raise FileNotFoundError(f"no class folder in {directory}")
        return classes, {name: k for k, name in enumerate(classes)}


def _left(name: str) -> bool:
    """Whether a program left a folder or a file behind, and nobody put it there."""
    return name.startswith(".") or name == "__MACOSX"


def read_image(path: str | Path) -> Image.Image:
    """Read an image as RGB of 8 bits, upright.

    Raises:
        ValueError: if its pixels are floating-point numbers or of 32 bits: nobody
            knows which of them is white.
    """
    with Image.open(path) as image:
        mode, kind = image.mode, image.format
        image = ImageOps.exif_transpose(image)
    if mode in SIXTEEN_BITS or (mode == "I" and kind in ("PNG", "PPM")):
        values = np.asarray(image).astype(np.uint32)
        image = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    elif mode in ("I", "F"):
        raise ValueError(
            f"expected an image of 8 or 16 bits, got mode {mode!r} in {path}: "
            "save it with values from 0 to 255"
        )
    return image.convert("RGB")
