"""The blocks of ResNet: what a shortcut can lead around, and the shortcuts.

He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2015,
sections 3 and 4. https://arxiv.org/abs/1512.03385
"""

from torch import Tensor, nn
from torch.nn import functional as F


def conv3x3(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """Return a 3x3 convolution that keeps the image size (divided by the stride)."""
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)


def conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    """Return a 1x1 convolution: one linear map of the channels at every pixel."""
    return nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)


def two_layers(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Return the two 3x3 layers of a block (figure 5 of the paper, left)."""
    return nn.Sequential(
        conv3x3(in_channels, out_channels, stride),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
        conv3x3(out_channels, out_channels),
        nn.BatchNorm2d(out_channels),
    )


def three_layers(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """Return 1x1, 3x3 and 1x1 layers, a quarter as wide inside (figure 5, right)."""
    width = out_channels // 4
    return nn.Sequential(
        conv1x1(in_channels, width),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        conv3x3(width, width, stride),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        conv1x1(width, out_channels),
        nn.BatchNorm2d(out_channels),
    )


def projection(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Return the shortcut of type B: identity where shapes agree, else a 1x1 layer."""
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return nn.Sequential(
        conv1x1(in_channels, out_channels, stride), nn.BatchNorm2d(out_channels)
    )


class ZeroPadding(nn.Module):
    """The shortcut of type A: every second pixel, new channels filled with zeros.

    It has no parameters, so that a residual network and its plain twin have equally
    many.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output, at least as many.
        stride: step between the pixels that are kept.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: He et al., 2015, section 4.1, option A. As in the paper.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int) -> None:
        super().__init__()
        self.new_channels = out_channels - in_channels
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` in the shape of the residual branch."""
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.new_channels))


class BasicBlock(nn.Module):
    """Two 3x3 layers that learn a correction of their input.

    y = relu(shortcut(x) + residual(x)), equation 2 of the paper.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: of the first convolution; 2 halves the image.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: He et al., 2015, figures 2 and 5 (left), shortcuts of type B. As in the
    paper.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = two_layers(in_channels, out_channels, stride)
        self.shortcut = projection(in_channels, out_channels, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        return self.relu(self.shortcut(x) + self.residual(x))


class Bottleneck(nn.Module):
    """A narrow 3x3 layer between two 1x1 layers, for networks of 50 layers and more.

    y = relu(shortcut(x) + residual(x)), equation 2 of the paper.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output, a multiple of 4.
        stride: of the 3x3 convolution; 2 halves the image.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: He et al., 2015, figure 5 (right), shortcuts of type B.

    Differs from the paper: the stride is in the 3x3 convolution, not in the first 1x1,
    which would throw away three pixels of four unread.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = three_layers(in_channels, out_channels, stride)
        self.shortcut = projection(in_channels, out_channels, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        return self.relu(self.shortcut(x) + self.residual(x))


class BasicBlockA(nn.Module):
    """A basic block whose shortcut has no parameters, for small images.

    Args, shapes and equation are those of :class:`BasicBlock`.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: He et al., 2015, section 4.2, shortcuts of type A. As in the paper.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = two_layers(in_channels, out_channels, stride)
        self.shortcut = ZeroPadding(in_channels, out_channels, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrected features."""
        return self.relu(self.shortcut(x) + self.residual(x))


class PlainBlock(nn.Module):
    """The same two layers without a shortcut: what ResNet is compared with.

    Args are those of :class:`BasicBlock`.

    Shape:
        - Input: (B, in_channels, H, W)
        - Output: (B, out_channels, H / stride, W / stride), rounded up

    Source: He et al., 2015, section 4.2, plain networks. As in the paper.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.layers = two_layers(in_channels, out_channels, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """Return new features, computed from nothing but the last ones."""
        return self.relu(self.layers(x))


Block = BasicBlock | Bottleneck | BasicBlockA | PlainBlock


def make_stage(
    block: type[Block], in_channels: int, out_channels: int, depth: int, stride: int
) -> nn.Sequential:
    """Return ``depth`` blocks in a row, of which the first may halve the image."""
    first = block(in_channels, out_channels, stride)
    return nn.Sequential(
        first, *(block(out_channels, out_channels) for _ in range(depth - 1))
    )


def init_weights(model: nn.Module) -> None:
    """Draw the convolutions from N(0, 2 / (k * k * out_channels)), k their side.

    He et al., "Delving Deep into Rectifiers", 2015, equation 14 (backward case):
    the size of gradients then survives a stack of ReLU layers.
    https://arxiv.org/abs/1502.01852

    The paper on ResNet names this source, not which of its two cases; torchvision's
    networks start from this one.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def zero_init_residual(model: nn.Module) -> None:
    """Zero the last normalisation of every residual branch: y = relu(shortcut(x)).

    Not in the paper; Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 5.1.
    https://arxiv.org/abs/1706.02677
    """
    for module in model.modules():
        if isinstance(module, BasicBlock | Bottleneck | BasicBlockA):
            nn.init.zeros_(module.residual[-1].weight)
