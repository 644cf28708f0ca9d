"""Attention by loops, by matrices, by torch's function and torch's module: equal."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from edulib.anatomy import count_macs, trace_graph
from edulib.explanation.attention import AttentionRecorder
from edulib.models.blocks.attention import (
    MultiHeadAttention,
    attention_weights,
    scaled_dot_product_attention,
)

B, N, M, D, H = 2, 3, 5, 8, 4


def by_loops(query, key, value, mask, bias):
    """Return equation 1, number by number, for one head of one image."""
    rows = []
    for i, q in enumerate(query.tolist()):
        scores = []
        for j, k in enumerate(key.tolist()):
            score = sum(a * b for a, b in zip(q, k, strict=True)) / math.sqrt(len(q))
            scores.append(score + bias[i][j].item() if mask[i][j] else -math.inf)
        total = sum(math.exp(score) for score in scores)
        shares = [math.exp(s) / total if total else 0.0 for s in scores]
        columns = value.mT.tolist()
        rows.append(
            [
                sum(w * x for w, x in zip(shares, column, strict=True))
                for column in columns
            ]
        )
    return torch.tensor(rows, dtype=torch.float64)


@pytest.fixture
def inputs():
    torch.manual_seed(0)
    sizes = [(B, H, N, D), (B, H, M, D), (B, H, M, D)]
    return [torch.randn(s, dtype=torch.float64, requires_grad=True) for s in sizes]


@pytest.fixture
def mask():
    torch.manual_seed(1)
    mask = torch.rand(B, 1, N, M) < 0.6
    mask[0, 0, 1] = False  # looks at nothing
    return mask


@pytest.fixture
def bias():
    torch.manual_seed(2)
    return torch.randn(H, N, M, dtype=torch.float64, requires_grad=True)


def gradients(output, inputs):
    return torch.autograd.grad(output.square().sum(), inputs)


def test_the_equation_equals_the_loop(inputs, mask, bias):
    ours = scaled_dot_product_attention(*inputs, mask=mask, bias=bias)
    for b in range(B):
        for h in range(H):
            one = [part[b, h] for part in inputs]
            expected = by_loops(*one, mask[b, 0], bias[h])
            torch.testing.assert_close(ours[b, h], expected)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("biased", [False, True])
def test_the_equation_equals_torch_with_its_gradients(
    inputs, mask, bias, masked, biased
):
    mask = mask if masked else torch.ones_like(mask)
    added = bias if biased else torch.zeros_like(bias)
    used = [*inputs, bias] if biased else inputs
    ours = scaled_dot_product_attention(
        *inputs, mask=mask if masked else None, bias=bias if biased else None
    )
    theirs = F.scaled_dot_product_attention(
        *inputs, attn_mask=added.masked_fill(~mask, -math.inf)
    )
    torch.testing.assert_close(ours, theirs)
    for own, other in zip(gradients(ours, used), gradients(theirs, used), strict=True):
        torch.testing.assert_close(own, other)


def test_a_query_that_may_look_at_nothing_gathers_nothing(inputs, mask, bias):
    weights = attention_weights(*inputs[:2], mask=mask, bias=bias)
    assert weights[0, :, 1].eq(0).all()
    sums = weights.sum(-1)
    assert torch.allclose(sums[mask.any(-1).expand_as(sums)], sums.new_ones(()))
    parts = gradients(weights, inputs[:2])
    assert all(part.isfinite().all() for part in parts)
    assert parts[0][0, :, 1].eq(0).all()


def torch_module(ours, **settings):
    """Return nn.MultiheadAttention with the weights of ours."""
    theirs = nn.MultiheadAttention(D, H, batch_first=True, **settings).double()
    packed = [ours.query, ours.key, ours.value]
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([p.weight for p in packed]))
        theirs.in_proj_bias.copy_(torch.cat([p.bias for p in packed]))
    theirs.out_proj.load_state_dict(ours.out.state_dict())
    return theirs


@pytest.fixture
def module():
    torch.manual_seed(3)
    module = MultiHeadAttention(D, H).double()
    for layer in module.children():
        nn.init.normal_(layer.bias)  # zeros would hide where they are added
    return module


@pytest.mark.parametrize("kind", ["self", "cross", "positions"])
def test_the_module_equals_torchs_module(module, kind):
    torch.manual_seed(4)
    x = torch.randn(B, N, D, dtype=torch.float64, requires_grad=True)
    y = torch.randn(B, M, D, dtype=torch.float64, requires_grad=True)
    given = {"self": (x,), "cross": (x, y), "positions": (y + 1, y + 1, y)}[kind]
    query, key, value = {"self": (x, x, x), "cross": (x, y, y)}.get(kind, given)
    theirs = torch_module(module)
    padded = torch.zeros(B, key.shape[1], dtype=torch.bool)
    padded[1, -1] = True
    out, shares = theirs(
        query, key, value, key_padding_mask=padded, average_attn_weights=False
    )
    mask = ~padded[:, None, None]
    ours = module(*given, mask=mask)
    torch.testing.assert_close(ours, out)
    torch.testing.assert_close(module.weights(*given[:2], mask=mask), shares)
    leaf = y if kind == "positions" else x
    packed = [module.query.weight, module.key.weight, module.value.weight]
    own = gradients(ours, [leaf, module.out.weight, *packed])
    other = gradients(out, [leaf, theirs.out_proj.weight, theirs.in_proj_weight])
    torch.testing.assert_close((*own[:2], torch.cat(own[2:])), other)


def test_a_bias_is_added_to_the_scores_of_its_head(module, bias):
    x = torch.randn(B, N, D, dtype=torch.float64)
    y = torch.randn(B, M, D, dtype=torch.float64)
    mask = torch.rand(N, M) < 0.7
    both = bias.detach().masked_fill(~mask, -math.inf).expand(B, -1, -1, -1)
    out, _ = torch_module(module)(x, y, y, attn_mask=both.flatten(0, 1))
    expected = torch.where(
        both.isneginf().all(-1).all(1)[..., None], module.out.bias, out
    )
    torch.testing.assert_close(module(x, y, mask=mask, bias=bias), expected)


def test_queries_of_a_padded_image_get_the_bias_of_the_output_alone(module):
    x = torch.randn(B, N, D, dtype=torch.float64)
    mask = torch.ones(B, 1, N, N, dtype=torch.bool)
    mask[1, :, 2] = False
    out = module(x, mask=mask)
    torch.testing.assert_close(out[1, 2], module.out.bias)
    assert out.isfinite().all()


def test_dropout_acts_on_the_weights_in_training_only():
    module = MultiHeadAttention(D, H, dropout=0.5)
    x = torch.randn(1, 16, D)
    module.eval()
    assert module(x).equal(module(x))
    module.train()
    assert not module(x).equal(module(x))


def test_the_width_of_a_head_may_be_chosen():
    module = MultiHeadAttention(D, H, head_dim=1, bias=False)
    assert module.query.weight.shape == (H, D)
    assert module.out.weight.shape == (D, H)
    assert module.query.bias is None
    assert module(torch.zeros(B, N, D)).shape == (B, N, D)


def test_initial_matrices_are_xaviers():
    torch.manual_seed(0)
    module = MultiHeadAttention(256, 8)
    for layer in module.children():
        limit = math.sqrt(6 / 512)
        assert 0.99 * limit < layer.weight.abs().max() <= limit
        assert layer.bias.eq(0).all()


def test_wrong_sizes_are_named():
    with pytest.raises(ValueError, match=r"embed_dim that divides .*got 8 and 3"):
        MultiHeadAttention(8, 3)
    module = MultiHeadAttention(D, H)
    with pytest.raises(ValueError, match=r"tokens \(B, N, 8\), got \(2, 8, 7, 7\)"):
        module(torch.zeros(2, 8, 7, 7))
    with pytest.raises(ValueError, match=r"tokens \(B, N, 8\), got \(2, 5, 9\)"):
        module(torch.zeros(2, 3, 8), torch.zeros(2, 5, 9))


def test_the_recorder_of_attention_sees_the_weights(module):
    x = torch.randn(B, N, D, dtype=torch.float64)
    mask = torch.rand(B, 1, N, N) < 0.5
    with AttentionRecorder(module) as recorder:
        module(x, mask=mask)
    ((path, weights),) = recorder.found
    assert path == ""
    torch.testing.assert_close(weights, module.weights(x, mask=mask))


def test_a_trace_counts_its_products_and_marks_it():
    tokens, width = 16, 32
    graph = trace_graph(MultiHeadAttention(width, 4), (tokens, width))
    names = [op.name for op in graph.ops]
    assert names.count("scaled_dot_product_attention") == 1
    assert graph.ops[-1].shape == (tokens, width)
    macs = 4 * tokens * width**2 + 2 * tokens**2 * width
    assert count_macs(MultiHeadAttention(width, 4), (tokens, width)) == macs
