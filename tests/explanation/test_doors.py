"""Arguments that are none: one error that quotes the value and the rule."""

import numpy as np
import pytest
import torch
from torch import nn

from edulib.explanation import (
    Layer,
    attention_distance,
    attention_rollout,
    box_score,
    class_score,
    deconvnet,
    grad_cam,
    gradient,
    guided_backprop,
    maximize_activation,
    occlusion_map,
    part_scores,
    region_score,
    top_activations,
)

IMAGES = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
ONE = IMAGES[:1]
TRUE = torch.tensor(True)
NO_WHOLE = ("4", None, 4.0, True, TRUE, [4])
NO_NUMBER = ("grey", None, True, TRUE, float("nan"), 1j, torch.zeros(3), 10**400)


def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3),
    )  # fmt: skip


def occluded(window=4, stride=4, **options):
    return occlusion_map(net(), ONE, 1, window, stride, **options)


def best(units=(0,), **options):
    return top_activations(net(), IMAGES, "2", units, **{"k": 1, **options})


def liked(image_shape=(3, 8, 8), **options):
    return maximize_activation(net(), "2", 0, image_shape, **{"steps": 2, **options})


def scored(**options):
    masks = torch.ones(2, 1, 8, 8, dtype=torch.bool)
    return part_scores(net(), IMAGES, masks, "2", ["a"], **options)


WHOLE = [
    (occluded, "window", (0, -1, 9)),
    (occluded, "stride", (0, -1)),
    (occluded, "batch_size", (0, -1)),
    (best, "k", (0, -1, 3)),
    (best, "batch_size", (0, -1)),
    (scored, "batch_size", (0, -1)),
    (liked, "steps", (0, -1)),
    (liked, "jitter", (-1,)),
    (liked, "seed", (2**70, -(2**64))),
]


@pytest.mark.parametrize(
    ("call", "name", "value"),
    [(call, name, v) for call, name, odd in WHOLE for v in (*odd, *NO_WHOLE)],
)
def test_whole_numbers_of_a_range(call, name, value):
    with pytest.raises(ValueError, match=r"^expected .* (of|from) .*, got ") as told:
        call(**{name: value})
    reason = "" if type(value) is int else ", which is no whole number"
    assert str(told.value).endswith(f", got {value!r}{reason}")


@pytest.mark.parametrize(("call", "name"), [(occluded, "fill"), (liked, "step_size")])
@pytest.mark.parametrize("value", NO_NUMBER, ids=lambda v: str(v)[:9])
def test_finite_numbers(call, name, value):
    with pytest.raises(ValueError, match="a finite number, got"):
        call(**{name: value})


def test_numbers_of_numpy_and_tensors_are_numbers():
    eight = np.int64(8)
    whole = occluded(np.int32(4), np.uint8(4), fill=0.25, batch_size=eight)
    assert occluded(4, 4, fill=torch.tensor(0.25)).equal(whole)
    (few,), (many,) = (
        best(torch.tensor([2]), k=np.int64(2), batch_size=eight),
        best([2]),
    )
    assert type(few.unit) is int
    assert few.values[0] == many.values[0]
    assert scored(batch_size=eight).iou.equal(scored(batch_size=1).iou)
    same = liked(np.array([3, 8, 8]), jitter=np.int64(1), seed=np.int64(3))
    assert same.equal(liked(jitter=1, seed=3))
    for unit in (torch.tensor(1), torch.tensor([1]), np.int64(1)):
        assert grad_cam(net(), ONE, "2", unit).equal(grad_cam(net(), ONE, "2", 1))


@pytest.mark.parametrize(
    "shape", [(3, 8), (3, 0, 8), (-3, 8, 8), (1, 3, 8, 8), (3.0, 8, 8), None, "abc", 3]
)
def test_shapes_of_no_image(shape):
    with pytest.raises(ValueError, match=r"whole numbers above 0 as the shape .*, got"):
        liked(shape)


@pytest.mark.parametrize("units", [[], (), 0, None, torch.tensor(0)])
def test_no_units(units):
    with pytest.raises(ValueError, match="the numbers of units, such as"):
        best(units)


TRUTHS = [True, TRUE, torch.tensor([False]), np.True_]
TARGETS = {
    "grad_cam": lambda unit: grad_cam(net(), ONE, "2", unit),
    "occlusion_map": lambda unit: occlusion_map(net(), ONE, unit, 4, 4),
    "of a layer": lambda unit: occlusion_map(net(), ONE, unit, 4, 4, layer="2"),
    "gradient": lambda unit: gradient(net(), ONE, "2", unit),
    "guided_backprop": lambda unit: guided_backprop(net(), ONE, "2", unit),
    "deconvnet": lambda unit: deconvnet(net(), ONE, "2", unit),
    "maximize_activation": lambda u: maximize_activation(net(), "2", u, (3, 8, 8)),
    "top_activations": lambda unit: best([unit]),
    "class_score": lambda unit: class_score(unit)(torch.rand(2, 3)),
    "region_score": lambda unit: region_score(unit)(torch.rand(2, 3, 4, 4)),
}


@pytest.mark.parametrize("call", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("unit", TRUTHS, ids=repr)
def test_a_truth_is_no_unit(call, unit):
    with pytest.raises(ValueError, match=r"a unit of .* from 0 to [23], got"):
        call(unit)


@pytest.mark.parametrize("label", [*TRUTHS, "1", None, 1.0])
def test_a_truth_is_no_label(label):
    with pytest.raises(ValueError, match="a label that is a whole number, got"):
        box_score((0, 0, 4, 4), label)


@pytest.mark.parametrize(
    "box",
    [(0, 0, 1), (0, 0, 4, 4, 4), None, 3, "abcd", (0, 0, torch.nan, 4), (4, 4, 0, 0)],
)
def test_boxes_that_are_none(box):
    with pytest.raises(ValueError, match=r"a side of a box|a box .left, top, right"):
        box_score(box, 1)


@pytest.mark.parametrize("output", ["a", 3, None])
def test_detections_that_are_not_there(output):
    with pytest.raises(
        ValueError, match=r"no output .* of the model|a dictionary with"
    ):
        box_score((0, 0, 4, 4), 1, output=output)((torch.rand(2, 4), {}))


@pytest.mark.parametrize("layout", [3, None, "HWC"])
def test_layouts_of_no_maps(layout):
    with pytest.raises(ValueError, match="letters of BCHW, got"):
        region_score(1, layout=layout)


@pytest.mark.parametrize(
    "masks",
    [
        *[
            None,
            np.ones((2, 1, 8, 8), bool),
            [torch.ones(1, 8, 8)],
            torch.ones(2, 1, 0, 8),
        ],
        *[torch.ones(2, 1, 8, 8).to_sparse(), torch.full((2, 1, 8, 8), 0.5)],
    ],
)
def test_masks_that_are_none(masks):
    with pytest.raises(ValueError, match=r"expected masks .*, got .*"):
        part_scores(net(), IMAGES, masks, "2", ["a"])


@pytest.mark.parametrize("weights", [None, np.ones((1, 2, 17, 17)), torch.rand(17, 17)])
def test_weights_that_are_none(weights):
    with pytest.raises(ValueError, match=r"weights \(B, heads, 17, 17\) .*, got"):
        attention_distance(weights, (4, 4))


@pytest.mark.parametrize("model", [None, net().forward, "resnet"])
def test_a_model_is_a_module(model):
    for call in (
        lambda: grad_cam(model, ONE, "2", 1),
        lambda: occlusion_map(model, ONE, 1, 4, 4),
    ):
        with pytest.raises(TypeError, match=r"expected a torch\.nn\.Module, got"):
            call()


@pytest.mark.parametrize("min_iou", [-0.1, 1.1, "a", float("nan")])
def test_an_overlap_is_a_share(min_iou):
    with pytest.raises(ValueError, match="finite number from 0 to 1, got"):
        box_score((0, 0, 4, 4), 1, min_iou=min_iou)


PLACES = [
    *[(0,), (1, 2, 3), (0.5, 1), (True, 0), (0, TRUE), 3, "ab", (None, 1)],
    *[(8, 0), (-1, 0), torch.tensor([True, False]), torch.zeros(2)],
]


@pytest.mark.parametrize("position", PLACES, ids=repr)
@pytest.mark.parametrize(
    "call",
    [
        lambda at: gradient(net(), ONE, "2", 1, at),
        lambda at: region_score(1, at)(torch.rand(2, 3, 8, 8)),
    ],
)
def test_places_that_are_none(call, position):
    if isinstance(position, torch.Tensor):
        position = tuple(position)  # a region that is a tensor is a mask
    with pytest.raises(ValueError, match=r"a position .* within \(8, 8\).*, got"):
        call(position)


def test_a_place_found_by_another_method_is_one():
    (top,) = best([1])
    image = IMAGES[top.images]
    expected = gradient(net(), image, "2", 1)
    assert gradient(net(), image, "2", 1, top.positions[0]).equal(expected)
    assert gradient(net(), image, "2", 1, top.positions[0].numpy()).equal(expected)


@pytest.mark.parametrize("layer", [["2"], {"a": 1}, None, 2, b"2", ("2",)])
def test_paths_that_are_none(layer):
    with pytest.raises(ValueError, match=r"no layer .* in Sequential"):
        grad_cam(net(), ONE, layer, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *[
            ({"call": v}, "a call that is a whole number, got")
            for v in ("0", True, TRUE, 1.0, [0])
        ],
        *[({"prefix_tokens": v}, "of at least 0, got") for v in (1.0, "1", True, -1)],
        *[
            ({"grid": v}, r"above 0 as a grid \(rows, columns\), got")
            for v in (4, (4,), (4.0, 4), "ab", (0, 4), (True, 4), (4, 4, 4))
        ],
        ({"layout": 3}, "letters of BC"),
    ],
)
def test_layers_that_are_none(options, message):
    with pytest.raises(ValueError, match=message):
        Layer("2", **options)


class Attends(nn.Module):
    """A class token and 4 x 4 patches that attend to each other once."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.patches, self.first = (
            nn.Conv2d(3, 8, 2, 2),
            nn.Parameter(torch.rand(1, 1, 8)),
        )
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        tokens = self.patches(x).flatten(2).mT
        tokens = torch.cat([self.first.expand(len(x), -1, -1), tokens], 1)
        return self.attention(tokens, tokens, tokens)[0][:, 0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        *[
            ({"query": v}, "a query of 0 to 16, got")
            for v in (17, -1, 1.5, True, TRUE, "a", 2**70)
        ],
        *[({"grid": v}, "as a grid") for v in (4, (4,), (4.0, 4.0), (0, 4), (-4, -4))],
        *[({"prefix_tokens": v}, "of at least 0, got") for v in (1.0, True, -1, "1")],
    ],
)
def test_arguments_of_rollout(options, message):
    with pytest.raises(ValueError, match=message):
        attention_rollout(Attends(), ONE, **options)


@pytest.mark.parametrize(
    ("grid", "prefix", "message"),
    [
        (4, 1, "as a grid"),
        ((4, 4.0), 1, "as a grid"),
        ((4, 4), True, "at least 0, got T"),
    ],
)
def test_arguments_of_distances(grid, prefix, message):
    with pytest.raises(ValueError, match=message):
        attention_distance(torch.rand(1, 2, 17, 17), grid, prefix_tokens=prefix)


METHODS = {
    "grad_cam": lambda x: grad_cam(net(), x, "2", 1),
    "gradient": lambda x: gradient(net(), x, "2", 1),
    "guided_backprop": lambda x: guided_backprop(net(), x, "2", 1),
    "deconvnet": lambda x: deconvnet(net(), x, "2", 1),
    "occlusion_map": lambda x: occlusion_map(net(), x, 1, 4, 4),
    "top_activations": lambda x: top_activations(net(), x, "2", [0], 1),
    "attention_rollout": lambda x: attention_rollout(Attends(), x),
}


@pytest.mark.filterwarnings("ignore:Sparse CSR")
@pytest.mark.parametrize("call", METHODS.values(), ids=METHODS)
def test_images_that_are_none(call):
    for empty in (IMAGES[:0], IMAGES[..., :0], IMAGES[0, :0]):
        with pytest.raises(ValueError, match=r"with pixels in them, got shape \("):
            call(empty)
    for sparse in (ONE.to_sparse(), ONE[0].to_sparse(), ONE.to_sparse_csr()):
        with pytest.raises(
            ValueError, match=r"dense images, got sparse_\w+ float32 \("
        ):
            call(sparse)


@pytest.mark.filterwarnings("ignore")
def test_advice_is_given_where_it_is_right():
    with pytest.raises(TypeError, match=r"got torch.uint8: divide by 255 \(images"):
        grad_cam(net(), IMAGES.byte(), "2", 1)
    packed = torch.quantize_per_tensor(IMAGES, 0.1, 0, torch.qint8)
    for other in (IMAGES + 0j, IMAGES > 0, IMAGES.long(), packed):
        with pytest.raises(TypeError, match=rf"images, got {other.dtype}$"):
            grad_cam(net(), other, "2", 1)


def test_an_error_of_the_model_names_the_model():
    class Strict(nn.Module):
        def forward(self, x):
            raise ValueError("image size 8 does not match 9")

    with pytest.raises(
        ValueError,
        match=r"^Strict cannot read images \(1, 3, 8, 8\) of "
        "float32: image size 8 does not match 9$",
    ):
        grad_cam(Strict(), ONE, "", 1)


class Broken(nn.Module):
    """Raises an error of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def forward(self, x):
        raise self.error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (AttributeError("no head"), "AttributeError: no head"),
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero"),
        (IndexError("no row\nof 4"), "IndexError: no row"),
        (AssertionError(), "AssertionError"),
        (StopIteration(), "StopIteration"),
    ],
)
def test_a_fault_of_the_model_is_told_with_what_it_was_given(error, words):
    with pytest.raises(ValueError, match=f"3, 8, 8.* of float32: {words}$") as found:
        grad_cam(Broken(error), ONE, "", 1)
    assert found.value.__cause__ is error


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("full"), MemoryError()])
def test_want_of_memory_stays_what_it_is(error):
    with pytest.raises(type(error)):
        grad_cam(Broken(error), ONE, "", 1)
