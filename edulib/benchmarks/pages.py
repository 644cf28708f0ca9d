"""The stored results as the page on speed shows them: tables and sentences."""

import json
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from edulib.benchmarks import FILE
from edulib.notebook.html_output import HtmlOutput
from edulib.notebook.tables import show_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNTIMED = ("foreign",)  # sections whose results hold on a busy machine as well
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
            f"nothing was measured on a {where}: run python -m edulib.benchmarks there"
        )
    return stored[where]


def machine_line(found: dict) -> str:
    """On what the numbers were measured, in a sentence."""
    machine = found["machine"]
    gpu = f", {machine['gpu']}" if machine["gpu"] else ""
    load = max(load for name, load in found["load"].items() if name not in UNTIMED)
    warning = (
        f" **Something else was running** (a load of {load} before the start): only "
        "the ratios can be read, and they are wide."
    )
    return (
        f"Measured on {machine['cores']} cores of one {machine['processor']}{gpu}, "
        f"with Python {machine['python']}, torch {machine['torch']} and torchvision "
        f"{machine['torchvision']}.{warning if load > BUSY else ''}"
    )


def ratio_table(rows: list[dict], label: str, what: str = "model") -> HtmlOutput:
    """Our seconds over the other library's, model by model.

    Args:
        rows: results of one kind.
        label: what was measured, for those who do not see the table.
        what: the key of each row's name, "model" or "operation".
    """
    formats = [row.get("numbers", "float32") for row in rows]
    lines = [
        (
            row[what] + ("" if numbers == "float32" else f", {numbers}"),
            f"{1000 * row['ours']:.1f} ms",
            f"{1000 * row['theirs']:.1f} ms",
            f"{row['ratio']:.2f}",
            f"{row['low']:.2f} to {row['high']:.2f}",
        )
        for row, numbers in zip(rows, formats, strict=True)
    ]
    heading = (what, "ours", "theirs", "ratio", "half of the rounds")
    return show_table(label, heading, lines)


def ratio_summary(rows: list[dict]) -> str:
    """The middle and the worst ratio, and how many hold to the aim."""
    worst = max(rows, key=lambda row: row["ratio"])
    slower = [f"`{row['model']}`" for row in rows if row["low"] > 1.0]
    return (
        f"The middle ratio is **{median(row['ratio'] for row in rows):.2f}**, the "
        f"highest {worst['ratio']:.2f} (`{worst['model']}`). Slower in three quarters "
        f"of the rounds or more: {', '.join(slower) or 'none'}."
    )


def operations_summary(rows: list[dict]) -> str:
    """How far the answers are apart, and which operations pay for being readable."""
    slower = [f"`{row['operation']}`" for row in rows if row["low"] > 1.0]
    apart = max(row["difference"] for row in rows)
    return (
        f"The two answers differ by at most {apart:.1g} of the largest number in one. "
        "Ours takes longer in three quarters of the rounds or more: "
        f"{', '.join(slower) or 'never'}."
    )


def training_table(found: dict) -> HtmlOutput:
    """What each loop reached, and when."""
    curves = {f"fit, up to {found['lr']} and down to 0": found["ours"]}
    for rate, curve in found["textbook"].items():
        curves[f"textbook, constant {rate}"] = curve
    lines = [
        (name, str(len(curve)), f"{curve[-1][0]:.0f} s", f"{curve[-1][1]:.1%}")
        for name, curve in curves.items()
    ]
    heading = ("loop and learning rate", "epochs", "training", "accuracy")
    return show_table("Time to an accuracy", heading, lines)


def training_verdict(found: dict) -> str:
    """Which loop was faster, in a sentence."""
    target, ratio = f"{found['target']:.0%}", f"{found['ratio']:.2f}"
    if found["ours"][-1][1] < found["target"]:
        return f"`fit` did not reach {target}."
    if found["textbook_reached"]:
        return (
            f"To {target}, `fit` takes **{ratio}** of the time of the textbook loop at "
            "its better rate."
        )
    return (
        f"`fit` reached {target} in **{ratio}** of the time after which the textbook "
        "loop, at either rate, had not."
    )


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


def foreign_summary(found: dict) -> str:
    """How many networks of other libraries were traced, how many rows are right.

    A list of what failed follows, if anything did.

    Args:
        found: all results of a place.
    """
    mine = found["foreign"]
    libraries = " and ".join(" ".join(pair) for pair in mine["libraries"].items())
    beside = found["load"]["foreign"] > BUSY
    (shapes, slow), (values, slower) = mine["on_shapes"], mine["on_values"]
    failed = [
        f"- `{name}`: {one['error'] or one['wrong'][0]}"
        for name, one in mine["wrong"].items()
    ]
    said = (
        f"Of {mine['tried']:,} networks of {libraries}, {mine['traced']:,} were "
        f"traced; of their {mine['rows']:,} layers, {mine['wrong_rows']:,} have other "
        f"parameters or another kernel in the table than in the module. A trace took "
        f"{mine['ms_per_op']:.1f} ms of processor time an operation"
        f"{', beside other work on the same cores' * beside}. We allow a trace 0.1 s "
        f"and 1 ms for each operation: {slow:,} of the {shapes:,} that are traced on "
        f"shapes alone took longer, and {slower:,} of the {values:,} that ask for "
        f"values (the run itself not counted)."
    )
    return "\n".join([said, "", *failed]).strip()


def project_table(found: dict) -> HtmlOutput:
    """Scenes, imports, a measure and the build, each beside what was aimed at."""
    imports, scenes, ap = (found[k] for k in ("imports", "scenes", "average_precision"))
    measured = f"AP of {ap['images']:,} images and {ap['boxes']:,} boxes"
    before = f"importing all of edulib, after torch's {imports['torch']:.1f} s"
    speed = f"{scenes['per_second']:.0f} a second"
    lines = [
        ("Scenes of 64 x 64, on one core", speed, "at least 500"),
        (before, f"{imports['package']:.2f} s", "at most 0.3 s"),
        (measured, f"{ap['ratio']:.2f} of pycocotools' time", "at most 2"),
        ("building the site", f"{found['build']['seconds']:.0f} s", "at most 90 s"),
    ]
    return show_table("The package and the book", ("what", "measured", "aim"), lines)
