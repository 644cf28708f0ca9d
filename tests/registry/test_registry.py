"""The registry: complete, lazy, and helpful about unknown names."""

import subprocess
import sys
from dataclasses import fields

import pytest

from edulib.registry import (
    ModelInfo,
    Paper,
    get_builder,
    get_model_info,
    get_paper,
    get_reference,
    get_tiny_builder,
    list_models,
    papers,
    parts,
)


def test_papers_are_complete_and_in_order():
    rows = papers()
    assert len(rows) >= 40
    assert len({paper.key for paper in rows}) == len(rows)
    assert len({paper.name for paper in rows}) == len(rows)
    assert [p.era for p in rows] == sorted(p.era for p in rows)
    for era in range(6):
        years = [paper.year for paper in rows if paper.era == era]
        assert years
        assert years == sorted(years)


@pytest.mark.parametrize("paper", papers(), ids=lambda paper: paper.key)
def test_paper_row_is_filled_in(paper):
    for field in fields(Paper):
        if field.name != "era":
            assert getattr(paper, field.name)
    assert 1980 < paper.year < 2027
    assert str(paper.year) in paper.key
    assert paper.url.startswith("https://")
    assert paper.idea.endswith(".")
    assert len(paper.idea) < 120
    if "arxiv.org" in paper.url:
        assert paper.url.split("/")[-1][:2] == str(paper.year)[2:]


def test_every_model_belongs_to_a_paper():
    keys = {paper.key for paper in papers()}
    for name in list_models():
        model = get_model_info(name)
        assert model.paper in keys
        assert get_paper(model.paper).year > 1980
        assert len(model.image_shape) == 3


def test_models_can_be_listed_by_era():
    eras = {name: get_paper(get_model_info(name).paper).era for name in list_models()}
    for era in range(6):
        assert list_models(era=era) == [name for name in eras if eras[name] == era]


def test_models_can_be_listed_by_task():
    assert list_models(task="classification")[:2] == ["lecun1989", "alexnet"]
    with pytest.raises(ValueError, match="unknown task 'classify': did you mean"):
        list_models(task="classify")


def test_a_tiny_network_is_built_by_a_function_of_its_own_or_the_builder():
    assert get_tiny_builder("lenet5") is get_builder("lenet5")
    assert get_tiny_builder("vgg19") is get_tiny_builder("vgg11")
    assert get_tiny_builder("vgg19") is not get_builder("vgg11")


def test_inputs_for_tests_are_shapes_the_image_if_nothing_else_is_said():
    assert get_model_info("zfnet").test_inputs == ((3, 224, 224),)
    assert get_model_info("resnet50").test_inputs == ((3, 64, 64),)


def test_a_reference_is_a_function_of_another_library():
    assert get_reference("lenet5") is None
    assert get_reference("resnet50").func.__module__.startswith("torchvision.")
    assert get_reference("ssd300_vgg16").keywords == {"weights_backbone": None}


def test_a_builder_bears_its_name():
    for name in list_models():
        assert get_builder(name).__name__ == name


@pytest.mark.parametrize(
    ("look_up", "wrong", "right"),
    [
        (get_model_info, "resnet5O", "'resnet50'"),
        (get_model_info, "ResNet-18", "'resnet18'"),
        (get_builder, "resnet21_cifar", "'resnet20_cifar'"),
        (get_paper, "he2016resnet", "'he2015resnet'"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(look_up, wrong, right):
    with pytest.raises(ValueError, match=f"unknown .*{wrong}.*did you mean .*{right}"):
        look_up(wrong)


def test_a_hopeless_name_is_answered_with_the_list():
    with pytest.raises(ValueError, match=r"unknown model '\?': known are .*resnet50"):
        get_model_info("?")


def test_rows_cannot_be_changed():
    with pytest.raises(AttributeError):
        get_model_info("resnet50").params = 1
    assert isinstance(get_model_info("resnet50"), ModelInfo)


def test_the_registry_does_not_import_torch():
    code = (
        "import sys, edulib.registry as r; r.papers(); r.list_models();"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_papers_stand_in_the_order_of_their_first_appearance():
    earlier = {"srivastava2015highway": "1505.00387"}  # its first, shorter preprint
    for era in range(len(parts())):
        numbers = [
            earlier.get(paper.key, paper.url.rpartition("/")[2])
            for paper in papers()
            if paper.era == era and "arxiv.org/abs" in paper.url
        ]
        assert numbers == sorted(numbers)
