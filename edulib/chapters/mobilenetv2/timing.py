"""What MobileNets and their activations cost in time.

``python -m edulib.chapters.mobilenetv2.timing`` measures for about a minute and stores
``results/times.json``, with machine and date. One image, one thread, float32,
evaluation mode, normalisations folded into the convolutions.
"""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from edulib.benchmarks.turns import (
    circumstances,
    folded,
    in_turns,
    keep_memory,
    spread,
    store_times,
)
from edulib.experiments.experiment import use_one_thread
from edulib.models.blocks.mobile import SqueezeExcitation
from edulib.models.classification.mobilenet_v3 import mobilenet_v3_large
from edulib.registry import get_builder

FILE = Path(__file__).parent / "results" / "times.json"
NETWORKS = (
    *("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"),
    *("resnet18", "efficientnet_lite0"),
)
MAP = 240, 28, 28  # channels, height and width


def load_times(path: Path = FILE) -> dict:
    """Return what was measured; see `measure` for its parts."""
    return json.loads(path.read_text(encoding="utf-8"))


def exchange(
    network: nn.Module, kind: type[nn.Module], make: Callable[[], nn.Module]
) -> nn.Module:
    """Put another layer in place of all layers of a kind; the network is changed."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, kind):
                setattr(parent, name, make())
    return network


def large(change: str) -> nn.Module:
    """Build MobileNet v3 large with one thing changed.

    Args:
        change: "as it is", "without squeezing", or what stands in place of hard swish:
            "ReLU", "swish".
    """
    network = mobilenet_v3_large()
    if change == "without squeezing":
        exchange(network, SqueezeExcitation, nn.Identity)
    elif change != "as it is":
        kind = {"ReLU": nn.ReLU, "swish": nn.SiLU}[change]
        exchange(network, nn.Hardswish, lambda: kind(inplace=True))
    return network


def hard_swish_in_steps(x: Tensor) -> Tensor:
    """The formula, one operation after the other."""
    return x * F.relu6(x + 3) / 6


ACTIVATIONS = {
    "ReLU": F.relu,
    "ReLU6": F.relu6,
    "hard swish": F.hardswish,
    "hard swish, in steps": hard_swish_in_steps,
    "swish": F.silu,
}
CHANGES = "as it is", "without squeezing", "ReLU", "swish"


def measure_networks(networks: dict[str, nn.Module], rounds: int = 30) -> dict:
    """Time networks in turns, on one image of 224 x 224 pixels."""
    image = torch.rand(1, 3, 224, 224)
    fast = {name: folded(network) for name, network in networks.items()}
    return in_turns({n: lambda f=f: f(image) for n, f in fast.items()}, rounds)


@torch.no_grad()
def measure(rounds: int = 30) -> dict:
    """Measure everything.

    Returns:
        When and where; "networks": seconds by name; "changes": of MobileNet v3 large
        seconds, and of the rounds the share of the time that it takes as it is;
        "activations": seconds for a map of ``MAP``, by name.
    """
    about = circumstances("edulib.chapters.mobilenetv2.timing")
    torch.manual_seed(0)
    networks = measure_networks({n: get_builder(n)() for n in NETWORKS}, rounds)
    changes = measure_networks({change: large(change) for change in CHANGES}, rounds)
    x = 3 * torch.randn(1, *MAP)
    calls = {name: lambda f=f: f(x) for name, f in ACTIVATIONS.items()}
    usual = changes["as it is"]
    return {
        **about,
        "networks": {name: spread(times) for name, times in networks.items()},
        "changes": {
            name: {
                "seconds": median(times),
                "share": spread([a / b for a, b in zip(times, usual, strict=True)]),
            }
            for name, times in changes.items()
        },
        "activations": {n: spread(t) for n, t in in_turns(calls, 2 * rounds).items()},
    }


def main() -> None:
    """Measure and store."""
    use_one_thread()
    keep_memory()
    store_times(FILE, measure())


if __name__ == "__main__":
    main()
