"""The graphs say the truth: filled with weights they compute what the module does."""

from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from torch import nn

from edulib.anatomy.onnx.graph import weightless_graph
from edulib.authoring.assets import make_graph
from edulib.models.classification.resnet import resnet18

SHAPE = (3, 20, 24)


class Branches(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.pool = nn.AvgPool2d(3, 1, padding=1, count_include_pad=False)

    def forward(self, x):
        joined = torch.cat([self.conv(x), self.pool(x)], 1)
        return torch.relu(joined) * joined + joined


NETWORKS = {
    "pooled": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 5, stride=2, padding=(2, 1), dilation=(1, 2), bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.LocalResponseNorm(3, alpha=0.5, k=2.0),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Dropout(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 3),
        nn.Tanh(),
    ),
    "branches": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 1), Branches(), nn.ConvTranspose2d(8, 2, 3, stride=2)
    ),
}


class LRN(OpRun):
    """As the standard says: the evaluator's own stops at as many channels as images."""

    def _run(self, x, alpha, beta, bias, size):
        total = np.zeros_like(x)
        for c in range(x.shape[1]):
            first = max(0, c - (size - 1) // 2)
            total[:, c] = (x[:, first : c + size // 2 + 1] ** 2).sum(1)
        return (x / (bias + alpha / size * total) ** beta,)


def filled(model, graph):
    """Put the module's weights into its graph."""
    weights = model.state_dict()
    for tensor in graph.graph.initializer:
        values = weights[tensor.name].detach().numpy().astype(np.float32)
        assert tuple(tensor.dims) == values.shape
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    return graph


def randomised(model):
    torch.manual_seed(0)
    for tensor in [*model.parameters(), *model.buffers()]:
        if tensor.is_floating_point():
            nn.init.uniform_(tensor, 0.1, 1)
    return model.eval()


def assert_computes_the_same(model, shape):
    graph = filled(model, weightless_graph(model, shape, name="net"))
    onnx.checker.check_model(graph, full_check=True)
    image = torch.rand(1, *shape)
    with torch.no_grad():
        expected = model(image).numpy()
    (got,) = ReferenceEvaluator(graph, new_ops=[LRN]).run(
        None, {"input": image.numpy()}
    )
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("network", NETWORKS)
def test_graph_computes_what_the_module_does(network):
    assert_computes_the_same(randomised(NETWORKS[network]()), SHAPE)


def test_graph_of_resnet_computes_what_it_does():
    torch.manual_seed(0)
    assert_computes_the_same(resnet18(num_classes=5).eval(), (3, 33, 33))


def test_graph_holds_names_and_shapes_but_no_weights_and_no_paths():
    content, own = make_graph("resnet18")
    graph = onnx.load_from_string(content)
    kinds = Counter(node.op_type for node in graph.graph.node)
    assert kinds == {
        "Conv": 20,
        "BatchNormalization": 20,
        "Relu": 17,
        "Add": 8,
        "MaxPool": 1,
        "GlobalAveragePool": 1,
        "Flatten": 1,
        "Gemm": 1,
    }
    assert own == {}
    [parameters] = graph.graph.metadata_props  # without statistics of normalisations
    assert (parameters.key, parameters.value) == ("parameters", "11689512")
    assert "stage1.0" in "".join(node.name for node in graph.graph.node)
    assert all(not t.raw_data and not t.float_data for t in graph.graph.initializer)
    assert all(text not in content for text in (b"/", b".py", b"\\"))
    assert len(content) < 20_000
    assert make_graph("resnet18")[0] == content


def test_steps_that_onnx_does_not_know_keep_their_name_and_kind():
    class Swing(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))

        def forward(self, x):
            return torch.sin(x) * self.scale[:, None, None]

    model = nn.Sequential(Swing(), nn.AdaptiveAvgPool2d(2), nn.Conv2d(3, 1, 1))
    graph = weightless_graph(model, (3, 4, 4), name="net").graph
    assert [(n.domain, n.op_type) for n in graph.node] == [
        ("edulib", "Swing"),
        ("edulib", "AdaptiveAvgPool2d"),
        ("", "Conv"),
    ]
    assert list(graph.node[0].input) == ["input", "0.scale"]
    assert graph.node[1].metadata_props[0].value == "pooling"


def test_a_module_that_is_called_twice_gives_two_nodes_with_the_same_weights():
    conv = nn.Conv2d(3, 3, 1)
    graph = weightless_graph(nn.Sequential(conv, conv), (3, 4, 4), name="net").graph
    assert len({node.name for node in graph.node}) == 2
    assert graph.node[0].input[1] == graph.node[1].input[1]
    assert len(graph.initializer) == 2


def test_an_image_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"cannot read an input of shape \(4, 8, 8\)"):
        weightless_graph(nn.Conv2d(3, 1, 1), (4, 8, 8), name="net")


def test_windows_that_joined_the_batch_keep_their_dimensions():
    class Windows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = nn.Linear(3, 5)

        def forward(self, x):
            return self.mix(x.reshape(3, 4, 16).permute(1, 2, 0))

    graph = weightless_graph(Windows(), (3, 8, 8), name="windows").graph
    (output,) = graph.output
    sides = [side.dim_value for side in output.type.tensor_type.shape.dim]
    assert sides == [4, 16, 5]
