"""Measures: of one pass (Metrics, out of Totals) and of all epochs (History)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from edulib.training.distributed import all_gather_list, all_reduce_sum

Statistics = Mapping[str, Tensor | float | list]


class Metrics(dict[str, float]):
    """Named measures: ``metrics["loss"]``, or ``metrics.loss``."""

    def __getattr__(self, name: str) -> float:
        if name not in self:
            raise AttributeError(f"no measure {name!r}: there are {', '.join(self)}")
        return self[name]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:.3f}" for name, value in self.items())


@dataclass
class History:
    """What each epoch gave: ``history.train["loss"]``, or ``history.train_loss``.

    The training values are taken while the weights were changing, with dropout and
    augmentation on.

    Args:
        train: the measures' names, and of each one value an epoch.
        val: the same of the validation set; empty when ``fit`` had none.
    """

    train: dict[str, list[float]] = field(default_factory=dict)
    val: dict[str, list[float]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.train.values()), []))

    def __getattr__(self, name: str) -> list[float]:
        split, _, measure = name.partition("_")
        if split in ("train", "val"):
            measures = getattr(self, split)
            if not measures:  # no epoch, or no validation set
                return []
            if measure in measures:
                return measures[measure]
        raise AttributeError(f"a History has no {name!r}")

    def append(
        self, train: Mapping[str, float], val: Mapping[str, float] | None = None
    ) -> None:
        """Add an epoch."""
        for lists, measures in ((self.train, train), (self.val, val or {})):
            for name, value in measures.items():
                lists.setdefault(name, []).append(value)

    def rows(self) -> Iterator[tuple[float, ...]]:
        """Yield epoch (from 1) and training measures, epoch after epoch."""
        return zip(range(1, len(self) + 1), *self.train.values(), strict=True)


class Totals:
    """Statistics of batches, added up: numbers and tensors summed, lists joined.

    The sums stay on the device, so that a GPU need not wait for Python.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.values: dict[str, Tensor | list] = {}

    def add(self, statistics: Statistics) -> None:
        """Add the statistics of a batch."""
        for name, value in statistics.items():
            if isinstance(value, list):
                self.values.setdefault(name, []).extend(value)
                continue
            value = torch.as_tensor(value, device=self.device).detach().double()
            seen = self.values.get(name)
            self.values[name] = value if seen is None else seen + value

    def over_all_processes(self) -> dict[str, Tensor | list]:
        """Return the sums, and the joined lists, of all processes together."""
        for name, value in self.values.items():
            if isinstance(value, list):
                self.values[name] = all_gather_list(value)
            else:
                all_reduce_sum(value)
        return self.values
