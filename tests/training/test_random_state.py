"""Augmentation is repeated, and goes on, whichever global generator it draws from."""

import random

import numpy as np
import pytest
import torch
from torch.utils.data import Dataset
from training_helpers import QUICK, examples, network, same

from edulib.training import fit, loop

DRAW = {
    "numpy": np.random.random,
    "python": random.random,
    "torch": lambda: torch.rand(()).item(),
    "all": lambda: np.random.normal() + random.gauss(0, 1) + torch.randn(()).item(),
}


class Drawn(Dataset):
    """Each time an image is read, it has another brightness."""

    def __init__(self, kind: str) -> None:
        self.kind, (self.images, self.labels) = kind, examples()

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.images[index] * (1 + DRAW[self.kind]()), self.labels[index]


@pytest.mark.parametrize("kind", DRAW)
def test_a_training_is_repeated_and_goes_on(kind, tmp_path, monkeypatch):
    real, epochs = loop.train_epoch, []

    def stop_before_the_third(*arguments):
        epochs.append(1)
        if len(epochs) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    sets = Drawn(kind), Drawn(kind)
    whole, again, resumed = network(), network(), network(seed=7)
    expected = fit(whole, *sets, QUICK)
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    assert fit(again, *sets, QUICK) == expected
    assert same(again, whole)

    file = tmp_path / "net.pt"
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_epoch", stop_before_the_third)
        with pytest.raises(KeyboardInterrupt):
            fit(network(), *sets, QUICK, checkpoint=file)
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    assert fit(resumed, *sets, QUICK, checkpoint=file) == expected
    assert same(resumed, whole)


def test_two_epochs_and_two_seeds_draw_other_numbers():
    drawn = []

    class Recording(Drawn):
        def __getitem__(self, index):
            image, label = super().__getitem__(index)
            drawn.append(image.sum().item())
            return image, label

    fit(network(), Recording("all"), recipe=QUICK)
    inspected = len(examples()[0])
    assert len(set(drawn[inspected:])) == QUICK.epochs * inspected


def test_the_global_random_states_are_left_as_they_were():
    def numbers() -> tuple:
        return random.random(), np.random.random(), torch.rand(()).item()

    model = network()
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    expected = numbers()
    random.seed(3), np.random.seed(3), torch.manual_seed(3)
    fit(model, Drawn("all"), recipe=QUICK)
    assert numbers() == expected
