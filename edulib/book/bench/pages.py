"""The stored results as the page on benchmarks shows them: Markdown and one figure."""

import json
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from edulib.book.bench import FILE

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    return (
        f"Measured on {machine['cores']} cores of one {machine['processor']}{gpu}, "
        f"with Python {machine['python']}, torch {machine['torch']} and torchvision "
        f"{machine['torchvision']}."
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
    if found["ratio"] is None:
        verdict = "One of the two did not get there: there is no ratio."
    else:
        verdict = (
            f"Time to {found['target']:.0%}: ours takes **{found['ratio']:.2f}** of "
            "the time of the textbook loop at its best rate."
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


def project_table(found: dict) -> str:
    """Scenes, imports, the build and the chapters, each beside what was aimed at."""
    imports, scenes = found["imports"], found["scenes"]
    rows = [
        (
            "Scenes of 64 x 64, on one core",
            f"{scenes['per_second']:.0f} a second",
            "at least 500",
        ),
        (
            f"import of all of `edulib`, beyond torch's own {imports['torch']:.1f} s",
            f"{imports['package']:.2f} s",
            "at most 0.3 s",
        ),
        ("building the site", f"{found['build']['seconds']:.0f} s", "at most 90 s"),
    ]
    rows += [
        (f"executing `{name}`", f"{seconds:.0f} s", "at most 60 s")
        for name, seconds in found["chapters"].items()
    ]
    lines = ["| what | measured | aim |", "|---|--:|--:|"]
    return "\n".join(lines + [f"| {a} | {b} | {c} |" for a, b, c in rows])
