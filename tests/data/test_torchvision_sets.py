"""Torchvision's sets: read from their real formats, fetched wholly or not at all.

The tests write tiny sets in the formats in which the real ones are published, so that
torchvision's own code reads, checks and unpacks them.
"""

import errno
import gzip
import os
import pickle
import tarfile
from hashlib import md5

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets, tv_tensors
from torchvision.transforms import v2

from edulib.data import as_tensors, torchvision_set

NAMES = ("fashion_mnist", "cifar10", "imagenette", "pets", "voc_boxes", "voc_masks")
COCO_NAMES = ("coco_boxes", "coco_masks")


def picture(path, size=(40, 30), mode="RGB", value=None):
    """Write a picture of one colour or of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], *((3,) if mode == "RGB" else ()))
    noise = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    pixels = noise if value is None else np.full(shape, value, np.uint8)
    Image.fromarray(pixels).save(path)


def idx(array):
    """Bytes of the format that MNIST uses."""
    head = bytes([0, 0, 8, array.ndim])
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + sizes + array.tobytes()


def make_fashion_mnist(root, count=6):
    raw = root / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for kind in ("train", "t10k"):
        images = np.full((count, 28, 28), 51, np.uint8)
        (raw / f"{kind}-images-idx3-ubyte").write_bytes(idx(images))
        labels = np.arange(count, dtype=np.uint8)
        (raw / f"{kind}-labels-idx1-ubyte").write_bytes(idx(labels))


def make_cifar10(root, monkeypatch):
    """Batches as published; the check sums that torchvision knows become theirs."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    data = np.random.default_rng(1).integers(0, 255, (4, 3072), dtype=np.uint8)
    meta = {"label_names": [f"class{k}" for k in range(10)]}
    known = {}
    for name in [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch"]:
        known[name] = pickle.dumps({"data": data, "labels": [3, 1, 4, 1]})
    known["batches.meta"] = pickle.dumps(meta)
    for name, content in known.items():
        (folder / name).write_bytes(content)
    sums = {name: md5(content).hexdigest() for name, content in known.items()}
    monkeypatch.setattr(
        datasets.CIFAR10, "test_list", [["test_batch", sums["test_batch"]]]
    )
    train = [[name, sums[name]] for name in known if name.startswith("data")]
    monkeypatch.setattr(datasets.CIFAR10, "train_list", train)
    meta = {**datasets.CIFAR10.meta, "md5": sums["batches.meta"]}
    monkeypatch.setattr(datasets.CIFAR10, "meta", meta)
    return data


def make_imagenette(root):
    for split in ("train", "val"):
        for k, wnid in enumerate(sorted(datasets.Imagenette._WNID_TO_CLASS)):
            picture(root / f"imagenette2-320/{split}/{wnid}/{k}.JPEG")


def make_pets(root):
    base = root / "oxford-iiit-pet"
    for name in ("Abyssinian_1", "beagle_2"):
        picture(base / f"images/{name}.jpg")
        picture(base / f"annotations/trimaps/{name}.png", mode="L", value=2)
    lines = "Abyssinian_1 1 1 1\nbeagle_2 2 2 1\n"
    for split in ("trainval", "test"):
        (base / f"annotations/{split}.txt").write_text(lines)


def check_image(image, channels, size):
    assert isinstance(image, tv_tensors.Image)
    assert image.dtype == torch.float32
    assert image.shape == (channels, *size)
    assert 0 <= image.min() <= image.max() <= 1


@pytest.mark.parametrize("split", ["train", "val"])
def test_fashion_mnist(tmp_path, split):
    make_fashion_mnist(tmp_path)
    fashion = torchvision_set("fashion_mnist", tmp_path, split)
    image, label = fashion[4]
    check_image(image, 1, (28, 28))
    assert image.max() == pytest.approx(0.2)
    assert label == 4
    assert fashion.classes[0] == "T-shirt/top"
    images, labels = as_tensors(fashion)
    assert images.shape == (6, 1, 28, 28)
    assert labels.tolist() == list(range(6))


def test_cifar10(tmp_path, monkeypatch):
    data = make_cifar10(tmp_path, monkeypatch)
    train, val = (torchvision_set("cifar10", tmp_path, s) for s in ("train", "val"))
    assert (len(train), len(val)) == (20, 4)
    image, label = val[2]
    check_image(image, 3, (32, 32))
    expected = torch.tensor(data[2].reshape(3, 32, 32)) / 255
    torch.testing.assert_close(image.as_subclass(torch.Tensor), expected)
    assert label == 4


@pytest.mark.parametrize("split", ["train", "val"])
def test_imagenette(tmp_path, split):
    make_imagenette(tmp_path)
    imagenette = torchvision_set("imagenette", tmp_path, split, v2.CenterCrop(24))
    assert len(imagenette) == 10
    image, label = imagenette[7]
    check_image(image, 3, (24, 24))
    assert label == 7
    assert imagenette.classes[0] == ("tench", "Tinca tinca")


def test_pets(tmp_path):
    make_pets(tmp_path)
    image, label = torchvision_set("pets", tmp_path)[1]
    check_image(image, 3, (30, 40))
    assert label == 1
    crop = v2.RandomCrop(16)
    image, mask = torchvision_set("pets_masks", tmp_path, "val", crop)[0]
    check_image(image, 3, (16, 16))
    assert isinstance(mask, tv_tensors.Mask)
    assert mask.shape == (16, 16)
    assert mask.dtype == torch.int64
    assert mask.unique().tolist() == [2]


def test_a_folder_of_images(tmp_path):
    for name in ("cats", "dogs"):
        picture(tmp_path / f"train/{name}/1.png", (20, 20))
    folder = torchvision_set("folder", tmp_path)
    assert folder.classes == ["cats", "dogs"]
    images, labels = as_tensors(folder)
    assert images.shape == (2, 3, 20, 20)
    assert labels.tolist() == [0, 1]
    with pytest.raises(FileNotFoundError, match="one folder for each class"):
        torchvision_set("folder", tmp_path, "val")


def test_what_programs_leave_in_a_folder_is_no_class_and_no_image(tmp_path):
    root = tmp_path / ".hidden"  # above the set: of no concern
    for name in ("cats", "dogs", ".ipynb_checkpoints", "__MACOSX", "cats/.thumbs"):
        picture(root / f"train/{name}/1.png", (20, 20))
    for name in ("._1.png", ".DS_Store"):
        (root / "train/cats" / name).write_bytes(b"\0\5\26\7Mac OS X")
    folder = torchvision_set("folder", root)
    assert folder.classes == ["cats", "dogs"]
    assert [label for _, label in folder] == [0, 1]


def test_a_file_is_no_folder_of_images(tmp_path):
    (tmp_path / "photos").write_text("none")
    with pytest.raises(FileNotFoundError, match="one folder for each class"):
        torchvision_set("folder", tmp_path / "photos")


def test_a_folder_of_hidden_folders_has_no_class(tmp_path):
    picture(tmp_path / "train/.ipynb_checkpoints/1.png")
    with pytest.raises(FileNotFoundError, match="one folder for each class: no class"):
        torchvision_set("folder", tmp_path)


def test_a_photograph_is_upright_as_its_tag_says(tmp_path):
    path = tmp_path / "train/a/phone.png"
    path.parent.mkdir(parents=True)
    pixels = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    photo = Image.fromarray(pixels)
    tags = photo.getexif()
    tags[0x0112] = 6  # "turn it clockwise by 90 degrees"
    photo.save(path, exif=tags)
    image, _ = torchvision_set("folder", tmp_path)[0]
    expected = torch.tensor(np.rot90(pixels, -1).copy()).movedim(-1, 0) / 255
    torch.testing.assert_close(image.as_subclass(torch.Tensor), expected)


@pytest.mark.parametrize("name", ["ramp.png", "ramp.tif", "ramp.pgm"])
def test_sixteen_bits_keep_their_range(tmp_path, name):
    path = tmp_path / "train/a" / name
    path.parent.mkdir(parents=True)
    Image.fromarray(np.arange(256, dtype=np.uint16)[None] * 257).save(path)
    image, _ = torchvision_set("folder", tmp_path)[0]
    expected = torch.arange(256).expand(3, 1, 256) / 255
    torch.testing.assert_close(image.as_subclass(torch.Tensor), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_of_unknown_range_are_refused(tmp_path, dtype):
    path = tmp_path / "train/a/depth.tif"
    path.parent.mkdir(parents=True)
    Image.fromarray(np.ones((4, 4), dtype)).save(path)
    with pytest.raises(ValueError, match=r"depth\.tif: .* got mode '[FI]'"):
        torchvision_set("folder", tmp_path)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_set_names_itself_the_remedy_and_what_to_use_instead(tmp_path, name):
    with pytest.raises(FileNotFoundError) as error:
        torchvision_set(name, tmp_path)
    for word in (f"no whole {name}", "download=True", "MB" if name < "v" else "GB"):
        assert word in str(error.value)
    assert "Scenes, Digits and ExemplarPatches" in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", COCO_NAMES)
@pytest.mark.parametrize("download", [False, True])
def test_what_torchvision_does_not_fetch_is_fetched_by_hand(tmp_path, name, download):
    with pytest.raises(FileNotFoundError) as error:
        torchvision_set(name, tmp_path, download=download)
    for word in (
        f"no whole {name} in {tmp_path}/coco",
        "unpack train2017.zip",
        "19 GB",
    ):
        assert word in str(error.value)
    assert "Scenes, Digits and ExemplarPatches" in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["data_batch_3", "batches.meta"])
def test_a_truncated_file_counts_as_missing(tmp_path, monkeypatch, file):
    make_cifar10(tmp_path, monkeypatch)
    path = tmp_path / "cifar-10-batches-py" / file
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(FileNotFoundError, match="no whole cifar10"):
        torchvision_set("cifar10", tmp_path)


def test_a_truncated_file_without_check_sum_counts_as_missing(tmp_path):
    make_fashion_mnist(tmp_path)
    path = tmp_path / "FashionMNIST/raw/train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(FileNotFoundError, match="no whole fashion_mnist"):
        torchvision_set("fashion_mnist", tmp_path)


def serve_cifar10(tmp_path, monkeypatch, server, name="cifar-10-python.tar.gz"):
    """Pack a tiny CIFAR-10 as published and let torchvision fetch it from a server."""
    source = tmp_path / "source"
    make_cifar10(source, monkeypatch)
    archive = tmp_path / name
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(source / "cifar-10-batches-py", "cifar-10-batches-py")
    monkeypatch.setattr(datasets.CIFAR10, "url", f"{server}/{name}")
    digest = md5(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", digest)


def test_a_download_leaves_the_set_and_nothing_else(tmp_path, monkeypatch, server):
    serve_cifar10(tmp_path, monkeypatch, server)
    root = tmp_path / "data"
    assert len(torchvision_set("cifar10", root, download=True)) == 20
    assert os.listdir(root) == ["cifar-10-batches-py"]
    monkeypatch.setattr(datasets.CIFAR10, "url", f"{server}/gone.tar.gz")
    assert len(torchvision_set("cifar10", root, "val", download=True)) == 4


def test_what_killed_downloads_left_is_removed(tmp_path, monkeypatch, server):
    serve_cifar10(tmp_path, monkeypatch, server)
    root = tmp_path / "data"
    names = (".cifar10-download-old", ".cifar10-download-now", ".pets-download-old")
    for name in names:
        (root / name / "inside").mkdir(parents=True)
        (root / name / "inside" / "half.tar.gz").write_bytes(b"half")
        if name.endswith("old"):
            for path in (root / name, *(root / name).rglob("*")):
                os.utime(path, (0, 0))
    torchvision_set("cifar10", root, download=True)
    assert sorted(os.listdir(root)) == sorted([*names[1:], "cifar-10-batches-py"])


def test_a_download_replaces_a_damaged_set(tmp_path, monkeypatch, server):
    serve_cifar10(tmp_path, monkeypatch, server)
    root = tmp_path / "data"
    torchvision_set("cifar10", root, download=True)
    (root / "cifar-10-batches-py" / "data_batch_2").write_bytes(b"damaged")
    assert len(torchvision_set("cifar10", root, download=True)) == 20
    assert os.listdir(root) == ["cifar-10-batches-py"]


def test_a_download_of_several_files(tmp_path, monkeypatch, server):
    source = tmp_path / "source"
    make_fashion_mnist(source)
    resources = []
    for path in sorted((source / "FashionMNIST" / "raw").iterdir()):
        packed = path.parent / f"{path.name}.gz"
        packed.write_bytes(gzip.compress(path.read_bytes()))
        resources.append((packed.name, md5(packed.read_bytes()).hexdigest()))
    monkeypatch.setattr(datasets.FashionMNIST, "resources", resources)
    mirrors = [f"{server}/source/FashionMNIST/raw/"]
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", mirrors)
    root = tmp_path / "data"
    assert len(torchvision_set("fashion_mnist", root, download=True)) == 6
    assert os.listdir(root) == ["FashionMNIST"]


def test_a_changed_archive_is_refused(tmp_path, monkeypatch, server):
    serve_cifar10(tmp_path, monkeypatch, server)
    monkeypatch.setattr(datasets.CIFAR10, "tgz_md5", "0" * 32)
    root = tmp_path / "data"
    with pytest.raises(ConnectionError, match=r"corrupted.*Scenes, Digits and"):
        torchvision_set("cifar10", root, download=True)
    assert os.listdir(root) == []


def test_a_connection_that_breaks_leaves_nothing(tmp_path, monkeypatch, server):
    serve_cifar10(tmp_path, monkeypatch, server, "cut.tar.gz")
    root = tmp_path / "data"
    with pytest.raises(ConnectionError, match="could not download cifar10"):
        torchvision_set("cifar10", root, download=True)
    assert os.listdir(root) == []


def test_no_network_is_said_once_and_leaves_nothing(tmp_path, monkeypatch):
    nobody = "http://127.0.0.1:9/cifar-10-python.tar.gz"
    monkeypatch.setattr(datasets.CIFAR10, "url", nobody)
    root = tmp_path / "data"
    with pytest.raises(ConnectionError) as error:
        torchvision_set("cifar10", root, download=True)
    assert "could not download cifar10 (about 170 MB)" in str(error.value)
    assert "Without a network: Scenes" in str(error.value)
    assert os.listdir(root) == []


def interrupted_by(error):
    """A download that writes half a file and then fails."""

    def download(url, download_root, *args, **kwargs):
        with open(os.path.join(download_root, "half.tar.gz"), "wb") as file:
            file.write(b"half")
        raise error

    return download


def test_control_c_leaves_nothing(tmp_path, monkeypatch):
    half = interrupted_by(KeyboardInterrupt())
    monkeypatch.setattr(datasets.cifar, "download_and_extract_archive", half)
    with pytest.raises(KeyboardInterrupt, match="cifar10 stopped; nothing"):
        torchvision_set("cifar10", tmp_path, download=True)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_is_said_to_be_full(tmp_path, monkeypatch):
    half = interrupted_by(OSError(errno.ENOSPC, "No space left on device"))
    monkeypatch.setattr(datasets.cifar, "download_and_extract_archive", half)
    with pytest.raises(OSError, match="No space left"):
        torchvision_set("cifar10", tmp_path, download=True)
    assert os.listdir(tmp_path) == []


def test_wrong_arguments(tmp_path):
    with pytest.raises(ValueError, match=r"a name out of .*'cifar10'.*, got 'cifar'"):
        torchvision_set("cifar", tmp_path)
    with pytest.raises(ValueError, match=r"a split out of .*, got 'test'"):
        torchvision_set("cifar10", tmp_path, "test")
