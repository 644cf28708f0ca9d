"""The vision transformer and its sizes.

Shapes in ViT-B/16 for a 224 x 224 image (figure 1 and table 1 of the paper):

    patches      (B, 196, 768)
    positions    (B, 197, 768)    with the class token in front
    layers       (B, 197, 768)
    norm         (B, 197, 768)
    head         (B, num_classes)    of the class token alone
"""

import math

import torch
from torch import Tensor, nn

from edulib.models.blocks.attention import MultiHeadAttention
from edulib.models.blocks.checks import check_images, check_num_classes
from edulib.models.blocks.mlp import MLP
from edulib.models.blocks.positions import LearnedPositions

EPS = 1e-6
MLP_RATIO = 4
"""Width inside an MLP over that of the tokens, in every size of table 1."""


class PatchEmbedding(nn.Module):
    """Cut an image into patches, and multiply each by one matrix.

    A convolution whose stride is its window does both.

    Args:
        image_size: H and W in pixels, a multiple of the patch's.
        patch_size: side P of a patch in pixels.
        embed_dim: width D of a token.
        in_channels: channels C of the images.

    Attributes:
        grid: rows and columns of patches.
        embed_dim: D.

    Shape:
        - Input: (B, C, H, W)
        - Output: (B, N, D), row after row of patches, N = H W / P²

    Raises:
        ValueError: if the image does not divide into patches, or images have another
            shape.
        TypeError: if images are not floating point.

    Source: Dosovitskiy et al., 2020, section 3.1, the x E of equation 1.

    Differs from the paper: the projection has a bias, as in the authors' code.
    """

    def __init__(
        self,
        image_size: int = 224,
        patch_size: int = 16,
        embed_dim: int = 768,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        if image_size % patch_size:
            raise ValueError(
                "expected an image_size that divides by patch_size, got "
                f"{image_size} and {patch_size}"
            )
        self.image_size = image_size
        self.grid = (image_size // patch_size, image_size // patch_size)
        self.embed_dim = embed_dim
        self.project = nn.Conv2d(in_channels, embed_dim, patch_size, patch_size)
        init_projection(self.project)

    def forward(self, image: Tensor) -> Tensor:
        """Return a token for each patch."""
        check_images(
            image, self.project.in_channels, self.image_size, max_size=self.image_size
        )
        return self.project(image).flatten(2).transpose(1, 2)  # (B, N, D)


class EncoderLayer(nn.Module):
    """Attention over all tokens, then an MLP on each; both learn a correction.

    Args:
        embed_dim: width D of the tokens.
        num_heads: heads of the attention.
        dropout: probability, after attention and after both layers of the MLP.

    Shape:
        - Input, output: (B, N, D)

    Source: Dosovitskiy et al., 2020, equations 2 and 3 and figure 1 (right): the
    normalisation stands *before* each part, unlike in "Attention Is All You Need". As
    in the paper.
    """

    def __init__(self, embed_dim: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(embed_dim, eps=EPS)
        self.attention = MultiHeadAttention(embed_dim, num_heads)
        self.dropout = nn.Dropout(dropout)
        self.norm2 = nn.LayerNorm(embed_dim, eps=EPS)
        self.mlp = MLP(embed_dim, MLP_RATIO * embed_dim, dropout=dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected tokens."""
        x = x + self.dropout(self.attention(self.norm1(x)))  # equation 2
        return x + self.mlp(self.norm2(x))  # equation 3


class VisionTransformer(nn.Module):
    """Patches, a class token, positions, the encoder, one linear layer.

    Args:
        patches: makes tokens (B, N, D) of images, and has ``grid`` and ``embed_dim``: a
            :class:`PatchEmbedding` or a ``HybridEmbedding``.
        depth: layers of the encoder.
        num_heads: heads of each.
        num_classes: number of classes.
        dropout: probability, after positions, attention and MLPs. The paper trains
            with 0.1 on ImageNet and ImageNet-21k, with 0 on JFT (table 3).

    Shape:
        - Input: (B, C, H, W), H and W those of ``patches``; the published weights
          expect ImageNet's mean and deviation removed (torchvision's, and timm's of
          DeiT) or values in [-1, 1] (timm's others)
        - Output: (B, num_classes), logits

    Raises:
        ValueError: if ``num_classes`` is below 1, D does not divide by the heads, or
            images have another shape.
        TypeError: if images are not floating point.

    Source: Dosovitskiy et al., 2020, figure 1 and equations 1 to 4.

    Differs from the paper: see the package.
    """

    def __init__(
        self,
        patches: nn.Module,
        *,
        depth: int = 12,
        num_heads: int = 12,
        num_classes: int = 1000,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_num_classes(num_classes)
        embed_dim = patches.embed_dim
        self.class_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.patches = patches
        self.positions = LearnedPositions(1 + math.prod(patches.grid), embed_dim)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential(
            *(EncoderLayer(embed_dim, num_heads, dropout) for _ in range(depth))
        )
        self.norm = nn.LayerNorm(embed_dim, eps=EPS)
        self.head = nn.Linear(embed_dim, num_classes)
        init_weights(self)

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits of a batch of images."""
        x = self.patches(image)  # (B, N, D)
        first = self.class_token.expand(x.shape[0], -1, -1)
        x = self.positions(torch.cat([first, x], 1))  # equation 1: (B, 1 + N, D)
        x = self.layers(self.dropout(x))
        x = self.norm(x)
        return self.head(x[:, 0])  # equation 4: (B, num_classes)


def init_projection(layer: nn.Conv2d) -> None:
    """Draw the projection of patches from N(0, 1 / fan_in), its bias zero."""
    nn.init.normal_(layer.weight, std=1 / math.sqrt(layer.weight[0].numel()))
    nn.init.zeros_(layer.bias)


def init_weights(model: VisionTransformer) -> None:
    """Draw the MLPs from Xavier's uniform, and let the head begin at zero.

    As in the authors' code: attention is drawn like the MLPs, positions from
    N(0, 0.02²), the class token is zero, biases in MLPs have a deviation of 0.000001.
    """
    for layer in model.layers:
        for module in layer.mlp:
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.normal_(module.bias, std=1e-6)
    nn.init.zeros_(model.head.weight)
    nn.init.zeros_(model.head.bias)


def vit_b_16(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Build ViT-Base with patches of 16 x 16 pixels: 86,567,656 parameters."""
    patches = PatchEmbedding(224, 16, 768, in_channels)
    return VisionTransformer(patches, num_classes=num_classes)


def vit_b_32(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Build ViT-Base with patches of 32 x 32 pixels: 88,224,232 parameters."""
    patches = PatchEmbedding(224, 32, 768, in_channels)
    return VisionTransformer(patches, num_classes=num_classes)


def vit_l_16(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Build ViT-Large with patches of 16 x 16 pixels: 304,326,632 parameters."""
    patches = PatchEmbedding(224, 16, 1024, in_channels)
    return VisionTransformer(patches, depth=24, num_heads=16, num_classes=num_classes)


def vit_l_32(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Build ViT-Large with patches of 32 x 32 pixels: 306,535,400 parameters."""
    patches = PatchEmbedding(224, 32, 1024, in_channels)
    return VisionTransformer(patches, depth=24, num_heads=16, num_classes=num_classes)


def vit_ti_16(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Build DeiT's size Tiny: 5,717,416 parameters."""
    patches = PatchEmbedding(224, 16, 192, in_channels)
    return VisionTransformer(patches, num_heads=3, num_classes=num_classes)


def vit_s_16(num_classes: int = 1000, in_channels: int = 3) -> VisionTransformer:
    """Build DeiT's size Small: 22,050,664 parameters."""
    patches = PatchEmbedding(224, 16, 384, in_channels)
    return VisionTransformer(patches, num_heads=6, num_classes=num_classes)
