"""Errors that say what is wrong, and models that are left as they were."""

import pytest
import torch
import torch.nn.functional as F
from networks import Answer, ChannelsFirst, Net
from torch import nn

from edulib.explanation import (
    Layer,
    OfImages,
    attention_maps,
    class_score,
    deconvnet,
    grad_cam,
    gradient,
    guided_backprop,
    layer_output,
    maximize_activation,
    occlusion_map,
    top_activations,
)


class Inner(nn.Module):
    """A layer that gives two maps, in a structure."""

    def __init__(self, make):
        super().__init__()
        torch.manual_seed(0)
        self.make = make
        self.small, self.large = nn.Conv2d(3, 4, 6, 8, 1), nn.Conv2d(3, 5, 4, 4)

    def forward(self, x):
        return self.make(self.small(x).relu(), self.large(x).relu())


STRUCTURES = {
    "tuple": (lambda a, b: (a, b), lambda y: y, (0, 1)),
    "dict": (lambda a, b: {"a": a, "b": b}, lambda y: y.values(), ("a", "b")),
    "dataclass": (
        Answer,
        lambda y: (y.logits, y.features),
        ("logits", "features"),
    ),
}


def after(structure):
    """A model that changes in place what its layer gave."""
    make, opened, outputs = STRUCTURES[structure]

    def forward(net, x):
        a, b = opened(net.inner(x))
        a.mul_(2)
        return net.head(torch.cat([a.mean((2, 3)), b.mean((2, 3))], 1))

    torch.manual_seed(0)
    return Net(forward, inner=Inner(make), head=nn.Linear(9, 3)), outputs


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_layer_that_gives_several_maps(structure, image):
    net, outputs = after(structure)
    for output, part in zip(outputs, ("small", "large"), strict=True):
        layer = Layer("inner", output=output)
        expected = getattr(net.inner, part)(image).relu()
        torch.testing.assert_close(layer_output(net, image, layer), expected)
        total = 0
        for target in range(3):
            heat = grad_cam(net, image, layer, target)
            weight = net.head.weight[target, :4] if output == outputs[0] else None
            weight = net.head.weight[target, 4:] if weight is None else 2 * weight
            size = expected[0, 0].numel()
            right = (expected * weight[:, None, None] / size).sum(1, keepdim=True)
            right = F.interpolate(right.relu(), (32, 32), mode="bilinear")
            torch.testing.assert_close(heat, right.detach())
            total += heat.sum()
        assert total > 0
        (top,) = top_activations(net, image, layer, [0], k=1)
        side = getattr(net.inner, part).kernel_size[0]
        assert top.patches.shape == (1, 3, side, side)
    for method in (grad_cam, gradient):
        with pytest.raises(ValueError, match=r"layer 'inner', got \w+, in which there"):
            method(net, image, "inner", 0)
    with pytest.raises(ValueError, match="no output 7 of layer 'inner': there are '"):
        layer_output(net, image, Layer("inner", output=7))


def shared():
    """One head for maps of two sizes, and one rectifier for maps of one."""
    torch.manual_seed(0)
    head = nn.Conv2d(4, 2, 1)
    nn.init.constant_(head.bias, 5)

    def forward(net, x):
        x = net.relu(net.stem(x))
        x = net.relu(net.mix(x))
        levels = [net.head(x), net.head(F.avg_pool2d(x, 2))]
        return torch.cat([level.mean((2, 3)) for level in levels], 1)

    return Net(
        forward, stem=nn.Conv2d(3, 4, 4, 4), mix=nn.Conv2d(4, 4, 1),
        relu=nn.ReLU(), head=head,
    )  # fmt: skip


class Siamese(nn.Module):
    """Compares two images by the same layers."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.maps, self.head = nn.Conv2d(3, 8, 4, 4), nn.Linear(8, 2)

    def forward(self, one, other):
        sides = [self.maps(x).relu().mean((2, 3)) for x in (one, other)]
        return self.head(sides[0] - sides[1])


def test_the_heat_of_two_images_is_that_of_the_image_that_is_explained(image):
    model, other = Siamese(), torch.rand(2, 3, 32, 32)
    second = Net(lambda net, x: net.model(other, x), model=model)
    for call, one in enumerate((OfImages(model, other), second)):
        found = grad_cam(one, image, "model.maps", 0)
        here = grad_cam(one, image, Layer("model.maps", call=call), 0)
        torch.testing.assert_close(found, here)
        assert gradient(one, image, "model.maps", 3).any()
        there = Layer("model.maps", call=1 - call)
        with pytest.raises(ValueError, match="does not depend on"):
            gradient(one, image, there, 3)


def test_one_score_has_no_probability(image):
    net = nn.Sequential(nn.Conv2d(3, 1, 4, 4), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for model in (net, net[:1]):
        with pytest.raises(ValueError, match=r"at least two classes.*sigmoid"):
            occlusion_map(model, image[:1], 0, 8, 8)
    with pytest.raises(ValueError, match="at least two classes"):
        class_score(0, probability=True)(net(image))

    def score(answer):
        return answer.sigmoid().flatten(1).sum(1)

    assert occlusion_map(net, image[:1], score, 8, 8).std() > 0


def test_a_layer_that_is_called_several_times(image):
    net = shared()
    with pytest.raises(ValueError, match=r"'head' is called 2 times, with maps .*call"):
        grad_cam(net, image, "head", 0)
    assert layer_output(net, image, Layer("head", call=0)).shape == (2, 2, 8, 8)
    assert layer_output(net, image, Layer("head", call=1)).shape == (2, 2, 4, 4)
    assert layer_output(net, image, Layer("head", call=-1)).shape == (2, 2, 4, 4)
    with pytest.raises(ValueError, match="call of layer 'head' from 0 to 1, got 2"):
        layer_output(net, image, Layer("head", call=2))
    first = net.relu(net.stem(image))
    torch.testing.assert_close(layer_output(net, image, Layer("relu", call=0)), first)
    torch.testing.assert_close(
        layer_output(net, image, "relu"), net.relu(net.mix(first))
    )
    assert grad_cam(net, image, Layer("head", call=1), 2).max() > 0
    with pytest.raises(ValueError, match="is 0 everywhere in layer 'head'"):
        grad_cam(net, image, Layer("head", call=0), 2)
    (top,) = top_activations(net, image, Layer("head", call=1), [0], k=1)
    assert top.patches.shape == (1, 3, 8, 8)


class Frozen(nn.Module):
    """A network whose first part runs without gradients, in one of several ways."""

    def __init__(self, way):
        super().__init__()
        self.way, self.body, self.head = way, nn.Conv2d(3, 4, 4, 4), nn.Linear(4, 2)

    def forward(self, x):
        if self.way == "inference mode":
            with torch.inference_mode():
                x = self.body(x)
            x = x.clone()
        elif self.way == "no_grad":
            with torch.no_grad():
                x = self.body(x)
        else:
            x = self.body(x)
        if self.way == "detached":
            x = x.detach()
        if self.way == "whole numbers":
            x = x.round().long().float()
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize(
    "way", ["no_grad", "inference mode", "detached", "whole numbers"]
)
def test_no_gradient_is_said_in_one_sentence(way, image):
    net = Frozen(way)
    calls = [
        lambda: gradient(net, image, "head", 0),
        lambda: gradient(net, image, "", lambda y: y[:, 0]),
        lambda: guided_backprop(net, image, "head", 0),
        lambda: deconvnet(net, image, "head", 0),
        lambda: maximize_activation(net, "head", 0, (3, 32, 32), steps=1),
        lambda: grad_cam(net, image, "body", 0),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"not depend on|no gradient leads"):
            call()
    occlusion_map(net, image[0], 0, 16, 16)


def test_a_layer_beside_the_target_is_refused(image):
    net = Net(
        lambda s, x: (s.a(x).mean((2, 3)), s.b(x)),
        a=nn.Conv2d(3, 2, 4),
        b=nn.Conv2d(3, 2, 4),
    )
    with pytest.raises(ValueError, match="the target does not depend on layer 'b'"):
        grad_cam(net, image, "b", lambda y: y[0][:, 0])


def test_patches_behind_a_fractional_resampling_have_one_size():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Upsample(size=(21, 27), mode="bilinear"), nn.Conv2d(3, 4, 3, 2)
    )
    images = torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for top in top_activations(net, images, "1", range(4), k=6):
        assert top.patches.shape == (6, 3, *top.patches.shape[2:])
        sides = top.boxes_xyxy[:, 2:] - top.boxes_xyxy[:, :2]
        assert sides.unique(dim=0).shape == (1, 2)
        for number, place, box in zip(
            top.images, top.positions, top.boxes_xyxy, strict=True
        ):
            left, upper, right, lower = box.tolist()
            outside = images[number][None].clone().requires_grad_()
            row, column = place.tolist()
            net(outside)[0, top.unit, row, column].backward()
            outside.grad[..., upper:lower, left:right] = 0
            assert outside.grad.eq(0).all()


def test_a_model_without_parameters(image):
    pool = nn.Sequential(nn.AvgPool2d(2))
    best = maximize_activation(pool, "0", 0, (3, 8, 8), steps=40)
    assert best[:, 0].mean() > best[:, 1].mean() + 0.1
    net = nn.Sequential(nn.AvgPool2d(8), nn.Flatten())
    picture = gradient(net, image, "0", 2, (0, 1))
    assert picture[:, 2, :8, 8:16].eq(1 / 64).all()
    assert picture.sum() == pytest.approx(2)
    assert grad_cam(net, image, "0", 5).max() > 0
    assert occlusion_map(net, image[0], 5, 16, 16).shape == (2, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda net, x: gradient(net, x, "0", 0),
        lambda net, x: grad_cam(net, x, "0", 0),
        lambda net, x: occlusion_map(net, x, 0, 2, 2),
        lambda net, x: top_activations(net, x, "0", [0], k=1),
        lambda net, x: attention_maps(net, x),
        lambda net, x: layer_output(net, x, "0"),
    ],
)
def test_an_array_is_refused_by_its_name(call):
    net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten())
    with pytest.raises(TypeError, match=r"images as a tensor .*, got a ndarray"):
        call(net, torch.rand(1, 3, 4, 4).numpy())


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
@pytest.mark.parametrize(
    "call",
    [
        lambda net, x: gradient(net, x, "0", 0),
        lambda net, x: grad_cam(net, x, "0", 0),
        lambda net, x: occlusion_map(net, x, 0, 2, 2),
        lambda net, x: attention_maps(net, x),
    ],
)
def test_a_picture_of_what_is_no_number_is_refused(call, value):
    net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten())
    image = torch.rand(1, 3, 4, 4)
    image[0, 1, 2, 3] = value
    with pytest.raises(ValueError, match=f"images of finite numbers, got {value}"):
        call(net, image)


def test_a_head_of_zeros_explains_nothing(image):
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.LazyLinear(3))
    net(image)
    nn.init.zeros_(net[2].weight)
    with pytest.raises(ValueError, match=r"0 everywhere in layer .0.: .*not trained"):
        grad_cam(net, image, "0", 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda net, x: gradient(net, x, "0", 0),
        lambda net, x: grad_cam(net, x, "0", 0),
        lambda net, x: layer_output(net, x, "0"),
        lambda net, x: occlusion_map(net, x, 0, 2, 2),
        lambda net, x: top_activations(net, x, "0", [0], k=1),
        lambda net, x: maximize_activation(net, "0", 0, (3, 4, 4), steps=1),
    ],
)
def test_an_image_smaller_than_the_kernel(call):
    net = nn.Sequential(nn.Conv2d(3, 2, 7), nn.Flatten())
    with pytest.raises(
        ValueError,
        match=r"cannot read images \([14], 3, 4, 4\) .*Kernel size can't be greater",
    ):
        call(net, torch.rand(1, 3, 4, 4))
    assert net.training


def test_a_model_of_two_inputs_says_which_is_missing(image):
    class Two(nn.Module):
        def forward(self, x, t):
            return x * t

    told = r"takes images alone, got Two: .* argument: 't'; give it the rest by"
    with pytest.raises(ValueError, match=told):
        layer_output(Two(), image, "")


def test_a_model_of_two_inputs_is_explained_as_the_room_says(image):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.conv, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

        def forward(self, x, t):
            return self.head(self.conv(x).mean((2, 3)) * t)

    two = Two()
    net = OfImages(two, 3.0)
    torch.testing.assert_close(layer_output(net, image, ""), two(image, 3.0))
    shown = gradient(net, image, "model.head", 1)
    assert shown.abs().sum() > 0
    torch.testing.assert_close(
        shown, 3 * gradient(OfImages(two, 1.0), image, "model.head", 1)
    )
    assert grad_cam(net, image, "model.conv", 1).shape[1:] == (1, 32, 32)


@pytest.mark.parametrize("rows", [1, 2])
def test_the_rest_serves_each_image_of_a_batch(image, rows):
    class Adds(nn.Module):
        def forward(self, x, other):
            assert x.shape == other.shape
            return (x + other).flatten(1)

    rest = torch.rand(rows, *image.shape[1:])
    net = OfImages(Adds(), rest)
    torch.testing.assert_close(net(image), (image + rest).flatten(1))
    heat = occlusion_map(net, image[0], lambda a: a.mean(1), 16, 16) if rows == 1 else 0
    assert rows > 1 or heat.shape == (2, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda net, x: grad_cam(net, x, "0", 0),
        lambda net, x: layer_output(net, x, "0"),
        lambda net, x: occlusion_map(net, x[:1], 0, 2, 2),
        lambda net, x: attention_maps(net, x),
        lambda net, x: maximize_activation(net, "0", 0, (3, 4, 4), steps=1),
    ],
)
def test_a_model_without_weights(call, image):
    with torch.device("meta"):
        net = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten())
    with pytest.raises(ValueError, match=r"Sequential has no weights .* need them"):
        call(net, image)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(
    "call",
    [
        lambda net, x: grad_cam(net, x, "stem", 0),
        lambda net, x: layer_output(net, x, "stem"),
        lambda net, x: attention_maps(net, x),
        lambda net, x: maximize_activation(net, "stem", 0, (3, 32, 32), steps=1),
        lambda net, x: top_activations(net, x, "stem", [0], k=1),
    ],
)
def test_a_script_is_refused_where_its_inside_is_asked_for(call, image):
    net = torch.jit.trace(ChannelsFirst().eval(), image)
    with pytest.raises(ValueError, match="no rule for TorchScript"):
        call(net, image)
    assert occlusion_map(net, image[:1], 0, 16, 16).isfinite().all()


def test_an_output_of_a_model_that_has_one(image):
    with pytest.raises(ValueError, match="which is one tensor: leave output= out"):
        class_score(1, output="out")(torch.rand(2, 3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "HWC"}, "the letters of BC, BNC or BCHW, .* got 'HWC'"),
        ({"grid": (0, 3)}, r"a grid \(rows, columns\), got \(0, 3\)"),
        ({"prefix_tokens": -1}, "at least 0, got -1"),
    ],
)
def test_bad_layers(options, message):
    with pytest.raises(ValueError, match=message):
        Layer("body", **options)


def test_what_is_said_of_a_layer_must_fit(image):
    net = ChannelsFirst()
    with pytest.raises(ValueError, match=r"to give 3 dimensions 'BNC', got \(2, 6, 8"):
        grad_cam(net, image, Layer("body", layout="BNC"), 0)
    tokens = Net(lambda s, x: s.flat(x).mT.mean(1), flat=nn.Flatten(2))
    said = {"layout": "BCN", "grid": (32, 32)}
    assert layer_output(tokens, image, Layer("flat", **said)).equal(image)
    with pytest.raises(ValueError, match=r"to give 0 \+ 9 x 9 tokens, got 1024 in"):
        layer_output(tokens, image, Layer("flat", **(said | {"grid": (9, 9)})))
    with pytest.raises(ValueError, match=r"to give 1 \+ 32 x 32 tokens, got 1024"):
        layer_output(tokens, image, Layer("flat", **said, prefix_tokens=1))


def state(net):
    """Everything that a call could leave behind in a model."""
    modules = list(net.modules())
    hooks = [
        len(held)
        for module in modules
        for name, held in vars(module).items()
        if "hook" in name and hasattr(held, "__len__")
    ]
    tensors = [*net.parameters(), *net.buffers()]
    return (
        [module.training for module in modules],
        hooks,
        [(id(t), t._version, t.grad is None, t.requires_grad) for t in tensors],
        [sorted(vars(module)) for module in modules],
    )


class Fails(nn.Module):
    """A layer that fails from its third run on, in the middle of the model."""

    def __init__(self):
        super().__init__()
        self.left = 2

    def forward(self, x):
        self.left -= 1
        if self.left < 0:
            raise KeyError("broken")
        return x


CALLS = [
    lambda net, x: layer_output(net, x, "0"),
    lambda net, x: gradient(net, x, "0", 0),
    lambda net, x: guided_backprop(net, x, "2", 0),
    lambda net, x: deconvnet(net, x, "2", 0),
    lambda net, x: grad_cam(net, x, "2", 0),
    lambda net, x: grad_cam(net, x, "2", lambda y: 1 / 0),
    lambda net, x: gradient(net, x, "", lambda y: y.a),
    lambda net, x: occlusion_map(net, x[:1], 0, 8, 8, batch_size=4),
    lambda net, x: occlusion_map(net, x[:1], 0, 8, 8, layer="2", batch_size=4),
    lambda net, x: top_activations(net, x, "2", [0], k=1),
    lambda net, x: maximize_activation(net, "2", 0, (3, 32, 32), steps=4),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fails", [False, True])
def test_every_method_leaves_the_model_as_it_was(call, fails, image):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 4, 4, 4), nn.BatchNorm2d(4), nn.ReLU(inplace=True),
        Fails() if fails else nn.Identity(), nn.Flatten(), nn.Linear(256, 3),
    )  # fmt: skip
    net[1].eval()
    net[0].weight.requires_grad_(False)
    net[2].register_forward_hook(lambda module, args, out: None)
    if fails:
        net[3].left = 0
    before = state(net)
    try:
        call(net, image)
        failed = False
    except (KeyError, AttributeError, ValueError, ZeroDivisionError):
        failed = True
    assert failed >= fails
    assert state(net) == before


def test_a_model_whose_eval_fails_is_put_back(image):
    class Stubborn(nn.Conv2d):
        def train(self, mode=True):
            if not mode:
                raise KeyError("no")
            return super().train(mode)

    net = nn.Sequential(nn.Conv2d(3, 3, 1), Stubborn(3, 3, 1))
    with pytest.raises(KeyError):
        layer_output(net, image, "0")
    assert all(module.training for module in net.modules())
