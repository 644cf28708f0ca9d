"""ZFNet: AlexNet with a finer first look, after its authors had looked inside.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014,
figure 3. https://arxiv.org/abs/1311.2901

Notation: B images; C channels (the paper's feature maps); H, W height and width, in
pixels. Layers are numbered as in figure 3.

Output of each layer for a 224 x 224 image:

    layer 1   convolution 7x7 / 2   (B, 96, 110, 110)
              max pooling 3x3 / 2   (B, 96, 55, 55)
    layer 2   convolution 5x5 / 2   (B, 256, 26, 26)
              max pooling 3x3 / 2   (B, 256, 13, 13)
    layer 3   convolution 3x3       (B, 384, 13, 13)
    layer 4   convolution 3x3       (B, 384, 13, 13)
    layer 5   convolution 3x3       (B, 256, 13, 13)
              max pooling 3x3 / 2   (B, 256, 6, 6)
    layer 6   full connection       (B, 4096)
    layer 7   full connection       (B, 4096)
    output    full connection       (B, 1000)

As in the paper: sizes, strides, the order convolution, ReLU, pooling, contrast
normalisation, dropout, start values.

Differs from the paper:

- Padding, which the paper does not state, is chosen to give its sizes: 1 pixel before
  layer 1, none before layer 2, and pooling windows that may reach over the edge.
- "Contrast normalized across feature maps" is read as AlexNet's local response
  normalisation with AlexNet's constants, since the paper refers to that for details.
  (torch divides alpha by the number of maps: 5e-4 is AlexNet's 1e-4.)
- "All weights are initialized to 10^-2" is read as a normal distribution of that
  standard deviation; equal weights would stay equal.
"""

from torch import Tensor, nn

from edulib.models.blocks.checks import check_images, check_num_classes


class ZFNet(nn.Module):
    """The network of figure 3, for images of 224 x 224 pixels.

    The paper's images have the training set's mean image taken off, and values of
    roughly -128 to 128.

    Args:
        num_classes: number of classes C; the paper has 1000.
        in_channels: channels of the image.

    Shape:
        - Input: (B, in_channels, 224, 224)
        - Output: (B, num_classes), logits

    Raises:
        TypeError: if the images do not hold floating-point numbers.
        ValueError: if they have another shape.

    Source: Zeiler and Fergus, 2014, figure 3. https://arxiv.org/abs/1311.2901

    As in the paper, with the three readings that head this file.
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3) -> None:
        super().__init__()
        check_num_classes(num_classes)
        self.conv1 = nn.Conv2d(in_channels, 96, 7, stride=2, padding=1)
        self.conv2 = nn.Conv2d(96, 256, 5, stride=2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1)
        self.pool1, self.pool2, self.pool5 = (overlapping_pool() for _ in range(3))
        self.norm1, self.norm2 = contrast_norm(), contrast_norm()
        self.fc6 = nn.Linear(256 * 6 * 6, 4096)
        self.fc7 = nn.Linear(4096, 4096)
        self.fc8 = nn.Linear(4096, num_classes)
        self.relu = nn.ReLU()
        self.dropout = nn.Dropout(0.5)
        self.apply(init_weights)

    def forward(self, image: Tensor) -> Tensor:
        """Classify images."""
        check_images(image, self.conv1.in_channels, 224)
        if image.shape[-2:] != (224, 224):
            raise ValueError(
                "expected images of 224 x 224 pixels, which layer 6 counts on, got "
                f"{image.shape[-2]} x {image.shape[-1]}: resize or crop them"
            )
        x = self.norm1(self.pool1(self.relu(self.conv1(image))))  # (B, 96, 55, 55)
        x = self.norm2(self.pool2(self.relu(self.conv2(x))))  # (B, 256, 13, 13)
        x = self.relu(self.conv3(x))  # (B, 384, 13, 13)
        x = self.relu(self.conv4(x))  # (B, 384, 13, 13)
        x = self.pool5(self.relu(self.conv5(x)))  # (B, 256, 6, 6)
        x = self.dropout(self.relu(self.fc6(x.flatten(1))))  # (B, 4096)
        x = self.dropout(self.relu(self.fc7(x)))  # (B, 4096)
        return self.fc8(x)  # (B, num_classes)


def overlapping_pool() -> nn.MaxPool2d:
    """Maximum of 3x3 places, every second place; windows may reach over the edge."""
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def contrast_norm() -> nn.LocalResponseNorm:
    """AlexNet's: divide by (2 + 1e-4 * sum of 5 neighbouring maps squared) ** 0.75."""
    return nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2.0)


def init_weights(module: nn.Module) -> None:
    """Draw weights with standard deviation 0.01, biases 0 (section 3 of the paper)."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)


def zfnet(num_classes: int = 1000, in_channels: int = 3) -> ZFNet:
    """ZFNet of figure 3: 62,357,608 parameters for 1000 classes."""
    return ZFNet(num_classes, in_channels)
