"""The global random states of torch, NumPy and Python: seeded, and put back."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch


def seed_python_and_numpy(seed: int) -> None:
    """Seed what augmentation may draw from, beside torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)


@contextmanager
def kept_random_state(devices: Sequence[torch.device] = ()) -> Iterator[None]:
    """Put the random states back, whatever is drawn within.

    Args:
        devices: GPUs whose states are put back, too.
    """
    of_python, of_numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            random.setstate(of_python)
            np.random.set_state(of_numpy)


@contextmanager
def fixed_random_state() -> Iterator[None]:
    """Begin with the same random state each time; put the ones before back."""
    with kept_random_state():
        seed_python_and_numpy(0)
        torch.default_generator.manual_seed(0)  # not those of GPUs, which are not kept
        yield
