"""Remaking a checkpoint, on a tiny stand-in for a shipped one."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from training_helpers import examples

from edulib.pretrained import describe, load
from edulib.training import Recipe, evaluate, recipes
from edulib.training.recipes import Shipped, main, make


def rows(count: int = 60):
    return examples(count), examples(30)


TINY = Shipped(
    builder="edulib.classification.resnet.resnet20_cifar",
    arguments={"num_classes": 3, "in_channels": 1, "width": 4},
    data=partial(rows, count=90),
    recipe=Recipe(epochs=3, lr=0.1, batch_size=10),
    at_least=0.6,
)


@pytest.fixture(autouse=True)
def shipped(monkeypatch):
    table = {"tiny": TINY}
    monkeypatch.setattr(recipes, "SHIPPED", table)
    return table


def test_a_checkpoint_is_made_measured_and_described(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(recipes.torch, "set_num_threads", lambda _: None)
    main(["tiny", "--folder", str(tmp_path)])
    assert "tiny: validation accuracy" in capsys.readouterr().out
    about = describe("tiny", tmp_path)
    assert about["data"] == "rows(count=90)"
    assert about["recipe"] == vars(TINY.recipe)
    again = evaluate(load("tiny", tmp_path), examples(30))
    assert about["result"]["val_accuracy"] == again.accuracy >= 0.6


def test_it_is_remade_to_the_same_weights(tmp_path):
    make("tiny", tmp_path / "one")
    make("tiny", tmp_path / "two")
    one, two = (describe("tiny", tmp_path / folder) for folder in ("one", "two"))
    assert one == two


def test_a_result_below_the_promise_is_not_saved(tmp_path, shipped):
    shipped["tiny"] = replace(TINY, at_least=1.01)
    with pytest.raises(RuntimeError, match=r"below the promised 101\.0%: nothing was"):
        make("tiny", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_brings_the_nearest():
    with pytest.raises(ValueError, match="no recipe for 'tinny': did you mean 'tiny'"):
        make("tinny")


def test_scenes_of_sizes_hold_each_size_equally_often():
    (images, labels), (held_out, _) = recipes.scenes_of_sizes(train=10, val=10)
    (large, _), _ = recipes.scenes(10, 10, scale="large")
    assert len(images) == len(labels) == len(held_out) == 30
    assert torch.equal(images[20:], large)
    assert not torch.equal(images[:10], images[20:])
