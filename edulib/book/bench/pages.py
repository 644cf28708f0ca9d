"""The stored results as the page on benchmarks shows them: Markdown and one figure."""

import json
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from edulib.book.bench import FILE
from edulib.book.timings import Timing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BUSY = 0.5  # processes that were running before the benchmark began


def results(where: str = "cpu", file: Path = FILE) -> dict:
    """Stored results.

    Args:
        where: "cpu" or "gpu".
        file: the JSON file that the benchmark writes.

    Raises:
        ValueError: if nothing was measured there.
    """
    stored = json.loads(file.read_text(encoding="utf-8"))
    if where not in stored:
        raise ValueError(
            f"nothing was measured on a {where}: run python -m edulib.book.bench there"
        )
    return stored[where]


def machine_line(found: dict) -> str:
    """On what the numbers were measured, in a sentence."""
    machine = found["machine"]
    gpu = f", {machine['gpu']}" if machine["gpu"] else ""
    load = max(found["load"].values())
    warning = (
        f" **Something else was running** (a load of {load}): these "
        "numbers are a first sketch."
    )
    return (
        f"Measured on {machine['cores']} cores of one {machine['processor']}{gpu}, "
        f"with Python {machine['python']}, torch {machine['torch']} and torchvision "
        f"{machine['torchvision']}.{warning if load > BUSY else ''}"
    )


def ratio_table(rows: list[dict]) -> str:
    """Our seconds over torchvision's, model by model."""
    lines = [
        "| model | numbers | ours | torchvision's | ratio | half of the rounds |",
        "|---|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| `{row['model']}` | {row['numbers']} | {1000 * row['ours']:.1f} ms | "
        f"{1000 * row['theirs']:.1f} ms | **{row['ratio']:.2f}** | "
        f"{row['low']:.2f} to {row['high']:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def ratio_summary(rows: list[dict]) -> str:
    """The middle and the worst ratio, and how many hold to the aim."""
    worst = max(rows, key=lambda row: row["ratio"])
    held = sum(row["low"] <= 1.0 for row in rows)
    return (
        f"The middle ratio is **{median(row['ratio'] for row in rows):.2f}**, the "
        f"highest {worst['ratio']:.2f} (`{worst['model']}`); {held} of {len(rows)} are "
        "at most 1.00 within the noise: a quarter of their rounds or more were."
    )


def training_summary(found: dict) -> str:
    """Who reached the accuracy, and when."""
    seconds, accuracy = found["ours"][-1]
    lines = [
        "| loop | learning rate | epochs | training | accuracy |",
        "|---|---|--:|--:|--:|",
        f"| `fit`, default recipe | up to {found['lr']} and down to 0 | "
        f"{len(found['ours'])} | {seconds:.1f} s | {accuracy:.1%} |",
    ]
    for rate, curve in found["textbook"].items():
        lines.append(
            f"| textbook | constant {rate} | {len(curve)} | {curve[-1][0]:.1f} s | "
            f"{curve[-1][1]:.1%} |"
        )
    target, ratio = f"{found['target']:.0%}", f"{found['ratio']:.2f}"
    if found["ours"][-1][1] < found["target"]:
        verdict = f"`fit` did not reach {target}."
    elif found["textbook_reached"]:
        verdict = (
            f"To {target}, `fit` takes **{ratio}** of the time of the textbook loop at "
            "its best rate."
        )
    else:
        verdict = (
            f"`fit` reached {target} in **{ratio}** of the time after which the "
            "textbook loop, at either rate, had not."
        )
    return "\n".join([*lines, "", verdict])


def training_figure(found: dict) -> "Figure":
    """Validation accuracy of each loop over the seconds of training."""
    from edulib.drawing import plot_curves

    names = {f"textbook, {rate}": curve for rate, curve in found["textbook"].items()}
    curves = {"fit": found["ours"], **names}
    figure = plot_curves(
        {name: tuple(zip(*curve, strict=True)) for name, curve in curves.items()},
        "seconds of training",
        "validation accuracy",
    )
    figure.axes[0].axhline(found["target"], color="0.6", linewidth=1, linestyle=":")
    return figure


def project_table(found: dict, timings: dict[str, Timing]) -> str:
    """Scenes, imports, the build and the chapters, each beside what was aimed at.

    Args:
        found: results of the benchmark.
        timings: of the chapters, which ``python -m edulib.book time`` measures.
    """
    imports, scenes = found["imports"], found["scenes"]
    before = f"import of all of `edulib`, after torch's {imports['torch']:.1f} s"
    speed = f"{scenes['per_second']:.0f} a second"
    rows = [
        ("Scenes of 64 x 64, on one core", speed, "at least 500"),
        (before, f"{imports['package']:.2f} s", "at most 0.3 s"),
        ("building the site", f"{found['build']['seconds']:.0f} s", "at most 90 s"),
    ]
    rows += [
        (f"executing `{name}`", f"at most {timing.cpu_seconds} s", "at most 60 s")
        for name, timing in timings.items()
    ]
    lines = ["| what | measured | aim |", "|---|--:|--:|"]
    return "\n".join(lines + [f"| {a} | {b} | {c} |" for a, b, c in rows])
