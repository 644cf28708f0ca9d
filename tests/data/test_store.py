"""Scenes that are drawn once are the scenes that are drawn."""

from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from torchvision.transforms import v2

from edulib.data import Scene, Scenes, as_tensors, detection_scenes
from edulib.data.scenes import store
from edulib.data.scenes.dataset import TARGETS
from edulib.data.scenes.options import Options

OPTIONS = {"length": 10, "image_size": 32, "seed": 3, "objects": (1, 8)}


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch):
    monkeypatch.setattr(store, "BLOCK", 4)


@pytest.fixture
def drawn(monkeypatch):
    """Indices of the scenes that are drawn."""
    found, words_of = [], store.words_of

    def counted(plan, seed, index):
        found.append(index)
        return words_of(plan, seed, index)

    monkeypatch.setattr(store, "words_of", counted)
    return found


def same(one, other):
    """Whether two items are equal, in values, types and shapes."""
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, torch.Tensor):
        return (
            type(one) is type(other)
            and one.dtype == other.dtype
            and torch.equal(one, other)
        )
    return type(one) is type(other) and one == other


@pytest.mark.parametrize("target", TARGETS)
def test_items_are_those_of_the_set_that_draws(target):
    scenes = Scenes(**OPTIONS, target=target)
    first, second = scenes.cached(), scenes.cached()  # drawn, read
    assert len(first) == len(scenes)
    for item, kept, again in zip(scenes, first, second, strict=True):
        assert same(item, kept)
        assert same(item, again)
    assert same(scenes[-1], first[-1])


@pytest.mark.parametrize(
    "scenes",
    [
        Scenes(**OPTIONS, domain="night", scale="small"),
        detection_scenes(**OPTIONS, crowds=50),
    ],
)
def test_scenes_are_those_that_are_drawn(scenes):
    kept = scenes.cached()
    for index in (0, 5, -1):
        one, other = scenes.scene(index), kept.scene(index)
        for field in fields(Scene):
            a, b = getattr(one, field.name), getattr(other, field.name)
            assert type(a) is type(b)
            np.testing.assert_array_equal(a, b)
            assert getattr(a, "dtype", None) == getattr(b, "dtype", None)


def test_tensors_and_batches_are_those_of_the_set_that_draws():
    scenes = Scenes(**OPTIONS)
    kept = scenes.cached()
    assert all(map(torch.equal, as_tensors(scenes), as_tensors(kept)))
    batches = DataLoader(kept, batch_size=5, num_workers=2)
    assert torch.equal(torch.cat([x for x, _ in batches]), as_tensors(scenes)[0])


def test_transforms_are_applied_to_each_item_anew():
    flip = v2.RandomHorizontalFlip(1.0)
    scenes = Scenes(**OPTIONS, target="masks", transforms=flip)
    kept = scenes.cached()
    assert same(scenes[2], kept[2])
    assert same(kept[2], kept[2])
    assert not same(kept[2], Scenes(**OPTIONS, target="masks").cached()[2])


def test_nothing_is_drawn_twice(drawn):
    Scenes(**OPTIONS).cached()
    assert drawn == list(range(10))
    Scenes(**OPTIONS, target="masks").cached()  # the same scenes
    assert drawn == list(range(10))
    Scenes(**{**OPTIONS, "length": 8}).cached()  # whole blocks are shared
    assert drawn == list(range(10))


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 4},
        {"image_size": 33},
        {"objects": (1, 7)},
        {"domain": "day"},
        {"scale": "large"},
        {"length": 9},
    ],
)
def test_other_scenes_are_other_files(drawn, other):
    Scenes(**{**OPTIONS, "length": 2}).cached()
    del drawn[:]
    kept = Scenes(**{**OPTIONS, "length": 2, **other}).cached()
    assert drawn == list(range(len(kept)))


def test_each_option_counts():
    options = Options(objects=(1, 3))
    others = {
        "image_size": 65,
        "domain": "day",
        "objects": (1, 4),
        "scale": "mixed",
        "crowds": 10,
        "in_depth": True,
        "filled": True,
    }
    assert set(others) == {field.name for field in fields(Options)}
    changed = [replace(options, **{name: other}) for name, other in others.items()]
    keys = {store._key(one, 0, range(5)) for one in (options, *changed)}
    assert len(keys) == 1 + len(others)
    same = replace(options, objects=[1, 3])
    assert store._key(same, 0, range(5)) in keys


def test_other_code_draws_anew(drawn, monkeypatch):
    Scenes(**OPTIONS).cached()
    monkeypatch.setattr(store, "_version", lambda: "another")
    Scenes(**OPTIONS).cached()
    assert drawn == 2 * list(range(10))


def test_the_version_depends_on_the_code_and_on_pillow(monkeypatch, tmp_path):
    found = {store._version.__wrapped__()}
    monkeypatch.setattr(store.PIL, "__version__", "0")
    found.add(store._version.__wrapped__())
    (tmp_path / "objects").mkdir()
    monkeypatch.setattr(store, "__file__", str(tmp_path / "store.py"))
    for code in ("1", "2"):
        (tmp_path / "objects" / "plants.py").write_text(code)
        found.add(store._version.__wrapped__())
    assert len(found) == 4


def test_what_is_kept_cannot_be_changed_from_outside():
    kept = Scenes(**OPTIONS).cached()
    kept.scene(0).image[:] = 0
    kept[0][0].zero_()
    assert kept[0][0].max() > 0.5


def test_a_damaged_file_is_drawn_anew(cache, drawn):
    scenes = Scenes(**OPTIONS)
    scenes.cached()
    path = sorted(cache.rglob("*.cached"))[0]
    path.write_bytes(path.read_bytes()[:-5])
    del drawn[:]
    assert torch.equal(as_tensors(scenes.cached())[0], as_tensors(scenes)[0])
    assert 0 < len(drawn) <= 4


def test_an_interruption_loses_one_block(drawn, monkeypatch):
    counted = store.words_of

    def stop_at_six(plan, seed, index):
        if index == 6:
            raise KeyboardInterrupt
        return counted(plan, seed, index)

    with monkeypatch.context() as patch:
        patch.setattr(store, "words_of", stop_at_six)
        with pytest.raises(KeyboardInterrupt):
            Scenes(**OPTIONS).cached()
    del drawn[:]
    Scenes(**OPTIONS).cached()
    assert drawn == [4, 5, 6, 7, 8, 9]


def test_five_thousand_scenes_of_96_pixels_take_200_megabytes():
    kept = Scenes(12, 96, objects=(1, 8)).cached()
    arrays = [array for block in kept._store._blocks for array in block.values()]
    assert sum(array.nbytes for array in arrays) * 5000 / 12 < 200e6


def test_indices_behave_as_those_of_a_list():
    kept = Scenes(**OPTIONS).cached()
    for take in (kept.__getitem__, kept.scene, Scenes(**OPTIONS).scene):
        with pytest.raises(IndexError, match="no scene 10 among 10"):
            take(10)
