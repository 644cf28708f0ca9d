"""Loss and accuracy: of one pass (Metrics) and of all epochs (History)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from edulib.training.distributed import add_up


@dataclass(frozen=True)
class Metrics:
    """What one pass over a set of images gave.

    Args:
        loss: cross-entropy, mean over the images, in nats.
        accuracy: share of the images classified rightly, in [0, 1].
    """

    loss: float
    accuracy: float

    def __str__(self) -> str:
        return f"loss {self.loss:.3f}, accuracy {self.accuracy:.1%}"


@dataclass
class History:
    """What each epoch gave, as lists with one value an epoch.

    The training values are means over the epoch, taken while the weights were
    changing, with dropout and augmentation on; the ``val_`` lists are empty when
    ``fit`` had no validation set.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.train_loss)

    def append(self, train: Metrics, val: Metrics | None) -> None:
        """Add an epoch."""
        self.train_loss.append(train.loss)
        self.train_accuracy.append(train.accuracy)
        if val is not None:
            self.val_loss.append(val.loss)
            self.val_accuracy.append(val.accuracy)

    def rows(self) -> Iterator[tuple[int, float, float]]:
        """Epoch (from 1), training loss and training accuracy, epoch after epoch."""
        return zip(
            range(1, len(self) + 1), self.train_loss, self.train_accuracy, strict=True
        )


class Meter:
    """Sums loss and hits on the device, so that a GPU need not wait for Python."""

    def __init__(self, device: torch.device) -> None:
        self.sums = torch.zeros(3, dtype=torch.float64, device=device)

    def add(self, loss: Tensor, logits: Tensor, labels: Tensor) -> None:
        """Add a batch: its mean loss (), logits (B, classes) and labels (B,)."""
        hits = (logits.argmax(1) == labels).sum()
        count = torch.tensor(len(labels), device=loss.device)
        self.sums += torch.stack((loss.detach() * len(labels), hits, count))

    def read(self) -> Metrics:
        """Means so far, over this process's images."""
        loss, hits, count = self.sums.tolist()
        return Metrics(loss / count, hits / count)

    def read_all(self) -> Metrics:
        """Means over the images of all processes."""
        add_up(self.sums)
        return self.read()
