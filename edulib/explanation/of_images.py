"""A model that takes images alone, made of one that takes more."""

from torch import Tensor, nn


class OfImages(nn.Module):
    """Hands images to a model, with the rest of what it takes behind them.

    The layers of the model are then found below ``model``.

    Args:
        model: any model whose first argument are images.
        rest: its other arguments; a tensor for one image serves a whole batch.

    Shape:
        - images: (B, C, H, W)
        - rest: (B, ...) or (1, ...), where tensors
        - Output: what the model gives

    Example:
        >>> import torch
        >>> net = OfImages(nn.Bilinear(3, 4, 2), torch.ones(1, 4))
        >>> net(torch.rand(5, 3)).shape
        torch.Size([5, 2])
    """

    def __init__(self, model: nn.Module, *rest: object) -> None:
        super().__init__()
        self.model, self.rest = model, rest

    def forward(self, images: Tensor) -> object:
        """Run the model."""
        rest = (_repeated(value, len(images)) for value in self.rest)
        return self.model(images, *rest)


def _repeated(value: object, batch: int) -> object:
    is_single = isinstance(value, Tensor) and value.ndim > 0 and len(value) == 1
    return value.expand(batch, *value.shape[1:]) if is_single else value
