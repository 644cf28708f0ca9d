"""LeNet-5 with the class for rubbish, and the dense network it is compared with."""

import torch
from torch import Tensor, nn

from edulib.models.classification.lenet import lenet5


class WithRubbish(nn.Module):
    """Append the score of the class "no digit at all", which is always -j.

    Args:
        network: maps images to scores (B, K), such as LeNet-5.
        j: the constant of equation 9 of the paper, which gives no value.

    Shape:
        - Input: as the network's
        - Output: (B, K + 1), the last score is -j
    """

    def __init__(self, network: nn.Module, j: float = 40.0) -> None:
        super().__init__()
        self.network, self.j = network, j

    def forward(self, image: Tensor) -> Tensor:
        """Return the scores of the classes and of rubbish."""
        scores = self.network(image)
        rubbish = scores.new_full((len(scores), 1), -self.j)
        return torch.cat([scores, rubbish], dim=1)


def lenet5_with_rubbish() -> WithRubbish:
    """Build LeNet-5 to be trained with equation 9: the cross-entropy of this."""
    return WithRubbish(lenet5())


def dense_300_100() -> nn.Sequential:
    """Build the paper's dense network with 300 and 100 hidden units, figure 9.

    338,610 parameters for images of 32 x 32; with the paper's 28 x 28, 266,610.
    """
    layers = [nn.Linear(32 * 32, 300), nn.Tanh(), nn.Linear(300, 100), nn.Tanh()]
    return nn.Sequential(nn.Flatten(), *layers, nn.Linear(100, 10))
