"""Packed projections, split: the same attention."""

import pytest
import torch
from torch import nn

from edulib.models.blocks.attention import MultiHeadAttention
from edulib.weights.projections import split_projections


def outputs(state, x):
    """Return what our attention makes of x with these weights, put in by order."""
    ours = MultiHeadAttention(8, 2)
    split = split_projections(state).values()
    ours.load_state_dict(dict(zip(ours.state_dict(), split, strict=True)))
    return ours(x)


def test_torchs_module_is_split():
    torch.manual_seed(0)
    theirs = nn.MultiheadAttention(8, 2, batch_first=True)
    nn.init.normal_(theirs.in_proj_bias)
    x = torch.randn(2, 5, 8)
    torch.testing.assert_close(outputs(theirs.state_dict(), x), theirs(x, x, x)[0])


def test_timms_attention_is_split():
    timm = pytest.importorskip("timm.layers")
    torch.manual_seed(0)
    theirs = timm.Attention(8, 2, qkv_bias=True)
    x = torch.randn(2, 5, 8)
    torch.testing.assert_close(outputs(theirs.state_dict(), x), theirs(x))


def test_names_and_order():
    layer = nn.Linear(8, 24, bias=False)
    state = {
        "a.norm.weight": torch.ones(8),
        "a.qkv.weight": layer.weight,
        "b": torch.ones(1),
    }
    names = ["query", "key", "value"]
    found = split_projections(state)
    assert list(found) == ["a.norm.weight", *(f"a.{n}.weight" for n in names), "b"]
    assert found["a.key.weight"].equal(layer.weight[8:16])
