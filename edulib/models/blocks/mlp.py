"""The part of a transformer that works on each token alone."""

from torch import nn


class MLP(nn.Sequential):
    """Two linear layers with an activation between them, the same for every token.

    Dropout follows the activation and the second layer, as in ViT, DETR and Swin; the
    paper has the second alone.

    Args:
        embed_dim: width D of the tokens.
        hidden_dim: width between the layers, mostly 4 D.
        activation: ReLU in the paper and in DETR, GELU in ViT and Swin.
        dropout: probability, of both dropouts.

    Shape:
        - Input, output: (..., D)

    Source: Vaswani et al., "Attention Is All You Need", 2017, equation 2.
    https://arxiv.org/abs/1706.03762
    """

    def __init__(
        self,
        embed_dim: int,
        hidden_dim: int,
        *,
        activation: type[nn.Module] = nn.GELU,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            nn.Linear(embed_dim, hidden_dim),
            activation(),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, embed_dim),
            nn.Dropout(dropout),
        )
