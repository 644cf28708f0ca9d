"""Augmentation: each time that an image is shown it is a little different."""

from collections.abc import Callable

from torch import Tensor
from torch.utils.data import Dataset

from edulib.data.splits import Split, scenes

WINDOW, MARGIN = 32, 4  # pixels


class Varied(Dataset):
    """Images in memory that are changed anew each time they are asked for.

    Args:
        images: shape (N, C, H, W).
        labels: class numbers, (N,).
        change: a random transform of one image.
    """

    def __init__(
        self, images: Tensor, labels: Tensor, change: Callable[[Tensor], Tensor]
    ) -> None:
        self.images, self.labels, self.change = images, labels, change

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.change(self.images[index]), self.labels[index]


def scene_windows(
    train: int = 300, val: int = 500, crops: bool = False, colors: float = 0.0
) -> Split:
    """Scenes of 36 pixels with large objects, of which a window of 32 is shown.

    Args:
        train: number of training scenes.
        val: number of validation scenes; of these the middle is shown.
        crops: whether the windows for training are random, half of them mirrored.
        colors: strength of `PCAColor` for training; 0 leaves the colours.
    """
    from torchvision.transforms import v2

    from edulib.data import PCAColor

    train_set, val_set = scenes(train, val, WINDOW + MARGIN, "large")
    middle = v2.CenterCrop(WINDOW)
    window = [v2.RandomCrop(WINDOW), v2.RandomHorizontalFlip()] if crops else [middle]
    shift = [PCAColor(train_set[0], colors)] if colors else []
    changed = Varied(*train_set, v2.Compose([*shift, *window]))
    return changed, (middle(val_set[0]), val_set[1])
