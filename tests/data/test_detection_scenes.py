"""Scenes for detectors: mixed, in depth, crowded, filled; stuff in every scene."""

from dataclasses import replace
from hashlib import sha256
from itertools import combinations

import numpy as np
import pytest
import torch
from torchvision import tv_tensors

from edulib.data import Scenes, detection_scenes, make_scene
from edulib.data.scenes.drawing import STRIDE, draw_map
from edulib.data.scenes.language import caption
from edulib.data.scenes.objects import KINDS
from edulib.data.scenes.options import Options
from edulib.data.scenes.settings import SETTINGS
from edulib.data.scenes.stuff import STUFF
from edulib.data.scenes.visibility import visible_plan

COUNT = 60


def scenes_of(crowds):
    scenes = detection_scenes(COUNT, 48, seed=2, crowds=crowds)
    return [scenes.scene(k) for k in range(COUNT)]


def plans_of(crowds):
    options = detection_scenes(1, seed=2, crowds=crowds).options
    return [visible_plan(options, 2, k) for k in range(COUNT)]


CROWDED, SOME, PLAIN = map(scenes_of, (100, 25, 0))
CROWDED_PLANS, PLAIN_PLANS = map(plans_of, (100, 0))
STUFFED = [make_scene(7, k, 48, objects=(1, 4)) for k in range(COUNT)]


def digest(scene):
    sha = sha256(f"{scene.caption} {scene.question} {scene.answer}".encode())
    for array in (scene.image, scene.boxes, scene.masks, scene.parts, scene.stuff):
        sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()[:16]


DIGESTS = (
    "84b8d3bcdca10d57",
    "25e6055b89b9a061",
    "a7689661209ee35f",
    "59fa25f7fccec418",
)


def test_bytes_are_those_of_every_other_machine():
    scenes = (CROWDED[0], CROWDED[51], SOME[3], PLAIN[8])
    assert tuple(map(digest, scenes)) == DIGESTS


def iou(first, second):
    (x0, y0, x1, y1), (u0, v0, u1, v1) = first.tolist(), second.tolist()
    wide, high = min(x1, u1) - max(x0, u0), min(y1, v1) - max(y0, v0)
    shared = max(wide, 0) * max(high, 0)
    return shared / ((x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - shared)


def largest_iou(scene):
    """The largest IoU of two boxes of one kind."""
    pairs = combinations(zip(scene.kinds, scene.boxes, strict=True), 2)
    return max([iou(a, b) for (k, a), (m, b) in pairs if k == m], default=0)


def test_in_crowds_boxes_of_one_kind_overlap():
    overlaps = np.array(list(map(largest_iou, CROWDED)))
    assert (overlaps > 0.3).mean() > 0.75
    assert (overlaps > 0.5).mean() > 0.2
    apart = np.array(list(map(largest_iou, PLAIN)))
    assert (apart > 0.3).mean() < 0.05


@pytest.mark.parametrize("objects", [2, (1, 3), (6, 8)])
def test_crowds_hold_no_more_objects_than_were_asked_for(objects):
    scenes = detection_scenes(10, 32, objects=objects, crowds=100)
    counts = [len(scenes.scene(k).kinds) for k in range(10)]
    most = scenes.options.span[1]
    assert most - 1 <= max(counts) <= most


def test_crowds_change_no_other_scene():
    digests = [list(map(digest, scenes)) for scenes in (PLAIN, SOME, CROWDED)]
    changed = [some != plain for plain, some, _ in zip(*digests, strict=True)]
    assert 5 <= sum(changed) <= 25
    for plain, some, crowded in zip(*digests, strict=True):
        assert some in (plain, crowded)


def test_a_crowd_stands_on_the_ground_and_swims_in_the_water():
    for plan in CROWDED_PLANS:
        for thing in plan.things:
            if thing.stands:
                assert thing.foot > plan.backdrop.ground_level
            if thing.swims:
                assert thing.foot > plan.backdrop.horizon


def ratio_of_sizes(plan):
    halves = [thing.placed.pose.half for thing in plan.things]
    return max(halves) / min(halves)


def test_sizes_are_mixed():
    assert np.mean([ratio_of_sizes(plan) > 2.1 for plan in PLAIN_PLANS]) > 0.3
    plain = Options(objects=(1, 6))
    plans = [visible_plan(plain, 2, k) for k in range(COUNT)]
    assert max(map(ratio_of_sizes, plans)) < 2.1


def test_the_main_object_takes_its_place_in_depth():
    behind = 0
    for plan in PLAIN_PLANS:
        feet = [plan.things[k].foot for k in plan.depth if k]
        assert feet == sorted(feet)
        if plan.depth[-1] != 0:
            behind += 1
            assert plan.things[0].foot <= feet[-1]
        bare = replace(plan, front=[])
        alone = draw_map(replace(bare, depth=[0]), 64) >= STRIDE
        seen = draw_map(bare, 64) // STRIDE == 1
        assert seen.sum() > 0.3 * alone.sum()
    assert COUNT / 5 < behind < COUNT * 4 / 5


def test_every_object_is_seen():
    for scene in CROWDED + SOME + PLAIN:
        assert scene.masks.any((1, 2)).all()


def test_a_caption_says_behind_where_the_main_object_is_covered():
    said = {"behind": 0, "in front of": 0}
    for plan in CROWDED_PLANS:
        text, swapped = caption(plan), caption(replace(plan, depth=plan.depth[::-1]))
        for word, other in (("behind", "in front of"), ("in front of", "behind")):
            if f" {word} " in text:
                said[word] += 1
                assert f" {other} " in swapped
        assert " behind " not in text or plan.depth[-1] != 0
    assert min(said.values()) > 5


def with_options(scenes, **changed):
    scenes.options = replace(scenes.options, **changed)
    return scenes


def test_filled_masks_of_bicycles_hold_their_wheels_and_frames():
    grown = {kind: [] for kind in KINDS}
    scenes = Scenes(30, 96, seed=3), with_options(Scenes(30, 96, seed=3), filled=True)
    for k in range(30):
        wire, filled = (one.scene(k) for one in scenes)
        np.testing.assert_array_equal(wire.image, filled.image)
        np.testing.assert_array_equal(wire.boxes, filled.boxes)
        seen = wire.masks[0]
        assert filled.masks[0][seen].all()
        np.testing.assert_array_equal(wire.parts[seen], filled.parts[seen])
        grown[wire.kinds[0]].append(filled.masks.sum() / wire.masks.sum())
    assert min(grown.pop("bicycle")) > 1.7
    assert {ratio for ratios in grown.values() for ratio in ratios} == {1}


def test_filled_wheels_are_discs():
    scenes = with_options(Scenes(30, 96, seed=3, scale="large"), filled=True)
    for scene in map(scenes.scene, range(30)):
        if scene.kinds[0] == "bicycle":
            wheels = scene.parts_of(0)["wheel"].sum()
            (x0, y0, x1, y1), *_ = scene.boxes
            assert wheels > 0.3 * (x1 - x0) * (y1 - y0)


def test_every_pixel_is_an_object_or_stuff():
    for scene in STUFFED:
        shown = scene.instances > 0
        np.testing.assert_array_equal(scene.stuff[shown], scene.semantic[shown] - 1)
        assert scene.stuff[~shown].min() >= len(KINDS)
        assert scene.stuff.max() < len(KINDS) + len(STUFF)
        assert (scene.parts[~shown] == 0).all()


def test_stuff_is_that_of_the_setting():
    found = {setting: set() for setting in SETTINGS}
    for scene in STUFFED:
        numbers = np.unique(scene.stuff) - len(KINDS)
        found[scene.setting] |= {STUFF[n] for n in numbers if n >= 0}
        assert STUFF[scene.stuff[0].min() - len(KINDS)] in ("sky", "cloud", *KINDS)
    grounds = {"grass", "sand", "snow", "street"}
    for setting, names in found.items():
        assert names & grounds == {SETTINGS[setting].ground}
        assert ("water" in names) == SETTINGS[setting].water
        assert "sky" in names
    assert found["town"] >= {"buildings"}
    assert found["mountains"] >= {"mountains", "hills"}
    assert set.union(*found.values()) == set(STUFF) == set(Scenes.stuff)


def test_stuff_has_the_color_of_its_name():
    for scene in (make_scene(7, k, 48, domain="day") for k in range(COUNT)):
        colors = {
            name: np.median(scene.image[scene.stuff == len(KINDS) + n].astype(int), 0)
            for n, name in enumerate(STUFF)
            if (scene.stuff == len(KINDS) + n).sum() > 30
        }
        for name in {"water"} & set(colors):
            red, _, blue = colors[name]
            assert blue > red + 40
        for name in {"grass", "plants"} & set(colors):
            assert colors[name].argmax() == 1
        for name in {"snow", "cloud"} & set(colors):
            assert colors[name].min() > 190


def test_stuff_is_a_target():
    scenes = detection_scenes(3, 40, target="stuff")
    image, target = scenes[2]
    assert isinstance(target, tv_tensors.Mask)
    assert target.shape == image.shape[1:]
    np.testing.assert_array_equal(target.numpy(), scenes.scene(2).stuff)


def test_a_detection_set_has_boxes_labels_and_masks():
    image, target = detection_scenes(2, target="masks")[1]
    assert image.shape == (3, 128, 128)
    assert target.keys() == {"boxes", "labels", "masks"}
    assert target["labels"].dtype == torch.int64
    assert target["labels"].max() < 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"crowds": 101}, "percentage of crowds of 0 to 100, got 101"),
        ({"crowds": 0.5}, r"percentage of crowds of 0 to 100, got 0\.5"),
        ({"objects": 1}, "objects of 2 or more for crowds, got 1"),
        ({"objects": (1, 9)}, r"from 1 to 8, got \(1, 9\)"),
        ({"target": "things"}, "expected a target out of .*'stuff'.*, got 'things'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        detection_scenes(3, **arguments)


@pytest.mark.parametrize("name", ["in_depth", "filled"])
def test_options_that_are_neither_on_nor_off(name):
    with pytest.raises(ValueError, match=rf"{name} out of \(False, True\), got 'yes'"):
        Options(**{name: "yes"})
