"""The set-up call of every chapter."""

import os
import random
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from edulib.authoring.timings import read_timings
from edulib.notebook.environment import is_colab, is_live

Value = TypeVar("Value")

_COLAB_HAS_GPUS = (
    " For full scale choose Runtime > Change runtime type > GPU, then Run all."
)


@dataclass(frozen=True)
class Runtime:
    """What a chapter runs on.

    Attributes:
        device: where models and images go.
        seed: what the random generators started from.
    """

    device: torch.device
    seed: int

    @property
    def on_gpu(self) -> bool:
        """Whether there is a GPU, so that experiments run at full scale."""
        return self.device.type == "cuda"

    def scale(self, cpu: Value, gpu: Value) -> Value:
        """Return the first value on a CPU, the second on a GPU."""
        return gpu if self.on_gpu else cpu


def setup(seed: int = 0) -> Runtime:
    """Make the notebook repeatable, choose the device and the style of figures.

    On a CPU the results are the same to the last bit in each run: fixed seeds, one
    thread (EOV_THREADS takes another number), deterministic algorithms, denormals
    flushed to zero. On a GPU results differ: the fastest algorithms are taken.

    Args:
        seed: of all random generators.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    lab = Runtime(torch.device("cuda" if torch.cuda.is_available() else "cpu"), seed)
    torch.use_deterministic_algorithms(not lab.on_gpu)
    torch.backends.cudnn.benchmark = lab.on_gpu
    if not lab.on_gpu:
        torch.set_num_threads(int(os.environ.get("EOV_THREADS", "1")))
        _flush_denormals()
    _style_figures()
    _announce(lab)
    return lab


def _flush_denormals() -> None:
    for kind in (np.float32, np.float64):
        np.finfo(kind)  # NumPy up to 2.0 warns if it looks at them later
    torch.set_flush_denormal(True)


def _style_figures() -> None:
    from IPython import get_ipython

    from edulib.drawing import use_style

    shell = get_ipython()
    if shell is not None and getattr(shell, "kernel", None) is not None:
        from edulib.notebook.figures import show_figures

        show_figures(shell)
    use_style()


def _announce(lab: Runtime) -> None:
    if lab.on_gpu:
        name = torch.cuda.get_device_name(lab.device)
        print(f"Running on {_article(name)} {name}: full scale.")
    elif is_live():
        offer = _COLAB_HAS_GPUS if is_colab() else ""
        print(f"Running on a CPU: small scale, {_longest()}.{offer}")


def _longest() -> str:
    """How long a chapter takes at most; its card says it of the chapter itself."""
    seconds = [timing.cpu_seconds for timing in read_timings().values()]
    time = f"about {max(seconds)} s" if seconds else "about a minute"
    return f"{time} for the longest chapter"


def _article(name: str) -> str:
    """Choose the article for the name of a GPU: "an A100", "an H200", "a Tesla T4"."""
    word = name.removeprefix("NVIDIA ")
    letters = "AEFHILMNORSX" if word[1:2].isdigit() else "AEIOU"
    return "an" if word.startswith(tuple(letters)) else "a"
