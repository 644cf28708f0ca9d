"""Inception-v3: equal to torchvision's in both forms, as tabulated in the paper."""

import pytest
import torch
import torchvision
from model_helpers import assert_equal_outputs, layer_shapes
from torch import nn

from edulib.models.classification.inception_v3 import (
    inception_v3,
    inception_v3_auxiliary,
)


def torchvisions(auxiliary):
    return torchvision.models.inception_v3(
        num_classes=11, aux_logits=auxiliary, init_weights=False
    )


def test_equals_torchvision():
    torch.manual_seed(0)
    assert_equal_outputs(inception_v3(num_classes=11), torchvisions(False), 96)


def test_equals_torchvision_in_training_with_the_side_classifier():
    torch.manual_seed(0)
    reference = torchvisions(True).double().train()
    ours = inception_v3_auxiliary(num_classes=11).double().train()
    theirs = list(reference.state_dict().values())
    ours.load_state_dict(dict(zip(ours.state_dict(), theirs, strict=True)))
    reference.dropout.p = ours.head[1].p = 0.0
    images = torch.randn(2, 3, 299, 299, dtype=torch.double)
    expected, logits = reference(images), ours.forward_with_aux(images)
    for one, other in zip(logits, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def test_grids_are_those_of_the_paper():
    with torch.device("meta"):
        network = inception_v3()
        shapes = layer_shapes(network, 299)
    assert shapes == {
        "stem": (192, 35, 35),
        "grid35": (288, 35, 35),
        "reduction17": (768, 17, 17),
        "grid17": (768, 17, 17),
        "reduction8": (1280, 8, 8),
        "grid8": (2048, 8, 8),
        "head": (1000,),
    }


def test_with_side_classifier_it_has_torchvisions_size():
    with torch.device("meta"):
        network = inception_v3_auxiliary()
    assert sum(p.numel() for p in network.parameters()) == 27_161_264


def test_the_side_classifier_starts_small():
    torch.manual_seed(0)
    auxiliary = inception_v3_auxiliary().auxiliary
    weights = auxiliary[2][0].weight, auxiliary[5].weight
    deviations = [weight.std().item() for weight in weights]
    assert deviations == pytest.approx([0.01, 0.001], rel=0.02)


def test_sevens_are_split_into_rows_and_columns():
    with torch.device("meta"):
        network = inception_v3()
    kernels = {m.kernel_size for m in network.grid17.modules() if type(m) is nn.Conv2d}
    assert kernels == {(1, 1), (1, 7), (7, 1)}


def test_asking_for_a_side_classifier_that_is_not_there():
    with torch.device("meta"), pytest.raises(ValueError, match="no auxiliary"):
        inception_v3().forward_with_aux(torch.empty(1, 3, 96, 96))
