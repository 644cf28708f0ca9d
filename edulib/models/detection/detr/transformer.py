"""The transformer: the encoder relates places, the decoder fills slots (figure 10).

Tokens of DETR on an image of 800 x 1066 pixels, D = 256:

    encoder   (B, 850, 256)    25 x 34 places, six layers
    decoder   (B, 100, 256)    a token for each query, six layers
"""

import torch
from torch import Tensor, nn

from edulib.models.blocks.attention import MultiHeadAttention
from edulib.models.blocks.mlp import MLP


class EncoderLayer(nn.Module):
    """Each place gathers from all places, then each is worked on alone.

    Args:
        embed_dim: D.
        num_heads: heads of the attention.
        hidden_dim: width within the feed-forward network.
        dropout: probability.

    Shape:
        - x: (B, H W, D)
        - positions: (B, H W, D)
        - mask: (B, 1, 1, H W), True in the image, or None
        - Output: (B, H W, D)

    Source: figure 10 (left) and equation 8: positions are added to queries and keys,
    and not to values. Normalisation follows the sum, as in the transformer of 2017.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, hidden_dim: int, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(embed_dim, num_heads, dropout=dropout)
        self.norm1 = nn.LayerNorm(embed_dim)
        self.mlp = MLP(embed_dim, hidden_dim, activation=nn.ReLU, dropout=dropout)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, positions: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """Return the places after one exchange."""
        placed = x + positions
        x = self.norm1(x + self.dropout(self.attention(placed, placed, x, mask=mask)))
        return self.norm2(x + self.mlp(x))


class DecoderLayer(nn.Module):
    """Slots look at each other, then at the image, then each is worked on alone.

    Args:
        embed_dim: D.
        num_heads: heads of both attentions.
        hidden_dim: width within the feed-forward network.
        dropout: probability.

    Shape:
        - x: (B, N, D), what the slots hold so far
        - queries: (N, D), added wherever a slot asks or is asked
        - memory: (B, H W, D), what the encoder returns
        - positions: (B, H W, D)
        - mask: (B, 1, 1, H W), True in the image, or None
        - Output: (B, N, D)

    Source: figure 10 (right).
    """

    def __init__(
        self, embed_dim: int, num_heads: int, hidden_dim: int, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(embed_dim, num_heads, dropout=dropout)
        self.norm1 = nn.LayerNorm(embed_dim)
        self.cross_attention = MultiHeadAttention(embed_dim, num_heads, dropout=dropout)
        self.norm2 = nn.LayerNorm(embed_dim)
        self.mlp = MLP(embed_dim, hidden_dim, activation=nn.ReLU, dropout=dropout)
        self.norm3 = nn.LayerNorm(embed_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        x: Tensor,
        queries: Tensor,
        memory: Tensor,
        positions: Tensor,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return the slots after one look at each other and at the image."""
        asking = x + queries
        x = self.norm1(x + self.dropout(self.self_attention(asking, asking, x)))
        asking, places = x + queries, memory + positions
        seen = self.cross_attention(asking, places, memory, mask=mask)
        x = self.norm2(x + self.dropout(seen))
        return self.norm3(x + self.mlp(x))


class Transformer(nn.Module):
    """Encode the places of a map, and decode all slots at once, layer by layer.

    Args:
        embed_dim: D.
        num_heads: heads of every attention.
        hidden_dim: width within the feed-forward networks.
        encoder_depth: layers of the encoder.
        decoder_depth: layers L of the decoder.
        dropout: probability.

    Shape:
        - tokens: (B, H W, D)
        - positions: (B, H W, D)
        - queries: (N, D)
        - mask: (B, 1, 1, H W), True in the image, or None for all
        - Output: (L, B, N, D), the slots after each decoder layer, normalised

    Source: figure 10 and appendix A.3. The slots begin with zeros, so that the first
    self-attention of the decoder has nothing to gather. One more normalisation, shared,
    stands behind *every* layer of the decoder (section 3.2), none behind the encoder.

    As in the paper, weights are Xavier's; the authors' code draws query, key and value
    of an attention as one matrix of 3 D rows, which makes them smaller by the root of
    two.
    """

    def __init__(
        self,
        embed_dim: int = 256,
        num_heads: int = 8,
        hidden_dim: int = 2048,
        encoder_depth: int = 6,
        decoder_depth: int = 6,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.embed_dim = embed_dim
        width = (embed_dim, num_heads, hidden_dim, dropout)
        self.encoder = nn.ModuleList(EncoderLayer(*width) for _ in range(encoder_depth))
        self.decoder = nn.ModuleList(DecoderLayer(*width) for _ in range(decoder_depth))
        self.norm = nn.LayerNorm(embed_dim)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)

    def forward(
        self,
        tokens: Tensor,
        positions: Tensor,
        queries: Tensor,
        mask: Tensor | None = None,
    ) -> Tensor:
        """Return what the slots hold after each layer of the decoder."""
        memory = tokens
        for layer in self.encoder:
            memory = layer(memory, positions, mask)
        slots = memory.new_zeros(len(memory), *queries.shape)  # (B, N, D)
        found = []
        for layer in self.decoder:
            slots = layer(slots, queries, memory, positions, mask)
            found.append(self.norm(slots))
        return torch.stack(found)
