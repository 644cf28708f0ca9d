"""Attention maps against a softmax by hand; rollout against a slow product."""

import math

import pytest
import timm
import torch
import torch.nn.functional as F
from networks import ChannelsFirst, Net
from test_layouts import tiny_swin, vit_of_timm, vit_of_torchvision
from torch import nn

from edulib.explanation import attention_maps, attention_rollout


class Attention(nn.Module):
    """Two heads of attention over the pixels, its scores kept, written in a style."""

    def __init__(self, style, heads=2):
        super().__init__()
        torch.manual_seed(0)
        self.style, self.heads = style, heads
        self.qkv, self.drop = nn.Linear(6, 18), nn.Dropout()
        self.kept = None

    def forward(self, x):
        x = self.qkv(x)  # (B, N, 18)
        shape = (len(x), -1, 3, self.heads, 6 // self.heads)
        query, key, value = x.reshape(shape).permute(2, 0, 3, 1, 4)
        scores = query @ key.mT / math.sqrt(6 // self.heads)
        self.kept = scores.exp() / scores.exp().sum(-1, keepdim=True)
        return STYLES[self.style](self, query, key, value).transpose(1, 2).flatten(2)


def by_softmax(net, query, key, value):
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    return net.drop(scores.softmax(dim=-1)) @ value


STYLES = {
    "sdpa": lambda net, q, k, v: F.scaled_dot_product_attention(q, k, v),
    "softmax": by_softmax,
    "nn.Softmax, float": lambda net, q, k, v: torch.matmul(
        nn.Softmax(-1)((q * (q.shape[-1] ** -0.5)) @ k.mT).float(), v
    ),
    "einsum": lambda net, q, k, v: torch.einsum(
        "bhij,bhjd->bhid",
        torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), 3),
        v,
    ),
    "heads in the batch": lambda net, q, k, v: torch.bmm(
        (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1).view(-1, 16, 16),
        v.flatten(0, 1),
    ).unflatten(0, q.shape[:2]),
    "value first": lambda net, q, k, v: (
        (v.mT @ (q @ k.mT / math.sqrt(q.shape[-1])).softmax(-1).permute(0, 1, 3, 2)).mT
    ),
}


def over_patches(attention, prefix=0):
    """A network of 4x4 patches with one attention."""
    torch.manual_seed(0)

    def forward(net, x):
        x = net.stem(x).flatten(2).transpose(1, 2)
        x = torch.cat([net.extra.expand(len(x), -1, -1), x], 1)
        return net.head((x + net.attention(x)).mean(1))

    net = Net(
        forward, stem=nn.Conv2d(3, 6, 8, 8), attention=attention, head=nn.Linear(6, 3)
    )  # fmt: skip
    net.extra = nn.Parameter(torch.randn(1, prefix, 6))
    return net


@pytest.mark.parametrize("style", STYLES)
def test_attention_maps_equal_a_softmax_by_hand(style, image):
    net = over_patches(Attention(style))
    (found,) = attention_maps(net, image)
    assert found.layer == "attention"
    expected = net.attention.kept.detach()
    if style == "heads in the batch":
        expected = expected.flatten(0, 1)[:, None]
    assert found.weights.shape == expected.shape
    torch.testing.assert_close(found.weights, expected)


def in_double(q, k, v, mask=None, **options):
    """What values weighed by the probabilities give, to compare with torch's own."""
    from edulib.explanation.attention import sdpa_probabilities

    weights = sdpa_probabilities(q, k, v, mask, **options)
    if options.get("enable_gqa"):
        v = v.repeat_interleave(q.shape[1] // v.shape[1], 1)
    return weights, weights @ v


SDPA = {
    "plain": {},
    "scale": {"scale": 0.3},
    "causal": {"is_causal": True},
    "bias": {"mask": torch.randn(5, 7, dtype=torch.float64)},
    "mask": {"mask": torch.rand(5, 7) < 0.5},
    "nothing to attend to": {"mask": torch.arange(5)[:, None].expand(5, 7) > 0},
    "grouped": {"enable_gqa": True},
}


@pytest.mark.parametrize("case", SDPA)
def test_probabilities_give_torchs_own_result(case):
    options = dict(SDPA[case])
    mask = options.pop("mask", None)
    heads = 2 if "enable_gqa" in options else 4
    q = torch.randn(2, 4, 5, 6, dtype=torch.float64)
    k, v = torch.randn(2, 2, heads, 7, 6, dtype=torch.float64)
    weights, found = in_double(q, k, v, mask, **options)
    expected = F.scaled_dot_product_attention(q, k, v, mask, **options)
    torch.testing.assert_close(found, expected)
    assert weights.shape == (2, 4, 5, 7)
    sums = weights.sum(-1)
    torch.testing.assert_close(sums, sums.round())


def mha_by_hand(module, x, mask=None):
    query, key, _ = F.linear(x, module.in_proj_weight, module.in_proj_bias).chunk(3, -1)
    query, key = (
        t.unflatten(-1, (module.num_heads, -1)).transpose(1, 2) for t in (query, key)
    )
    scores = query @ key.mT / math.sqrt(query.shape[-1])
    scores = scores if mask is None else scores.masked_fill(mask, -math.inf)
    return scores.softmax(-1)


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_multihead_attention_equals_a_softmax_by_hand(asked, masked, image):
    torch.manual_seed(0)
    module = nn.MultiheadAttention(6, 3, batch_first=True)
    nn.init.normal_(module.in_proj_bias)
    mask = torch.ones(16, 16, dtype=torch.bool).triu(1) if masked else None
    kept = []

    def forward(net, x):
        result, weights = module(
            x, x, x, need_weights=asked, attn_mask=mask, is_causal=masked
        )
        kept.append((x, result, weights))
        return result

    net = over_patches(Net(forward, module=module)).eval()
    before = net(image)
    (found,) = attention_maps(net, image)
    x, result, weights = kept[-1]
    assert found.layer == "attention.module"
    torch.testing.assert_close(found.weights, mha_by_hand(module, x, mask).detach())
    assert (weights is not None) == asked
    if asked:
        torch.testing.assert_close(weights, found.weights.mean(1))
    assert torch.equal(kept[0][1], result)
    assert torch.equal(before, net(image))


def test_the_vit_of_torchvision(image):
    net, *_ = vit_of_torchvision()
    kept = []
    layers = [net.encoder.layers[k] for k in range(2)]
    hooks = [
        layer.ln_1.register_forward_hook(lambda m, a, out: kept.append(out))
        for layer in layers
    ]
    maps = attention_maps(net, image)
    for hook in hooks:
        hook.remove()
    for number, (found, x, layer) in enumerate(zip(maps, kept, layers, strict=True)):
        path = f"encoder.layers.encoder_layer_{number}.self_attention"
        assert found.layer == path
        expected = mha_by_hand(layer.self_attention, x)
        torch.testing.assert_close(found.weights, expected)
    (one,) = attention_maps(net, image, "encoder.layers.encoder_layer_1")
    assert torch.equal(one.weights, maps[1].weights)


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("options", [{}, {"qk_norm": True}])
def test_the_vit_of_timm(fused, options, image):
    net, *_ = vit_of_timm(reg_tokens=4, **options)
    for block in net.blocks:
        block.attn.fused_attn = fused
    kept = []
    hook = net.blocks[1].norm1.register_forward_hook(lambda m, a, y: kept.append(y))
    first, second = attention_maps(net, image)
    hook.remove()
    attention = net.blocks[1].attn
    qkv = attention.qkv(kept[0]).reshape(2, 21, 3, 2, 8).permute(2, 0, 3, 1, 4)
    query, key = attention.q_norm(qkv[0]), attention.k_norm(qkv[1])
    expected = (query @ key.mT / math.sqrt(8)).softmax(-1)
    assert first.weights.shape == (2, 2, 21, 21)
    torch.testing.assert_close(second.weights, expected.detach())


def test_windows_of_a_swin(image):
    maps = attention_maps(tiny_swin(1), image)
    shapes = [tuple(found.weights.shape) for found in maps]
    assert shapes == [(8, 1, 16, 16), (2, 2, 16, 16), (2, 2, 16, 16)]
    for found in maps:
        sums = found.weights.sum(-1)
        torch.testing.assert_close(sums, torch.ones_like(sums))
    with pytest.raises(ValueError, match="windows, queries or several resolutions"):
        attention_rollout(tiny_swin(1), image)


def slow_rollout(maps):
    rollout = torch.eye(maps[0].shape[-1])[None].repeat(len(maps[0]), 1, 1)
    for weights in maps:
        mixed = torch.zeros(weights.shape[0], *weights.shape[2:])
        for head in range(weights.shape[1]):
            mixed += weights[:, head] / weights.shape[1]
        mixed = mixed + torch.eye(mixed.shape[-1])
        mixed = mixed / mixed.sum(-1, keepdim=True)
        rollout = torch.stack([m @ r for m, r in zip(mixed, rollout, strict=True)])
    return rollout


ROLLED = {
    "torchvision": (lambda: vit_of_torchvision()[0], 1),
    "timm": (lambda: vit_of_timm()[0], 1),
    "timm registers": (lambda: vit_of_timm(reg_tokens=4)[0], 5),
    "timm average": (lambda: vit_of_timm(class_token=False, global_pool="avg")[0], 0),
}


@pytest.mark.parametrize("name", ROLLED)
def test_rollout_equals_a_slow_product(name, image):
    build, prefix = ROLLED[name]
    net = build()
    weights = [found.weights for found in attention_maps(net, image)]
    rollout = slow_rollout(weights)
    row = rollout[:, 0] if prefix else rollout.mean(1)
    heat = row[:, prefix:].reshape(2, 1, 4, 4)
    expected = F.interpolate(heat, (32, 32), mode="bilinear")
    found = attention_rollout(net, image)
    torch.testing.assert_close(found, expected)
    said = attention_rollout(net, image, grid=(4, 4), prefix_tokens=prefix)
    assert torch.equal(said, found)
    heat = rollout[:, prefix + 6, prefix:].reshape(2, 1, 4, 4)
    expected = F.interpolate(heat, (32, 32), mode="bilinear")
    torch.testing.assert_close(
        attention_rollout(net, image, query=prefix + 6), expected
    )


def test_rollout_finds_where_the_tokens_look():
    """Every token attends to the one bright patch."""
    torch.manual_seed(0)
    net = over_patches(Attention("sdpa", heads=1))
    with torch.no_grad():
        net.stem.weight.fill_(1 / 192)
        net.stem.bias.zero_()
        net.attention.qkv.weight.fill_(3)
        net.attention.qkv.bias.fill_(1)
    images = torch.zeros(1, 3, 32, 32)
    images[..., 8:16, 24:32] = 1
    heat = attention_rollout(net, images)[0, 0]
    assert divmod(heat.argmax().item(), 32)[0] // 8 == 1
    assert divmod(heat.argmax().item(), 32)[1] // 8 == 3


@pytest.mark.parametrize(
    "name",
    [
        "deit_tiny_distilled_patch16_224",
        "beit_base_patch16_224",
        "eva02_tiny_patch14_224",
    ],
)
def test_other_transformers_of_timm(name):
    torch.manual_seed(0)
    options = {"img_size": 32, "patch_size": 8, "depth": 2, "embed_dim": 48}
    net = timm.create_model(name, num_heads=2, num_classes=3, **options)
    images = torch.rand(2, 3, 32, 32)
    maps = attention_maps(net, images)
    assert [m.layer for m in maps] == ["blocks.0.attn", "blocks.1.attn"]
    count = 16 + net.num_prefix_tokens
    assert maps[0].weights.shape == (2, 2, count, count)
    assert attention_rollout(net, images).shape == (2, 1, 32, 32)


def test_the_encoder_of_a_model_with_queries(image):
    torch.manual_seed(0)
    transformer = nn.Transformer(8, 2, 2, 1, 16, batch_first=True)

    def forward(net, x):
        tokens = net.stem(x).flatten(2).transpose(1, 2)
        return net.transformer(tokens, net.queries.expand(len(x), -1, -1))

    net = Net(forward, stem=nn.Conv2d(3, 8, 8, 8), transformer=transformer)
    net.queries = nn.Parameter(torch.randn(1, 5, 8))
    maps = attention_maps(net, image)
    assert [tuple(m.weights.shape[-2:]) for m in maps] == [
        (16, 16), (16, 16), (5, 5), (5, 16)
    ]  # fmt: skip
    with pytest.raises(ValueError, match="layer= takes a part of the model"):
        attention_rollout(net, image)
    heat = attention_rollout(net, image, "transformer.encoder")
    weights = [found.weights for found in maps[:2]]
    expected = slow_rollout(weights).mean(1).reshape(2, 1, 4, 4)
    expected = F.interpolate(expected, (32, 32), mode="bilinear")
    torch.testing.assert_close(heat, expected)


@pytest.mark.parametrize("method", [attention_maps, attention_rollout])
def test_a_model_without_attention_is_refused(method, image):
    with pytest.raises(ValueError, match="no attention in ChannelsFirst: recognised"):
        method(ChannelsFirst(), image)
    net = over_patches(Attention("sdpa"))
    with pytest.raises(ValueError, match="no attention in layer 'stem' of Net"):
        method(net, image, "stem")
    with pytest.raises(ValueError, match="no layer 'attn'"):
        method(net, image, "attn")
    with pytest.raises(TypeError, match="divide by 255"):
        method(net, image.byte())


def test_a_softmax_that_weighs_no_keys_is_no_attention(image):
    """Linear attention, which normalises over the queries; a softmax of classes."""

    def forward(net, x):
        x = net.stem(x).flatten(2).mT
        x = x @ (x.softmax(1).mT @ x)
        x = x @ (x.softmax(-1).mT @ x)
        x = x + torch.einsum("bnc,bnd->bcd", x.softmax(-1), x).mean()
        return F.softmax(x.softmax(-1).mean(1), -1)

    net = Net(forward, stem=nn.Conv2d(3, 6, 8, 8))
    with pytest.raises(ValueError, match="no attention in Net"):
        attention_maps(net, image)


def test_products_that_something_is_added_to_weigh_the_values(image):
    """Nothing mixes heads here, as none are there to mix."""

    def forward(net, x):
        x = net.stem(x).flatten(2).mT
        x = torch.baddbmm(x, (x @ x.mT).softmax(-1), x)
        return torch.addmm(x[0], torch.mm(x[0], x[0].t()).softmax(-1), x[0])

    maps = attention_maps(Net(forward, stem=nn.Conv2d(3, 6, 8, 8)), image)
    tokens = maps[0].weights.shape[-1]
    assert [one.weights.shape[-2:] for one in maps] == [(tokens, tokens)] * 2


def test_talking_heads_are_refused(image):
    """One attention of two mixes its heads before they weigh anything."""

    def talk(net, x):
        weights = (x @ x.mT).softmax(-1)
        return net.mix(weights) @ x

    def forward(net, x):
        x = net.stem(x).flatten(2).mT
        return net.talking(net.attention(x)).mean(1)

    net = Net(
        forward, stem=nn.Conv2d(3, 6, 8, 8), attention=Attention("softmax"),
        talking=Net(talk, mix=nn.Linear(16, 16)),
    )  # fmt: skip
    for method in (attention_maps, attention_rollout):
        told = r"those of layer 'talking' \(1 in all\): .* first; layer='attention' has"
        with pytest.raises(ValueError, match=told):
            method(net, image)
        with pytest.raises(ValueError, match=r"for one, mix them first$"):
            method(net, image, "talking")
    (found,) = attention_maps(net, image, "attention")
    assert found.layer == "attention"
    assert attention_rollout(net, image, "attention").shape == (2, 1, 32, 32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"query": 17}, "a query of 0 to 16, got 17"),
        ({"grid": (4, 4)}, r"expected 0 \+ 4 x 4 tokens in layer 'attention', got 17"),
        ({"grid": (4, 4), "prefix_tokens": 2}, r"2 \+ 4 x 4 tokens .*, got 17"),
    ],
)
def test_bad_arguments_of_rollout(options, message, image):
    with pytest.raises(ValueError, match=message):
        attention_rollout(over_patches(Attention("sdpa"), 1), image, **options)


def test_tokens_that_cannot_be_followed_must_be_said(image):
    def forward(net, x):
        x = net.stem(x).flatten(2).mT[:, torch.arange(16).flip(0)]
        return net.attention(x).mean(1)

    net = Net(forward, stem=nn.Conv2d(3, 6, 8, 8), attention=Attention("softmax"))
    with pytest.raises(
        ValueError, match="where the 16 tokens of layer 'attention' lie"
    ):
        attention_rollout(net, image)
    assert attention_rollout(net, image, grid=(4, 4)).shape == (2, 1, 32, 32)


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was(fails, image):
    net = over_patches(Attention("softmax"))
    net.head.eval()
    if fails:
        net.head = nn.Linear(7, 3)
    modes = [module.training for module in net.modules()]
    if fails:
        with pytest.raises(ValueError, match="cannot read images"):
            attention_maps(net, image)
    else:
        attention_rollout(net, image)
    for module, mode in zip(net.modules(), modes, strict=True):
        assert module.training == mode
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
