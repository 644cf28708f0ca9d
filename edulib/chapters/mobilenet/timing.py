"""What layers and networks cost in time.

``python -m edulib.chapters.mobilenet.timing`` measures for about a minute and stores
``results/times.json``, with machine and date. One image, one thread, float32,
evaluation mode. Times are processor time of the thread, so that what other programs
take does not count, although they still share caches and memory. Whatever is compared
is measured in turns, round by round; medians of rounds are stored.
"""

import json
import time
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.utils import mkldnn

from edulib.benchmarks.turns import (
    circumstances,
    folded,
    in_turns,
    keep_memory,
    spread,
    store_times,
)
from edulib.chapters.mobilenet.networks import full_mobilenet
from edulib.experiments.experiment import use_one_thread
from edulib.models.classification.mobilenet_v1 import MobileNetV1
from edulib.registry import get_builder

FILE = Path(__file__).parent / "results" / "times.json"
STAGES = ((64, 112), (128, 56), (256, 28), (512, 14), (1024, 7))  # channels, side
WIDTHS, SIZES = (1.0, 0.75, 0.5, 0.25), (224, 192, 160, 128)
NETWORKS = ("alexnet_one_tower", "squeezenet1_0", "squeezenet1_1")
FORMATS = {"default": torch.contiguous_format, "channels last": torch.channels_last}
BLOCKED = "blocked"  # the order in which PyTorch's library of kernels computes
FOUR = 4  # bytes of a float32


def load_times(path: Path = FILE) -> dict:
    """Return what was measured; see the functions of this module for its parts."""
    return json.loads(path.read_text(encoding="utf-8"))


def traffic(layer: nn.Module, inputs: Tensor, outputs: Tensor) -> dict[str, int]:
    """Count a layer's multiply-adds, and the bytes it has to read and write once."""
    weights = layer.weight.numel()
    places = outputs[0, 0].numel() if outputs.ndim == 4 else 1
    numbers = inputs.numel() + sum(p.numel() for p in layer.parameters())
    return {"macs": weights * places, "bytes": FOUR * (numbers + outputs.numel())}


def convolution(kind: str, channels: int) -> nn.Conv2d:
    """Return a layer that keeps shape: "full", "depthwise" or "pointwise"."""
    side = 1 if kind == "pointwise" else 3
    groups = channels if kind == "depthwise" else 1
    return nn.Conv2d(
        channels, channels, side, padding=side // 2, groups=groups, bias=False
    )


def prepare(layer: nn.Module, image: Tensor, order: str) -> Callable[[], Tensor]:
    """Return the call of a layer whose weights and maps lie in the given order."""
    if order != BLOCKED:
        layout = FORMATS[order]
        layer, image = layer.to(memory_format=layout), image.to(memory_format=layout)
        return lambda: layer(image)
    channels = image.shape[1]
    before = mkldnn.to_mkldnn(convolution("pointwise", channels).eval())
    maps, inner = before(image.to_mkldnn()), mkldnn.to_mkldnn(layer.eval())
    return lambda: inner(maps)


def measure_kernels(rounds: int = 60) -> list[dict]:
    """Time a full, a depthwise and a pointwise layer at the sizes of five stages.

    Returns:
        For each size and order of numbers in memory: of each kind multiply-adds, bytes
        and seconds; "ratio", of the rounds: (depthwise + pointwise) / full.
    """
    orders = [*FORMATS, *([BLOCKED] if torch.backends.mkldnn.is_available() else [])]
    rows = []
    for channels, side in STAGES:
        image = torch.rand(1, channels, side, side)
        kinds = {
            k: convolution(k, channels) for k in ("full", "depthwise", "pointwise")
        }
        found = in_turns(
            {
                (kind, order): prepare(deepcopy(layer), image, order)
                for kind, layer in kinds.items()
                for order in orders
            },
            rounds,
        )
        for order in orders:
            row = {"order": order, "channels": channels, "side": side}
            for kind, layer in kinds.items():
                counts = traffic(layer, image, layer(image))
                row[kind] = {**counts, "seconds": median(found[kind, order])}
            times = [found[kind, order] for kind in kinds]
            triples = zip(*times, strict=True)
            row["ratio"] = spread([(d + p) / f for f, d, p in triples])
            rows.append(row)
    return rows


def measure_roofs(rounds: int = 60) -> dict[str, dict]:
    """Measure what the processor can do at best.

    Returns:
        "macs": multiply-adds a second, of a product of two 256 x 256 matrices;
        "memory": bytes a second, of a sum of two arrays of 64 MiB; "cache": the same
        of arrays of 512 kiB; "call": calls a second of a layer with almost no work.
    """
    a, b = torch.rand(2, 256, 256)
    large, small = torch.rand(2, 2**24), torch.rand(2, 2**17)
    least, pixel = convolution("depthwise", 16), torch.rand(1, 16, 1, 1)
    outputs = [torch.empty_like(one) for one in (a, large[0], small[0])]
    found = in_turns(
        {
            "macs": lambda: torch.mm(a, b, out=outputs[0]),
            "memory": lambda: torch.add(*large, out=outputs[1]),
            "cache": lambda: torch.add(*small, out=outputs[2]),
            "call": lambda: least(pixel),
        },
        rounds,
    )
    work = {"macs": 256**3, "memory": 3 * FOUR * 2**24, "cache": 3 * FOUR * 2**17}
    work["call"] = 1
    return {name: spread([work[name] / s for s in found[name]]) for name in found}


def kind_of(layer: nn.Module) -> str:
    """Return the kind under which a layer of MobileNet is counted in table 2."""
    if isinstance(layer, nn.Linear):
        return "dense"
    if isinstance(layer, nn.BatchNorm2d):
        return "normalisation"
    if not isinstance(layer, nn.Conv2d):
        return "other"
    if layer.groups > 1:
        return "depthwise"
    return "1x1" if layer.kernel_size == (1, 1) else "first"


class LayerClock:
    """Time each layer of a network whenever an input goes through.

    Args:
        network: gets hooks.

    Attributes:
        layers: the innermost modules, by name.
        seconds: of each layer, one number a pass.
        about: of each layer with weights that multiply, what table 2 counts.
    """

    def __init__(self, network: nn.Module) -> None:
        self.layers = {
            name: module
            for name, module in network.named_modules()
            if not list(module.children()) and not isinstance(module, nn.Identity)
        }
        self.seconds = {name: [] for name in self.layers}
        self.about: dict[str, dict] = {}
        for name, module in self.layers.items():
            module.register_forward_pre_hook(self._begin)
            module.register_forward_hook(partial(self._end, name))

    def _begin(self, *_: object) -> None:
        self._start = time.thread_time()

    def _end(self, name: str, layer: nn.Module, inputs: tuple, output: Tensor) -> None:
        self.seconds[name].append(time.thread_time() - self._start)
        if isinstance(layer, nn.Conv2d | nn.Linear):
            self.about[name] = {
                "kind": kind_of(layer),
                "input": list(inputs[0].shape[1:]),
                "output": list(output.shape[1:]),
                **traffic(layer, inputs[0], output),
            }

    def shares(self, skip: int = 0) -> dict[str, list[float]]:
        """Return the share of each kind of layer in every pass but the first few."""
        passes = list(zip(*self.seconds.values(), strict=True))[skip:]
        kinds = [kind_of(layer) for layer in self.layers.values()]
        found: dict[str, list[float]] = {kind: [] for kind in kinds}
        for times in passes:
            sums = dict.fromkeys(found, 0.0)
            for kind, one in zip(kinds, times, strict=True):
                sums[kind] += one
            for kind, one in sums.items():
                found[kind].append(one / sum(times))
        return found


def measure_layers(fold: bool, order: str, rounds: int = 60) -> dict:
    """Time each layer of MobileNet while an image goes through the network.

    Args:
        fold: whether normalisations are folded into convolutions first.
        order: "default" or "channels last".
        rounds: passes through the network, after three to warm up.

    Returns:
        "shares": for each kind its share of a pass, over the rounds; "layers": for each
        convolution and the dense layer its kind, shape, counts and median seconds.
    """
    torch.manual_seed(0)
    layout = FORMATS[order]
    network = MobileNetV1().eval().to(memory_format=layout)
    clock = LayerClock(network := folded(network) if fold else network)
    image = torch.rand(1, 3, 224, 224).to(memory_format=layout)
    for _ in range(rounds + 3):
        network(image)
    rows = [
        {"name": name, **about, "seconds": median(clock.seconds[name][3:])}
        for name, about in clock.about.items()
    ]
    shares = {kind: spread(values) for kind, values in clock.shares(skip=3).items()}
    return {"shares": shares, "layers": rows}


def measure_networks(rounds: int = 30) -> dict:
    """Time whole networks, normalisations folded, in turns.

    Returns:
        "seconds", by name, of MobileNet with each setting of its dials ("1 at 224"),
        its full twin and three networks of the book; and "full", of the rounds: full /
        separable.
    """
    torch.manual_seed(0)
    runs: dict[str, Callable] = {}
    networks = {"full": (full_mobilenet(), 224)}
    networks |= {name: (get_builder(name)(), 224) for name in NETWORKS}
    networks |= {
        f"{alpha:g} at {size}": (MobileNetV1(alpha), size)
        for alpha in WIDTHS
        for size in SIZES
    }
    for name, (network, size) in networks.items():
        image, network = torch.rand(1, 3, size, size), folded(network)
        runs[name] = lambda network=network, image=image: network(image)
    found = in_turns(runs, rounds)
    pairs = zip(found["full"], found["1 at 224"], strict=True)
    return {
        "seconds": {name: median(values) for name, values in found.items()},
        "full": spread([full / separable for full, separable in pairs]),
    }


@torch.no_grad()
def measure() -> dict:
    """Measure everything; the load is that of before."""
    about = circumstances("edulib.chapters.mobilenet.timing")
    layers = {}
    for label in FORMATS:
        for fold in (True, False):
            name = f"{label}{', folded' if fold else ''}"
            layers[name] = measure_layers(fold, label)
            if not fold:
                del layers[name]["layers"]
    return {
        **about,
        "roofs": measure_roofs(),
        "kernels": measure_kernels(),
        "mobilenet": layers,
        "networks": measure_networks(),
    }


def main() -> None:
    """Measure and store."""
    use_one_thread()
    keep_memory()
    store_times(FILE, measure())


if __name__ == "__main__":
    main()
