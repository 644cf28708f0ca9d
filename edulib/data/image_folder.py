"""A folder of the reader's own images, read as an image viewer shows them."""

from pathlib import Path

from torchvision import datasets
from torchvision.datasets.folder import IMG_EXTENSIONS

from edulib.pixels import read_image


class ImageFolder(datasets.ImageFolder):
    """Torchvision's, without what cameras, archives and notebooks leave in a folder.

    - Folders and files that are hidden (``.ipynb_checkpoints``, ``._0.png``) or an
      archive's own (``__MACOSX``) are no classes and no images.
    - Photographs are turned upright, as their EXIF tag says.
    - Pictures of 16 bits keep all of their range; what is transparent is white.

    Args:
        root: holds one folder for each class, and these the images.

    Raises:
        FileNotFoundError: if there is no class, or a class without an image.
        OSError: when an item is taken that is no whole image; says which file.
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
