import math
import warnings

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode, flop_registry
from torchvision import models

from edulib.anatomy import (
    activation_memory,
    count_macs,
    count_parameters,
    receptive_field,
    trace_graph,
)

STRESS = {
    "alexnet": 224,
    "vgg16": 224,
    "googlenet": 224,
    "resnet50": 224,
    "inception_v3": 299,
    "densenet121": 224,
    "mobilenet_v3_large": 224,
    "vit_b_16": 224,
    "swin_t": 224,
}


def build(name: str) -> nn.Module:
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    with torch.device("meta"):
        return getattr(models, name)(**options)


class Everything(nn.Module):
    """Branches, in-place work, functional layers, a view, a dead end, a constant."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Conv2d(3, 4, 3, padding=1)
        self.right = nn.Conv2d(3, 4, 1, bias=False)
        self.scale = nn.Parameter(torch.ones(4, 1, 1))
        self.unused = nn.Linear(2, 2)
        self.head = nn.Linear(8, 5)
        self.mask = torch.ones(1)

    def forward(self, x: Tensor) -> Tensor:
        left = F.relu(self.left(x), inplace=True)
        right = self.right(x) * (self.scale * 2)
        F.max_pool2d(right, 2)
        left += right
        joined = torch.cat([left, right], dim=1) * self.mask
        return self.head(torch.flatten(joined.mean((2, 3)), 1))


@pytest.fixture(scope="module")
def graph():
    return trace_graph(Everything(), (3, 6, 6))


def test_ops_are_found_in_order(graph):
    names = [op.name for op in graph.ops]
    assert names == [
        "input",
        "conv2d",
        "relu",
        "conv2d",
        "mul",
        "max_pool2d",
        "add",
        "cat",
        "mul",
        "mean",
        "flatten",
        "linear",
    ]


def test_inputs_follow_branches_and_work_in_place(graph):
    inputs = {op.index: op.inputs for op in graph.ops}
    assert inputs[1] == inputs[3] == (0,)
    assert inputs[4] == (3,)
    assert inputs[6] == (2, 4)
    assert inputs[7] == (6, 4)
    assert inputs[9] == (8,)


def test_kinds(graph):
    kinds = [op.op_type for op in graph.ops[1:]]
    assert kinds == [
        "convolution",
        "activation",
        "convolution",
        "other",
        "pooling",
        "add",
        "concat",
        "other",
        "pooling",
        "reshape",
        "dense",
    ]


def test_paths_are_those_of_the_modules(graph):
    assert graph.ops[1].path == "left"
    assert graph.ops[2].path == ""
    assert graph.call("head").output == 11


def test_parameters_belong_to_the_op_that_uses_them_first(graph):
    params = [op.params for op in graph.ops]
    assert params == [0, 3 * 4 * 9 + 4, 0, 12, 4, 0, 0, 0, 0, 0, 0, 45]
    assert graph.params == sum(params) + 6


def test_macs_and_shapes(graph):
    assert graph.macs == 36 * 4 * 27 + 36 * 4 * 3 + 8 * 5
    assert graph.ops[7].shape == (8, 6, 6)


def test_memory_counts_each_new_tensor_once(graph):
    plane = 4 * 6 * 6 * 4
    assert [op.bytes for op in graph.ops] == [
        0,
        plane,
        0,
        plane,
        plane,
        plane // 4,
        0,
        2 * plane,
        2 * plane,
        32,
        0,
        20,
    ]
    model = Everything().double()
    assert activation_memory(model, (3, 6, 6)) == 2 * graph.bytes


def test_nodes_fold_to_depth():
    model = build("resnet18")
    graph = trace_graph(model, (3, 64, 64))
    paths = [node.path for node in graph.nodes()]
    assert paths[:5] == ["conv1", "bn1", "relu", "maxpool", "layer1"]
    assert paths[-3:] == ["avgpool", "flatten", "fc"]
    deeper = graph.nodes(3)
    assert [node.path for node in deeper if node.path.startswith("layer1.0")] == [
        "layer1.0.conv1",
        "layer1.0.bn1",
        "layer1.0.relu",
        "layer1.0.conv2",
        "layer1.0.bn2",
        "layer1.0.add",
        "layer1.0.relu",
    ]
    add = next(node for node in deeper if node.path == "layer1.0.add")
    assert [deeper[i].path for i in add.inputs] == ["layer1.0.bn2", "maxpool"]


@pytest.mark.parametrize("name", STRESS)
def test_every_depth_accounts_for_everything(name):
    model = build(name)
    side = STRESS[name]
    graph = trace_graph(model, (3, side, side))
    assert graph.params == count_parameters(model)
    used = sum(op.params for op in graph.ops)
    unused = sum(
        count_parameters(child)
        for path, child in model.named_children()
        if path.lower().startswith("aux")
    )
    assert used + unused == graph.params
    for depth in (1, 2, 9):
        nodes = graph.nodes(depth)
        assert sum(node.params for node in nodes) == used
        assert sum(node.macs for node in nodes) == graph.macs
        assert sum(node.bytes for node in nodes) == graph.bytes
        assert all(i < k for k, node in enumerate(nodes) for i in node.inputs)
    assert graph.ops[-1].shape == (1000,)


PUBLISHED = {
    **{name: models.get_model_weights(name) for name in STRESS},
    "resnet152": models.ResNet152_Weights,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_macs_equal_those_of_published_weights(name):
    meta = PUBLISHED[name].IMAGENET1K_V1.meta
    side = STRESS.get(name, 224)
    macs = count_macs(build(name), (3, side, side))
    assert round(macs / 1e9, 3) == meta["_ops"]


def test_macs_of_resnet50_to_the_last_digit():
    assert count_macs(build("resnet50"), (3, 224, 224)) == 4_089_184_256


def test_macs_are_half_of_what_torch_counts_on_real_tensors():
    model = models.mobilenet_v3_small().eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, 3, 64, 64))
    assert 2 * count_macs(model, (3, 64, 64)) == counter.get_total_flops()


def test_shapes_equal_those_of_a_real_run():
    model = models.googlenet(init_weights=False, aux_logits=False).eval()
    graph = trace_graph(model, (3, 64, 64))
    seen = {}
    for path, module in model.named_modules():

        def note(_module, _inputs, output, path=path):
            seen.setdefault(path, tuple(output.shape[1:]))

        module.register_forward_hook(note)
    with torch.no_grad():
        model(torch.zeros(1, 3, 64, 64))
    found = {path: graph.ops[call.output].shape for path, call in graph.calls.items()}
    assert found == seen


def test_the_model_is_left_alone():
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.BatchNorm2d(1), nn.Dropout()).train()
    calls = []
    model.register_forward_hook(lambda *_: calls.append(_[2].is_meta))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    trace_graph(model, (1, 8, 8))
    assert model.training
    assert calls == [True], "its hooks run in the copy"
    assert len(model._forward_hooks) == 1
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key])


def test_a_model_that_must_see_values_is_run_on_zeros():
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 2, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x) if float(x.sum()) == 0 else x

    graph = trace_graph(Gated(), (1, 5, 5))
    assert graph.macs == 9 * 2 * 9


def test_a_shared_layer_counts_its_parameters_once():
    layer = nn.Linear(4, 4)
    model = nn.Sequential(layer, nn.ReLU(), layer)
    graph = trace_graph(model, (4,))
    assert [node.params for node in graph.nodes()] == [20, 0, 0]
    assert graph.params == count_parameters(model) == 20
    assert graph.macs == 32


def test_functions_of_one_name_are_numbered():
    class Pools(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return F.max_pool2d(F.max_pool2d(x, 2), 2)

    paths = [node.path for node in trace_graph(Pools(), (1, 8, 8)).nodes()]
    assert paths == ["max_pool2d", "max_pool2d_2"]


def test_frozen_parameters_count():
    model = nn.Linear(3, 2).requires_grad_(False)
    assert count_parameters(model) == 8


@pytest.mark.parametrize(
    "shape", [(3, 0, 8), (3, 8.0, 8), (1, 3, 3, 8, 8), (), (3, math.inf, 8)]
)
def test_shapes_that_are_none(shape):
    with pytest.raises(ValueError, match="expected a shape"):
        trace_graph(nn.Conv2d(3, 3, 1), shape)


def test_images_that_do_not_fit():
    with pytest.raises(ValueError, match=r"Conv2d cannot read .* \(1, 8, 8\)"):
        trace_graph(nn.Conv2d(3, 3, 1), (1, 8, 8))


def test_what_is_no_module():
    with pytest.raises(TypeError, match=r"torch\.nn\.Module, got str"):
        trace_graph("resnet50", (3, 8, 8))


def test_lazy_layers_must_be_run_first():
    with pytest.raises(ValueError, match="run the model once"):
        trace_graph(nn.Sequential(nn.LazyLinear(3)), (4,))


@pytest.mark.parametrize("depth", [0, 1.5, True])
def test_what_is_no_depth(depth):
    graph = trace_graph(nn.ReLU(), (1, 2, 2))
    with pytest.raises(ValueError, match=f"depth >= 1, a whole number, got {depth}"):
        graph.nodes(depth)


class Recurrent(nn.Module):
    """A recurrent layer; before it, perhaps, a look at a value."""

    def __init__(self, looks: bool, kind: type[nn.Module]) -> None:
        super().__init__()
        self.looks, self.body = looks, kind(8, 6, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        if self.looks:
            float(x.sum())
        return self.body(x)[0]


@pytest.mark.parametrize(("kind", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_recurrent_layers_cost_the_same_on_every_device(kind, gates):
    steps = 5
    expected = steps * gates * 6 * ((8 + 6) + (6 + 6))
    for looks in (False, True):
        graph = trace_graph(Recurrent(looks, kind), (steps, 8))
        assert graph.macs == expected
        assert graph.from_values == looks


@pytest.mark.parametrize("known", [True, False])
def test_attention_counts_in_a_real_run_with_any_torch(monkeypatch, known: bool):
    class Looks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.project = nn.Linear(16, 16)

        def forward(self, x: Tensor) -> Tensor:
            if x.sum().item() > 0:
                return x
            x = self.project(x).unflatten(-1, (4, 4)).transpose(1, 2)
            return F.scaled_dot_product_attention(x, x, x)

    if not known:  # as before torch 2.15
        op = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        monkeypatch.delitem(flop_registry, op)
    assert count_macs(Looks(), (10, 16)) == 10 * 16 * 16 + 2 * 10 * 10 * 16


def test_attention_takes_the_same_memory_closed_and_opened():
    class Opened(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 16)

        def forward(self, x: Tensor) -> Tensor:
            parts = self.qkv(x).reshape(1, 7, 3, 4, 4).permute(2, 0, 3, 1, 4).unbind(0)
            x = F.scaled_dot_product_attention(*parts)
            return self.out(x.transpose(1, 2).reshape(1, 7, 16))

    class Closed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.whole = nn.MultiheadAttention(16, 4, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.whole(x, x, x, need_weights=False)[0]

    assert activation_memory(Opened(), (7, 16)) == activation_memory(Closed(), (7, 16))


def test_windows_that_joined_the_batch_stay_in_the_shape():
    class Windows(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(3, 9)

        def forward(self, x: Tensor) -> Tensor:
            x = x.unfold(2, 4, 4).unfold(3, 4, 4).permute(0, 2, 3, 4, 5, 1)
            return self.qkv(x.reshape(-1, 16, 3))

    shapes = [
        trace_graph(Windows(), given).call("qkv").output
        for given in ((3, 8, 8), torch.zeros(2, 3, 8, 8))
    ]
    assert len(set(shapes)) == 1
    for given in ((3, 8, 8), torch.zeros(2, 3, 8, 8)):
        graph = trace_graph(Windows(), given)
        assert graph.ops[graph.call("qkv").output].shape == (4, 16, 9)


def test_script_is_refused_by_its_name():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(nn.Conv2d(3, 3, 1))
    with pytest.raises(ValueError, match="got TorchScript in '1'"):
        trace_graph(nn.Sequential(nn.ReLU(), scripted), (3, 8, 8))


def test_what_is_written_into_a_part_of_a_tensor_is_followed():
    """As detectors do, which copy images into one batch."""

    class Batched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 5, 2)

        def forward(self, images: Tensor) -> Tensor:
            batch = images.new_zeros(1, 3, 16, 16)
            for image, place in zip(images, batch, strict=True):
                place[:, :12, :12].copy_(image * 2)
            return self.conv(batch)

    graph = trace_graph(Batched(), (3, 12, 12))
    conv = graph.ops[graph.call("conv").output]
    (batch,) = (graph.ops[source] for source in conv.inputs)
    assert [graph.ops[source].name for source in batch.inputs] == ["copy"]
    assert not conv.is_constant
    assert (conv.kernel.size, conv.kernel.stride) == ((5, 5), (2, 2))


@pytest.mark.parametrize("last", [True, False])
def test_positions_of_a_map_are_a_step_and_biases_are_none(last):
    class Biased(nn.Module):
        """A bias for each unit, as in the network of 1989."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(4, 3, 2, 2))
            self.bias = nn.Parameter(torch.zeros(4, 4, 4))

        def forward(self, x: Tensor) -> Tensor:
            return F.conv2d(x, self.weight, stride=2) + self.bias

    class Positioned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches, self.norm = Biased(), nn.LayerNorm(4)
            self.position = nn.Parameter(torch.zeros(1, 4, 4, 4))

        def forward(self, x: Tensor) -> Tensor:
            x = self.patches(x)
            x = x.permute(0, 2, 3, 1) if last else x
            return self.norm(x + self.position)

    graph = trace_graph(Positioned(), (3, 8, 8))
    constants = {op.name: op.params for op in graph.ops if op.op_type == "constant"}
    assert constants == {"position": 64}
    assert sum(op.params for op in graph.ops) == graph.params


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        (((1, 3, 8, 9),), r"without the batch: \(3, 8, 9\)\?$"),
        ((3, 8, 9), r"as a tuple: \(3, 8, 9\)\?$"),
        ((torch.zeros(2, 8, 8),), r"with its batch: tensor\[None\]\?$"),
        (((4, 8, 8),), "to have 3 channels, but got 4 channels instead$"),
    ],
)
def test_a_slip_in_the_inputs_is_answered_by_its_remedy(inputs, told):
    with pytest.raises(ValueError, match=f"cannot read an input .*{told}"):
        trace_graph(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), *inputs)


class InPlace(nn.Module):
    """A branch that is added to a part of a map, which has no name."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 2, 3, padding=1)
        self.c = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.a(x)
        x[:, :2].add_(self.b(x))
        return self.c(x)


def test_what_is_written_in_place_into_a_part_is_read_with_the_whole():
    graph = trace_graph(InPlace(), (3, 8, 8))
    read = graph.ops[graph.ops[graph.call("c").output].inputs[0]]
    assert read.name == "setitem"
    names = [graph.ops[source].name for source in read.inputs]
    assert names == ["conv2d", "add"]
    assert str(receptive_field(InPlace(), (3, 8, 8))) == "3"
