"""VOC and COCO: their real formats, read by torchvision, in the form of Scenes."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import tv_tensors
from torchvision.transforms import v2

from edulib.data import RandomZoom, Scenes, torchvision_set
from edulib.data.annotated_sets import VOC_CLASSES
from edulib.training.batches import Batches
from edulib.training.measures import coco_ap, voc_ap

OBJECT = """<object><name>{}</name><pose>Left</pose><truncated>0</truncated>
<difficult>{}</difficult><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax>
<ymax>{}</ymax></bndbox>{}</object>"""
HEAD = "<part><name>head</name><bndbox><xmin>4</xmin><ymin>5</ymin><xmax>6</xmax>"
HEAD += "<ymax>7</ymax></bndbox></part>"
FOUND = {  # objects of each image
    "2007_000001": [("person", 0, 3, 4, 20, 25, HEAD), ("car", 1, 1, 2.5, 40, 8, "")],
    "2007_000002": [("tvmonitor", 0, 1, 1, 1, 1, "")],
    "2007_000003": [],
}


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def voc(tmp_path):
    """VOC 2012 with three images of 40 x 30 pixels."""
    base = tmp_path / "VOCdevkit" / "VOC2012"
    border = np.full((30, 40), 15, np.uint8)
    border[:2] = 255
    for name, found in FOUND.items():
        save(base / f"JPEGImages/{name}.jpg", np.zeros((30, 40, 3), np.uint8))
        save(base / f"SegmentationClass/{name}.png", border)
        objects = "".join(OBJECT.format(*one) for one in found)
        path = base / f"Annotations/{name}.xml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"<annotation><filename>{name}.jpg</filename><size><width>40</width>"
            f"<height>30</height><depth>3</depth></size>{objects}</annotation>"
        )
    for kind in ("Main", "Segmentation"):
        for split in ("train", "val"):
            path = base / f"ImageSets/{kind}/{split}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(FOUND) + "\n")
    return tmp_path


@pytest.fixture
def coco(tmp_path):
    """COCO 2017 with four images: two objects and a crowd, one flat, none, one."""
    square = [[2, 3, 12, 3, 12, 9, 2, 9]]
    below = {"size": [30, 40], "counts": [15] + [15] * 79}  # the lower half, as runs
    annotations = [
        (7, 1, [2, 3, 10, 6], square, 0, 60.0),
        (7, 90, [30, 20, 15, 10], [[30, 20, 40, 20, 40, 30, 30, 30]], 0, 98.5),
        (7, 1, [0, 15, 40, 15], below, 1, 600.0),
        (8, 3, [5, 5, 0, 4], [[5, 5, 5, 9, 5, 9]], 0, 0.0),
        (11, 3, [1, 1, 4, 4], [[1, 1, 5, 1, 5, 5, 1, 5]], 0, 16.0),
    ]
    names = ("image_id", "category_id", "bbox", "segmentation", "iscrowd", "area")
    content = {
        "images": [
            {"id": k, "file_name": f"{k:012}.jpg", "width": 40, "height": 30}
            for k in (7, 8, 9, 11)
        ],
        "annotations": [
            {"id": 100 + k, **dict(zip(names, one, strict=True))}
            for k, one in enumerate(annotations)
        ],
        "categories": [
            {"id": 90, "name": "toothbrush"},
            {"id": 1, "name": "person"},
            {"id": 3, "name": "car"},
        ],
    }
    for split in ("train2017", "val2017"):
        for image in content["images"]:
            path = tmp_path / "coco" / split / image["file_name"]
            save(path, np.full((30, 40, 3), 51, np.uint8))
        path = tmp_path / f"coco/annotations/instances_{split}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))
    return tmp_path


def test_voc_objects_are_boxes_with_labels_from_0(voc):
    boxes = torchvision_set("voc_boxes", voc, "val")
    image, target = boxes[0]
    assert isinstance(image, tv_tensors.Image)
    assert image.shape == (3, 30, 40)
    assert isinstance(target["boxes"], tv_tensors.BoundingBoxes)
    assert target["boxes"].canvas_size == (30, 40)
    assert target["boxes"].tolist() == [[2, 3, 20, 25], [0, 1.5, 40, 8]]
    assert [boxes.classes[k] for k in target["labels"]] == ["person", "car"]
    assert target["labels"].dtype == torch.int64
    assert target["crowd"].tolist() == [False, True]
    assert len(boxes.classes) == 20
    assert list(boxes.classes) == sorted(boxes.classes)
    _, one = boxes[1]
    assert one["boxes"].tolist() == [[0, 0, 1, 1]]
    assert one["labels"].tolist() == [19]


def test_voc_maps_are_classes(voc):
    maps = torchvision_set("voc_masks", voc)
    image, mask = maps[0]
    assert isinstance(mask, tv_tensors.Mask)
    assert mask.shape == image.shape[1:] == (30, 40)
    assert mask.dtype == torch.int64
    assert mask.unique().tolist() == [15, 255]
    assert maps.classes[15] == "person"
    assert maps.classes == ("background", *VOC_CLASSES)


@pytest.mark.parametrize("name", ["coco_boxes", "coco_masks"])
def test_coco_objects_are_boxes_with_labels_from_0(coco, name, capsys):
    objects = torchvision_set(name, coco, "val")
    assert capsys.readouterr().out == ""  # which pycocotools would write to
    assert objects.classes == ("person", "car", "toothbrush")
    assert len(objects) == 4
    image, target = objects[0]
    assert image.shape == (3, 30, 40)
    assert image.mean() == pytest.approx(0.2, abs=0.01)
    assert target["boxes"].tolist() == [
        [2, 3, 12, 9],
        [30, 20, 40, 30],
        [0, 15, 40, 30],
    ]
    assert target["labels"].tolist() == [0, 2, 0]
    assert target["crowd"].tolist() == [False, False, True]
    assert target["area"].tolist() == [60, 98.5, 600]
    assert ("masks" in target) == (name == "coco_masks")


def test_coco_masks_are_polygons_and_runs(coco):
    _, target = torchvision_set("coco_masks", coco)[0]
    assert isinstance(target["masks"], tv_tensors.Mask)
    assert target["masks"].dtype == torch.bool
    first, second, crowd = target["masks"]
    assert first[3:9, 2:12].all()
    assert first.sum() == 60
    assert second[20:30, 30:40].all()
    assert crowd[15:].all()
    assert not crowd[:15].any()


@pytest.mark.parametrize("index", [1, 2])
def test_coco_images_without_objects_are_examples(coco, index):
    """One has none, one a box without an area."""
    _, target = torchvision_set("coco_masks", coco)[index]
    assert target["boxes"].shape == (0, 4)
    assert (
        target["labels"].shape == target["crowd"].shape == target["area"].shape == (0,)
    )
    assert target["labels"].dtype == torch.int64
    assert target["masks"].shape == (0, 30, 40)


def test_voc_images_without_objects_are_examples(voc):
    _, target = torchvision_set("voc_boxes", voc)[2]
    assert target["boxes"].shape == (0, 4)
    assert target["labels"].shape == (0,)


def test_targets_have_the_form_of_scenes(voc, coco):
    _, ours = Scenes(1, 32, target="masks")[0]
    for name in ("voc_boxes", "coco_masks"):
        _, target = torchvision_set(name, coco)[0]
        for key in ours.keys() & target.keys():
            assert type(target[key]) is type(ours[key])
            assert target[key].dtype == ours[key].dtype
            assert target[key].ndim == ours[key].ndim


def test_transforms_move_image_and_target_together(voc, coco):
    flip = v2.RandomHorizontalFlip(1.0)
    _, target = torchvision_set("voc_boxes", voc, transforms=flip)[0]
    assert target["boxes"].tolist() == [[20, 3, 38, 25], [0, 1.5, 40, 8]]
    zoom = RandomZoom((2, 2), 0, flip=0, least=0.01)
    _, target = torchvision_set("coco_masks", coco, transforms=zoom)[0]
    assert target["boxes"].tolist() == [[0, 0, 4, 3], [0, 15, 40, 30]]
    assert target["crowd"].tolist() == [False, True]
    assert target["masks"].shape == (2, 30, 40)


def test_targets_stay_a_list_in_batches_and_can_be_measured(voc, coco):
    for name, measure in (("voc_boxes", voc_ap), ("coco_masks", coco_ap)):
        examples = torchvision_set(name, coco)
        (batch,) = Batches(examples, 8, torch.device("cpu")).in_order()
        assert batch.inputs.shape == (len(examples), 3, 30, 40)
        assert isinstance(batch.targets, list)
        found = [
            {"boxes": t["boxes"], "labels": t["labels"], "scores": t["area"] * 0 + 1}
            if "area" in t
            else {**t, "scores": torch.ones(len(t["labels"]))}
            for t in batch.targets
        ]
        assert measure(found, batch.targets)["AP"] == 1


@pytest.mark.parametrize("damage", ["cut", "gone", "image"])
def test_a_damaged_coco_counts_as_missing(coco, damage):
    path = coco / "coco/annotations/instances_val2017.json"
    if damage == "cut":
        path.write_text(path.read_text()[:200])
    elif damage == "gone":
        path.unlink()
    else:
        (coco / "coco/val2017/000000000009.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"no whole coco_boxes in .* unpack"):
        torchvision_set("coco_boxes", coco, "val")
    assert len(torchvision_set("coco_boxes", coco, "train")) == 4


def test_coco_without_its_package_says_what_to_install(coco, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModuleNotFoundError, match="pip install pycocotools"):
        torchvision_set("coco_boxes", coco)
