"""The first two forms of the block in figure 3 of the paper; the third is the model's.

Xie et al., "Aggregated Residual Transformations for Deep Neural Networks", 2016.
"""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from edulib.models.classification.resnext import AggregatedBlock


def narrow_layers(in_channels: int, branch_width: int) -> list[nn.Module]:
    """Return the first two layers of one branch, each normalised and rectified."""
    return [
        nn.Conv2d(in_channels, branch_width, 1, bias=False),
        nn.BatchNorm2d(branch_width),
        nn.ReLU(),
        nn.Conv2d(branch_width, branch_width, 3, padding=1, bias=False),
        nn.BatchNorm2d(branch_width),
        nn.ReLU(),
    ]


class SumOfBranches(nn.Module):
    """Figure 3a: whole bottlenecks side by side, summed, then normalised.

    Args:
        channels: of input and output.
        cardinality: number of branches.
        branch_width: channels inside each branch.
        norm_in_branches: whether each branch is normalised before the sum, which the
            paper does not do.

    Shape:
        - Input: (B, channels, H, W)
        - Output: the same
    """

    def __init__(
        self,
        channels: int,
        cardinality: int,
        branch_width: int,
        norm_in_branches: bool = False,
    ) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(
                *narrow_layers(channels, branch_width),
                nn.Conv2d(branch_width, channels, 1, bias=False),
                *([nn.BatchNorm2d(channels)] if norm_in_branches else []),
            )
            for _ in range(cardinality)
        )
        self.norm = nn.Identity() if norm_in_branches else nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        total = sum(branch(x) for branch in self.branches)
        return self.relu(x + self.norm(total))


class Concatenation(nn.Module):
    """Figure 3b: the branches end early, and one 1x1 convolution reads them all.

    Args:
        channels: of input and output.
        cardinality: number of branches.
        branch_width: channels inside each branch.

    Shape:
        - Input: (B, channels, H, W)
        - Output: the same
    """

    def __init__(self, channels: int, cardinality: int, branch_width: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(*narrow_layers(channels, branch_width))
            for _ in range(cardinality)
        )
        self.last = nn.Conv2d(cardinality * branch_width, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        maps = torch.cat([branch(x) for branch in self.branches], dim=1)
        return self.relu(x + self.norm(self.last(maps)))


@torch.no_grad()
def copy_block(block: AggregatedBlock, form: SumOfBranches | Concatenation) -> None:
    """Give a form the weights of a block, whose groups become its branches."""
    first, norm1, _, grouped, norm2, _, last, norm3 = block.residual
    sources = (first, norm1, grouped, norm2)
    for own, branch in _slices(block, form):
        layers = [layer for layer in branch if not isinstance(layer, nn.ReLU)]
        for source, layer in zip(sources, layers, strict=False):
            layer.weight.copy_(source.weight[own])
            if source.bias is not None:
                layer.bias.copy_(source.bias[own])
        if isinstance(form, SumOfBranches):
            layers[4].weight.copy_(last.weight[:, own])
    if isinstance(form, Concatenation):
        form.last.weight.copy_(last.weight)
    if isinstance(form.norm, nn.BatchNorm2d):
        form.norm.load_state_dict(norm3.state_dict())


def grouped_gradient(form: SumOfBranches | Concatenation) -> Tensor:
    """Return the gradient of the branches' 3x3 weights, in the shape of the groups."""
    return torch.cat([branch[3].weight.grad for branch in form.branches])


def _slices(
    block: AggregatedBlock, form: SumOfBranches | Concatenation
) -> Iterator[tuple[slice, nn.Sequential]]:
    width = block.residual[3].weight.shape[1]
    for k, branch in enumerate(form.branches):
        yield slice(k * width, (k + 1) * width), branch
