"""The twins of tables 4 and 5, and the small forms that the page trains."""

import pytest
import torch

from edulib.anatomy import count_macs, count_parameters
from edulib.chapters.mobilenet.networks import (
    full_mobilenet,
    shallow_mobilenet,
    small_mobilenet,
)


@pytest.mark.parametrize(
    ("build", "millions_of_macs", "millions_of_parameters"),
    [(full_mobilenet, 4866, 29.3), (shallow_mobilenet, 307, 2.9)],
)
def test_twins_cost_what_the_paper_says(
    build, millions_of_macs, millions_of_parameters
):
    with torch.device("meta"):
        network = build()
    macs = count_macs(network, (3, 224, 224)) / 1e6
    assert macs == pytest.approx(millions_of_macs, abs=1.5)
    assert round(count_parameters(network) / 1e6, 1) == millions_of_parameters


@pytest.mark.parametrize("kind", ["separable", "shallow", "full"])
def test_small_forms_are_a_quarter_as_wide(kind):
    network = small_mobilenet(kind, width=0.5).eval()
    assert network[1].stem[0].out_channels == 4
    assert network(torch.rand(2, 3, 32, 32)).shape == (2, 10)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match=r"separable.*got 'thick'"):
        small_mobilenet("thick")
