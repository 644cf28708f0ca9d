"""Signals, whose axis is known from what first slides along it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import not_known, stage_table, trace_graph

SIGNAL = (3, 64)


class Signal(nn.Module):
    """Something that is done to a signal, then two convolutions."""

    def __init__(self, step: Callable[[Tensor], Tensor], channels: int = 3) -> None:
        super().__init__()
        self.step = step
        self.c, self.d = nn.Conv1d(channels, 4, 3), nn.Conv1d(4, 4, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.d(self.c(self.step(x)))


def fields(model: nn.Module, *inputs: tuple[int, ...] | Tensor) -> list[str]:
    return [str(row.field) for row in stage_table(model, *inputs).rows]


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda x: F.pad(x, (2, 0)), ["3", "5"]),
        (lambda x: F.pad(x.relu(), (2, 2), mode="reflect"), ["3", "5"]),
        (lambda x: x[:, :, 4:], ["3", "5"]),
        (lambda x: F.pad(x[..., 4:], (1, 1)), ["3", "5"]),
        (lambda x: x[..., ::2], ["5", "9"]),
        (lambda x: x.mT[:, 4:].mT, ["3", "5"]),
        (lambda x: x - x.mean(-1, keepdim=True), ["whole image"] * 2),
        (lambda x: x.softmax(-1), ["whole image"] * 2),
        (lambda x: x.softmax(1), ["3", "5"]),
        (lambda x: x.flip(-1), ["3", "5"]),
    ],
)
def test_a_signal_is_followed_from_its_first_step(step, told):
    model = Signal(step)
    assert fields(model, SIGNAL)[-2:] == told
    assert not_known(trace_graph(model, SIGNAL)) == []


def test_a_wave_and_a_spectrogram_have_no_channels_before_they_are_read():
    assert fields(Signal(lambda x: x[:, None], 1), (64,)) == ["3", "5"]
    spectrogram = nn.Sequential(nn.Unflatten(1, (1, 32)), nn.Conv2d(1, 4, 3))
    assert fields(spectrogram, (32, 32))[-1] == "3"


@pytest.mark.parametrize(
    ("step", "inputs"),
    [
        (lambda x: torch.cat([x, x], -1), SIGNAL),
        (lambda x: torch.cat(x.chunk(2, -1)[::-1], -1), SIGNAL),
        (lambda x: x.mT, (64, 3)),
    ],
)
def test_where_no_axis_could_be_followed_back_it_is_said(step, inputs):
    model = Signal(step)
    assert set(fields(model, inputs)) == {"–"}
    (told,) = not_known(trace_graph(model, inputs))
    assert told.endswith("no axes could be followed back to input.")


def test_a_linear_layer_over_the_axis_is_not_read_point_by_point():
    model = nn.Sequential(nn.Linear(64, 64), nn.Conv1d(3, 4, 3))
    assert fields(model, SIGNAL) == ["–", "–"]
    assert not_known(trace_graph(model, SIGNAL)) != []


def test_what_is_changed_in_place_is_no_hindrance():
    def step(x: Tensor) -> Tensor:
        y = x.clone()
        late = y[..., 2:]
        y.relu_()
        return late

    assert fields(Signal(step), SIGNAL)[-1] == "–"
