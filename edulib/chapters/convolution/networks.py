"""The rival of the network of 1989: the same digits, no shared weights."""

from torch import nn

from edulib.models.blocks.checks import check_num_classes
from edulib.models.blocks.lecun import InkScale, ScaledTanh
from edulib.models.classification.lecun1989 import init_weights


def dense_40(num_classes: int = 10) -> nn.Sequential:
    """Build a dense network with one hidden layer of 40 units for 16 x 16 pixels.

    Source: section 5 of the paper of 1989, "10,690 connections total".
    """
    check_num_classes(num_classes)
    network = nn.Sequential(
        InkScale(background=-1.0, ink=1.0),
        nn.Flatten(),
        nn.Linear(16 * 16, 40),
        ScaledTanh(),
        nn.Linear(40, num_classes),
        ScaledTanh(),
    )
    return network.apply(init_weights)
