"""Detection: what is learnt, what is measured, and what is refused before it."""

import math
from dataclasses import replace

import pytest
import torch
from tiny_detector import Rectangles, TinyDetector, detector
from torch import Tensor, nn
from torchvision import tv_tensors
from training_helpers import same

from edulib.data import pad_maps
from edulib.models.ops.boxes import box_area
from edulib.registry import get_model_info, get_tiny_builder, list_models
from edulib.training import Detection, Recipe, evaluate, fit, loop
from edulib.training.batches import Batch, Batches
from edulib.training.measures import coco_ap
from edulib.training.objectives.detection import AT_ONCE, joined

CPU = torch.device("cpu")
RECIPE = Recipe(epochs=12, batch_size=8, optimizer="adamw", lr=0.01, clip_norm=1.0)
ONCE = Recipe(epochs=1, batch_size=8, optimizer="adamw", lr=0.001)


class Listed(nn.Module):
    """A detector that finds what it was told, by the first pixel of an image."""

    num_classes = 3

    def __init__(self, detections: list[dict]) -> None:
        super().__init__()
        self.detections, self.seen = detections, []
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, images: Tensor) -> Tensor:
        return images.mean() * self.weight

    def losses(self, images: Tensor, targets: list[dict]) -> dict[str, Tensor]:
        self.seen += targets
        return {"zero": self(images)}

    def detect(self, images: Tensor) -> list[dict]:
        self.seen.append(images)
        found = [self.detections[int(number)] for number in images[:, 0, 0, 0]]
        return [
            {**one, "masks": pad_maps(one["masks"], *images.shape[2:])}
            if "masks" in one
            else one
            for one in found
        ]


def numbered(sizes: list[tuple[int, int]]) -> list[Tensor]:
    """Images whose first pixel is their number."""
    images = [torch.ones(1, *size) for size in sizes]
    for number, image in enumerate(images):
        image[0, 0, 0] = number
    return images


@pytest.mark.parametrize("masks", [False, True])
def test_a_detector_learns_on_images_of_several_sizes(masks):
    train, val = (Rectangles(n, seed, masks, True) for n, seed in ((96, 0), (24, 1)))
    settings = {"recipe": RECIPE, "objective": Detection(masks=masks)}
    history = fit(detector(masks=masks), train, val, **settings)
    assert history.train_loss[-1] < history.train_loss[0] / 20
    for name in ("AP50", *(["mask_AP50"] if masks else [])):
        assert history.val[name][0] < 0.5
        assert history.val[name][-1] > 0.9
    assert history.val_AP[-1] < history.val_AP50[-1]
    assert list(history.val) == [
        *("AP", "AP50"),
        *(("mask_AP", "mask_AP50") if masks else ()),
    ]


def test_the_losses_of_an_epoch_are_means_over_the_images():
    model, examples = detector(), Rectangles(20)
    batches = Batches(examples, 8, CPU).shuffled(RECIPE.seed)
    parts: dict[str, float] = {}
    for batch in batches:
        for name, loss in model.losses(batch.inputs, batch.targets).items():
            parts[name] = parts.get(name, 0) + loss.item() * len(batch.inputs) / 20
    frozen = replace(ONCE, lr=1e-12)
    history = fit(model, examples, recipe=frozen, objective=Detection())
    assert history.train.pop("loss") == [pytest.approx(sum(parts.values()))]
    assert history.train == {name: [pytest.approx(x)] for name, x in parts.items()}


def test_average_precision_is_that_of_the_whole_set():
    model = detector()
    fit(model, Rectangles(64), recipe=replace(RECIPE, epochs=4), objective=Detection())
    val = Rectangles(30, seed=1)
    images, targets = zip(*(val[k] for k in range(30)), strict=True)
    with torch.no_grad():
        found = [model.detect(image[None])[0] for image in images]
    expected = coco_ap(found, targets)
    assert 0.05 < expected["AP"] < expected["AP50"] < 1
    for batch_size in (7, 256):
        seen = evaluate(model, val, batch_size=batch_size, objective=Detection())
        assert seen == {name: pytest.approx(expected[name]) for name in ("AP", "AP50")}
    middle = sorted(box_area(torch.cat([t["boxes"] for t in targets])).tolist())[30]
    areas = {"little": (0.0, middle), "much": (middle, 1e4)}
    expected = coco_ap(found, targets, areas=areas)
    objective = Detection(sizes=tuple((name, *area) for name, area in areas.items()))
    assert expected["AP_little"] != expected["AP_much"]
    assert evaluate(model, val, objective=objective) == {
        name: pytest.approx(expected[name])
        for name in ("AP", "AP50", "AP_little", "AP_much")
    }


def test_images_of_several_sizes_are_filled_with_zeros_and_masks_too():
    sizes = [(16, 16), (24, 16), (16, 20)]
    images = [torch.rand(3, *size) for size in sizes]
    targets = [{"masks": torch.rand(2, *size) > 0.5} for size in sizes]
    ((joint, filled),) = joined(Batch(images, targets, 0, 1.0), 8)
    assert joint.shape == (3, 3, 24, 20)
    for one, mask, image, target, (height, width) in zip(
        joint, (t["masks"] for t in filled), images, targets, sizes, strict=True
    ):
        assert torch.equal(one[:, :height, :width], image)
        assert torch.equal(mask[:, :height, :width], target["masks"])
        assert one.sum() == pytest.approx(image.sum().item(), rel=1e-5)
        assert mask.shape == (2, 24, 20)
        assert mask.sum() == target["masks"].sum()


def test_wider_images_beside_it_change_no_average_precision():
    masks = torch.zeros(1, 16, 16, dtype=torch.bool)
    masks[:, 3:8, 2:9] = True
    target = {
        "boxes": torch.tensor([[2.0, 3.0, 9.0, 8.0]]),
        "labels": torch.tensor([2]),
        "masks": masks,
    }
    model = Listed([{**target, "scores": torch.tensor([0.9])}] * 2)
    larger = {**target, "masks": pad_maps(masks, 20, 24)}
    examples = numbered([(16, 16), (20, 24)]), [target, larger]
    seen = evaluate(model, examples, objective=Detection(masks=True))
    assert seen == dict.fromkeys(("AP", "AP50", "mask_AP", "mask_AP50"), 1.0)
    assert model.seen[-1].shape == (2, 1, 20, 24)


def test_a_detector_is_given_few_images_at_a_time_in_validation():
    nothing = {"boxes": torch.empty(0, 4), "labels": torch.empty(0, dtype=torch.int64)}
    model = Listed([{**nothing, "scores": torch.empty(0)}] * 50)
    target = {"boxes": torch.tensor([[0.0, 0, 4, 4]]), "labels": torch.tensor([0])}
    examples = numbered([(8, 8)] * 50), [target] * 50
    assert evaluate(model, examples, objective=Detection()).AP == 0
    sizes = [len(images) for images in model.seen if isinstance(images, Tensor)]
    assert sum(sizes) == 51  # the first one is looked at before
    assert max(sizes) == AT_ONCE


def test_torchvisions_types_do_not_reach_the_model():
    target = {
        "boxes": tv_tensors.BoundingBoxes(
            [[0.0, 0, 4, 4]], format="XYXY", canvas_size=(8, 8)
        ),
        "labels": torch.tensor([0]),
        "masks": tv_tensors.Mask(torch.ones(1, 8, 8, dtype=torch.bool)),
        "crowd": torch.tensor([False]),
    }
    found = {**target, "scores": torch.ones(1)}
    model = Listed([found])
    images = [tv_tensors.Image(torch.zeros(1, 8, 8))]
    fit(model, (images, [target]), recipe=ONCE, objective=Detection(masks=True))
    (seen,) = model.seen[-1:]
    assert {name: type(value) for name, value in seen.items()} == {
        name: Tensor for name in ("boxes", "labels", "masks")
    }


def test_crowds_are_not_learnt():
    target = {
        "boxes": torch.tensor([[0.0, 0, 8, 8], [1, 1, 4, 4]]),
        "labels": torch.tensor([2, 1]),
        "crowd": torch.tensor([True, False]),
        "area": torch.tensor([50.0, 9.0]),
    }
    model = Listed([{**target, "scores": torch.ones(2)}])
    fit(model, (numbered([(8, 8)]), [target]), recipe=ONCE, objective=Detection())
    assert model.seen[-1]["boxes"].tolist() == [[1, 1, 4, 4]]
    assert model.seen[-1]["labels"].tolist() == [1]


@pytest.mark.filterwarnings("ignore:not all measures are finite")
def test_a_set_without_any_object_is_no_error():
    empty = [Rectangles(12)[0]] * 12  # every fourth holds none
    images, targets = map(list, zip(*empty, strict=True))
    assert len(targets[0]["boxes"]) == 0
    history = fit(
        detector(),
        (images, targets),
        (images, targets),
        replace(RECIPE, epochs=2),
        objective=Detection(),
    )
    assert history.train["box"] == [0, 0]
    assert all(math.isnan(ap) for ap in history.val_AP)


def test_it_learns_in_bfloat16(monkeypatch):
    half = torch.autocast("cpu", torch.bfloat16)
    monkeypatch.setattr(loop, "mixed_precision", lambda *_: half)
    history = fit(
        detector(), Rectangles(64), Rectangles(16, 1), RECIPE, objective=Detection()
    )
    assert history.train_loss[-1] < history.train_loss[0] / 10
    assert history.val_AP50[-1] > 0.8


def test_workers_bring_the_same_lists():
    one, other = detector(), detector()
    for model, workers in ((one, 0), (other, 2)):
        recipe = replace(ONCE, workers=workers)
        fit(model, Rectangles(16, ragged=True), recipe=recipe, objective=Detection())
    assert same(one, other)


def test_dicts_and_images_of_different_sizes_stay_lists():
    (batch,) = Batches(Rectangles(4, ragged=True), 4, CPU).in_order()
    assert [tuple(image.shape) for image in batch.inputs] == [
        *((1, 24, 24), (1, 16, 16), (1, 16, 16), (1, 16, 24))
    ]
    assert [len(target["boxes"]) for target in batch.targets] == [0, 1, 2, 3]
    (batch,) = Batches(Rectangles(4), 4, CPU).in_order()
    assert batch.inputs.shape == (4, 1, 16, 16)
    pairs = [Rectangles(4)[k] for k in range(4)]
    memory = (torch.stack([x for x, _ in pairs]), [y for _, y in pairs])
    first, second = Batches(memory, 2, CPU).in_order()
    assert torch.equal(first.inputs, batch.inputs[:2])
    assert second.targets == memory[1][2:]
    assert (first.number, second.number) == (0, 1)


def with_last(**changes: object) -> tuple[list, list]:
    """Twelve examples, of which the last, with three objects, is changed."""
    pairs = [Rectangles(12, masks=True)[k] for k in range(12)]
    images, targets = map(list, zip(*pairs, strict=True))
    for name, change in changes.items():
        targets[-1][name] = change(targets[-1][name])
    return images, targets


def changed(value: Tensor, place: tuple[int, ...], number: float) -> Tensor:
    value = value.clone()
    value[place] = number
    return value


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"labels": lambda x: changed(x, (0,), 2)},
            "labels from 0 to below .*classes, 2, got 2: .*num_classes=3 or more",
        ),
        ({"labels": lambda x: x - 5}, "labels from 0, got -"),
        ({"labels": lambda x: x.float()}, r"labels \(N,\), torch.int64, .*float32"),
        ({"labels": lambda x: x[:2]}, r"labels .*for boxes \(3, 4\), got int64 \(2,"),
        ({"boxes": lambda x: changed(x, (1, 2), -1)}, r"x1 <= x2 and .*, -1\.0, "),
        ({"boxes": lambda x: changed(x, (1, 2), x[1, 0])}, "x1 < x2 and y1 < y2, got"),
        ({"boxes": lambda x: changed(x, (0, 0), torch.nan)}, "boxes .*finite, got nan"),
        ({"boxes": lambda x: x.long()}, r"boxes \(N, 4\), floating .*got int64 \(3, 4"),
        ({"boxes": lambda x: x[:, :3]}, r"boxes \(N, 4\), .*got float32 \(3, 3\)"),
        ({"boxes": lambda _: None}, "a tensor 'boxes', got a dict with 'boxes', "),
        ({"masks": lambda x: x[:, :8]}, r"masks \(3, 16, 16\) of 3 .*got \(3, 8, 16\)"),
        ({"masks": lambda x: x[:2]}, r"masks \(3, 16, 16\) of 3 .*got \(2, 16, 16\)"),
        ({"masks": lambda x: x.byte()}, r"masks \(N, H, W\), bool, got uint8 \(3, 16"),
        ({"masks": lambda _: None}, "expected a target with masks, got a dict with"),
    ],
)
def test_targets_that_are_none_are_refused_before_the_first_step(
    monkeypatch, split, changes, message
):
    steps = []
    monkeypatch.setattr(Detection, "step", lambda *_: steps.append(1))
    sets = {"train_set": with_last(), "val_set": with_last()}
    sets[f"{split}_set"] = with_last(**changes)
    with pytest.raises(ValueError, match=message) as error:
        fit(detector(masks=True), **sets, recipe=ONCE, objective=Detection(masks=True))
    assert str(error.value).startswith("examples ")
    assert " to 11: image " in str(error.value)
    assert "\n" not in str(error.value)
    assert steps == []


def test_a_model_that_does_not_say_its_classes_meets_the_highest_label_first():
    class Silent(TinyDetector):
        def __init__(self):
            super().__init__()
            del self.num_classes

        def losses(self, images, targets):
            assert not self.training
            return super().losses(images, targets)

    examples = with_last(labels=lambda x: changed(x, (0,), 2))
    message = r"losses take, got a dict with .* labels \[.*2.*\]: IndexError: Target 2"
    with pytest.raises(ValueError, match=message):
        fit(Silent(), examples, recipe=ONCE, objective=Detection())


def test_a_fault_of_detect_is_told_with_what_it_was_given():
    class Broken(TinyDetector):
        def detect(self, images):
            raise KeyError("boxes")

    for use in (fit, evaluate):
        with pytest.raises(ValueError, match=r"detect takes, got .*: KeyError: 'boxes"):
            use(Broken(), Rectangles(4), objective=Detection())


def test_augmentation_that_spoils_a_box_is_refused_in_its_step():
    class Spoilt(Rectangles):
        reads = 0

        def __getitem__(self, index):
            image, target = super().__getitem__(index)
            Spoilt.reads += 1
            if Spoilt.reads > 12 and len(target["boxes"]):
                target["boxes"] = changed(target["boxes"], (0, 2), -1)
            return image, target

    with pytest.raises(ValueError, match=r"expected boxes .*x1 <= x2"):
        fit(detector(), Spoilt(12), recipe=ONCE, objective=Detection())


@pytest.mark.parametrize(
    ("images", "targets", "message"),
    [
        (torch.rand(4, 1, 16, 16), torch.arange(4), r"a dict of .*got int64 \(4,\)"),
        (
            [torch.rand(1, 16, 16), torch.rand(3, 16, 16)],
            [Rectangles(2)[k][1] for k in range(2)],
            r"as many channels, got \(1,\) and \(3,\)",
        ),
        (
            [torch.rand(3, 16, 16)],
            [Rectangles(1)[0][1]],
            r"that the model takes, got float32 \(1, 3, 16, 16\)",
        ),
    ],
)
def test_examples_that_are_none(images, targets, message):
    for use in (fit, evaluate):
        with pytest.raises(ValueError, match=message):
            use(detector(), (images, targets), objective=Detection())


@pytest.mark.parametrize(
    ("losses", "message"),
    [
        (torch.ones(()), r"parts of the loss by name, .*got float32 \(\)"),
        ({}, "got an empty dict"),
        ({"loss": torch.ones(())}, "none of them called 'loss' or 'count', got a dict"),
        ({"box": torch.ones(4)}, r"a loss 'box' of one number, got float32 \(4,\)"),
    ],
)
def test_losses_that_are_none(monkeypatch, losses, message):
    monkeypatch.setattr(TinyDetector, "losses", lambda *_: losses)
    with pytest.raises(ValueError, match=message):
        fit(detector(), Rectangles(8), recipe=ONCE, objective=Detection())


BOX = {"boxes": torch.rand(1, 4).sort().values, "labels": torch.tensor([0])}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({}, r"of 1 image\(s\), a list of a dict for each, got an empty dict"),
        ([], "got a list of 0"),
        ([BOX], "with a tensor 'scores', got a dict with 'boxes', 'labels'"),
        ([{**BOX, "scores": torch.tensor([torch.nan])}], "scores .*finite, got nan"),
        ([{**BOX, "scores": torch.rand(2)}], r"scores \(N,\), .*got float32 \(2,\)"),
        ([{**BOX, "scores": torch.rand(1)}], "with a tensor 'masks'"),
    ],
)
def test_detections_that_are_none(monkeypatch, found, message):
    monkeypatch.setattr(TinyDetector, "detect", lambda *_: found)
    examples = Rectangles(8, masks=True)
    with pytest.raises(ValueError, match=message):
        fit(detector(masks=True), examples, objective=Detection(masks=True))


def test_a_classifier_is_no_detector():
    model = nn.Conv2d(1, 2, 1)
    with pytest.raises(ValueError, match=r"detect\(images\), got Conv2d"):
        fit(model, Rectangles(8), objective=Detection())


@pytest.mark.parametrize("name", list_models(task="detection"))
def test_every_detector_of_the_book_fits_the_objective(name):
    masks = name.startswith("maskrcnn")
    ((_, height, width),) = get_model_info(name).test_inputs
    torch.manual_seed(0)
    model = get_tiny_builder(name)(num_classes=3)
    target = {
        "boxes": torch.tensor([[4.0, 8.0, 40.0, 36.0], [20.0, 20.0, 60.0, 60.0]]),
        "labels": torch.tensor([2, 0]),
        "masks": torch.ones(2, height, width, dtype=torch.bool),
    }
    empty = {key: value[:0] for key, value in target.items()}
    examples = torch.rand(2, 3, height, width), [target, empty]
    objective = Detection(masks=masks)
    history = fit(model, examples, examples, ONCE, objective=objective)
    assert len(history.train) > 2
    assert 0 <= history.val["mask_AP" if masks else "AP"][0] <= 1
    target["labels"] += 1
    with pytest.raises(ValueError, match=r"labels from 0 to .*got 3"):
        fit(model, examples, recipe=ONCE, objective=objective)
