"""Training and validation sets that several chapters share, as tensors."""

from torch import Tensor
from torch.utils.data import Dataset

# A dataset of (input, target), or (inputs, targets) with N of each; or no targets.
Examples = Dataset | tuple[Tensor | list, ...]
Split = tuple[Examples, Examples]  # training and validation set


def digits(image_size: int = 8) -> Split:
    """Scikit-learn's handwritten digits, grey, ``image_size`` pixels wide."""
    from edulib.data import Digits, as_tensors

    sets = (Digits(split, image_size) for split in ("train", "test"))
    return tuple(as_tensors(one) for one in sets)


def scenes(
    train: int = 4000,
    val: int = 1000,
    image_size: int = 64,
    scale: str = "any",
    cached: bool = False,
    val_seed: int = 1,
) -> Split:
    """Scenes, labelled with their main object; validation scenes have another seed.

    Of many, ``cached`` keeps the drawings in the user's cache folder. A comparison that
    is tested with ``val_seed`` 1 chooses its learning rates with another.
    """
    from edulib.data import Scenes, as_tensors

    sets = (
        Scenes(length, image_size, seed=seed, scale=scale)
        for length, seed in ((train, 0), (val, val_seed))
    )
    return tuple(as_tensors(one.cached() if cached else one) for one in sets)


def annotated_scenes(
    train: int = 2500,
    val: int = 500,
    image_size: int = 96,
    target: str = "boxes",
    varied: bool = False,
) -> Split:
    """Scenes of one to six objects, for detectors and segmenters, kept in the cache.

    ``varied`` zooms, shifts and mirrors the training scenes at random, each time anew;
    validation scenes have another seed.
    """
    from edulib.data import RandomZoom, detection_scenes

    settings = {"image_size": image_size, "target": target}
    zoom = RandomZoom() if varied else None
    train_set = detection_scenes(train, seed=0, transforms=zoom, **settings)
    return train_set.cached(), detection_scenes(val, seed=1, **settings).cached()


def crops(train: int = 24_576, val: int = 1024) -> Split:
    """Crops of 24 x 24 pixels, labelled with the place of a photograph they show."""
    from edulib.data import photo_crops

    return photo_crops(train), photo_crops(val, seed=1)


def photo_patches(train: int = 7680, val: int = 640, num_classes: int = 64) -> Split:
    """Patches of photographs, 64 pixels wide, labelled with the place they show.

    All have the same mean colour and contrast, so that a place must be known by its
    edges and textures.
    """
    from edulib.data import ExemplarPatches, as_tensors, global_contrast_normalization

    sets = []
    for split, length in (("train", train), ("val", val)):
        patches = ExemplarPatches(length, 64, num_classes=num_classes, split=split)
        images, labels = as_tensors(patches)
        sets.append((global_contrast_normalization(images), labels))
    return tuple(sets)
