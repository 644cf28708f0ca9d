"""Networks of torchvision and timm: the rows of each add up to its total."""

import re
import sys
from types import FrameType

import pytest
import torch
from torch import Tensor, nn

from edulib.anatomy import receptive, stage_table, trace_graph
from edulib.benchmarks import foreign, pages


@pytest.mark.parametrize("name", foreign.SAMPLE)
def test_rows_of_other_libraries_are_right(name):
    finding = foreign.examine(name)
    assert (finding.error, finding.wrong) == ("", [])
    assert finding.rows > 50


def test_the_lists_begin_with_the_sample_and_name_nothing_twice():
    names = foreign.all_names()
    assert tuple(names[: len(foreign.SAMPLE)]) == foreign.SAMPLE
    assert len(set(names)) == len(names) > 1000


def test_a_model_that_computes_its_widths_is_made_without_weights():
    model = foreign.make_weightless(foreign.find("torchvision/regnet_y_400mf").make)
    assert all(parameter.is_meta for parameter in model.parameters())


@pytest.mark.parametrize(
    ("seconds", "slow"), [(0.1, False), (0.39, False), (0.41, True)]
)
def test_a_slow_trace_is_counted_by_what_it_runs_on(seconds, slow):
    found = {
        f"{on_values}/{k}": foreign.Finding(
            ops=300,
            seconds=seconds + 9 * on_values,
            from_values=on_values,
            run=9 * on_values,
        )
        for on_values in (False, True)
        for k in range(2 + on_values)
    }
    said = foreign.summary(found)
    assert (said["on_shapes"], said["on_values"]) == ([2, 2 * slow], [3, 3 * slow])


def test_the_run_of_a_model_that_asks_for_values_is_told_apart():
    name = "torchvision/fasterrcnn_mobilenet_v3_large_320_fpn"
    finding = foreign.examine(name)
    assert finding.from_values
    assert finding.run > 0
    assert foreign.examine("torchvision/alexnet").run == 0


def test_what_seems_slow_is_measured_again_at_the_end(monkeypatch, tmp_path):
    took = {"quick": [0.1], "late": [9, 0.2], "slow": [9, 7, 8, 0.1]}
    asked = []

    def examine(name: str) -> foreign.Finding:
        asked.append(name)
        return foreign.Finding(ops=300, rows=1, seconds=took[name].pop(0))

    monkeypatch.setattr(foreign, "examine", examine)
    said = foreign.bench_foreign(list(took), tmp_path / "kept.jsonl")
    assert asked == [*took, "late", "slow", "slow"]
    assert said["on_shapes"] == [3, 1]
    assert said["ms_per_op"] == pytest.approx(1000 * (0.1 + 0.2 + 7) / 900)


def own_calls(model: nn.Module, *inputs: tuple) -> float:
    """Count the calls of this package's functions in a trace, for each operation."""
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and "edulib" in frame.f_code.co_filename

    sys.setprofile(count)
    try:
        graph = trace_graph(model, *inputs)
    finally:
        sys.setprofile(None)
    return calls / len(graph.ops)


@pytest.mark.parametrize(
    "name", ["torchvision/resnet50", "torchvision/vit_b_32", "timm/convnext_tiny"]
)
def test_a_trace_does_little_for_each_operation(name):
    """What 1 ms is enough for: time itself differs from machine to machine."""
    other = foreign.find(name)
    model = foreign.make_weightless(other.make)
    assert own_calls(model, *other.inputs(model)) < 300


def test_a_trace_of_a_deep_network_does_no_more_for_each_operation():
    short, long = (
        nn.Sequential(*(nn.Conv2d(3, 3, 1) for _ in range(depth)))
        for depth in (50, 200)
    )
    assert own_calls(long, (3, 8, 8)) < 1.05 * own_calls(short, (3, 8, 8))


def test_what_cannot_be_traced_is_told(tmp_path):
    kept = tmp_path / "found.jsonl"
    found = foreign.bench_foreign(["torchvision/nothing", "torchvision/alexnet"], kept)
    assert not kept.exists()
    assert (found["tried"], found["traced"], found["wrong_rows"]) == (2, 1, 0)
    assert "nothing" in found["wrong"]["torchvision/nothing"]["error"]
    place = {"foreign": found, "load": {"foreign": 0.1}}
    said = pages.foreign_summary(place)
    assert re.match(
        r"Of 2 networks of torchvision [\d.]+\S* and timm \S+, 1 were", said
    )
    assert "ms of processor time an operation. We allow a trace 0.1 s" in said
    assert re.search(
        r"of the 1 that are traced on shapes alone took longer, and 0 of the 0 that "
        r"ask for values \(the run itself not counted\)\.\n\n"
        r"- `torchvision/nothing`: \S.*$",
        said,
    )
    place["load"]["foreign"] = 3.0
    found["wrong"] = {}
    said = pages.foreign_summary(place)
    assert "beside other work on the same cores. We allow" in said
    assert said.endswith("not counted).")
    with pytest.raises(ValueError, match="torchvision/ or timm/, got 'keras/x'"):
        foreign.find("keras/x")


def test_a_run_that_was_killed_goes_on(tmp_path, monkeypatch):
    names = ["a/1", "a/2", "a/3"]
    kept = tmp_path / "build" / "found.jsonl"
    asked = []

    def killed(name: str) -> foreign.Finding:
        if len(asked) == 2:
            raise KeyboardInterrupt
        asked.append(name)
        return foreign.Finding(ops=3, wrong=["é"])

    monkeypatch.setattr(foreign, "examine", killed)
    with pytest.raises(KeyboardInterrupt):
        foreign.bench_foreign(names, kept)
    with kept.open("a") as file:
        file.write('["a/3", {"ops": 9, "ro')  # killed in the middle of a line
    monkeypatch.setattr(
        foreign, "examine", lambda name: asked.append(name) or foreign.Finding(ops=5)
    )
    found = foreign.bench_foreign(names, kept)
    assert asked == names
    assert (found["tried"], found["wrong_rows"]) == (3, 2)
    assert list(found["wrong"]) == names[:2]


def test_what_other_code_found_is_not_kept(tmp_path, monkeypatch):
    kept = tmp_path / "found.jsonl"
    kept.write_text('torch 1.0\n["torchvision/alexnet", {"error": "old"}]\n')
    assert foreign.bench_foreign(["torchvision/alexnet"], kept)["traced"] == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_what_needs_too_much_memory_fails_alone(tmp_path, monkeypatch):
    class Large(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.new_zeros(3 * 2**29 + int(x.sum().item()))

    def find(name: str) -> foreign.Foreign:
        make = Large if name == "large" else nn.Identity
        return foreign.Foreign(make, lambda _: ((3, 8, 8),))

    monkeypatch.setattr(foreign, "find", find)
    found = foreign.bench_foreign(["large", "small"], tmp_path / "found.jsonl")
    assert found["traced"] == 1
    assert "can't allocate memory" in found["wrong"]["large"]["error"]


def test_wrong_rows_are_found():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1))
    graph = trace_graph(model, (3, 8, 8))
    assert list(foreign.compare(model, graph)) == []
    model[1] = nn.Conv2d(4, 4, 5)
    wrong = list(foreign.compare(model, graph))
    assert any("1: 20 parameters, has 404" in line for line in wrong)
    assert any("1×1 convolution, has kernel (5, 5)" in line for line in wrong)


def test_a_deep_table_walks_back_to_the_image_for_no_row(monkeypatch):
    """What sees all of the image, or moves in equal steps, is found in one pass."""
    walks = []
    real = receptive.window_of
    monkeypatch.setattr(
        receptive, "window_of", lambda *args, **kw: walks.append(1) or real(*args, **kw)
    )
    for name in ("torchvision/densenet121", "timm/coat_tiny"):
        model = foreign.make_weightless(foreign.find(name).make)
        assert len(stage_table(model, (3, 224, 224), depth=4).rows) > 300
    assert len(walks) == 0
    with torch.device("meta"):
        upsampled = nn.Sequential(nn.Conv2d(3, 2, 3, 2), nn.Upsample(scale_factor=2))
    stage_table(upsampled, (3, 32, 32))
    assert 0 < len(walks) <= 36
