"""Three forms of one block, and small networks at one price and at two."""

import pytest
import torch

from edulib.anatomy import count_macs, count_parameters
from edulib.chapters.resnext.data import small_scenes
from edulib.chapters.resnext.experiments import (
    EXPERIMENTS,
    ONE_PRICE,
    OWN_START,
    SMALL_START,
    TWO_PRICES,
)
from edulib.chapters.resnext.forms import (
    Concatenation,
    SumOfBranches,
    copy_block,
    grouped_gradient,
)
from edulib.chapters.resnext.networks import SmallResNeXt, own_fan_out, small_start
from edulib.models.classification.resnext import AggregatedBlock

IMAGE = (3, 24, 24)


def gradients(module, x):
    image = x.clone().requires_grad_()
    output = module(image)
    (output * torch.linspace(0, 1, output.numel()).view_as(output)).sum().backward()
    return output, image.grad


@pytest.fixture
def block():
    torch.manual_seed(0)
    block = AggregatedBlock(12, 12, cardinality=4, branch_width=2).double()
    for parameter in block.parameters():
        if parameter.ndim == 1:
            parameter.data.uniform_(0.5, 1.5)
    return block


@pytest.mark.parametrize("form", [SumOfBranches, Concatenation])
@pytest.mark.parametrize("training", [True, False])
def test_the_forms_are_equal(block, form, training):
    other = form(12, 4, 2).double()
    copy_block(block, other)
    x = torch.randn(3, 12, 6, 6, dtype=torch.double)
    block.train(training)
    other.train(training)
    torch.testing.assert_close(gradients(other, x), gradients(block, x))
    own = block.residual[3].weight.grad
    torch.testing.assert_close(grouped_gradient(other), own)


def test_normalised_branches_are_another_block(block):
    other = SumOfBranches(12, 4, 2, norm_in_branches=True).double()
    copy_block(block, other)
    x = torch.randn(3, 12, 6, 6, dtype=torch.double)
    assert (other(x) - block(x)).abs().max() > 0.1


def macs(build):
    return count_macs(build(), IMAGE)


def test_one_price():
    base = ONE_PRICE["1x16d"]
    for build in ONE_PRICE.values():
        assert 0.95 < macs(build) / macs(base) < 1.05
        assert 0.95 < count_parameters(build()) / count_parameters(base()) < 1.05


def test_twice_the_price():
    base = macs(ONE_PRICE["1x16d"])
    found = [macs(build) / base for build in TWO_PRICES.values()]
    assert min(found) > 1.75
    assert max(found) / min(found) < 1.04


def test_widths_are_the_paper_s_at_a_quarter():
    paper = {1: 64, 2: 40, 4: 24, 32: 4}  # table 2
    builds = [*ONE_PRICE.values(), SmallResNeXt]
    for build in builds[:3]:
        cardinality, width = build.args
        assert paper[cardinality] == 4 * width
    network = SmallResNeXt(4, 6)
    groups = [m.groups for m in network.modules() if hasattr(m, "groups")]
    assert set(groups) == {1, 4}


def test_it_takes_small_images():
    network = SmallResNeXt(2, 4, depth=1, num_classes=3)
    assert network(torch.rand(2, *IMAGE)).shape == (2, 3)


def test_scenes_are_averaged(tmp_path, monkeypatch):
    monkeypatch.setenv("EDULIB_CACHE", str(tmp_path))
    (images, labels), (new, _) = small_scenes(train=6, val=4)
    assert images.shape == (6, *IMAGE)
    assert new.shape == (4, *IMAGE)
    assert len(labels) == 6


def test_all_variants_are_trained_alike():
    names = ("cardinality", "double", "start", "small-start")
    compared = [EXPERIMENTS[f"resnext-{name}"] for name in names]
    variants = [v for e in compared for v in e.variants.values()]
    assert len({str(variant.recipe) for variant in variants}) == 1
    assert len({variant.data for variant in variants}) == 1


def deviations(build):
    """Return the spread of the 3x3 weights of each block, and all other weights."""
    torch.manual_seed(0)
    network = build()
    middle = [m.residual[3].weight for m in blocks_of(network)]
    ids = {id(weight) for weight in middle}
    others = [p for p in network.parameters() if id(p) not in ids]
    return [weight.std().item() for weight in middle], others


def blocks_of(network):
    return [m for m in network.modules() if isinstance(m, AggregatedBlock)]


@pytest.mark.parametrize(("cardinality", "width"), [(4, 6), (32, 1)])
def test_own_fan_out_counts_the_outputs_of_one_group(cardinality, width):
    found, others = deviations(lambda: own_fan_out(cardinality, width))
    _, plain = deviations(lambda: SmallResNeXt(cardinality, width))
    widths = [width * 2**stage for stage in (0, 0, 1, 1, 2, 2)]
    for deviation, own in zip(found, widths, strict=True):
        assert deviation == pytest.approx((2 / (9 * own)) ** 0.5, rel=0.2)
    for ours, same in zip(others, plain, strict=True):
        torch.testing.assert_close(ours, same, rtol=0, atol=0)


def test_a_small_start_is_as_far_below_its_fan_out_as_that_of_many_groups():
    small, _ = deviations(lambda: small_start(1, 16, groups=32))
    plain, _ = deviations(lambda: SmallResNeXt(1, 16))
    for low, full in zip(small, plain, strict=True):
        assert low * 32**0.5 == pytest.approx(full, rel=1e-5)
    many, _ = deviations(lambda: SmallResNeXt(32, 1))
    own, _ = deviations(lambda: own_fan_out(32, 1))
    for low, full in zip(many, own, strict=True):
        assert low * 32**0.5 == pytest.approx(full, rel=1e-5)


def test_the_starts_are_those_of_the_page():
    found = {name: build() for name, build in {**OWN_START, **SMALL_START}.items()}
    groups = [blocks_of(net)[0].residual[3].groups for net in found.values()]
    assert dict(zip(found, groups, strict=True)) == {
        "32x1d, own fan-out": 32,
        "1x16d, small start": 1,
    }
