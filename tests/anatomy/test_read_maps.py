"""What is read as a map, by its rows and columns, and what only looks like one."""

import pytest
import torch
from steps import IMAGE, Own, Steps, conv, layers
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import stage_table
from edulib.drawing import diagram


def windows(x: Tensor) -> Tensor:
    """Cut a map of 8x8 into windows of 4x4, channels last."""
    return x.permute(0, 2, 3, 1).view(-1, 2, 4, 2, 4, 4).transpose(2, 3)


def narrow_windows(x: Tensor) -> Tensor:
    """Cut a map of 8x6 into windows of 4x3, channels last."""
    x = x[..., :6].permute(0, 2, 3, 1).reshape(-1, 2, 4, 2, 3, 4)
    return x.transpose(2, 3).reshape(-1, 12, 4)


@pytest.mark.parametrize(
    ("step", "channels", "told"),
    [
        (lambda x: x.transpose(1, 2), 8, "channels and positions swapped"),
        (lambda x: x.transpose(1, 3), 8, "channels and positions swapped"),
        (lambda x: x.permute(0, 3, 1, 2), 8, "channels and positions swapped"),
        (lambda x: x.permute(0, 2, 3, 1), 8, "channels and positions swapped"),
        (lambda x: F.relu(x.transpose(1, 2)), 8, "channels and positions swapped"),
        (
            lambda x: torch.einsum("bchw->bhcw", x),
            8,
            "channels and positions swapped",
        ),
        (lambda x: torch.einsum("bchw->bcwh", x), 4, "height and width swapped"),
        (
            lambda x: windows(x).reshape(-1, 8, 8, 4).permute(0, 3, 1, 2),
            4,
            "positions in another order",
        ),
        (
            lambda x: narrow_windows(x).view(-1, 8, 6, 4).permute(0, 3, 1, 2),
            4,
            "positions in another order",
        ),
        (
            lambda x: (2 * narrow_windows(x)).view(-1, 8, 6, 4).permute(0, 3, 1, 2),
            4,
            "positions in another order",
        ),
        (
            lambda x: x.view(-1, 4, 2, 4, 2, 4).transpose(3, 4).reshape(x.shape),
            4,
            "positions in another order",
        ),
        (lambda x: x.reshape(-1, 4, 4, 16), 4, "positions in another grid"),
        (
            lambda x: x.flatten(2).mT.reshape(-1, 4, 16, 4).permute(0, 3, 1, 2),
            4,
            "positions in another grid",
        ),
        (
            lambda x: x[..., :6].reshape(-1, 8, 6, 4).permute(0, 3, 1, 2),
            4,
            "channels and positions mixed",
        ),
    ],
)
def test_what_is_read_as_a_map_and_is_none_is_told(step, channels, told):
    model = Steps(step, channels)
    assert told in layers(model)
    assert f"({told})" in diagram(model, IMAGE).alt
    assert "channels last" not in diagram(model, IMAGE).alt
    assert "channels first" not in diagram(model, IMAGE).alt


def test_a_signal_whose_channels_are_read_as_its_length_is_told():
    net = nn.Sequential(nn.Conv1d(3, 8, 3), Own(lambda x: x.mT), nn.Conv1d(6, 2, 3))
    told = [row.layer for row in stage_table(net, (3, 8)).rows]
    assert told[1] == "channels and positions swapped"


class Folded(nn.Module):
    """Rows or columns in the batch, and back."""

    def __init__(self, to: tuple[int, ...], back: tuple[int, ...]) -> None:
        super().__init__()
        self.a, self.b, self.to, self.back = conv(3, 4), conv(4, 2), to, back

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x).permute(self.to).contiguous()
        y = x.view(-1, *x.shape[2:]) * 2
        return self.b(y.view(x.shape).permute(self.back))


@pytest.mark.parametrize(
    ("to", "back", "told"),
    [
        ((0, 3, 1, 2), (0, 2, 3, 1), ""),
        ((0, 2, 1, 3), (0, 2, 1, 3), ""),
        ((0, 3, 1, 2), (0, 2, 1, 3), "height and width swapped"),
    ],
)
def test_the_order_of_a_map_is_known_behind_a_fold_into_the_batch(to, back, told):
    found = layers(Folded(to, back))
    assert [name for name in found if "swapped" in name] == [told] * bool(told)


def test_frames_in_the_batch_are_no_channels():
    class Video(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = conv(3, 4), nn.Conv3d(4, 2, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            x = self.a(x.transpose(1, 2).flatten(0, 1))
            return self.b(x.view(-1, 4, *x.shape[1:]).transpose(1, 2))

    assert "swapped" not in diagram(Video(), (3, 4, 8, 8)).alt


@pytest.mark.parametrize(
    "step",
    [
        lambda x: x.view(-1, 4, 1, 1, 1).squeeze(-1),
        lambda x: x.view(-1, 2, 2, 1, 1).transpose(1, 2).reshape(-1, 4, 1, 1),
        lambda x: x.view(-1, 1, 1, 4).permute(0, 3, 1, 2),
        lambda x: (x.view(-1, 2, 2, 1, 1) * 2).view(-1, 4, 1, 1),
        lambda x: x.view(-1, 1, 2, 2).transpose(1, 2).reshape(-1, 4, 1, 1),
        lambda x: x.flatten(1)[:, None, None].permute(0, 3, 1, 2),
    ],
)
def test_a_map_of_one_position_has_no_order_of_its_own(step):
    net = nn.Sequential(nn.Conv2d(3, 4, 8), Own(step), nn.Conv2d(4, 2, 1))
    for words in (diagram(net, IMAGE).alt, str(layers(net))):
        assert not any(told in words for told in ("last", "first", "positions"))


def test_rows_with_more_than_channels_beside_them_have_no_channels_last():
    class Columns(nn.Module):
        """A convolution along each column, with the columns in the batch."""

        def __init__(self) -> None:
            super().__init__()
            self.a, self.c, self.b = conv(3, 4), nn.Conv1d(4, 4, 3, 1, 1), conv(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.c(self.a(x).permute(0, 3, 1, 2).flatten(0, 1))
            return self.b(x.view(-1, 6, *x.shape[1:]).permute(0, 2, 3, 1))

    assert "channels last" not in diagram(Columns(), (3, 8, 6)).alt
