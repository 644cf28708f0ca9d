"""The numbers of an era: counted rightly, shown completely, honestly stored."""

import json
import math
from dataclasses import replace

import pytest

from edulib.registry import get_builder, get_model_info, list_models
from edulib.reviews.measure import count, load_era, main
from edulib.reviews.numbers import era_numbers, race_accuracies
from edulib.reviews.tables import SHEET, accuracy_table, cost_table, print_sheet

STARTS = 2


@pytest.fixture(scope="module")
def rows():
    return era_numbers(1)


def test_every_model_of_the_era_has_a_row(rows):
    assert sorted(row.name for row in rows) == sorted(list_models(era=1))
    assert [row.year for row in rows] == sorted(row.year for row in rows)


def test_depth_is_the_one_of_the_papers(rows):
    depth = {row.name: row.depth for row in rows}
    papers = {"alexnet": 8, "zfnet": 8, "vgg11": 11, "vgg16": 16, "vgg19_bn": 19}
    assert {name: depth[name] for name in papers} == papers
    assert depth["googlenet"] == depth["googlenet_bn"] == 22


@pytest.mark.parametrize("name", ["nin_imagenet", "vgg11_bn", "googlenet"])
def test_stored_counts_are_those_of_the_networks(name):
    stored = load_era(1)["models"][name]
    counted = count(get_builder(name)().eval(), get_model_info(name).image_shape)
    assert counted == {key: stored[key] for key in counted}


def test_receptive_fields_are_numbers_of_pixels(rows):
    assert all(0 < row.field < math.inf for row in rows)
    assert {r.name: r.field for r in rows}["vgg16"] == 212


def test_later_numbers_are_torchvisions(rows):
    from torchvision.models import get_model_weights

    seen = [row for row in rows if row.later.how.startswith("torchvision")]
    assert len(seen) == 10
    for row in seen:
        name = {"alexnet_one_tower": "alexnet", "googlenet_bn": "googlenet"}
        weights = get_model_weights(name.get(row.name, row.name)).IMAGENET1K_V1
        found = weights.meta["_metrics"]["ImageNet-1K"]
        assert row.later.top1 == pytest.approx(found["acc@1"], abs=0.051)
        assert row.later.top5 == pytest.approx(found["acc@5"], abs=0.051)


def test_only_networks_of_the_papers_have_a_number_of_the_paper(rows):
    own = {row.name for row in rows if row.in_paper.how}
    plain = {f"vgg{depth}" for depth in (11, 13, 16, 19)}
    assert own == {"alexnet", "zfnet", "googlenet"} | plain


def test_papers_errors_are_those_of_their_tables(rows):
    errors = {r.name: round(100 - r.in_paper.top5, 1) for r in rows if r.in_paper.top5}
    assert errors == {
        **{"alexnet": 18.2, "zfnet": 16.5, "vgg11": 10.4, "vgg13": 9.9},
        **{"vgg16": 8.8, "vgg19": 9.0, "googlenet": 10.1},
    }


def test_tables_and_sheet_show_every_model(rows):
    sheet = print_sheet("An <era>", rows, ["One point."])
    for shown in (cost_table(rows), sheet):
        unbroken = shown.html.replace("<wbr>", "")
        assert all(f">{row.name}</th>" in unbroken for row in rows)
        assert all(row.name in shown.text for row in rows)
    assert "An &lt;era&gt;" in sheet.html
    assert "nin_cifar" not in accuracy_table(rows).text
    assert "10 crops" in accuracy_table(rows).text


def test_every_model_was_timed_and_raced_from_several_starts(rows):
    assert {len(row.race) for row in rows} == {STARTS}


def test_every_network_of_the_race_has_begun_to_learn(rows):
    assert all(start > 0.15 for row in rows for start in row.race)


def test_the_table_shows_the_mean_of_the_starts(rows):
    row = replace(rows[0], race=(0.2, 0.3, 0.43))
    assert row.sheet()[SHEET.index("Scenes %")] == "31"


def test_dropout_alone_kept_a_network_guessing(rows):
    whole = next(row.race for row in rows if row.name == "vgg16_bn")
    silenced = race_accuracies("review1-race")["vgg16_bn with dropout"]
    assert len(silenced) == len(whole)
    assert max(silenced) + 0.2 < min(whole)


def test_deeper_plain_vggs_fit_their_training_scenes_worse():
    fitted = race_accuracies("review1-race", on="train")
    for start in range(STARTS):
        by_depth = [fitted[f"vgg{depth}"][start] for depth in (11, 16, 19)]
        assert by_depth == sorted(by_depth, reverse=True)
        assert by_depth[0] > by_depth[-1] + 0.05
        assert fitted["vgg19_bn"][start] > fitted["vgg19"][start]


def test_an_era_that_was_not_measured_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"era 7 has not been measured: python -m"):
        load_era(7)


def test_command_stores_what_it_measured(tmp_path, monkeypatch):
    monkeypatch.setattr("edulib.reviews.measure.measure", lambda era: {"date": "today"})
    main(["1", "--folder", str(tmp_path)])
    assert json.loads((tmp_path / "era1.json").read_text()) == {"date": "today"}
    assert load_era(1, tmp_path) == {"date": "today"}
