"""What hooks of a model do to its numbers is said, and what only looks is not."""

import pytest
import torch
from steps import IMAGE, Own, conv, layers
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.module import (
    _global_forward_hooks,
    register_module_forward_hook,
    register_module_forward_pre_hook,
)

from edulib.anatomy import count_macs, stage_table
from edulib.drawing import diagram


def hooked() -> nn.Module:
    model = nn.Sequential(conv(3, 4), conv(4, 4), nn.Sequential(conv(4, 4), conv(4, 2)))
    model[0].register_forward_hook(lambda module, inputs, output: output * 2 + 1)
    model[1].register_forward_pre_hook(lambda module, inputs: F.relu(inputs[0]))
    model[2].register_forward_hook(lambda module, inputs, output: output.sigmoid())
    return model


def test_what_hooks_do_is_said():
    assert layers(hooked()) == [
        "3×3 convolution; hook: multiplication, addition",
        "hook: ReLU; 3×3 convolution",
        "3×3 convolution; 3×3 convolution; hook: sigmoid",
    ]
    assert "hook: multiplication, addition" in diagram(hooked(), IMAGE).alt


def test_hooks_that_only_look_or_make_weights_are_not_said():
    later = nn.utils.parametrizations.spectral_norm(conv(2, 2))
    model = nn.Sequential(conv(3, 4), nn.utils.spectral_norm(conv(4, 2)), later)
    model[0].register_forward_hook(lambda *_: None)
    assert layers(model) == ["3×3 convolution"] * 3
    plain = nn.Sequential(conv(3, 4), conv(4, 2), conv(2, 2))
    powers = sum(out * width + out for out, width in ((2, 4 * 9), (2, 2 * 9)))
    assert count_macs(model, IMAGE) - count_macs(plain, IMAGE) == powers


def test_a_hook_that_computes_and_stores_is_no_part_of_the_model():
    store: dict[str, torch.Tensor] = {}
    model, plain = (nn.Sequential(conv(3, 4), nn.ReLU()) for _ in range(2))
    model[0].register_forward_hook(lambda m, i, o: store.update(a=o.detach().clone()))
    model[1].register_forward_hook(lambda m, i, o: store.update(b=o.mean() * 2))
    model[1].register_forward_pre_hook(lambda m, i: store.update(c=i[0] @ i[0].mT))
    assert repr(stage_table(model, IMAGE)) == repr(stage_table(plain, IMAGE))
    assert diagram(model, IMAGE).alt == diagram(plain, IMAGE).alt
    assert store


def test_what_a_hook_stores_and_the_model_reads_is_a_part_of_it():
    store: list[torch.Tensor] = []
    model = nn.Sequential(conv(3, 4), Own(lambda x: x + store.pop()))
    model[0].register_forward_hook(lambda m, i, o: store.append(o.tanh()))
    assert layers(model)[0] == "3×3 convolution; hook: tanh"


@pytest.mark.parametrize(
    "hook",
    [
        lambda module, inputs, output: output.mul_(2),
        lambda module, inputs, output: (output.mul_(2), None)[1],
    ],
)
def test_a_hook_that_works_in_place_is_said(hook):
    model = nn.Sequential(conv(3, 4), nn.ReLU())
    model[0].register_forward_hook(hook)
    assert layers(model)[0] == "3×3 convolution; hook: multiplication"
    assert "(3×3 convolution; hook: multiplication) gives" in diagram(model, IMAGE).alt


def activation() -> nn.Module:
    model = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 2))
    model[1].register_forward_hook(lambda module, inputs, output: output.sigmoid())
    return model


def container() -> nn.Module:
    inner = nn.Sequential(conv(3, 4), nn.ReLU(), conv(4, 4))
    inner.register_forward_pre_hook(lambda module, inputs: inputs[0] * 2)
    inner.register_forward_hook(lambda module, inputs, output: output.tanh())
    return nn.Sequential(inner, conv(4, 2))


def root() -> nn.Module:
    model = nn.Sequential(conv(3, 4), nn.ReLU())
    model.register_forward_pre_hook(lambda module, inputs: (inputs[0] - 0.5) / 0.2)
    model.register_forward_hook(lambda module, inputs, output: output.mean((2, 3)))
    return model


@pytest.mark.parametrize(
    ("model", "row", "drawn"),
    [
        (activation(), "ReLU; hook: sigmoid", ["1 (ReLU; hook: sigmoid)"]),
        (
            container(),
            "hook: multiplication; 3×3 convolution; 3×3 convolution; hook: tanh",
            ["0.mul (hook: multiplication)", "0.tanh (hook: tanh)"],
        ),
        (
            root(),
            "hook: subtraction",
            ["sub (hook: subtraction)", "mean (hook: global average pooling)"],
        ),
    ],
)
def test_hooks_of_activations_containers_and_the_model_are_drawn(model, row, drawn):
    assert row in layers(model)
    alt = diagram(model, IMAGE).alt
    assert all(words in alt for words in drawn)


def test_a_row_is_named_by_what_the_module_does_not_by_its_hook():
    model = nn.Sequential(nn.Sequential(conv(3, 4), nn.ReLU()), nn.Identity())
    model[0].register_forward_hook(lambda m, i, o: (F.avg_pool2d(o, 2), o)[0])
    model[1].register_forward_hook(lambda m, i, o: F.max_pool2d(o, 2))
    assert layers(model) == [
        "3×3 convolution; hook: 2×2 average pooling, stride 2",
        "Identity; hook: 2×2 max pooling, stride 2",
    ]


def test_a_layer_behind_a_hook_is_drawn_behind_it():
    model = nn.Sequential(conv(3, 4), nn.ReLU())
    model[0].register_forward_hook(lambda module, inputs, output: output.tanh())
    alt = diagram(model, IMAGE).alt
    assert "0 (3×3 convolution; hook: tanh) gives 4×8×8; 1 (ReLU) gives" in alt


def test_a_row_of_blocks_with_a_hook_is_still_one():
    block = (nn.Sequential(conv(4, 4), nn.ReLU(), conv(4, 4)) for _ in range(3))
    model = nn.Sequential(conv(3, 4), nn.Sequential(*block))
    model[1].register_forward_pre_hook(lambda module, inputs: inputs[0] * 2 + 1)
    assert layers(model)[1] == "hook: multiplication, addition; 3 × Sequential"


class Adapted(nn.Module):
    """A hook that is written where it is set, and uses another layer."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.adapter = conv(3, 4), nn.Conv2d(4, 4, 1)
        self.body.register_forward_hook(lambda m, i, o: o + self.adapter(o))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


def test_a_hook_uses_the_layers_of_the_model_that_is_traced():
    model = Adapted()
    assert layers(model) == ["Conv2d; hook: addition"]
    assert "adapter (1×1 convolution) gives" in diagram(model, IMAGE).alt
    assert model(torch.zeros(1, *IMAGE)).shape == (1, 4, 8, 8)


class Held(nn.Module):
    """A hook that holds another layer as the default of an argument."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.adapter = conv(3, 4), nn.Conv2d(4, 4, 1)

        def add(m, i, o, by=self.adapter, *, scale=self.adapter.weight):
            return o + by(o) * scale.mean()

        self.body.register_forward_hook(add)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


def test_defaults_of_a_hook_are_layers_of_the_model_that_is_traced():
    assert layers(Held()) == ["Conv2d; hook: multiplication, addition"]
    assert "adapter (1×1 convolution) gives" in diagram(Held(), IMAGE).alt


def test_a_hook_may_be_written_before_what_it_will_use():
    model = nn.Sequential(conv(3, 4), nn.ReLU())

    def scale(m: nn.Module, i: tuple, o: torch.Tensor) -> torch.Tensor:
        return o * (later if m.training else 2)

    model[0].register_forward_hook(scale)
    assert layers(model) == ["3×3 convolution; hook: multiplication", "ReLU"]
    later = 1


def test_hooks_of_all_modules_are_told_as_hooks():
    model = nn.Sequential(conv(3, 4), nn.ReLU())
    seen: list[torch.Tensor] = []

    def double(module: nn.Module, inputs: tuple) -> torch.Tensor | None:
        return inputs[0] * 2 if isinstance(module, nn.Conv2d) else None

    handles = [
        register_module_forward_hook(lambda m, i, o: seen.append(o.mean())),
        register_module_forward_hook(
            lambda m, i, k, o: o.tanh() if isinstance(m, nn.ReLU) else None,
            with_kwargs=True,
        ),
        register_module_forward_pre_hook(double),
    ]
    try:
        assert layers(model) == [
            "hook: multiplication; 3×3 convolution",
            "ReLU; hook: tanh",
        ]
        seen.clear()
        model(torch.zeros(1, *IMAGE))
        assert len(seen) == 3, "they are set again behind the trace, once"
    finally:
        for handle in handles:
            handle.remove()
    assert layers(model) == ["3×3 convolution", "ReLU"]


def hooks_of(model: nn.Module) -> list[dict]:
    names = [name for name in vars(model) if "_hooks" in name]
    return [dict(getattr(m, n) or {}) for m in model.modules() for n in names]


def test_hooks_that_a_hook_sets_or_removes_are_put_back():
    model, handles = nn.Sequential(conv(3, 4), nn.ReLU()), []

    def once(*_: object) -> None:
        for handle in handles:
            handle.remove()
        model[0].register_forward_pre_hook(lambda *_: None)

    handles.append(model[0].register_forward_hook(once, always_call=True))
    handles.append(register_module_forward_hook(once))
    before, shared = hooks_of(model), dict(_global_forward_hooks)
    try:
        layers(model)
        assert hooks_of(model) == before
        assert _global_forward_hooks == shared
        model(torch.zeros(1, *IMAGE))
        assert hooks_of(model) != before
    finally:
        _global_forward_hooks.clear()


@pytest.mark.parametrize(
    "keep",
    [
        lambda m, o: m.seen.mul_(0.9).add_(o.detach().mean() * 0.1),
        lambda m, o: torch.zeros_like(o).add_(o),
    ],
)
def test_a_hook_that_writes_into_a_tensor_of_its_own_is_not_said(keep):
    model = nn.Sequential(conv(3, 4), nn.ReLU())
    model[0].register_buffer("seen", torch.zeros(1))
    model[0].register_forward_hook(lambda m, i, o: (keep(m, o), None)[1])
    assert layers(model) == ["3×3 convolution", "ReLU"]


def test_hooks_inside_of_folded_blocks_are_mentioned():
    block = (nn.Sequential(conv(4, 4), nn.ReLU(), conv(4, 4)) for _ in range(2))
    model = nn.Sequential(conv(3, 4), nn.Sequential(*block))
    model[1][0][1].register_forward_hook(lambda m, i, o: o.tanh())
    assert layers(model)[1] == "2 × Sequential; hooks inside"
    assert "1 (2 × Sequential; hooks inside)" in diagram(model, IMAGE).alt
