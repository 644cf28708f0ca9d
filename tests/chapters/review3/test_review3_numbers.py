"""The numbers of the third era: counted rightly, published by whom they say."""

from statistics import mean

import pytest
from torch import nn
from torchvision.models import get_model_weights

from edulib.anatomy import stage_table
from edulib.chapters.review2.experiments import RACE
from edulib.chapters.review3.experiments import BUILDS, FASTER, narrow_vit
from edulib.experiments import load_experiment
from edulib.notebook import judge
from edulib.notebook.claims import Verdict
from edulib.registry import get_builder, get_model_info, list_models
from edulib.reviews import measure as measuring
from edulib.reviews.costs import filled
from edulib.reviews.detectors import (
    detector_costs,
    detector_numbers,
    detector_precisions,
)
from edulib.reviews.measure import YARDSTICKS, count, load_era, widest_field
from edulib.reviews.numbers import era_numbers, race_accuracies
from edulib.reviews.segmenters import (
    segmenter_costs,
    segmenter_numbers,
    segmenter_overlaps,
)
from edulib.reviews.tables import accuracy_table, cost_table, print_sheet


@pytest.fixture(scope="module")
def rows():
    return {row.name: row for row in era_numbers(3)}


@pytest.fixture(scope="module")
def detectors():
    return {row.name: row for row in detector_numbers(3)}


@pytest.fixture(scope="module")
def segmenters():
    return {row.name: row for row in segmenter_numbers(3)}


def test_every_model_of_the_era_is_counted_and_timed(rows, detectors, segmenters):
    for task, found in (
        ("classification", rows),
        ("detection", detectors),
        ("segmentation", segmenters),
    ):
        assert set(found) == set(list_models(era=3, task=task))
        assert all(row.milliseconds > 0 for row in found.values())
    assert (len(rows), len(detectors), len(segmenters)) == (25, 9, 9)
    assert set(YARDSTICKS) <= set(load_era(3)["models"])


@pytest.mark.parametrize(
    "name", ["mobilenet_v2", "vit_ti_16", "yolov5n", "lraspp_mobilenet_v3_large"]
)
def test_stored_counts_are_those_of_the_networks(name):
    stored = load_era(3)["models"][name]
    counted = count(get_builder(name)().eval(), get_model_info(name).image_shape)
    assert counted == {key: stored[key] for key in counted}
    assert counted["macs"] == get_model_info(name).macs


def test_no_number_says_what_a_place_sees_that_sees_all(rows):
    squeezed = {name for name in rows if name.startswith(("mobilenet_v3", "efficient"))}
    lite = {name for name in rows if "lite" in name}
    looking = {name for name in rows if "vit" in name}
    whole = {name for name, row in rows.items() if row.field is None}
    assert whole == (squeezed - lite) | looking
    assert "–" in rows["vit_b_16"].costs()


def test_widest_field_is_that_before_the_mean():
    layers = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 5), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    assert widest_field(stage_table(layers, (3, 20, 20)).rows) == 7
    assert widest_field(stage_table(nn.Flatten(), (3, 20, 20)).rows) is None


def test_the_model_that_stopped_a_measurement_is_named(monkeypatch):
    monkeypatch.setattr(measuring, "list_models", lambda era: [])
    monkeypatch.setattr(measuring, "milliseconds", lambda model, shape: 1 / 0)
    monkeypatch.setattr(measuring, "get_builder", lambda name: nn.Identity)
    with pytest.raises(ZeroDivisionError) as found:
        measuring.measure(3)
    assert YARDSTICKS[0] in found.value.__notes__[0]


def test_of_two_measurements_the_lower_time_is_kept(monkeypatch):
    monkeypatch.setattr(measuring, "milliseconds", lambda model, shape: 5.0)
    monkeypatch.setattr(measuring, "get_builder", lambda name: nn.Identity)
    names = YARDSTICKS[:2]
    stored = {n: {"milliseconds": t} for n, t in zip(names, (3.0, 9.0), strict=True)}
    again = measuring.measure_again({"rounds": 1, "models": stored})
    assert [m["milliseconds"] for m in again["models"].values()] == [3.0, 5.0]
    assert again["rounds"] == 2


def test_a_column_without_a_number_is_left_out():
    assert filled(("a", "b"), [("x", "–"), ("y", "–")]) == (["a"], [["x"], ["y"]])
    assert filled(("a", "b"), [("x", "–"), ("y", "1")])[0] == ["a", "b"]


LIBRARYS = "mobilenet_v2 mobilenet_v3_large mobilenet_v3_small vit_b_16 vit_b_32"
LIBRARYS = {*LIBRARYS.split(), "vit_l_16", "vit_l_32"}
LIBRARYS |= {f"efficientnet_b{k}" for k in range(8)}


def test_later_numbers_are_torchvisions(rows):
    found = {n: r.later for n, r in rows.items() if r.later.how.startswith("torchv")}
    assert set(found) == LIBRARYS
    for name, published in found.items():
        metrics = get_model_weights(name).IMAGENET1K_V1.meta["_metrics"]["ImageNet-1K"]
        assert published.top1 == pytest.approx(metrics["acc@1"], abs=0.0051)
        assert published.top5 == pytest.approx(metrics["acc@5"], abs=0.0051)


def test_newer_numbers_are_torchvisions(rows):
    found = {name: row.newer for name, row in rows.items() if row.newer.how}
    assert set(found) == {"mobilenet_v2", "mobilenet_v3_large", "efficientnet_b1"}
    for name, published in found.items():
        metrics = get_model_weights(name).IMAGENET1K_V2.meta["_metrics"]["ImageNet-1K"]
        assert published.top1 == pytest.approx(metrics["acc@1"], abs=0.0051)


def test_the_papers_numbers_are_those_of_their_tables(rows):
    paper = {n: row.in_paper.top1 for n, row in rows.items() if row.in_paper.top1}
    assert {n: paper[n] for n in ("mobilenet_v2", "mobilenet_v2_140")} == {
        **{"mobilenet_v2": 72.0, "mobilenet_v2_140": 74.7}
    }
    assert (paper["mobilenet_v3_large"], paper["mobilenet_v3_small"]) == (75.2, 67.4)
    assert [paper[f"efficientnet_b{k}"] for k in range(8)] == [
        *(77.1, 79.1, 80.1, 81.6, 82.9, 83.6, 84.0, 84.3),
    ]
    assert [paper[f"efficientnet_lite{k}"] for k in range(5)] == [
        *(75.1, 76.7, 77.6, 79.8, 81.5),
    ]
    assert 100 - paper["xception65"] == pytest.approx(20.19)
    assert {n: paper[n] for n in paper if "vit" in n} == {
        **{"vit_b_16": 77.91, "vit_b_32": 73.38, "vit_l_16": 76.53},
        "vit_l_32": 71.16,
    }


def test_published_precisions_are_those_of_the_papers(detectors):
    yolo = [detectors[f"yolov5{size}"].in_paper.coco for size in "nsmlx"]
    assert yolo == [28.0, 37.4, 45.4, 49.0, 50.7]
    assert detectors["detr_resnet50"].in_paper.coco == 42.0
    assert detectors["detr_resnet50_dc5"].in_paper.coco == 43.3
    masks = {n: row.in_paper.masks for n, row in detectors.items()}
    assert (masks["yolact_resnet50"], masks["solov2_resnet50"]) == (28.2, 38.8)


def test_later_overlaps_are_torchvisions(segmenters):
    found = {name: row.later for name, row in segmenters.items() if row.later.how}
    assert len(found) == 4
    for name, published in found.items():
        weights = get_model_weights(name).COCO_WITH_VOC_LABELS_V1
        metrics = weights.meta["_metrics"]["COCO-val2017-VOC-labels"]
        assert published.miou == metrics["miou"]
    paper = {n: r.in_paper.miou for n, r in segmenters.items() if r.in_paper.miou}
    assert paper == {
        **{"deeplabv3plus_resnet101": 78.85, "deeplabv3plus_xception65": 79.79}
    }


def test_tables_and_sheet_show_every_model(rows, detectors, segmenters):
    everyone = [*rows.values()], [*detectors.values()], [*segmenters.values()]
    shown = {
        "all": print_sheet("An era", everyone[0], [], *everyone[1:], best=1),
        "classifiers": cost_table(everyone[0]),
        "boxes": detector_costs(everyone[1]),
        "precisions": detector_precisions(everyone[1]),
        "maps": segmenter_costs(everyone[2]),
    }
    names = {
        **{"classifiers": rows, "boxes": detectors, "precisions": detectors},
        **{"maps": segmenters, "all": {**rows, **detectors, **segmenters}},
    }
    for part, table in shown.items():
        assert all(f">{n}</th>" in table.html.replace("<wbr>", "") for n in names[part])
    assert "VOC" not in detector_precisions(everyone[1]).text
    assert "top-1" in shown["all"].text
    assert "top-5" not in shown["all"].text
    assert "deeplabv3plus_resnet50" not in segmenter_overlaps(everyone[2]).text
    assert "r50_vit_b_16" not in accuracy_table(everyone[0]).text


def test_the_race_has_the_data_and_recipe_of_the_era_before():
    race = race_accuracies("review3-race")
    assert set(race) == set(BUILDS)
    assert {len(starts) for starts in race.values()} == {2}
    assert set(race_accuracies("review3-rate")) == set(FASTER)
    assert load_experiment("review3-race").keys() == BUILDS.keys()
    assert RACE.lr == 0.001


def test_narrow_vit_is_deits_tiny_but_for_positions_and_head():
    ours = sum(p.numel() for p in narrow_vit().parameters())
    tiny = get_model_info("vit_ti_16").params
    width = 192
    fewer = (197 - 26) * width + (1000 - 10) * (width + 1)
    assert ours == tiny - fewer


def test_four_times_the_rate_helps_a_network_that_begins_late():
    slow, quick = (
        race_accuracies(experiment)["mobilenet_v2"]
        for experiment in ("review3-race", "review3-rate")
    )
    errors = [[100 * (1 - start) for start in starts] for starts in (slow, quick)]
    assert judge(*errors, test_images=300) is Verdict.HOLDS
    fitted = race_accuracies("review3-race", "train")
    assert all(mean(starts) < 0.6 for starts in fitted.values())


def test_equal_arithmetic_is_not_equal_time(rows):
    resnet50 = load_era(3)["models"]["resnet50"]
    b0, b4 = rows["efficientnet_b0"], rows["efficientnet_b4"]
    assert b4.macs / resnet50["macs"] == pytest.approx(1.07, abs=0.05)
    assert b4.milliseconds / resnet50["milliseconds"] > 1.3**2
    assert b0.milliseconds / resnet50["milliseconds"] > 0.1 * 1.3**2
