"""The small networks of the chapter: what differs between them, and nothing else."""

import torch

from edulib.chapters.attention import timing
from edulib.chapters.attention.networks import (
    SCALES,
    one_head,
    with_learned,
    with_sines,
    without_positions,
)
from edulib.models.blocks.attention import MultiHeadAttention
from edulib.models.blocks.positions import sine_positions


def test_without_positions_the_order_of_patches_is_nothing():
    torch.manual_seed(0)
    images = torch.rand(2, 1, 16, 16)
    turned = images.flip(-1).unfold(3, 2, 2).flip(-1).flatten(3)  # patches exchanged
    for build, same in ((without_positions, True), (with_sines, False)):
        network = build().eval()
        assert torch.allclose(network(images), network(turned), atol=1e-5) is same


def test_positions_are_all_that_differs():
    learned, sines = with_learned(), with_sines()
    names = set(learned.state_dict()) - set(sines.state_dict())
    assert names == {"positions.positions"}


def test_an_unscaled_head_takes_the_root_back():
    torch.manual_seed(0)
    scaled, unscaled = one_head(256, True), one_head(256, False)
    unscaled.load_state_dict(scaled.state_dict())
    tokens = torch.randn(1, 16, 32)
    attend, other = scaled.block1.attend, unscaled.block1.attend
    found = other.weights(tokens).log()
    expected = (16 * attend.weights(tokens).log()).softmax(-1).log()
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_queries_and_keys_begin_with_variance_1():
    torch.manual_seed(0)
    for build in SCALES.values():
        attend = build().block1.attend
        tokens = torch.randn(64, 16, 32)
        for layer in (attend.query, attend.key):
            plain = torch.nn.functional.linear(tokens, layer.weight, layer.bias)
            assert 0.5 < plain.var().item() < 2


def test_a_block_adds_its_parts_behind_their_norms():
    torch.manual_seed(0)
    block, tokens = with_learned().block1, torch.randn(2, 64, 32)
    after = tokens + block.attend(block.norm1(tokens))
    after = after + block.mlp(block.norm2(after))
    torch.testing.assert_close(block(tokens), after)


def test_sines_are_long_and_learned_positions_begin_short():
    torch.manual_seed(0)
    learned = with_learned().positions.positions.flatten(0, -2)
    assert abs(learned.norm(dim=-1).mean().item() - 0.11) < 0.01
    lengths = sine_positions(64, 32).norm(dim=-1)
    torch.testing.assert_close(lengths, torch.full((64,), 4.0))


def test_both_timed_forms_compute_the_same():
    attend = MultiHeadAttention(timing.WIDTH, timing.HEADS).eval()
    tokens = torch.randn(1, 10, timing.WIDTH)
    written = timing.written_out(attend, tokens)
    torch.testing.assert_close(written, attend(tokens), rtol=1e-4, atol=1e-5)


def test_the_stored_times_are_of_all_counts():
    times = timing.load_times()
    assert [row["tokens"] for row in times["rows"]] == list(timing.TOKENS)
    last, before = times["rows"][-1], times["rows"][-2]
    assert 3 < last["torch"] / before["torch"] < 4  # as the page says
    ratios = [row["written"] / row["torch"] for row in times["rows"]]
    assert 1 < min(ratios[:3])
    assert max(ratios[:3]) < 1.2  # up to 256 tokens
    assert 1.35 < min(ratios[3:])
    assert max(ratios[3:]) < 2.95
    first = times["rows"][1]["torch"] / times["rows"][0]["torch"]
    assert 1.5 < first < 2.5
