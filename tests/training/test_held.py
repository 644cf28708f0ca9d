"""A training goes on only with the settings that modules and objectives keep."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from training_helpers import QUICK, examples, network, same

from edulib.training import Classification, fit, loop
from edulib.training.held import held_settings


class Keeping(nn.Module):
    """A network that keeps something beside its weights."""

    def __init__(self, seed: int = 0, **kept: object) -> None:
        super().__init__()
        self.network = network(seed)
        vars(self).update(kept)

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)


class Counting(Keeping):
    """It changes attributes and a buffer that no file holds, and makes new ones."""

    def __init__(self, seed: int = 0, scale: float = 1.0) -> None:
        super().__init__(seed, count=0, seen=None, scale=scale)
        self.register_buffer("steps", torch.zeros(()), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        self.steps += 1
        self.seen = {"shape": list(x.shape)}
        self.late = self.count
        return super().forward(x) * self.scale


def buffered(value: float) -> nn.Module:
    model = network()
    model.register_buffer("scale", torch.tensor(value), persistent=False)
    return model


def heads(count: int) -> nn.Module:
    model = network()
    model.insert(3, nn.Identity())
    model[3].unused = nn.MultiheadAttention(8, count)
    model[3].unused.requires_grad_(False)
    return model


@dataclass
class Config:
    width: int


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *(
            (Keeping(kept=one), Keeping(kept=other))
            for one, other in (
                (0.1, 0.9),
                ("relu", "gelu"),
                (torch.relu, torch.tanh),
                (nn.ReLU, nn.Tanh),
                ([1, 23], [12, 3]),
                ({"width": 3}, {"width": 4}),
                (Config(3), Config(4)),
                (partial(F.leaky_relu, negative_slope=0.1), partial(F.leaky_relu)),
                (np.zeros(5000), np.arange(5000) // 2500),
            )
        ),
        (Keeping(kept=1), Keeping()),
        (buffered(1.0), buffered(2.0)),
        (heads(2), heads(4)),
    ],
)
def test_another_setting_of_a_module_is_refused(one, other, tmp_path):
    file = tmp_path / "net.pt"
    fit(one, examples(), recipe=QUICK, checkpoint=file)
    with pytest.raises(ValueError, match=r"begun with model\..*, now it is"):
        fit(other, examples(), recipe=QUICK, checkpoint=file)


class Weighted(Classification):
    """An objective that is no dataclass of its own: its ``repr`` tells nothing."""

    def __init__(self, weight: object) -> None:
        object.__setattr__(self, "weight", weight)


@dataclass(frozen=True)
class Silent(Classification):
    weight: float = field(default=1.0, repr=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Weighted(1.0), Weighted(2.0)),
        (Weighted(F.mse_loss), Weighted(F.l1_loss)),
        (Weighted(torch.zeros(5000)), Weighted(torch.arange(5000) // 2500)),
        (Silent(1.0), Silent(2.0)),
    ],
)
def test_another_setting_of_an_objective_is_refused(one, other, tmp_path):
    file = tmp_path / "net.pt"
    fit(network(), examples(), recipe=QUICK, objective=one, checkpoint=file)
    with pytest.raises(ValueError, match=r"begun with objective\.weight .*, now it"):
        fit(network(), examples(), recipe=QUICK, objective=other, checkpoint=file)


def test_what_training_changes_is_not_compared(tmp_path, monkeypatch):
    """A model goes on that was interrupted, and one that was built anew."""
    file, real, epochs = tmp_path / "net.pt", loop.train_epoch, []

    def stop_after_the_second(*arguments):
        epochs.append(real(*arguments))
        if len(epochs) == 2:
            raise KeyboardInterrupt
        return epochs[-1]

    whole, stopped, new = Counting(), Counting(), Counting(seed=7)
    fit(whole, examples(), recipe=QUICK)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_epoch", stop_after_the_second)
        with pytest.raises(KeyboardInterrupt):
            fit(stopped, examples(), recipe=QUICK, checkpoint=file)
    with pytest.raises(ValueError, match=r"begun with model\.scale '1\.0', now it is"):
        fit(Counting(scale=2.0), examples(), recipe=QUICK, checkpoint=file)
    for model in (stopped, new):
        with pytest.warns(match=r"not hold .*model\.steps.*, which the training"):
            assert len(fit(model, examples(), recipe=QUICK, checkpoint=file)) == 3
        assert same(model, whole)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"resume": True, "optimizer": {"lr": 0.1}},
            r"config\.resume 'False', now",
        ),
        (
            {"resume": False, "optimizer": {"lr": 0.2}},
            r"config\.optimizer\.lr '0\.1'",
        ),
        ({"resume": False}, r"config\.optimizer\.lr '0\.1', now it is None"),
    ],
)
def test_the_setting_that_differs_in_a_dict_is_named(options, said, tmp_path):
    begun, model = network(), network()
    begun.config = {"resume": False, "optimizer": {"lr": 0.1}}
    model.config = options
    file = tmp_path / "net.pt"
    fit(begun, examples(), recipe=QUICK, checkpoint=file)
    with pytest.raises(ValueError, match=rf"begun with model\.{said}"):
        fit(model, examples(), recipe=QUICK, checkpoint=file)


def test_what_holds_itself_or_is_of_another_kind_is_no_setting(tmp_path):
    ring: list = [1]
    ring.extend([ring, ring])
    kept = {"ring": ring, "other": object(), "table": torch.zeros(1), "parts": [ring]}
    assert not [name for name in settings(Keeping(**kept)) if name.count(".") == 1]


def settings(model: nn.Module) -> dict[str, str]:
    return held_settings(model, Classification())


def recurrent(seed: int) -> nn.Module:
    """Its layer keeps its weights a second time, in a list."""
    torch.manual_seed(seed)
    layers = nn.Flatten(2), nn.LSTM(36, 3), Last()
    return nn.Sequential(*layers)


class Last(nn.Module):
    def forward(self, outputs: tuple) -> Tensor:
        return outputs[0][:, -1]


def test_weights_are_no_setting(tmp_path):
    file = tmp_path / "net.pt"
    fit(recurrent(0), examples(), recipe=QUICK, checkpoint=file)
    assert len(fit(recurrent(1), examples(), recipe=QUICK, checkpoint=file)) == 3


def test_what_torch_notes_for_itself_is_no_setting():
    one, other = nn.Linear(3, 3), nn.Linear(3, 3)
    one._place = 1
    assert settings(one) == settings(other)
