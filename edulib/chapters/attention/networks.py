"""A small network of attention on patches of digits, with and without its parts."""

import math
from functools import partial

from torch import Tensor, nn

from edulib.models.blocks.attention import MultiHeadAttention
from edulib.models.blocks.checks import check_images
from edulib.models.blocks.mlp import MLP
from edulib.models.blocks.positions import LearnedPositions, sine_positions

IMAGE_SIZE, WIDTH = 16, 32


class SinePositions(nn.Module):
    """Add to each token the fixed sines of its place in the row.

    Shape:
        - Input, output: (B, N, D)
    """

    def forward(self, tokens: Tensor) -> Tensor:
        """Add the positions."""
        return tokens + sine_positions(*tokens.shape[1:]).to(tokens)


class Unscaled(nn.Linear):
    """A projection to the queries of one head that takes back the root of d.

    Shape:
        - Input: (..., D)
        - Output: (..., d)
    """

    def forward(self, tokens: Tensor) -> Tensor:
        """Project, and multiply by the root of the head's width."""
        return super().forward(tokens) * math.sqrt(self.out_features)


class Block(nn.Module):
    """Attention between the tokens, then an MLP on each alone, both added.

    Args:
        embed_dim: width D of the tokens.
        num_heads: heads.
        head_dim: width d of a head; by default D / heads.

    Shape:
        - Input, output: (B, N, D)
    """

    def __init__(
        self, embed_dim: int, num_heads: int, head_dim: int | None = None
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim)
        self.attend = MultiHeadAttention(embed_dim, num_heads, head_dim=head_dim)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = MLP(embed_dim, 2 * embed_dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """Look around, then think."""
        tokens = tokens + self.attend(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class PatchReader(nn.Module):
    """Cut an image of 16 x 16 pixels into patches and let them attend to each other.

    Args:
        positions: what is added to the tokens, 32 numbers wide.
        patch_size: side of a patch, in pixels.
        num_heads: heads of each of the two blocks.
        head_dim: width d of a head; by default 32 / heads.

    Shape:
        - Input: (B, 1, 16, 16)
        - Output: (B, 10)
    """

    def __init__(
        self,
        positions: nn.Module,
        patch_size: int = 2,
        num_heads: int = 4,
        head_dim: int | None = None,
    ) -> None:
        super().__init__()
        self.embed = nn.Conv2d(1, WIDTH, patch_size, stride=patch_size)
        self.positions = positions
        self.block1 = Block(WIDTH, num_heads, head_dim)
        self.block2 = Block(WIDTH, num_heads, head_dim)
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, 10)

    def forward(self, x: Tensor) -> Tensor:
        """Embed the patches, let them attend twice, and average."""
        check_images(x, 1, IMAGE_SIZE, IMAGE_SIZE)
        tokens = self.embed(x).flatten(2).mT  # (B, N, D)
        tokens = self.positions(tokens)
        tokens = self.block2(self.block1(tokens))
        return self.head(self.norm(tokens).mean(1))


def without_positions() -> PatchReader:
    """Return a network of 64 tokens that are not told where they are."""
    return PatchReader(nn.Identity())


def with_sines() -> PatchReader:
    """Return a network of 64 tokens with the sines of the paper."""
    return PatchReader(SinePositions())


def with_learned() -> PatchReader:
    """Return a network of 64 tokens with learned positions."""
    return PatchReader(LearnedPositions(64, WIDTH))


def one_head(head_dim: int, scaled: bool) -> PatchReader:
    """Return a network of 16 tokens whose blocks have one head, scaled or not.

    At the start the numbers of queries and keys have variance 1, as the paper assumes.

    Args:
        head_dim: width d of the head.
        scaled: whether scores are divided by the root of d.
    """
    network = PatchReader(LearnedPositions(16, WIDTH), 4, 1, head_dim)
    for block in (network.block1, network.block2):
        if not scaled:
            block.attend.query = Unscaled(WIDTH, head_dim)
            nn.init.zeros_(block.attend.query.bias)
        for layer in (block.attend.query, block.attend.key):
            nn.init.normal_(layer.weight, std=WIDTH**-0.5)
    return network


SCALES = {
    f"{'scaled' if scaled else 'unscaled'} {head_dim}": partial(
        one_head, head_dim=head_dim, scaled=scaled
    )
    for head_dim in (4, 256)
    for scaled in (True, False)
}
"""Networks that differ in the width of their one head and in its scale, by name."""
