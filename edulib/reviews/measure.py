"""Count and time the models of an era: ``python -m edulib.reviews.measure 1``.

It takes a minute, or five where images are large; run it when little else runs. Results
go to the era's review, ``edulib/chapters/reviewN/results/eraN.json``, with machine and
date. ``--again`` times the same models once more and keeps the lower times: what other
programs do to memory and caches can only add. Times are those of the network alone, in
processor time of one thread: what turns its outputs into a list of detections is not
timed, unless it happens inside.
"""

import argparse
import json
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import nn

from edulib.anatomy import Graph, OpType, stage_table, trace_graph
from edulib.anatomy.table import Row
from edulib.benchmarks.turns import circumstances, keep_memory, seconds
from edulib.experiments.experiment import use_one_thread
from edulib.files import atomic_write
from edulib.registry import get_builder, get_model_info, list_models

CHAPTERS = Path(__file__).parents[1] / "chapters"
ERAS = (1, 2, 3)
YARDSTICKS = ("resnet50", "fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn")
"""Measured with every era, since times of different days cannot be compared."""


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


def count(model: nn.Module, image_shape: tuple[int, ...]) -> dict[str, float | None]:
    """Count what one image costs.

    Args:
        model: in evaluation mode.
        image_shape: (C, H, W).

    Returns:
        "depth", layers with weights on the longest path; "macs", multiply-adds;
        "memory", bytes of all activations; "field", as in `widest_field`.
    """
    graph = trace_graph(model, image_shape)
    return {
        "depth": longest_path(graph),
        "macs": graph.macs,
        "memory": graph.bytes,
        "field": widest_field(stage_table(model, image_shape, depth=2).rows),
    }


def widest_field(rows: Sequence[Row]) -> float | None:
    """Side in pixels of the widest receptive field before the image is averaged.

    Or before it is flattened. None where a place of a map, or a token, sees all of the
    image, by attention or by an average that is handed back to the places; then no
    number of pixels tells what it sees.

    Args:
        rows: stages of a network.
    """
    sizes = []
    for row in rows:
        if row.field is None or row.field.size is None:
            continue
        if math.inf not in row.field.size:
            sizes.append(row.field.size[0])
        elif math.prod(row.shape[1:]) > 1:
            return None
    return max(sizes, default=None)


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
    """Median processor time of one image, in evaluation mode, after a run before."""
    image = torch.rand(1, *image_shape)
    model(image)
    found = [seconds(partial(model, image)) for _ in range(runs)]
    return round(1000 * median(found), 1)


def measure(era: int) -> dict:
    """Count and time all models of an era; the load is that of before.

    Raises:
        Exception: what stopped a model, with its name.
    """
    told = circumstances(f"edulib.reviews.measure {era}")
    result = {**told, "rounds": 1, "models": {}}
    for name in dict.fromkeys((*YARDSTICKS, *list_models(era=era))):
        shape = get_model_info(name).image_shape
        try:
            model = get_builder(name)().eval()
            time = milliseconds(model, shape)
            counted = count(model, shape)
        except Exception as error:
            error.add_note(f"this stopped the measurement of {name}")
            raise
        result["models"][name] = {**counted, "milliseconds": time}
        print(f"{name}: {time} ms", flush=True)
    return result


def measure_again(before: dict) -> dict:
    """Time models once more; of two medians the lower is kept.

    Args:
        before: what `measure` returned.
    """
    for name, model in before["models"].items():
        time = milliseconds(
            get_builder(name)().eval(), get_model_info(name).image_shape
        )
        print(f"{name}: {model['milliseconds']} ms, now {time}", flush=True)
        model["milliseconds"] = min(time, model["milliseconds"])
    rounds = before.get("rounds", 1) + 1
    return {**before, "rounds": rounds}


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m edulib.reviews.measure",
        description="Count and time an era's models.",
    )
    parser.add_argument("era", type=int, choices=ERAS, help="its number")
    parser.add_argument("--folder", help="where to save; the era's review by default")
    parser.add_argument("--again", action="store_true", help="keep the lower times")
    options = parser.parse_args(arguments)
    use_one_thread()
    keep_memory()
    folder = Path(options.folder or _results(options.era))
    if options.again:
        result = measure_again(load_era(options.era, folder))
    else:
        result = measure(options.era)
    text = json.dumps(result, indent=1) + "\n"
    atomic_write(folder / f"era{options.era}.json", text.encode())


def _results(era: int) -> Path:
    return CHAPTERS / f"review{era}" / "results"


if __name__ == "__main__":
    main()
