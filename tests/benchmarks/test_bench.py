"""The benchmark compares like with like, keeps what it measured, and shows it."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from edulib.benchmarks import __main__ as command
from edulib.benchmarks import (
    average_precision,
    clock,
    detectors,
    models,
    operations,
    pages,
    project,
    training,
)
from edulib.registry import get_tiny_builder, list_models

CPU = torch.device("cpu")
FAMILIES = (
    "alexnet_one_tower",
    "vgg16",
    "googlenet_bn",
    "resnet50",
    "efficientnet_b0",
    "efficientnet_lite0",
    "resnext50_32x4d",
    "resnext101_32x4d",
    "densenet121",
    "squeezenet1_0",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "deeplabv3_resnet50",
    "lraspp_mobilenet_v3_large",
    "xception",
    "fasterrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
    "inception_v3",
    "inception_v4",
    "inception_resnet_v2",
    "ssd300_vgg16",
    "detr_resnet50",
)


def test_the_ratio_is_that_of_the_middle_round(monkeypatch):
    times = {"ours": iter([9.0, 1, 2, 3, 4, 9]), "theirs": iter([9.0, 2, 2, 2, 2, 2])}
    order = []

    def fake(name: str) -> float:
        order.append(name)
        return next(times[name])

    monkeypatch.setattr(clock, "seconds", fake)
    result = clock.in_turns("ours", "theirs", budget=0)
    assert result["rounds"] == 5
    assert (result["ours"], result["theirs"], result["ratio"]) == (3, 2, 1.5)
    assert result["low"] <= 1.5 <= result["high"]
    assert order[2:6] == ["theirs", "ours", "ours", "theirs"]


@pytest.mark.parametrize("name", FAMILIES)
def test_both_sides_are_one_network(name):
    with torch.device("meta"):
        ours, theirs = models.pair(name)
    shapes = [sorted(p.shape for p in side.parameters()) for side in (ours, theirs)]
    assert shapes[0] == shapes[1]


def test_without_a_twin_a_model_is_not_measured(monkeypatch):
    assert models.pair("resnet20_cifar") is None
    monkeypatch.setattr(models, "find_spec", lambda _: None)  # as on a bare machine
    assert models.pair("xception") is None


def test_both_sides_do_the_same_work(monkeypatch):
    monkeypatch.setattr(models, "CPU_SIZE", 32)
    torch.manual_seed(0)
    ours, theirs = models.pair("resnet18")
    images = torch.rand(2, 3, 32, 32)
    for side in (ours, theirs):
        torch.manual_seed(1)
        models.runner(side, "step", "float32", CPU)()
    with torch.no_grad():
        torch.testing.assert_close(ours.eval()(images), theirs.eval()(images))
    before = [p.clone() for p in ours.parameters()]
    models.runner(ours, "forward", "float32", CPU)()
    assert not ours.training
    assert all(map(torch.equal, before, ours.parameters()))


class Torchvisions(nn.Module):
    """A detector behind torchvision's interface, of labels from 1."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.transform = SimpleNamespace()

    def forward(self, images: list[Tensor], targets: list[dict] | None = None):
        images = torch.stack(images)
        if targets is None:
            return self.network.detect(images)
        ours = [target | {"labels": target["labels"] - 1} for target in targets]
        return self.network.losses(images, ours)


@pytest.mark.parametrize("name", ["ssd300_vgg16", "maskrcnn_resnet50_fpn"])
def test_both_detectors_do_the_same_work(name):
    networks = []
    for _ in range(2):
        torch.manual_seed(0)
        networks.append(get_tiny_builder(name)())
    sides = networks[0], Torchvisions(networks[1])
    before = [p.clone() for p in networks[0].parameters()]
    for side in sides:
        torch.manual_seed(1)
        detectors.detection_runner(side, "step", "float32", CPU)()
    pairs = zip(*(network.parameters() for network in networks), strict=True)
    assert all(torch.equal(*pair) for pair in pairs)
    assert not all(map(torch.equal, before, networks[0].parameters()))
    after = [p.clone() for p in networks[1].parameters()]
    detectors.detection_runner(sides[1], "forward", "float32", CPU)()
    assert not networks[1].training
    assert all(map(torch.equal, after, networks[1].parameters()))


@torch.no_grad()
def test_the_detr_of_transformers_is_asked_as_ours_is():
    pytest.importorskip("transformers")
    torch.manual_seed(0)
    ours, theirs = (side.eval() for side in models.pair("detr_resnet50"))
    images = torch.rand(1, 3, 64, 96)
    found, expected = ours.detect(images)[0], theirs.detect(images)[0]
    for name in ("boxes", "scores"):  # in other orders
        means = found[name].mean(0), expected[name].mean(0)
        torch.testing.assert_close(*means, rtol=1e-4, atol=1e-4)
    targets = detectors.make_targets(1, CPU)
    assert theirs.train().losses(images, targets)["loss"].isfinite()


def test_both_loops_are_trained_and_compared(monkeypatch):
    small = {"LENGTH": 40, "SIZE": 32, "EPOCHS": 1, "PATIENCE": 2, "RATES": (0.1, 0.01)}
    for name, value in small.items():
        monkeypatch.setattr(training, name, value)
    monkeypatch.setattr(training, "TARGET", 0.0)
    found = training.bench_training(CPU)
    assert list(found["textbook"]) == ["0.1", "0.01"]
    ends = [curve[-1][0] for curve in found["textbook"].values()]
    assert found["ratio"] == found["ours"][-1][0] / min(ends)
    assert all(len(curve) == 1 for curve in found["textbook"].values())
    assert "of the textbook loop at its better rate" in pages.training_verdict(found)

    monkeypatch.setattr(training, "TARGET", 1.1)
    found = training.bench_training(CPU)
    ends = [curve[-1][0] for curve in found["textbook"].values()]
    assert found["ratio"] == found["ours"][-1][0] / max(ends)
    assert all(len(curve) == 2 for curve in found["textbook"].values())
    assert "`fit` did not reach 110%" in pages.training_verdict(found)
    found["target"] = 0.0
    assert "at either rate, had not" in pages.training_verdict(found)


def test_the_operations_on_boxes_are_equal_and_timed(monkeypatch):
    monkeypatch.setattr(operations, "REGIONS", 5)
    monkeypatch.setattr(operations, "CHANNELS", 3)
    monkeypatch.setattr(operations, "BOXES", 200)
    times = {"ours": 2.0, "theirs": 1.0, "ratio": 2.0, "low": 1.5, "high": 3.0}
    monkeypatch.setattr(operations, "in_turns", lambda *_: times)
    rows = operations.bench_operations(CPU)
    assert max(row["difference"] for row in rows) < 1e-5
    rows[0] |= {"low": 0.9, "difference": 0.5}
    summary = pages.operations_summary(rows)
    assert "at most 0.5 of the largest" in summary
    assert [f"`{row['operation']}`" in summary for row in rows] == [False] + [True] * 5
    shown = repr(pages.ratio_table(rows, "operations", "operation"))
    assert all(row["operation"] in shown for row in rows)


class Today:
    """A date that does not change in the middle of a test."""

    text = "2026-02-28"

    @classmethod
    def today(cls) -> "Today":
        return cls()

    def isoformat(self) -> str:
        return self.text


def test_what_was_measured_today_is_dated_and_can_be_left(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    monkeypatch.setattr(command, "date", Today)
    rates = iter([1, 2, 3])
    monkeypatch.setattr(project, "bench_scenes", lambda: {"per_second": next(rates)})
    arguments = ["--only", "scenes", "--output", str(tmp_path / "results.json")]

    def measured(*more: str) -> tuple[int, str]:
        assert command.main([*arguments, *more]) == 0
        (found,) = json.loads((tmp_path / "results.json").read_text()).values()
        return found["scenes"]["per_second"], found["dates"]["scenes"]

    assert measured("--skip-today") == (1, "2026-02-28")
    assert measured("--skip-today") == (1, "2026-02-28")
    assert measured() == (2, "2026-02-28")
    monkeypatch.setattr(Today, "text", "2026-03-01")
    assert measured("--skip-today") == (3, "2026-03-01")


def test_models_by_name_leave_the_rows_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    monkeypatch.setattr(models, "in_turns", lambda *_: {"ratio": 0.5})
    monkeypatch.setattr(models, "CPU_SIZE", 32)
    file = tmp_path / "results.json"
    old = [
        {"model": name, "numbers": "float32", "ratio": 2}
        for name in ("resnet18", "squeezenet1_1")
    ]
    file.write_text(json.dumps({"cpu": {"forward": old}}))
    names = ["squeezenet1_1", "squeezenet1_0", "lraspp_mobilenet_v3_large"]
    arguments = ["--only", "forward", "--output", str(file), "--models", *names]
    assert command.main(arguments) == 0
    rows = json.loads(file.read_text())["cpu"]["forward"]
    assert {row["model"]: row["ratio"] for row in rows} == {
        "resnet18": 2,
        "squeezenet1_0": 0.5,
        "squeezenet1_1": 0.5,
        "lraspp_mobilenet_v3_large": 0.5,
    }
    order = [row["model"] for row in rows]
    assert order == sorted(order, key=list_models().index)


def test_other_sections_have_no_models(tmp_path, capsys):
    file = tmp_path / "results.json"
    arguments = ["--output", str(file), "--models", "resnet18", "--only", "scenes"]
    with pytest.raises(SystemExit):
        command.main(arguments)
    error = capsys.readouterr().err
    assert "--models is for forward and step, got ['scenes']" in error
    assert not file.exists()


def test_both_segmenters_do_the_same_work(monkeypatch):
    monkeypatch.setattr(models, "CPU_SIZE", 32)
    torch.manual_seed(0)
    ours, theirs = models.pair("lraspp_mobilenet_v3_large")
    before = [p.clone() for p in ours.parameters()]
    for side in (ours, theirs):
        torch.manual_seed(1)
        models.runner(side, "step", "float32", CPU)()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)
    assert not all(map(torch.equal, before, ours.parameters()))


def test_only_what_is_asked_for_is_measured_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    monkeypatch.setattr(project, "SCENES", 5)
    file = tmp_path / "results.json"
    file.write_text('{"cpu": {"build": {"seconds": 12.5}, "scenes": {}}}')
    assert command.main(["--only", "scenes", "--output", str(file)]) == 0
    found = json.loads(file.read_text())["cpu"]
    assert found["build"] == {"seconds": 12.5}
    assert found["scenes"]["per_second"] > 0
    assert found["machine"]["torch"] == torch.__version__
    assert list(found["load"]) == ["scenes"]
    with pytest.raises(SystemExit):
        command.main(["--only", "nothing"])


def test_imports_are_timed_in_new_processes(monkeypatch):
    monkeypatch.setattr(project, "PUBLIC_MODULES", ("edulib", "edulib.registry"))
    found = project.bench_imports(runs=1)
    assert list(found["doors"]) == ["edulib", "edulib.registry"]
    assert found["package"] == sum(found["doors"].values()) < found["torch"]


def test_average_precision_is_timed_beside_an_equal_result(monkeypatch):
    results = []

    def both(ours, theirs):
        results.extend([ours()["AP"], np.nanmean(theirs()[..., 0])])
        return {"ratio": 0.5}

    monkeypatch.setattr(average_precision, "IMAGES", 20)
    monkeypatch.setattr(average_precision, "BOXES", 400)
    monkeypatch.setattr(average_precision, "in_turns", both)
    found = average_precision.bench_average_precision()
    assert found == {"images": 20, "boxes": 400, "ratio": 0.5}
    assert results[0] == pytest.approx(results[1], abs=1e-9)
    assert 0.1 < results[0] < 0.9
    monkeypatch.setattr(average_precision, "find_spec", lambda _: None)
    assert average_precision.bench_average_precision() is None


def test_numbers_are_stored_short():
    assert command.rounded({"a": [1.234567, 3], "b": None}) == {
        "a": [1.235, 3],
        "b": None,
    }


def test_the_page_can_show_what_is_stored():
    found = pages.results()
    for kind in ("forward", "step"):
        assert {"resnet18", "resnet152"} <= {row["model"] for row in found[kind]}
        shown = pages.ratio_table(found[kind], "one pass")
        assert repr(shown).count("\n") == len(found[kind])
        assert 'aria-label="one pass"' in shown.html
        slower = [row["model"] for row in found[kind] if row["low"] > 1]
        summary = pages.ratio_summary(found[kind])
        assert all(f"`{name}`" in summary for name in slower)
    assert f"fit, up to {found['training']['lr']}" in repr(
        pages.training_table(found["training"])
    )
    assert "`fit`" in pages.training_verdict(found["training"])
    figure = pages.training_figure(found["training"])
    assert len(figure.axes[0].lines) == 2 + len(found["training"]["textbook"])
    table = repr(pages.project_table(found))
    assert "building the site" in table
    assert f"{found['average_precision']['ratio']:.2f} of pycocotools' time" in table
    assert found["machine"]["torch"] in pages.machine_line(found)


def test_a_busy_machine_is_said():
    found = pages.results()
    loads = ({"step": 0.1, "build": 0.2}, {"step": 0.1, "build": 3.0})
    lines = [pages.machine_line({**found, "load": load}) for load in loads]
    assert "Something else was running" not in lines[0]
    assert "Something else was running** (a load of 3.0 before" in lines[1]


def test_what_was_not_measured_is_said(tmp_path):
    file = tmp_path / "results.json"
    file.write_text("{}")
    with pytest.raises(ValueError, match="nothing was measured on a gpu: run"):
        pages.results("gpu", file)
