"""The numbers of the second era: counted rightly, published by whom they say."""

from statistics import mean

import pytest
from torchvision.models import detection as theirs
from torchvision.models import get_model_weights

from edulib.chapters.review2.experiments import NAMES, RACE, SMALL_DETECTORS
from edulib.experiments import load_experiment
from edulib.notebook import judge_means
from edulib.notebook.claims import Verdict
from edulib.registry import get_builder, get_model_info, list_models
from edulib.reviews.detectors import (
    detector_costs,
    detector_numbers,
    detector_precisions,
)
from edulib.reviews.measure import count, load_era
from edulib.reviews.numbers import era_numbers, race_accuracies
from edulib.reviews.tables import print_sheet


@pytest.fixture(scope="module")
def rows():
    return {row.name: row for row in era_numbers(2)}


@pytest.fixture(scope="module")
def detectors():
    return {row.name: row for row in detector_numbers(2)}


def test_every_model_of_the_era_is_counted_and_timed(rows, detectors):
    assert set(rows) == set(list_models(era=2, task="classification"))
    assert set(detectors) == set(list_models(era=2, task="detection"))
    assert all(row.milliseconds > 0 for row in (rows | detectors).values())


@pytest.mark.parametrize("name", ["densenet121", "mobilenet_v1", "ssd300_vgg16"])
def test_stored_counts_are_those_of_the_networks(name):
    stored = load_era(2)["models"][name]
    counted = count(get_builder(name)().eval(), get_model_info(name).image_shape)
    assert counted == {key: stored[key] for key in counted}


def test_later_numbers_are_torchvisions(rows):
    found = {name: row.later for name, row in rows.items() if row.later.how}
    assert len(found) == 14
    for name, published in found.items():
        weights = get_model_weights(name).IMAGENET1K_V1
        metrics = weights.meta["_metrics"]["ImageNet-1K"]
        assert published.top1 == pytest.approx(metrics["acc@1"], abs=0.051)
        assert published.top5 == pytest.approx(metrics["acc@5"], abs=0.051)


def test_newer_numbers_come_from_one_recipe(rows):
    """Of the table that torchvision's makers published in November 2021."""
    assert {n: row.newer.top1 for n, row in rows.items() if row.newer.how} == {
        **{"resnet50": 80.67, "resnet101": 81.73, "resnet152": 82.04},
        "resnext50_32x4d": 81.12,
    }


def test_the_papers_errors_are_those_of_their_tables(rows):
    errors = {
        name: round(100 - row.in_paper.top1, 2)
        for name, row in rows.items()
        if row.in_paper.top1
    }
    tables = {
        **{"resnet50": 22.85, "resnet101": 21.75, "resnet152": 21.43},
        **{"resnext50_32x4d": 22.2, "resnext101_64x4d": 20.4},
        **{"densenet121": 25.0, "inception_v3": 21.2, "inception_v4": 20.0},
        **{"inception_resnet_v2_paper": 19.9, "xception": 21.0},
    }
    assert {name: errors[name] for name in tables} == tables


def test_later_precisions_are_torchvisions(detectors):
    weights = {
        "ssd300_vgg16": theirs.SSD300_VGG16_Weights,
        "fasterrcnn_resnet50_fpn": theirs.FasterRCNN_ResNet50_FPN_Weights,
        "maskrcnn_resnet50_fpn": theirs.MaskRCNN_ResNet50_FPN_Weights,
    }
    for name, row in detectors.items():
        if name not in weights:
            assert row.later.coco is None
            continue
        metrics = weights[name].COCO_V1.meta["_metrics"]["COCO-val2017"]
        assert row.later.coco == metrics["box_map"]
    assert "masks 34.6" in detectors["maskrcnn_resnet50_fpn"].later.how
    masks = theirs.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["_metrics"]
    assert masks["COCO-val2017"]["mask_map"] == 34.6


def test_tables_and_sheet_show_every_detector(rows, detectors):
    sheet = print_sheet("An era", list(rows.values()), [], list(detectors.values()))
    shown = detector_costs(detectors.values()), detector_precisions(detectors.values())
    for table in (sheet, *shown):
        unbroken = table.html.replace("<wbr>", "")
        assert all(f">{name}</th>" in unbroken for name in detectors)
        assert all(name in table.text for name in detectors)
    assert all(name in sheet.text for name in rows)


def test_the_races_had_several_starts():
    race = race_accuracies("review2-race")
    assert set(race) == set(NAMES)
    assert {len(starts) for starts in race.values()} == {2}
    assert RACE.epochs * 600 // RACE.batch_size == 300
    runs = load_experiment("review2-detectors")
    assert {*runs, "SSD"} == set(SMALL_DETECTORS)
    assert {len(run["val_AP"]) for run in runs.values()} == {3}


def test_recipe_brings_more_than_a_hundred_layers(rows):
    deep, shallow = rows["resnet152"], rows["resnet50"]
    assert deep.later.top1 - shallow.later.top1 == pytest.approx(2.2, abs=0.05)
    assert shallow.newer.top1 - shallow.later.top1 == pytest.approx(4.5, abs=0.05)
    assert deep.macs / shallow.macs == pytest.approx(2.8, abs=0.05)
    lead = [
        getattr(rows["resnext50_32x4d"], kind).top1 - getattr(shallow, kind).top1
        for kind in ("later", "newer")
    ]
    assert lead == pytest.approx([1.5, 0.4], abs=0.06)


def test_memory_does_not_follow_from_the_parameters(rows):
    thin, full = rows["mobilenet_v1"], rows["resnet18"]
    assert thin.params / full.params == pytest.approx(1 / 3, abs=0.05)
    assert thin.macs / full.macs == pytest.approx(1 / 3, abs=0.05)
    assert thin.memory > full.memory


def test_shortcuts_begin_sooner_than_their_twin_and_depth_costs():
    fitted = {
        name: mean(starts)
        for name, starts in race_accuracies("review2-race", "train").items()
    }
    assert fitted["inception_resnet_v2"] > 0.9 > 0.45 > fitted["inception_v4"] > 1 / 3
    assert min(fitted["resnet18"], fitted["resnet34"]) > 0.98
    assert 0.9 > fitted["resnet50"] > fitted["resnet101"]
    assert fitted["densenet121"] > 0.98
    assert min(fitted, key=fitted.get) == "mobilenet_v1"
    assert sorted(fitted, key=fitted.get)[-2] == "xception"


def test_best_on_new_scenes_is_older_than_the_era():
    new = race_accuracies("review2-race")
    others = [start for name, starts in new.items() for start in starts
              if name != "vgg16_bn"]  # fmt: skip
    assert min(new["vgg16_bn"]) > max(others) + 0.05
    assert 0.5 < mean(new["resnet18"]) < 0.6
    assert min(new["densenet121"]) > 0.75


@pytest.mark.parametrize(
    ("name", "words"),
    [("densenet121", "ported"), ("inception_v3", "ported"), ("resnet50", "recipe")],
)
def test_later_weights_come_from_whom_the_page_says(name, words):
    assert words in get_model_weights(name).IMAGENET1K_V1.meta["_docs"]


def test_detectors_are_level_at_half_overlap_and_differ_at_more():
    runs = load_experiment("review2-detectors")
    runs["SSD"] = load_experiment("ssd-parts")["three maps"]
    last = {
        (name, measure): [values[-1] for values in run[f"val_{measure}"]]
        for name, run in runs.items()
        for measure in ("AP", "AP50", "AP_small")
    }
    ssd, faster, yolo = "SSD", "Faster R-CNN", "YOLO"
    for measure in ("AP50", "AP_small"):
        assert abs(mean(last[ssd, measure]) - mean(last[faster, measure])) < 0.03
    assert judge_means(last[ssd, "AP"], last[faster, "AP"]) is Verdict.HOLDS
    for measure in ("AP", "AP50", "AP_small"):
        assert judge_means(last[yolo, measure], last[ssd, measure]) is Verdict.HOLDS
    lost = {
        measure: mean(last[yolo, measure]) / mean(last[ssd, measure])
        for measure in ("AP", "AP50", "AP_small")
    }
    assert min(lost, key=lost.get) == "AP_small"
