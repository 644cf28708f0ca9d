"""Networks of every form: counted in full, drawn in full, no false word."""

import re
import warnings

import pytest
import torch
from torch import nn
from zoo import ZOO

from edulib.anatomy import count_parameters, stage_table, trace_graph
from edulib.anatomy.onnx.graph import weightless_graph
from edulib.drawing import diagram

ANIMALS = pytest.mark.parametrize("animal", ZOO.values(), ids=ZOO)
KERNEL = re.compile(
    r"(\d+(?:×\d+)+|\d+-tap)(?= (?:trans\w+ |max |average )?(?:conv|pool))"
)


@pytest.fixture(autouse=True)
def _quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of the old weight_norm
        yield


def kernels(model: nn.Module) -> set[str]:
    """Return how the kernels of all layers of a model would be written."""
    found = set()
    for module in model.modules():
        kernel = getattr(module, "kernel_size", None)
        if kernel is not None:
            axes = int(type(module).__name__[-2])
            sides = (kernel,) * axes if isinstance(kernel, int) else kernel
            found.add("×".join(map(str, sides)) if axes > 1 else f"{sides[0]}-tap")
    return found


@ANIMALS
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_rows_add_up_to_the_whole(animal, depth):
    model = animal.make()
    rows = stage_table(model, *animal.inputs, depth=depth).rows
    assert sum(row.params for row in rows) == count_parameters(model)


@ANIMALS
def test_every_output_is_drawn_by_its_name(animal):
    drawn = diagram(animal.make(), *animal.inputs)
    for name in animal.outputs or ["output"]:
        told = f"output {name}" if name.isdigit() else name
        assert f"{told} gives" in drawn.alt or f"{told} (output" in drawn.alt
        for picture in (drawn.svg, drawn.phone_svg):
            assert f">{told}</text>" in picture


@ANIMALS
def test_every_input_is_said(animal):
    graph = trace_graph(model := animal.make(), *animal.inputs)
    names = [op.name for op in graph.ops if not op.inputs and op.path == ""]
    count = sum(len(x) if isinstance(x, dict) else 1 for x in animal.inputs)
    assert len(names) >= count
    alt = diagram(model, *animal.inputs).alt
    assert ("for inputs" in alt) == (count > 1)


@ANIMALS
def test_no_kernel_is_written_that_no_layer_has(animal):
    model = animal.make()
    text = diagram(model, *animal.inputs).alt
    text += repr(stage_table(model, *animal.inputs, depth=4))
    assert set(KERNEL.findall(text)) <= kernels(model) | {"2×2"}  # of functional pools


@ANIMALS
def test_layers_are_described_as_they_are(animal):
    rows = stage_table(animal.make(), *animal.inputs, depth=4).rows
    words = {row.path: row.layer for row in rows}
    for path, expected in animal.kernels:
        assert words[path] == expected


@ANIMALS
def test_a_shortcut_is_drawn_only_where_one_is(animal):
    alt = diagram(animal.make(), *animal.inputs).alt
    assert "with shortcuts" not in alt or animal.shortcuts


@pytest.mark.parametrize("name", ["text", "queries"])
def test_a_shortcut_is_drawn_where_one_is(name):
    assert "with shortcuts" in diagram(ZOO[name].make(), *ZOO[name].inputs).alt


@ANIMALS
def test_the_model_is_not_changed(animal):
    model = animal.make()
    before = {k: (v.shape, v.device, v._version) for k, v in model.state_dict().items()}
    modes = [(m.training, len(m._forward_hooks)) for m in model.modules()]
    trace_graph(model, *animal.inputs)
    after = {k: (v.shape, v.device, v._version) for k, v in model.state_dict().items()}
    assert before == after
    assert modes == [(m.training, len(m._forward_hooks)) for m in model.modules()]


@ANIMALS
def test_its_onnx_graph_returns_every_output(animal):
    graph = weightless_graph(animal.make(), *animal.inputs, name="animal").graph
    made = {name for node in graph.node for name in node.output}
    assert {output.name for output in graph.output} <= made
    assert len(graph.output) == max(1, len(animal.outputs))


def test_inputs_that_do_not_fit_are_named():
    two = ZOO["denoiser"]
    for inputs in ((), two.inputs[:1], (*two.inputs, (3,)), ("image",)):
        with pytest.raises(ValueError, match=r"expected|cannot read"):
            trace_graph(two.make(), *inputs)
    assert torch.is_grad_enabled()
