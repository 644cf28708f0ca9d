"""Remaking a checkpoint, on a tiny stand-in for a shipped one."""

from dataclasses import dataclass, replace
from functools import partial

import pytest
import torch
from training_helpers import examples

from edulib.chapters.googlenet.data import scenes_of_sizes
from edulib.data.splits import scenes
from edulib.experiments import CheckpointRecipe, checkpoints, train_checkpoint
from edulib.models.classification.resnet import resnet20_cifar
from edulib.training import Classification, Recipe, evaluate
from edulib.weights.checkpoint import checkpoint_info, load_checkpoint


def rows(count: int = 60):
    return examples(count), examples(30)


TINY = CheckpointRecipe(
    builder="edulib.models.classification.resnet.resnet20_cifar",
    arguments={"num_classes": 3, "in_channels": 1, "width": 4},
    data=partial(rows, count=90),
    recipe=Recipe(epochs=3, lr=0.1, batch_size=10),
    minimum=0.6,
)


@dataclass(frozen=True)
class Loss(Classification):
    """Cross-entropy that reports no accuracy."""

    def measures(self, totals):
        return {"loss": super().measures(totals)["loss"]}


@pytest.fixture(autouse=True)
def table(monkeypatch):
    table = {"tiny": TINY}
    monkeypatch.setattr(checkpoints, "list_recipes", lambda: table)
    return table


def test_a_checkpoint_is_made_measured_and_described(tmp_path):
    accuracy = train_checkpoint("tiny", tmp_path).accuracy
    about = checkpoint_info("tiny", tmp_path)
    assert about["data"] == "rows(count=90)"
    assert about["recipe"] == vars(TINY.recipe)
    again = evaluate(load_checkpoint("tiny", tmp_path), examples(30))
    assert about["result"]["val_accuracy"] == again.accuracy == accuracy >= 0.6


def test_it_is_remade_to_the_same_weights(tmp_path):
    train_checkpoint("tiny", tmp_path / "one")
    train_checkpoint("tiny", tmp_path / "two")
    one, two = (checkpoint_info("tiny", tmp_path / folder) for folder in ("one", "two"))
    assert one == two


def test_half_the_size_holds_what_was_measured(tmp_path, table):
    train_checkpoint("tiny", tmp_path / "single")
    table["tiny"] = replace(TINY, half=True)
    accuracy = train_checkpoint("tiny", tmp_path / "half").accuracy
    sizes = [
        (tmp_path / folder / "tiny.safetensors").stat().st_size
        for folder in ("single", "half")
    ]
    assert sizes[1] < 0.7 * sizes[0]  # names and shapes are no shorter
    model = load_checkpoint("tiny", tmp_path / "half")
    assert all(p.dtype is torch.float32 for p in model.parameters())
    assert evaluate(model, examples(30)).accuracy == accuracy


def test_it_is_held_to_a_measure_of_its_own_objective(tmp_path, table):
    table["tiny"] = replace(TINY, objective=Loss(), measure="loss", minimum=0.0)
    found = train_checkpoint("tiny", tmp_path)
    assert found.keys() == {"loss"}
    assert checkpoint_info("tiny", tmp_path)["result"] == {"val_loss": found.loss}
    table["tiny"] = replace(table["tiny"], minimum=100)
    with pytest.raises(RuntimeError, match=r"below the promised loss 100\.000"):
        train_checkpoint("tiny", tmp_path)


def test_rounding_leaves_what_is_no_weight(tmp_path, table, monkeypatch):
    def with_a_constant(**arguments):
        model = resnet20_cifar(**arguments)
        model.register_buffer("third", torch.tensor(1 / 3), persistent=False)
        return model

    def save(model, *_, **__):
        saved.append(model.third.item())

    saved = []
    monkeypatch.setattr(checkpoints, "build", lambda _, kept: with_a_constant(**kept))
    monkeypatch.setattr(checkpoints, "save_checkpoint", save)
    table["tiny"] = replace(TINY, half=True)
    train_checkpoint("tiny", tmp_path)
    assert saved == [torch.tensor(1 / 3).item()]


def test_a_result_below_the_promise_is_not_saved(tmp_path, table):
    table["tiny"] = replace(TINY, minimum=1.01)
    with pytest.raises(RuntimeError, match=r"below .* accuracy 1\.010: nothing was"):
        train_checkpoint("tiny", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_name_brings_the_nearest():
    with pytest.raises(ValueError, match="no recipe for 'tinny': did you mean 'tiny'"):
        train_checkpoint("tinny")


def test_scenes_of_sizes_hold_each_size_equally_often():
    (images, labels), (held_out, _) = scenes_of_sizes(train=10, val=10)
    (large, _), _ = scenes(10, 10, scale="large")
    assert len(images) == len(labels) == len(held_out) == 30
    assert torch.equal(images[20:], large)
    assert not torch.equal(images[:10], images[20:])
