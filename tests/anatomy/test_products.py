"""Multiply-adds of all products of matrices and vectors, in every way to write them."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.anatomy import not_known, stage_table, trace_graph

OUT, IN, HEADS = 5, 8, 3  # sides of the weights


class Product(nn.Module):
    """Multiplies learned numbers by a vector."""

    def __init__(self, form) -> None:
        super().__init__()
        self.form = form
        self.w = nn.Parameter(torch.zeros(OUT, IN))
        self.v = nn.Parameter(torch.zeros(IN))
        self.heads = nn.Parameter(torch.zeros(HEADS, OUT, IN))

    def forward(self, x: Tensor) -> Tensor:
        return self.form(self, x)


def columns(x: Tensor) -> Tensor:
    return x.view(1, IN, 1).expand(HEADS, IN, 1)


WRITTEN = {
    "matmul": (lambda net, x: net.w @ x[0], OUT * IN),
    "matmul of many": (lambda net, x: net.heads @ x[0], HEADS * OUT * IN),
    "matmul by a vector": (lambda net, x: x.view(2, 4) @ net.v[:4], IN),
    "mv": (lambda net, x: torch.mv(net.w, x[0]), OUT * IN),
    "addmv": (lambda net, x: torch.addmv(net.w[:, 0], net.w, x[0]), OUT * IN),
    "einsum": (lambda net, x: torch.einsum("oi,i->o", net.w, x[0]), OUT * IN),
    "inner": (lambda net, x: torch.inner(net.w, x), OUT * IN),
    "tensordot": (lambda net, x: torch.tensordot(net.w, x[0], 1), OUT * IN),
    "mm": (lambda net, x: torch.mm(net.w, x.t()), OUT * IN),
    "addbmm": (
        lambda net, x: torch.addbmm(net.w[:, :1], net.heads, columns(x)),
        HEADS * OUT * IN,
    ),
    "baddbmm": (
        lambda net, x: torch.baddbmm(net.heads[:, :, :1], net.heads, columns(x)),
        HEADS * OUT * IN,
    ),
    "dot": (lambda net, x: torch.dot(net.v, x[0]), IN),
    "vdot": (lambda net, x: torch.vdot(net.v, x[0]), IN),
    "vecdot": (lambda net, x: torch.linalg.vecdot(net.w, x), OUT * IN),
    "bilinear": (
        lambda net, x: F.bilinear(x[:, :OUT], x, net.heads),
        HEADS * OUT * IN,
    ),
    "cdist": (lambda net, x: torch.cdist(x, net.w), OUT * IN),
    "city blocks": (lambda net, x: torch.cdist(x, net.w, 1), 0),
    "outer": (lambda net, x: torch.outer(net.v, x[0]), 0),  # no sums
}


@pytest.mark.parametrize("name", WRITTEN)
def test_all_products_are_counted(name):
    form, macs = WRITTEN[name]
    assert trace_graph(Product(form), (IN,)).macs == macs


@pytest.mark.parametrize("name", ["mv", "addmv", "dot", "vdot", "inner", "tensordot"])
def test_usual_products_are_known_operations(name):
    told = not_known(trace_graph(Product(WRITTEN[name][0]), (IN,)))
    assert not any("Not among the known" in line for line in told)


class Merged(nn.Module):
    """A linear layer whose weight is changed by a product of two small matrices."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.zeros(IN, IN))
        self.a = nn.Parameter(torch.zeros(IN, 2))
        self.b = nn.Parameter(torch.zeros(2, IN))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.w + self.a @ self.b)


@pytest.mark.parametrize(
    ("layer", "extra"),
    [
        (Merged(), IN * 2 * IN),
        (nn.utils.spectral_norm(nn.Linear(IN, IN)), IN * IN + IN),
        (nn.utils.parametrizations.spectral_norm(nn.Linear(IN, IN)), IN * IN + IN),
    ],
)
def test_products_that_make_a_weight_are_counted_and_are_no_steps(layer, extra):
    (row,) = stage_table(nn.Sequential(layer), (IN,)).rows
    assert (row.layer, row.macs) == ("fully connected", IN * IN + extra)


class Made(nn.Module):
    """A kernel that two layers make of learned numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.code = nn.Parameter(torch.zeros(1, 2))
        self.first, self.last = nn.Linear(2, 4), nn.Linear(4, IN * IN)

    def forward(self, x: Tensor) -> Tensor:
        kernel = 2 * self.last(self.first(self.code).relu())
        return F.linear(x, kernel.view(IN, IN))


def test_layers_that_make_a_weight_are_rows():
    rows = stage_table(Made(), (IN,)).rows
    assert [row.path for row in rows if row.macs] == ["first", "last", "linear"]
