"""Small networks of every form: what a chapter on another task will draw.

Each one is `(make, inputs, outputs, words)`: how it is made, what it takes, the names
of what it returns, and for some layers the kernel that they have.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import prune
from torchvision import models

IMAGE = (3, 32, 32)


def conv(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class Segmentation(nn.Module):
    """A main and an auxiliary head, as DeepLab has in torchvision."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.deep = conv(3, 16, 3, 2), conv(16, 32, 3, 2)
        self.classifier, self.aux = nn.Conv2d(32, 5, 1), nn.Conv2d(16, 5, 3, padding=1)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        early = self.stem(x)
        late = self.deep(early)
        maps = {"out": self.classifier(late), "aux": self.aux(early)}
        return {k: F.interpolate(v, x.shape[-2:]) for k, v in maps.items()}


class Pyramid(nn.Module):
    """A feature pyramid: lateral connections, a way down, maps by name."""

    def __init__(self) -> None:
        super().__init__()
        widths = (8, 16, 32)
        self.stages = nn.ModuleList(
            conv(a, b, 3, 2) for a, b in zip((3, 8, 16), widths, strict=True)
        )
        self.lateral = nn.ModuleList(nn.Conv2d(width, 8, 1) for width in widths)
        self.smooth = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in widths)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        tops = [self.lateral[2](levels[2])]
        for k in (1, 0):
            up = F.interpolate(tops[0], scale_factor=2.0)
            tops.insert(0, self.lateral[k](levels[k]) + up)
        return {f"p{k + 3}": self.smooth[k](tops[k]) for k in range(3)}


class Variational(nn.Module):
    """An autoencoder that returns its image, mu and the logarithm of the variance."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            conv(3, 8, 4, 2), conv(8, 16, 3, 2), nn.Flatten(), nn.Linear(1296, 32)
        )
        self.mu, self.log_variance = nn.Linear(32, 8), nn.Linear(32, 8)
        self.decoder = nn.Sequential(
            nn.Linear(8, 256),
            nn.Unflatten(1, (16, 4, 4)),
            nn.ConvTranspose2d(16, 8, 4, 2, 1),
            nn.ReLU(),
            nn.ConvTranspose2d(8, 3, 4, 2, 1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.encoder(x)
        mu, log_variance = self.mu(hidden), self.log_variance(hidden)
        z = mu + torch.randn_like(mu) * (0.5 * log_variance).exp()
        return self.decoder(z), mu, log_variance


class TimeBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = conv(inputs, outputs), conv(outputs, outputs)
        self.time = nn.Linear(32, outputs)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        return self.conv2(self.conv1(x) + self.time(time)[:, :, None, None])


class Denoiser(nn.Module):
    """A U-Net that is told the time step."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Embedding(100, 32), nn.Linear(32, 32), nn.SiLU())
        self.down1, self.down2 = TimeBlock(3, 16), TimeBlock(16, 32)
        self.middle = TimeBlock(32, 32)
        self.up2, self.up1 = TimeBlock(64, 16), TimeBlock(32, 16)
        self.out = nn.Conv2d(16, 3, 1)

    def forward(self, image: Tensor, t: Tensor) -> Tensor:
        time = self.embed(t)
        skip1 = self.down1(image, time)
        skip2 = self.down2(F.max_pool2d(skip1, 2), time)
        x = self.middle(F.max_pool2d(skip2, 2), time)
        x = self.up2(torch.cat([F.interpolate(x, scale_factor=2.0), skip2], 1), time)
        x = self.up1(torch.cat([F.interpolate(x, scale_factor=2.0), skip1], 1), time)
        return self.out(x)


def layer(width: int = 16) -> nn.Module:
    return nn.TransformerEncoderLayer(width, 4, 32, batch_first=True, norm_first=True)


class TextTower(nn.Module):
    """Token ids in, one vector out; the head is tied to the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Embedding(50, 16)
        self.position = nn.Parameter(torch.zeros(12, 16))
        self.blocks = nn.Sequential(layer(), layer())
        self.norm = nn.LayerNorm(16)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.blocks(self.token(tokens) + self.position)
        return self.norm(x) @ self.token.weight.T


class TwoTowers(nn.Module):
    """Image and text, given by name; similarities and both embeddings out."""

    def __init__(self) -> None:
        super().__init__()
        self.visual = nn.Sequential(
            conv(3, 8, 4, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 50)
        )
        self.textual = TextTower()
        self.scale = nn.Parameter(torch.tensor(2.6))

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        image = F.normalize(self.visual(batch["image"]), dim=-1)
        text = F.normalize(self.textual(batch["text"])[:, -1], dim=-1)
        logits = self.scale.exp() * image @ text.T
        return {"logits": logits, "image_embedding": image, "text_embedding": text}


class Queries(nn.Module):
    """A detector with learned queries that look at the image, as DETR."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Conv2d(3, 16, 8, 8)
        self.position = nn.Parameter(torch.zeros(1, 16, 16))
        self.encoder = layer()
        self.queries = nn.Parameter(torch.zeros(5, 16))
        self.decoder = nn.TransformerDecoderLayer(16, 4, 32, batch_first=True)
        self.classes, self.boxes = nn.Linear(16, 4), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        memory = self.backbone(x).flatten(2).mT + self.position
        memory = self.encoder(memory)
        queries = self.queries.expand(len(x), -1, -1)
        found = self.decoder(queries, memory)
        return {"logits": self.classes(found), "boxes": self.boxes(found).sigmoid()}


class Generator(nn.Module):
    """DCGAN: from a vector to an image."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Unflatten(1, (16, 1, 1))]
        sizes = ((16, 32, 4, 1, 0), (32, 16, 4, 2, 1), (16, 8, 4, 2, 1))
        for inputs, outputs, *numbers in sizes:
            layers.append(nn.ConvTranspose2d(inputs, outputs, *numbers, bias=False))
            layers += [nn.BatchNorm2d(outputs), nn.ReLU()]
        self.main = nn.Sequential(*layers, nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        return self.main(z)


class Unpooled(nn.Module):
    """SegNet: the places of the maxima are used again."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = conv(3, 8), nn.Conv2d(8, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x, places = F.max_pool2d(self.encoder(x), 2, return_indices=True)
        return self.decoder(F.max_unpool2d(x, places, 2))


@dataclass
class Boxes:
    boxes: Tensor
    scores: Tensor
    count: int


class Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = conv(3, 8, 3, 2)
        self.boxes, self.scores = nn.Conv2d(8, 4, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Boxes:
        x = self.body(x)
        return Boxes(self.boxes(x), self.scores(x).sigmoid(), 1)


class Pair(NamedTuple):
    left: Tensor
    right: list[Tensor]


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = (nn.Conv2d(3, 4, 1) for _ in range(3))

    def forward(self, x: Tensor, y: Tensor) -> Pair:
        return Pair(self.a(x), [self.b(y), self.c(x) - self.c(y)])


def weight_normed() -> nn.Module:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 1))
    nn.utils.weight_norm(net[0])
    return net


def pruned() -> nn.Module:
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 1))
    prune.l1_unstructured(net[0], "weight", 0.5)
    return net


def signal() -> nn.Module:
    layers = (
        nn.Conv1d(4, 8, 5, 2, 2),
        nn.ReLU(),
        nn.MaxPool1d(3, 2),
        nn.Conv1d(8, 8, 3),
    )
    return nn.Sequential(*layers)


def video() -> nn.Module:
    layers = (nn.Conv3d(3, 8, (3, 5, 5), (1, 2, 2), (1, 2, 2)), nn.ReLU())
    return nn.Sequential(*layers, nn.AvgPool3d(2), nn.Conv3d(8, 4, 1))


def deeplab() -> nn.Module:
    with torch.device("meta"):
        return models.segmentation.deeplabv3_mobilenet_v3_large(
            weights=None, weights_backbone=None, aux_loss=True
        )


def ssdlite() -> nn.Module:
    return models.detection.ssdlite320_mobilenet_v3_large(
        weights=None, weights_backbone=None, num_classes=5
    )


@dataclass(frozen=True)
class Animal:
    """A network of the zoo.

    Attributes:
        make: makes it.
        inputs: what it takes.
        outputs: names of what it returns, if that is more than one tensor.
        kernels: words of some rows, by path, at a depth where they are seen.
        shortcuts: whether blocks in it add their input at their end.
    """

    make: Callable[[], nn.Module]
    inputs: tuple
    outputs: tuple[str, ...] = ()
    kernels: tuple[tuple[str, str], ...] = ()
    shortcuts: bool = False


TOKENS = torch.zeros(1, 12, dtype=torch.long)
TIME = torch.zeros(1, dtype=torch.long)
UP4 = "4×4 transposed convolution, stride 2"

ZOO = {
    "segmentation": Animal(Segmentation, (IMAGE,), ("out", "aux")),
    "pyramid": Animal(Pyramid, (IMAGE,), ("p3", "p4", "p5")),
    "variational": Animal(
        Variational, (IMAGE,), ("0", "1", "2"), (("decoder.2", UP4), ("decoder.4", UP4))
    ),
    "denoiser": Animal(Denoiser, (IMAGE, TIME)),
    "text": Animal(TextTower, (TOKENS,), shortcuts=True),
    "towers": Animal(
        TwoTowers,
        ({"image": IMAGE, "text": TOKENS},),
        ("logits", "image_embedding", "text_embedding"),
        shortcuts=True,
    ),
    "queries": Animal(
        Queries,
        (IMAGE,),
        ("logits", "boxes"),
        (("backbone", "8×8 convolution, stride 8"),),
        shortcuts=True,
    ),
    "generator": Animal(
        Generator,
        ((16,),),
        (),
        (("main.1", "4×4 transposed convolution"), ("main.10", UP4)),
    ),
    "unpooled": Animal(
        Unpooled, (IMAGE,), (), (("max_unpool2d", "2×2 max unpooling, stride 2"),)
    ),
    "detector": Animal(Detector, (IMAGE,), ("boxes", "scores")),
    "nested": Animal(Nested, (IMAGE, IMAGE), ("left", "right.0", "right.1")),
    "weight_norm": Animal(weight_normed, (IMAGE,), (), (("0", "3×3 convolution"),)),
    "pruned": Animal(pruned, (IMAGE,), (), (("0", "3×3 convolution"),)),
    "signal": Animal(
        signal,
        ((4, 64),),
        (),
        (("0", "5-tap convolution, stride 2"), ("2", "3-tap max pooling, stride 2")),
    ),
    "video": Animal(
        video,
        ((3, 8, 16, 16),),
        (),
        (
            ("0", "3×5×5 convolution, stride 1×2×2"),
            ("2", "2×2×2 average pooling, stride 2"),
        ),
    ),
    "deeplab": Animal(deeplab, ((3, 64, 64),), ("out", "aux"), shortcuts=True),
}
