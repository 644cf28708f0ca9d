"""The checkpoint's masks: with and without two objects of a kind, and in each way.

``python -m edulib.chapters.solov2.apart`` writes ``apart.json``, which the page reads.
"""

import json
from pathlib import Path

import torch

from edulib.chapters.solov2.experiments import DATA
from edulib.chapters.solov2.measures import compare_ways
from edulib.files import atomic_write
from edulib.training.measures import Comparison, coco_summary, compare
from edulib.training.objectives.detection import plain
from edulib.weights import load_checkpoint

FILE = Path(__file__).with_name("apart.json")
AREAS = {"small": (0, 18**2), "medium": (18**2, 31**2), "large": (31**2, 128**2)}
"""By area of the mask; each holds about a third of the objects."""


def has_twins(one: Comparison) -> bool:
    """Say whether two objects of an image are of one kind.

    Args:
        one: the image's.
    """
    labels = one.object_labels.tolist()
    return len(set(labels)) < len(labels)


@torch.no_grad()
def measure_apart(count: int = 500) -> dict[str, float]:
    """Measure masks of validation scenes, split in two, and in each way.

    Args:
        count: how many scenes, the first ones.

    Returns:
        ``alone`` and ``twins``, AP50 of the scenes without and with two objects of a
        kind; ``alone_scenes`` and ``twins_scenes``, how many; AP by size of all; and
        ``hard`` and so on, AP of all with each way to remove duplicates, of all cells.
    """
    scenes = DATA(train=1, val=count)[1]
    network = load_checkpoint("solov2-small-scenes").eval()
    compared: list[Comparison] = []
    by_way: dict[str, list[Comparison]] = {}
    for image, target in scenes:
        found = network.detect(image[None])[0]
        compared.append(compare(found, plain(target), masks=True))
        said = network(image[None])
        for way, one in compare_ways(network, said, 0, plain(target)).items():
            by_way.setdefault(way, []).append(one)
    summary = coco_summary(compared, areas=AREAS)
    found = {f"AP_{name}": summary[f"AP_{name}"] for name in AREAS}
    for name, twins in (("alone", False), ("twins", True)):
        some = [one for one in compared if has_twins(one) is twins]
        found[name] = coco_summary(some)["AP50"]
        found[f"{name}_scenes"] = len(some)
    return found | {way: coco_summary(some)["AP"] for way, some in by_way.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    text = json.dumps(measure_apart(), indent=1)
    atomic_write(FILE, (text + "\n").encode())
