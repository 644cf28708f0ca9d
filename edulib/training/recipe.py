"""Recipe: every number that decides how a network is trained."""

from dataclasses import dataclass
from math import inf
from typing import Literal


@dataclass(frozen=True)
class Recipe:
    """How to train: with the same recipe, data and network comes the same result.

    The same data are also those that augmentation makes anew in each epoch, where it
    draws from the global random numbers of torch, NumPy or Python; what draws from a
    generator of its own is not seeded.

    Args:
        epochs: passes over the training set.
        batch_size: images to a step, at most; over all processes together. An
            epoch is cut into equal batches, so that no last one is tiny.
        lr: highest learning rate of the schedule.
        optimizer: "sgd" or "adamw".
        momentum: of SGD; the first beta of AdamW.
        weight_decay: pull of the weights towards zero.
        decay_all: whether biases and normalisation layers decay too.
        schedule: "onecycle" rises in a line and falls in a line to zero; "cosine"
            falls on a half cosine to zero; "step" divides by 10 after 50 % and
            after 75 % of the training; "constant" stays.
        warmup: fraction of the training in which the rate rises in a line from
            zero. None is 0.25 for "onecycle" and 0 for the others.
        clip_norm: greatest norm of the gradient; None leaves it.
        label_smoothing: share of the target spread over all classes.
        mixed_precision: bfloat16 autocast, on a GPU only.
        workers: processes that load a dataset; in-memory tensors need none.
        seed: of the order of the images, of augmentation and of dropout.

    Raises:
        ValueError: if a number is outside its range or a name is unknown.
    """

    epochs: int = 10
    batch_size: int = 64
    lr: float = 0.02
    optimizer: Literal["sgd", "adamw"] = "sgd"
    momentum: float = 0.9
    weight_decay: float = 5e-4
    decay_all: bool = False
    schedule: Literal["onecycle", "cosine", "step", "constant"] = "onecycle"
    warmup: float | None = None
    clip_norm: float | None = None
    label_smoothing: float = 0.0
    mixed_precision: bool = True
    workers: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for names, kinds, rule in KINDS:
            for name in names:
                value = getattr(self, name)
                flag = isinstance(value, bool)  # which Python counts as an integer
                fits = isinstance(value, kinds) and flag == (kinds == (bool,))
                self._require(name, fits, rule)
        for name, holds, rule in (
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("lr", 0 < self.lr < inf, ABOVE_0),
            ("optimizer", self.optimizer in OPTIMIZERS, f"one of {OPTIMIZERS}"),
            ("momentum", 0 <= self.momentum < 1, "from 0 to below 1"),
            ("weight_decay", 0 <= self.weight_decay < inf, "at least 0 and finite"),
            ("schedule", self.schedule in SCHEDULES, f"one of {SCHEDULES}"),
            ("warmup", 0 <= (self.warmup or 0) < 1, "from 0 to below 1, or None"),
            ("clip_norm", self.clip_norm is None or 0 < self.clip_norm < inf, ABOVE_0),
            ("label_smoothing", 0 <= self.label_smoothing < 1, "from 0 to below 1"),
            ("workers", self.workers >= 0, "at least 0"),
            ("seed", 0 <= self.seed < 2**32, "from 0 to below 2**32"),
        ):
            self._require(name, holds, rule)

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise ValueError(f"expected {name} {rule}, got {getattr(self, name)!r}")


ABOVE_0 = "above 0 and finite"
KINDS = (
    (("epochs", "batch_size", "workers", "seed"), (int,), "an integer"),
    (
        ("lr", "momentum", "weight_decay", "label_smoothing"),
        (int, float),
        "a number",
    ),
    (("warmup", "clip_norm"), (int, float, type(None)), "a number, or None"),
    (("decay_all", "mixed_precision"), (bool,), "True or False"),
)
OPTIMIZERS = ("sgd", "adamw")
SCHEDULES = ("onecycle", "cosine", "step", "constant")
DEFAULT_RECIPE = Recipe()
