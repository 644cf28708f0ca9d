"""Count and time the models of an era: ``python -m edulib.reviews.measure 1``.

It takes about a minute; run it when nothing else runs. Results go to the era's review,
``edulib/chapters/reviewN/results/eraN.json``, with machine and date.
"""

import argparse
import json
import math
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import nn

from edulib.anatomy import Graph, OpType, stage_table, trace_graph
from edulib.benchmarks.clock import seconds
from edulib.benchmarks.project import machine
from edulib.experiments.experiment import use_one_thread
from edulib.files import atomic_write
from edulib.registry import get_builder, get_model_info, list_models

CHAPTERS = Path(__file__).parents[1] / "chapters"
ERAS = (1, 2)


def load_era(era: int, folder: str | Path | None = None) -> dict:
    """Return what the models of an era cost.

    Args:
        era: its number.
        folder: where the results lie; None for the era's review.

    Returns:
        "date", "machine" and its "load" (of what else ran); "models", for each what
        `count` and `milliseconds` return for one image of the registry's size.

    Raises:
        ValueError: if the era has not been measured.
    """
    path = Path(folder or _results(era)) / f"era{era}.json"
    if not path.exists():
        raise ValueError(
            f"era {era} has not been measured: python -m edulib.reviews.measure {era}"
        )
    return json.loads(path.read_text(encoding="utf-8"))


def count(model: nn.Module, image_shape: tuple[int, ...]) -> dict[str, float]:
    """Count what one image costs.

    Args:
        model: in evaluation mode.
        image_shape: (C, H, W).

    Returns:
        "depth", layers with weights on the longest path; "macs", multiply-adds;
        "memory", bytes of all activations; "field", side in pixels of the widest
        receptive field before the image is averaged or flattened.
    """
    graph = trace_graph(model, image_shape)
    rows = stage_table(model, image_shape, depth=2).rows
    sizes = [row.field.size[0] for row in rows if row.field and row.field.size]
    return {
        "depth": longest_path(graph),
        "macs": graph.macs,
        "memory": graph.bytes,
        "field": max(size for size in sizes if size < math.inf),
    }


def longest_path(graph: Graph) -> int:
    """How many layers with weights the longest way through a network passes."""
    depths: list[int] = []
    for op in graph.ops:
        before = max((depths[index] for index in op.inputs), default=0)
        depths.append(
            before
            + (op.op_type in (OpType.CONVOLUTION, OpType.DENSE) and op.params > 0)
        )
    return max(depths)


@torch.inference_mode()
def milliseconds(
    model: nn.Module, image_shape: tuple[int, ...], runs: int = 5
) -> float:
    """Median time of one image, in evaluation mode, after one run to warm up."""
    image = torch.rand(1, *image_shape)
    model(image)
    found = [seconds(partial(model, image)) for _ in range(runs)]
    return round(1000 * median(found), 1)


def measure(era: int) -> dict:
    """Count and time all models of an era; the load is that of before."""
    load, models = os.getloadavg()[0], {}
    for name in list_models(era=era):
        model, shape = get_builder(name)().eval(), get_model_info(name).image_shape
        time = milliseconds(model, shape)
        models[name] = {**count(model, shape), "milliseconds": time}
        print(f"{name}: {time} ms", flush=True)
    return {
        "remake": f"python -m edulib.reviews.measure {era}",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine(), "threads": torch.get_num_threads()},
        "load": round(load, 1),
        "models": models,
    }


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m edulib.reviews.measure",
        description="Count and time an era's models.",
    )
    parser.add_argument("era", type=int, choices=ERAS, help="its number")
    parser.add_argument("--folder", help="where to save; the era's review by default")
    options = parser.parse_args(arguments)
    use_one_thread()
    folder = Path(options.folder or _results(options.era))
    text = json.dumps(measure(options.era), indent=1) + "\n"
    atomic_write(folder / f"era{options.era}.json", text.encode())


def _results(era: int) -> Path:
    return CHAPTERS / f"review{era}" / "results"


if __name__ == "__main__":
    main()
