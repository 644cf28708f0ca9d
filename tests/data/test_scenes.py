"""Scenes: the same everywhere, balanced, and usable as any map-style set."""

import multiprocessing
from hashlib import sha256

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import tv_tensors
from torchvision.transforms import v2

from edulib.data import Scenes, as_tensors, make_scene
from edulib.data.scenes.dataset import TARGETS

CASES = ((0, 0), (0, 7), (3, 123), (1, 10**6), (12345, 42))


def digest(case):
    """Digest of everything that is known about a scene with several objects."""
    scene = make_scene(*case, image_size=64, objects=(1, 5))
    sha = sha256()
    for array in (scene.image, scene.boxes, scene.masks, scene.semantic, scene.parts):
        sha.update(np.ascontiguousarray(array).tobytes())
    sha.update(f"{scene.caption} {scene.question} {scene.answer}".encode())
    return sha.hexdigest()[:16]


DIGESTS = (
    "5c1ebe78ea495ee2",
    "fe703326f5360a4c",
    "879b6aa306f562cf",
    "96a8eb7fef3659c3",
    "ccf508d4ea18cae6",
)


def test_bytes_are_those_of_every_other_machine():
    assert tuple(digest(case) for case in CASES) == DIGESTS


@pytest.mark.parametrize(("method", "workers"), [("fork", 2), ("spawn", 1)])
def test_bytes_are_the_same_in_other_processes_and_orders(method, workers):
    with multiprocessing.get_context(method).Pool(workers) as pool:
        backwards = pool.map(digest, CASES[::-1], chunksize=1)
    assert tuple(backwards[::-1]) == DIGESTS


def test_workers_change_nothing():
    scenes = Scenes(12, 32, target="semantic", objects=(1, 3))
    alone, helped = (
        list(DataLoader(scenes, batch_size=4, num_workers=workers))
        for workers in (0, 2)
    )
    for (images, maps), (other_images, other_maps) in zip(alone, helped, strict=True):
        assert torch.equal(images, other_images)
        assert torch.equal(maps, other_maps)


def test_a_scene_does_not_depend_on_what_was_drawn_before():
    scenes = Scenes(50, 32)
    late = scenes[49][0]
    assert all(torch.equal(scenes[49][0], late) for k in range(20) if scenes[k])


@pytest.mark.parametrize("target", TARGETS)
def test_the_picture_does_not_depend_on_the_target(target):
    image, _ = Scenes(3, 48, target=target, objects=(2, 4))[2]
    assert torch.equal(image, Scenes(3, 48, objects=(2, 4))[2][0])


def test_seeds_and_indices_give_different_scenes():
    pictures = {make_scene(s, k, 32).image.tobytes() for s in (0, 1) for k in range(50)}
    assert len(pictures) == 100


def test_every_ten_scenes_hold_each_class_once():
    labels = as_tensors(Scenes(100, 32, seed=4))[1]
    for block in labels.split(10):
        assert sorted(block.tolist()) == list(range(10))
    assert labels[:10].tolist() != labels[10:20].tolist()


@pytest.mark.parametrize("size", [32, 50, 64, 128, 256])
def test_all_sizes_show_the_same_scene(size):
    large = make_scene(0, 5, 256, objects=3)
    scene = make_scene(0, 5, size, objects=3)
    assert scene.image.shape == (size, size, 3)
    assert (scene.caption, scene.question) == (large.caption, large.question)
    assert scene.kinds == large.kinds
    shrunk = Image.fromarray(large.image).resize((size, size), Image.Resampling.BOX)
    difference = np.abs(np.asarray(shrunk).astype(int) - scene.image)
    assert difference.mean() < 4
    np.testing.assert_allclose(scene.boxes / size, large.boxes / 256, atol=1.5 / size)


def test_day_and_night_are_pairs():
    for index in range(20):
        day = make_scene(6, index, domain="day", objects=(1, 3))
        night = make_scene(6, index, domain="night", objects=(1, 3))
        assert (day.domain, night.domain) == ("day", "night")
        np.testing.assert_array_equal(day.parts, night.parts)
        np.testing.assert_array_equal(day.instances, night.instances)
        assert day.colors == night.colors
        assert day.image.mean() > night.image.mean() + 20
        assert make_scene(6, index, objects=(1, 3)).domain in ("day", "night")


def test_both_domains_are_frequent():
    domains = [make_scene(0, k, 32).domain for k in range(200)]
    assert 70 < domains.count("night") < 130


def test_scales_do_not_overlap():
    sides = {}
    for scale in ("small", "medium", "large"):
        boxes = [make_scene(0, k, 64, scale=scale).boxes[0] for k in range(40)]
        sides[scale] = [max(x1 - x0, y1 - y0) / 64 for x0, y0, x1, y1 in boxes]
    means = [sum(s) / len(s) for s in sides.values()]
    assert means[0] < 0.3 < means[1] < 0.5 < means[2]


def test_textures_and_colors_vary():
    scenes = [make_scene(8, k, 32) for k in range(120)]
    assert {s.textures[0] for s in scenes} == {"plain", "striped", "dotted", "brick"}
    assert len({s.colors[0] for s in scenes}) == 9
    assert len({s.setting for s in scenes}) == 7


def test_items_have_torchvision_types():
    image, target = Scenes(1, 40, target="scene", objects=2)[0]
    count = len(target["labels"])
    assert isinstance(image, tv_tensors.Image)
    assert image.dtype == torch.float32
    assert image.shape == (3, 40, 40)
    assert 0 <= image.min() < image.max() <= 1
    assert isinstance(target["boxes"], tv_tensors.BoundingBoxes)
    assert target["boxes"].shape == (count, 4)
    assert target["boxes"].canvas_size == (40, 40)
    assert isinstance(target["masks"], tv_tensors.Mask)
    assert target["masks"].shape == (count, 40, 40)
    assert target["masks"].dtype == torch.bool
    assert target["labels"].dtype == torch.int64
    for name in ("semantic", "stuff", "parts", "instances"):
        assert isinstance(target[name], tv_tensors.Mask)
        assert target[name].shape == (40, 40)
        assert target[name].dtype == torch.int64
    assert target["label"] == target["labels"][0]
    assert target["answer"] in Scenes.answers


def test_transforms_move_picture_and_target_together():
    flip = v2.RandomHorizontalFlip(1.0)
    plain = Scenes(1, 48, target="masks", objects=3)[0]
    image, target = Scenes(1, 48, target="masks", objects=3, transforms=flip)[0]
    assert torch.equal(image, plain[0].flip(-1))
    assert torch.equal(target["masks"], plain[1]["masks"].flip(-1))
    mirrored = plain[1]["boxes"][:, [2, 1, 0, 3]] * torch.tensor([-1, 1, -1, 1])
    assert torch.equal(target["boxes"], mirrored + torch.tensor([48, 0, 48, 0]))


def test_a_random_crop_leaves_the_label_alone():
    crop = v2.RandomCrop(24)
    image, label = Scenes(5, 32, transforms=crop)[3]
    assert image.shape == (3, 24, 24)
    assert label == Scenes(5, 32)[3][1]


def test_tensors_equal_items():
    scenes = Scenes(11, 32, seed=2)
    images, labels = as_tensors(scenes)
    assert images.shape == (11, 3, 32, 32)
    assert images.dtype == torch.float32
    for k, (image, label) in enumerate(scenes):
        assert torch.equal(images[k], image)
        assert labels[k] == label


def test_indices_behave_as_those_of_a_list():
    scenes = Scenes(5, 32)
    assert torch.equal(scenes[-1][0], scenes[4][0])
    assert len(list(scenes)) == 5
    for index in (5, -6):
        with pytest.raises(IndexError, match=f"no scene {index} among 5"):
            scenes[index]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"length": 0}, "length of at least 1, got 0"),
        ({"length": 2.5}, r"length of at least 1, got 2\.5"),
        ({"length": "9"}, "length of at least 1, got '9'"),
        ({"image_size": 64.5}, r"pixels of 32 to 256, got 64\.5"),
        ({"image_size": None}, "pixels of 32 to 256, got None"),
        ({"seed": 0.5}, r"seed that is a whole number, got 0\.5"),
        ({"objects": (1.0, 2)}, r"from 1 to 8, got \(1\.0, 2\)"),
        ({"objects": None}, "from 1 to 8, got None"),
        ({"objects": (1, 2, 3)}, r"from 1 to 8, got \(1, 2, 3\)"),
        ({"image_size": 31}, "image size in pixels of 32 to 256, got 31"),
        ({"image_size": 512}, "image size in pixels of 32 to 256, got 512"),
        ({"target": "mask"}, "expected a target out of .*'masks'.*, got 'mask'"),
        ({"domain": "dusk"}, "expected a domain out of .*, got 'dusk'"),
        ({"objects": 0}, "from 1 to 8, got 0"),
        ({"objects": (3, 2)}, r"from 1 to 8, got \(3, 2\)"),
        ({"objects": (1, 9)}, r"from 1 to 8, got \(1, 9\)"),
        ({"scale": "huge"}, "expected a scale out of .*'mixed'.*, got 'huge'"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Scenes(**{"length": 3, **arguments})


def test_a_negative_index_of_a_single_scene():
    with pytest.raises(ValueError, match="index of at least 0, got -1"):
        make_scene(0, -1)


def test_only_labels_fit_into_tensors():
    with pytest.raises(ValueError, match="target 'label', got 'boxes'"):
        as_tensors(Scenes(2, 32, target="boxes"))


@pytest.mark.parametrize(
    ("seed", "index", "message"),
    [
        (0.5, 1, r"a seed that is a whole number, got 0\.5"),
        ("0", 1, "a seed that is a whole number, got '0'"),
        (0, 1.5, r"an index of at least 0, got 1\.5"),
        (0, True, "an index of at least 0, got True"),
    ],
)
def test_numbers_of_a_scene_that_are_not_whole(seed, index, message):
    with pytest.raises(ValueError, match=message):
        make_scene(seed, index)


def test_half_a_scene_is_none_and_whole_numbers_of_any_kind_are_the_same():
    with pytest.raises(TypeError, match="float"):
        Scenes(3)[1.5]
    image, label = Scenes(3, seed=np.int64(1))[np.int64(2)]
    same, of_same = Scenes(3, seed=1)[2]
    assert torch.equal(image, same)
    assert label == of_same
    assert make_scene(-1, 0).caption == make_scene(np.int64(-1), 0).caption
