"""The small forms differ in what they say, and in nothing else."""

import pytest
import torch
from torch import nn

from edulib.anatomy import count_macs, count_parameters
from edulib.chapters.mobilenetv2.networks import (
    EXPANSION,
    FORMS,
    Form,
    SmallBlock,
    small_mobilenet,
)
from edulib.models.blocks.mobile import SqueezeExcitation
from edulib.models.classification.mobilenet_v2 import InvertedResidual

LIKE_LINEAR = [form for form in FORMS if form != "squeeze"]


def test_the_form_as_it_stands_is_the_papers_block():
    torch.manual_seed(0)
    ours = SmallBlock(8, 8, 1, Form())
    papers = InvertedResidual(8, 8, stride=1, expansion=EXPANSION)
    values = papers.state_dict().values()
    ours.load_state_dict(dict(zip(ours.state_dict(), values, strict=True)))
    x = torch.randn(2, 8, 5, 5)
    thin, wide = ours(x, None)
    torch.testing.assert_close(thin, papers(x))
    assert wide.shape == (2, 48, 5, 5)


@pytest.mark.parametrize("form", LIKE_LINEAR)
def test_all_but_one_have_one_price(form):
    with torch.device("meta"):
        networks = [small_mobilenet(name) for name in ("linear", form)]
    assert len({count_parameters(network) for network in networks}) == 1
    assert len({count_macs(network, (3, 32, 32)) for network in networks}) == 1


def test_where_the_activation_stands():
    torch.manual_seed(0)
    x = torch.randn(4, 8, 5, 5)
    outputs = {}
    for name in ("linear", "ReLU6 before the sum", "ReLU6 after the sum"):
        torch.manual_seed(1)
        outputs[name], _ = SmallBlock(8, 8, 1, FORMS[name])(x, None)
    y = outputs["linear"]
    torch.testing.assert_close(outputs["ReLU6 before the sum"], x + (y - x).clamp(0, 6))
    torch.testing.assert_close(outputs["ReLU6 after the sum"], y.clamp(0, 6))


def test_a_wide_shortcut_adds_what_the_block_before_had_inside():
    torch.manual_seed(0)
    block = SmallBlock(8, 8, 1, Form(shortcut="wide")).eval()
    x, before = torch.randn(2, 8, 5, 5), torch.rand(2, 48, 5, 5)
    inner = block.depthwise(block.expand(x))
    thin, wide = block(x, before)
    torch.testing.assert_close(wide, before + inner)
    torch.testing.assert_close(thin, block.project(before + inner))


@pytest.mark.parametrize(("form", "count"), [("linear", 5), ("wide", 5), ("none", 0)])
def test_as_many_wide_shortcuts_as_thin_ones(form, count):
    with torch.device("meta"):
        blocks = small_mobilenet(form).blocks
    assert sum(block.shortcut != "none" for block in blocks) == count


def test_activations_and_squeezing_stand_in_every_block():
    with torch.device("meta"):
        forms = {form: list(small_mobilenet(form).modules()) for form in FORMS}
    for form, kind in (("swish", nn.SiLU), ("h-swish", nn.Hardswish)):
        assert sum(isinstance(m, kind) for m in forms[form]) == 16
        assert sum(isinstance(m, nn.ReLU6) for m in forms[form]) == 2  # the two ends
    assert sum(isinstance(m, SqueezeExcitation) for m in forms["squeeze"]) == 8


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match=r"expected a form of .* got 'Linear'"):
        small_mobilenet("Linear")
