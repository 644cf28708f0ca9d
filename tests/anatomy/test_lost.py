"""Positions that are lost are said to be, and are not found where they are not."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import not_known, receptive_field, stage_table, trace_graph


class Windows(nn.Module):
    """Attention in four windows of an 8×8 map; its numbers cross no border."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.head = nn.Conv2d(width, 5, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).permute(0, 2, 3, 1)
        width = x.shape[-1]
        w = x.view(-1, 2, 4, 2, 4, width).transpose(2, 3).reshape(-1, 16, width)
        q, k, v = self.qkv(w).view(-1, 16, 3, 2, width // 2).permute(2, 0, 3, 1, 4)
        w = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        w = self.out(w.reshape(-1, 16, width)).view(-1, 2, 2, 4, 4, width)
        x = x + w.transpose(2, 3).reshape(-1, 8, 8, width)
        return self.head(x.permute(0, 3, 1, 2))


@pytest.mark.parametrize("width", [64, 32])
def test_channels_as_many_as_the_positions_are_not_taken_for_them(width):
    model = Windows(width)
    image = torch.rand(1, 3, 32, 32, requires_grad=True)
    model(image)[0, :, 0, 0].sum().backward()
    assert image.grad[0].sum(0).nonzero().max(0).values.tolist() == [15, 15]
    fields = {r.name: str(r.field) for r in stage_table(model, (3, 32, 32)).rows}
    assert fields.pop("patches") == "4"
    assert {*fields.values()} == {"–"}
    assert not_known(trace_graph(model, (3, 32, 32)))


class Kept(nn.Module):
    """Reads some of the tokens, as a masked autoencoder does."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.patches, self.out = nn.Conv2d(3, width, 8, 8), nn.Linear(width, width)
        self.block = nn.TransformerEncoderLayer(width, 2, 8, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        kept = torch.rand(x.shape[:2], device=x.device).argsort(1)[:, :4, None]
        return self.block(self.out(x.gather(1, kept.expand(-1, -1, x.shape[2]))))


def test_tokens_that_are_left_out_are_not_found_in_the_channels():
    assert str(receptive_field(Kept(16), (3, 32, 32))) == "–"


class Strips(nn.Module):
    """Convolves means of rows and of columns as one strip: coordinate attention."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.both = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 1)
        self.down, self.across = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)
        strips = x.mean(3, keepdim=True), x.mean(2, keepdim=True).mT
        down, across = self.both(torch.cat(strips, 2)).split(x.shape[2:], 2)
        return x * self.down(down) * self.across(across.mT)


def test_strips_in_a_row_do_not_all_see_what_one_does():
    graph = trace_graph(Strips(), (3, 9, 8))
    fields = {r.name: str(r.field) for r in stage_table(Strips(), (3, 9, 8)).rows}
    assert (fields["mean"], fields["mean_2"]) == ("3×all", "all×3")
    assert {fields[name] for name in ("cat", "both", "down", "across")} == {"–"}
    assert not_known(graph) == ["Receptive fields are not known behind cat."]
