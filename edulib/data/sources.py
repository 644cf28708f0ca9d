"""What the command line can train on: a name, to training and validation set."""

from typing import NamedTuple

from edulib.checks import check_whole
from edulib.data import splits
from edulib.data.splits import Examples

PHOTOGRAPHS = ("imagenette", "pets", "folder")  # of many sizes, unlike the others
SIZES = {
    "scenes": 64,
    "digits": 32,
    "fashion_mnist": 28,
    "cifar10": 32,
    **dict.fromkeys(PHOTOGRAPHS, 224),
}
ANNOTATED = {  # target of scenes for the other tasks, and sets of files
    "segmentation": ("stuff", "voc_masks"),
    "detection": ("boxes", "voc_boxes", "coco_boxes"),
    "instance_segmentation": ("masks", "coco_masks"),
}
DATA = {
    "classification": tuple(SIZES),
    **{task: ("scenes", *sets) for task, (_, *sets) in ANNOTATED.items()},
}
NAMES = tuple(dict.fromkeys(name for names in DATA.values() for name in names))
ANNOTATED_SIZE = 128
LARGEST = 256  # pixels of a scene


class Source(NamedTuple):
    """Training and validation set, and what a model has to know of them."""

    train: Examples
    val: Examples
    num_classes: int
    in_channels: int


def load_source(
    name: str,
    image_size: int | None,
    length: int,
    root: str | None,
    task: str = "classification",
) -> Source:
    """Data by name.

    Args:
        name: "scenes" or "digits", which need no network; "folder", your own images
            in ``root/train/CLASS/*`` and ``root/val/CLASS/*``; or one of torchvision's
            sets, which is fetched into ``root`` once (COCO has to lie there).
        image_size: side of the images in pixels; None for the usual one.
        length: how many scenes to train on; a quarter as many more validate.
        root: folder of the images, where they are files.
        task: what the targets are for, a key of ``DATA``.

    Raises:
        ValueError: if the name is unknown or not for this task, a number is below 1,
            ``root`` is missing, or there is a single class.
        FileNotFoundError: if there are no images in the folder.
        ConnectionError: if a set cannot be fetched.
    """
    if task not in DATA:
        raise ValueError(f"expected --task out of {tuple(DATA)}, got {task!r}")
    if name not in DATA[task]:
        raise ValueError(
            f"expected --data out of {DATA[task]} for --task {task}, got {name!r}"
        )
    usual = SIZES[name] if task == "classification" else ANNOTATED_SIZE
    size = usual if image_size is None else image_size
    check_whole("--image-size", size, 1)
    check_whole("--length", length, 1)
    if name == "digits":
        return digits(size)
    if name == "scenes" and task == "classification":
        return scenes(length, size)
    if name == "scenes":
        return annotated_scenes(length, size, ANNOTATED[task][0])
    if root is None:
        raise ValueError(f"--data {name} needs --root: the folder of the images")
    return files(name, root, size)


def digits(image_size: int) -> Source:
    """Scikit-learn's handwritten digits."""
    from edulib.data import Digits, as_tensors

    train, val = (as_tensors(Digits(split, image_size)) for split in ("train", "test"))
    return Source(train, val, num_classes=10, in_channels=1)


def scenes(length: int, image_size: int) -> Source:
    """Scenes: drawn once, then kept, as bytes above 64 pixels."""
    from edulib.data import Scenes, as_tensors

    train = Scenes(length, image_size, seed=0).cached()
    val = Scenes(max(1, length // 4), image_size, seed=1).cached()
    if image_size <= 64:
        train, val = as_tensors(train), as_tensors(val)
    return Source(train, val, num_classes=len(Scenes.classes), in_channels=3)


def annotated_scenes(length: int, image_size: int, target: str) -> Source:
    """Scenes of one to six objects, drawn once; above 256 pixels they are enlarged."""
    from torchvision.transforms import v2

    from edulib.data import Scenes

    size, quarter = min(image_size, LARGEST), max(1, length // 4)
    train, val = splits.annotated_scenes(length, quarter, size, target)
    if image_size > size:
        train.transforms = val.transforms = v2.Resize((image_size, image_size))
    classes = len(Scenes.classes) + (len(Scenes.stuff) if target == "stuff" else 0)
    return Source(train, val, classes, in_channels=3)


def files(name: str, root: str, image_size: int) -> Source:
    """One of torchvision's sets or a folder of images, with the usual augmentation."""
    from torchvision.transforms import v2

    from edulib.data import torchvision_set

    varied, fixed = (v2.Compose(steps) for steps in transforms(name, image_size))
    download = name != "folder"
    train = torchvision_set(name, root, "train", varied, download)
    val = torchvision_set(name, root, "val", fixed, download)
    if train.classes != val.classes:
        raise ValueError(
            f"expected the same classes in train and val, got {train.classes} and "
            f"{val.classes}"
        )
    if len(train.classes) < 2:
        raise ValueError(
            f"expected at least two classes to tell apart, got {train.classes}"
        )
    channels = train[0][0].shape[0]
    return Source(train, val, len(train.classes), channels)


def transforms(name: str, image_size: int) -> tuple[list, list]:
    """Steps of the training images of a set, and of its validation images.

    Photographs are cut at random places and scales, small pictures are shifted by up
    to an eighth. What is annotated is made square, and its objects are zoomed and
    shifted with it; maps of classes, beyond whose edge no class is known, are not. All
    are mirrored.
    """
    from torchvision.transforms import v2

    from edulib.data import RandomZoom

    mirror = v2.RandomHorizontalFlip()
    if name in PHOTOGRAPHS:
        fixed = [v2.Resize(image_size), v2.CenterCrop(image_size)]
        return [v2.RandomResizedCrop(image_size, (0.25, 1)), mirror], fixed
    if name in SIZES:
        fixed = [v2.Resize(image_size)]
        cut = v2.RandomCrop(image_size, padding=image_size // 8)
        return [*fixed, cut, mirror], fixed
    fixed = [v2.Resize((image_size, image_size))]
    moved = mirror if name in ANNOTATED["segmentation"] else RandomZoom()
    return [*fixed, moved], fixed
