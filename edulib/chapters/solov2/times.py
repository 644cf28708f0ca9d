"""Matrix NMS against its rivals in time, on one thread, in turns.

``python -m edulib.chapters.solov2.times`` writes ``times.json``, which the page reads.
"""

import json
from datetime import date
from functools import partial
from pathlib import Path

import torch

from edulib.benchmarks.clock import in_turns
from edulib.benchmarks.operations import random_boxes
from edulib.benchmarks.project import machine
from edulib.chapters.solov2.suppression import WAYS
from edulib.files import atomic_write
from edulib.models.ops.iou import pairwise_iou

FILE = Path(__file__).with_name("times.json")
MASKS = 500  # as in the paper's text


def time_ways(masks: int = MASKS, budget: float = 3.0) -> dict:
    """Measure Matrix NMS against each other way, the overlaps given.

    Args:
        masks: how many there are.
        budget: seconds to spend on each.

    Returns:
        Name of the other -> what ``in_turns`` gives, Matrix NMS as ours.
    """
    torch.manual_seed(0)
    boxes = random_boxes(masks)
    ious = pairwise_iou(boxes, boxes).triu(diagonal=1)
    scores = torch.rand(masks).sort(descending=True).values
    given = {name: partial(way, ious, scores) for name, way in WAYS.items()}
    matrix = given.pop("matrix")
    return {
        name: in_turns(matrix, way, budget)
        for name, way in given.items()
        if name != "none"
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    found = {
        "machine": machine(),
        "date": date.today().isoformat(),
        "masks": MASKS,
        **time_ways(),
    }
    atomic_write(FILE, (json.dumps(found, indent=1) + "\n").encode())
