"""Do wide residual networks die? Dead channels, by width, scale and learning rate.

``python -m edulib.chapters.inceptionv4.dying`` trains what is missing, and saves each.
"""

from itertools import product
from pathlib import Path

import torch
from torch import Tensor, nn

from edulib.chapters.inceptionv4.networks import WideInception
from edulib.data.splits import scenes
from edulib.experiments.experiment import use_one_thread
from edulib.experiments.rows import load_rows, save_rows
from edulib.training import Recipe, fit

PATH = Path(__file__).parent / "results" / "inceptionv4-dying.json"
WIDE, NARROW = 1200, 120
RATE = 0.1
SEEDS = (0, 1, 2)
EPOCHS = 3
TEST_IMAGES = 1000

# Width, scale, learning rate, whether the last sum is normalised
SETTINGS = (
    (WIDE, 1, RATE, False),
    (WIDE, 0.3, RATE, False),
    (WIDE, 0.1, RATE, False),
    (NARROW, 1, RATE, False),
    (WIDE, 1, 0.03, False),
    (WIDE, 1, RATE, True),
    (WIDE, 1, 0.3, False),
    (WIDE, 0.1, 0.3, False),
)


def dead_channels(maps: Tensor) -> float:
    """Return the share of channels that are zero everywhere in all images.

    Args:
        maps: what a ReLU gave, (B, C, H, W).
    """
    return (maps.amax(dim=(0, 2, 3)) == 0).float().mean().item()


@torch.no_grad()
def last_maps(network: nn.Module, images: Tensor) -> Tensor:
    """Return what the average pooling of a ``WideInception`` reads."""
    return network.eval().blocks(network.stem(images))


def measure(
    width: int, scale: float, rate: float, norm_on_sum: bool, seed: int
) -> dict:
    """Train one network at a constant rate, and count its dead channels."""
    train, test = scenes(1000, TEST_IMAGES, 32, cached=True)
    torch.manual_seed(seed)
    network = WideInception(width, scale, norm_on_sum)
    start = dead_channels(last_maps(network, test[0]))
    recipe = Recipe(
        epochs=EPOCHS,
        batch_size=32,
        lr=rate,
        schedule="constant",
        weight_decay=0,
        seed=seed,
    )
    history = fit(network, train, test, recipe, progress=False)
    maps = last_maps(network, test[0])
    return {
        "width": width,
        "scale": scale,
        "rate": rate,
        "norm_on_sum": norm_on_sum,
        "seed": seed,
        "dead_at_start": round(start, 4),
        "dead": round(dead_channels(maps), 4),
        "zeros": round((maps == 0).float().mean().item(), 4),
        "val_error": [round(1 - a, 4) for a in history.val_accuracy],
    }


def find(
    width: int, scale: float, rate: float = RATE, norm_on_sum: bool = False
) -> list[dict]:
    """Return the stored rows of one setting, one for each seed."""
    wanted = (width, scale, rate, norm_on_sum)
    return [row for row in load_rows(PATH) if _setting(row)[:-1] == wanted]


def _setting(row: dict) -> tuple:
    keys = ("width", "scale", "rate", "norm_on_sum", "seed")
    return tuple(row[key] for key in keys)


def main() -> None:
    """Measure what is missing."""
    use_one_thread()
    rows = load_rows(PATH) if PATH.exists() else []
    for setting, seed in product(SETTINGS, SEEDS):
        if (*setting, seed) not in [_setting(row) for row in rows]:
            rows.append(measure(*setting, seed))
            save_rows(PATH, "edulib.chapters.inceptionv4.dying", rows)
            print(rows[-1], flush=True)


if __name__ == "__main__":
    main()
