"""Annotations agree with each other, with the picture and with the sentences."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from edulib.data import Scenes, make_scene, parts_of
from edulib.data.scenes.drawing import STRIDE, draw_map
from edulib.data.scenes.language import ANSWERS, plural
from edulib.data.scenes.layout import main_kind
from edulib.data.scenes.objects import KINDS, PARTS, TEXTURES, VARIANTS, template
from edulib.data.scenes.palette import COLORS, NAMES
from edulib.data.scenes.placing import UNIT, Placed, Pose
from edulib.data.scenes.settings import SETTINGS
from edulib.data.scenes.visibility import visible_plan

SCENES = [make_scene(9, k, 64, objects=(1, 6)) for k in range(120)]
SHARED = {
    "window": {"house", "car"},
    "wheel": {"car", "bicycle"},
    "eye": {"face", "fish", "bird"},
    "mouth": {"face", "fish"},
    "head": {"face", "bird", "butterfly"},
    "body": {"fish", "bird", "butterfly"},
    "tail": {"fish", "bird"},
    "wing": {"bird", "butterfly"},
}


def test_boxes_are_the_bounds_of_masks():
    for scene in SCENES:
        for (x0, y0, x1, y1), mask in zip(scene.boxes, scene.masks, strict=True):
            inside = mask[y0:y1, x0:x1]
            assert inside.sum() == mask.sum() > 0
            assert inside[0].any()
            assert inside[-1].any()
            assert inside[:, 0].any()
            assert inside[:, -1].any()


def test_masks_do_not_overlap_and_make_the_instance_map():
    for scene in SCENES:
        assert scene.masks.sum(0).max() == 1
        painted = np.zeros_like(scene.instances)
        for k, mask in enumerate(scene.masks):
            painted[mask] = k + 1
        np.testing.assert_array_equal(painted, scene.instances)


def test_the_semantic_map_is_masks_painted_with_labels():
    for scene in SCENES:
        painted = np.zeros_like(scene.semantic)
        for label, mask in zip(scene.labels, scene.masks, strict=True):
            painted[mask] = label + 1
        np.testing.assert_array_equal(painted, scene.semantic)
        assert [KINDS[label] for label in scene.labels] == list(scene.kinds)


def test_parts_make_up_each_object_and_belong_to_its_kind():
    for scene in SCENES:
        np.testing.assert_array_equal(scene.parts > 0, scene.instances > 0)
        for k, kind in enumerate(scene.kinds):
            parts = scene.parts_of(k)
            union = np.any(list(parts.values()), axis=0)
            np.testing.assert_array_equal(union, scene.masks[k])
            assert set(parts) <= set(parts_of(kind))


def test_the_main_object_is_the_label_and_nothing_but_scenery_covers_it():
    labeled = Scenes(20, 64, seed=9, objects=(1, 6))
    for k, (_, label) in enumerate(labeled):
        assert SCENES[k].label == SCENES[k].labels[0] == label
        plan = visible_plan(labeled.options, 9, k)
        alone = draw_map(replace(plan, depth=[0]), 64) >= STRIDE
        np.testing.assert_array_equal(alone, SCENES[k].masks[0])


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_shows_all_of_its_parts(kind):
    found = set()
    for index in (k for k in range(400) if main_kind(1, k) == kind):
        found |= set(make_scene(1, index, 128).parts_of(0))
    assert found == set(parts_of(kind))


def test_parts_are_shared_between_kinds():
    for part, kinds in SHARED.items():
        assert {kind for kind in KINDS if part in parts_of(kind)} == kinds
    assert PARTS == Scenes.parts
    assert set(PARTS[1:]) == {part for kind in KINDS for part in parts_of(kind)}
    assert len(set(PARTS)) == len(PARTS)


def filled(placed, chosen):
    """Pixels (300, 300) that the shapes of some parts cover."""
    image = Image.new("L", (300, 300))
    points = placed.corners(300)
    for start, stop, _, part in placed.template.shapes:
        if chosen(part):
            ImageDraw.Draw(image).polygon(points[start:stop].ravel().tolist(), 1)
    return np.asarray(image) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_decoration_stays_on_the_parts(kind):
    for variant in range(VARIANTS):
        for texture in set(TEXTURES[kind]):
            pose = Pose(UNIT // 2, UNIT // 2, UNIT * 2 // 5)
            placed = Placed(template(kind, variant, texture), pose, {})
            parts = filled(placed, lambda part: part > 0)
            decoration = filled(placed, lambda part: part == 0)
            assert (decoration & ~parts).sum() < 0.003 * parts.sum()


def test_hidden_objects_are_taken_out():
    counts = Counter(len(make_scene(0, k, 32, objects=5).kinds) for k in range(80))
    assert set(counts) <= {1, 2, 3, 4, 5}
    assert counts[5] > 20
    assert sum(counts.values()) > counts[5]
    for scene in SCENES:
        assert scene.masks.sum((1, 2)).min() >= 8


def test_objects_differ_from_the_background():
    for index in range(60):
        day = make_scene(2, index, 64)
        inside = day.image[day.masks[0]].astype(int)
        edge = day.masks[0] ^ np.roll(day.masks[0], 3, 1)
        outside = day.image[edge & ~day.masks[0]].astype(int)
        assert np.abs(np.median(inside, 0) - np.median(outside, 0)).max() > 8


def test_captions_name_all_kinds_the_main_color_and_the_place():
    for scene in SCENES:
        for kind, count in Counter(scene.kinds).items():
            assert kind in scene.caption or (
                count > 1 and plural(kind) in scene.caption
            )
        for kind in set(KINDS) - set(scene.kinds):
            assert f" {kind} " not in f" {scene.caption} "
        beginning = scene.caption.split(" ")[:5]
        assert scene.colors[0] in beginning or scene.kinds[0] == "face"
        if scene.textures[0] != "plain":
            assert scene.textures[0] in scene.caption
        assert SETTINGS[scene.setting].phrase in scene.caption
        ending = {"day": "by day", "night": "at night"}[scene.domain]
        assert scene.caption.endswith(ending)
        assert " a orange" not in f" {scene.caption}"


def test_captions_tell_left_from_right():
    told = 0
    for scene in SCENES:
        if len(scene.kinds) != 2 or " side" in scene.caption:
            continue
        first, second = ((x0 + x1) / 2 for x0, _, x1, _ in scene.boxes)
        if "to the left of" in scene.caption:
            assert first < second
            told += 1
        if "to the right of" in scene.caption:
            assert first > second
            told += 1
    assert told > 5


def answer(scene):
    """The answer to a scene's question, found in its annotations."""
    words = scene.question.rstrip("?").replace(",", "").split(" ")
    match words:
        case ["Is", "it", *_]:
            return scene.domain
        case [*_, "place", "is", "this"]:
            return scene.setting
        case [*_, "picture"]:
            return scene.kinds[0]
        case ["How", "many", kinds, *_]:
            return str(sum(plural(kind) == kinds for kind in scene.kinds))
        case ["Is", "there", _, kind]:
            return "yes" if kind in scene.kinds else "no"
    return answer_about_one(scene, ["face" if w == "shirt" else w for w in words])


def answer_about_one(scene, words):
    """The answer to a question about objects that are the only ones of their kind."""
    asked = [scene.kinds.index(word) for word in words if word in scene.kinds]
    if "colour" in words:
        return scene.colors[asked[0]]
    if "plain" in words:
        return scene.textures[asked[0]]
    first, second = (x0 + x1 for x0, _, x1, _ in scene.boxes[asked])
    return "yes" if first < second else "no"


def test_answers_follow_from_the_annotations():
    asked = Counter()
    for k in range(400):
        scene = make_scene(4, k, 32, objects=(1, 4))
        assert scene.answer == answer(scene), (scene.question, scene.kinds)
        assert scene.answer in ANSWERS
        asked[scene.question.split(" ")[0], scene.question.split(" ")[1]] += 1
    assert len(asked) == 7
    assert min(asked.values()) >= 10


def test_yes_and_no_are_both_frequent():
    scenes = [make_scene(5, k, 32, objects=(1, 4)) for k in range(400)]
    answers = Counter(scene.answer for scene in scenes)
    assert 0.5 < answers["yes"] / answers["no"] < 2


def test_colors_in_pictures_are_those_of_their_names():
    """The median colour of a car's body is nearest to its name's, by day."""
    right = total = 0
    for k in (k for k in range(400) if main_kind(3, k) == "car"):
        scene = make_scene(3, k, 64, domain="day")
        if scene.textures[0] != "plain":
            continue
        seen = np.median(scene.image[scene.parts_of(0)["bodywork"]], 0)
        distance = {
            name: min(np.abs(np.array(shade) - seen).sum() for shade in COLORS[name])
            for name in NAMES
        }
        right += min(distance, key=distance.get) == scene.colors[0]
        total += 1
    assert total > 10
    assert right == total
