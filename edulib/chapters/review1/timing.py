"""Time the networks of an era: ``python -m edulib.chapters.review1.timing 1``.

It takes half a minute; run it when nothing else runs. Results go to
``results/eraN.json``, with machine and date, from where the review reads them.
"""

import argparse
import json
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import torch
from torch import nn

from edulib.benchmarks.clock import seconds
from edulib.benchmarks.project import machine
from edulib.experiments.experiment import use_one_thread
from edulib.files import atomic_write
from edulib.registry import get_builder, get_model_info, list_models

FOLDER = Path(__file__).parent / "results"
ERAS = (1,)


def load_era(era: int, folder: str | Path = FOLDER) -> dict:
    """Return how long the models of an era take.

    Returns:
        "date", "machine" and its "load" (of what else ran); "milliseconds", by model,
        for one image of the registry's size.

    Raises:
        ValueError: if the era has not been measured.
    """
    path = Path(folder) / f"era{era}.json"
    if not path.exists():
        raise ValueError(
            f"era {era} has not been measured: python -m "
            f"edulib.chapters.review1.timing {era}"
        )
    return json.loads(path.read_text(encoding="utf-8"))


@torch.inference_mode()
def milliseconds(
    model: nn.Module, image_shape: tuple[int, ...], runs: int = 5
) -> float:
    """Median time of one image, in evaluation mode, after one run to warm up."""
    model.eval()
    image = torch.rand(1, *image_shape)
    model(image)
    found = [seconds(partial(model, image)) for _ in range(runs)]
    return round(1000 * median(found), 1)


def measure(era: int) -> dict:
    """Time all models of an era; the load is that of before."""
    load, times = os.getloadavg()[0], {}
    for name in list_models(era=era):
        times[name] = milliseconds(
            get_builder(name)(), get_model_info(name).image_shape
        )
        print(f"{name}: {times[name]} ms", flush=True)
    return {
        "remake": f"python -m edulib.chapters.review1.timing {era}",
        "date": datetime.now(UTC).date().isoformat(),
        "machine": {**machine(), "threads": torch.get_num_threads()},
        "load": round(load, 1),
        "milliseconds": times,
    }


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m edulib.chapters.review1.timing",
        description="Time an era's networks.",
    )
    parser.add_argument("era", type=int, choices=ERAS, help="its number")
    parser.add_argument("--folder", default=str(FOLDER), help="where to save")
    options = parser.parse_args(arguments)
    use_one_thread()
    text = json.dumps(measure(options.era), indent=1) + "\n"
    atomic_write(Path(options.folder) / f"era{options.era}.json", text.encode())


if __name__ == "__main__":
    main()
