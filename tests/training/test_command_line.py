"""``python -m edulib.training``: a real run on the digits, and its errors."""

import subprocess
import sys
from dataclasses import replace
from functools import partial

import pytest
import torch
from PIL import Image
from tiny_detector import TinyDetector
from torch import nn

from edulib.data.sources import DATA
from edulib.models.classification.resnet import resnet20_cifar
from edulib.registry import get_model_info
from edulib.training import __main__ as command
from edulib.training import load_weights
from edulib.training.__main__ import main

DIGITS = ["--data", "digits", "--epochs", "2"]
SMALL = [*DIGITS, "--image-size", "8", "--epochs", "1"]


def test_help_runs_as_a_command_and_shows_every_option():
    run = subprocess.run(
        [sys.executable, "-m", "edulib.training", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    for word in (
        "resnet18",
        "--task",
        "--data",
        "--schedule",
        "--clip-norm",
        "torchrun",
    ):
        assert word in run.stdout


def test_trains_on_the_digits_and_goes_on(tmp_path, capsys):
    file = tmp_path / "digits.pt"
    arguments = ["resnet20_cifar", *SMALL, "--output", str(file)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "validation accuracy" in printed
    assert str(file) in printed
    model = load_weights(resnet20_cifar(in_channels=1), file)
    assert model(torch.zeros(1, 1, 8, 8)).shape == (1, 10)
    assert main(arguments) == 0  # finished already: only read


def test_there_are_data_for_every_task():
    assert command.TASKS.keys() == DATA.keys()


@pytest.fixture
def registered(monkeypatch):
    """Let the registry hold one model: ``registered(build, task)`` names it."""

    def register(build, task: str) -> str:
        info = replace(get_model_info("resnet18"), task=task, image_shape=(3, 32, 48))
        monkeypatch.setattr(command, "get_builder", lambda _: build)
        monkeypatch.setattr(command, "get_model_info", lambda _: info)
        return "stand_in"

    return register


def pixelwise(num_classes: int, in_channels: int) -> nn.Module:
    return nn.Conv2d(in_channels, num_classes, 1)


@pytest.mark.parametrize(
    ("build", "task", "options", "shown"),
    [
        (TinyDetector, "detection", [], "validation AP50 "),
        (
            partial(TinyDetector, masks=True),
            "detection",
            ["--task", "instance_segmentation", "--image-size", "64"],
            "validation mask_AP50 ",
        ),
        (pixelwise, "segmentation", [], "validation mean_iou "),
    ],
)
def test_trains_for_the_task_of_the_model_or_another(
    registered, tmp_path, capsys, build, task, options, shown
):
    file = tmp_path / "net.pt"
    arguments = [registered(build, task), *options, "--length", "12"]
    arguments += ["--epochs", "1", "--batch-size", "4", "--output", str(file)]
    assert main(arguments) == 0
    assert shown in capsys.readouterr().out
    classes = 23 if task == "segmentation" else 10
    load_weights(build(num_classes=classes, in_channels=3), file)


@pytest.mark.parametrize(
    ("build", "task", "options", "message"),
    [
        (TinyDetector, "detection", ["--data", "digits"], "--data out of ('scenes',"),
        (TinyDetector, "detection", ["--num-classes", "3"], "num_classes="),
        (TinyDetector, "generation", [], "one of ('classification', 'segmentation', "),
        (pixelwise, "detection", [], "expected a detector, a model with losses"),
        (TinyDetector, "detection", ["--image-size", "9"], "image size"),
        (TinyDetector, "detection", ["--data", "voc_boxes"], "voc_boxes needs --root"),
    ],
)
def test_mistakes_of_a_task_are_one_line(
    registered, tmp_path, capsys, monkeypatch, build, task, options, message
):
    monkeypatch.chdir(tmp_path)
    assert main([registered(build, task), "--length", "12", *options]) == 1
    error = capsys.readouterr().err.strip().splitlines()
    assert len(error) == 1
    assert error[0].startswith("error: ")
    assert message in error[0]


def test_trains_on_a_folder_of_images(tmp_path, capsys):
    for split in ("train", "val"):
        for name, color in (("red", (200, 30, 30)), ("sky", (60, 120, 220))):
            folder = tmp_path / "photos" / split / name
            folder.mkdir(parents=True)
            for k in range(4):
                Image.new("RGB", (20, 12 + k), color).save(folder / f"{k}.png")
    arguments = ["resnet20_cifar", "--data", "folder"]
    arguments += ["--root", str(tmp_path / "photos")]
    arguments += ["--image-size", "8", "--epochs", "4", "--batch-size", "4"]
    output = tmp_path / "net.pt"
    assert main([*arguments, "--output", str(output)]) == 0
    assert "validation accuracy" in capsys.readouterr().out
    assert output.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["resnet81"], "unknown model 'resnet81': did you mean 'resnet18'"),
        (["resnet18", *DIGITS, "--num-classes", "0"], "got 0"),
        (["resnet18", *DIGITS, "--num-classes", "7"], "num_classes=10 or more"),
        (["resnet18", *DIGITS, "--epochs", "0"], "expected epochs at least 1, got 0"),
        (["resnet18", "--data", "folder"], "--data folder needs --root"),
        (
            ["resnet18", "--data", "folder", "--root", "nowhere"],
            "expected images in nowhere/train/CLASS/",
        ),
        (
            ["resnet18", "--data", "digits", "--image-size", "0"],
            "--image-size of at least 1, got 0",
        ),
        (["resnet18", "--length", "0"], "--length of at least 1, got 0"),
        (["resnet18", "--device", "tpu"], "'cpu' or 'cuda', got 'tpu'"),
        (["resnet18", "--device", "cuda:99"], "or 'cpu', got 'cuda:99'"),
    ],
)
def test_mistakes_are_one_line(arguments, message, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert message in error


def test_other_data_is_not_taken_for_trained(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["resnet20_cifar", "--image-size", "32", "--epochs", "1"]
    assert main([*arguments, "--length", "16"]) == 0
    assert main([*arguments, "--length", "24"]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "training set '16 examples" in error
    assert "now it is '24 examples" in error


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_damaged_image_is_named(split, tmp_path, capsys):
    for folder in ("train", "val"):
        for name in ("red", "sky"):
            (tmp_path / folder / name).mkdir(parents=True)
            Image.new("RGB", (90, 90), "red").save(
                tmp_path / folder / name / "good.png"
            )
    whole = (tmp_path / "val" / "sky" / "good.png").read_bytes()
    (tmp_path / split / "sky" / "torn.png").write_bytes(whole[:150])
    arguments = ["resnet20_cifar", "--data", "folder", "--root", str(tmp_path)]
    arguments += ["--image-size", "8", "--epochs", "1"]
    assert main([*arguments, "--output", str(tmp_path / "net.pt")]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"{split}/sky/torn.png: " in error
    assert not (tmp_path / "net.pt").exists()


def test_an_output_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    output = str(tmp_path / "file" / "net.pt")
    assert main(["resnet20_cifar", *SMALL, "--output", output]) == 1
    assert "choose another folder" in capsys.readouterr().err


def test_ctrl_c_in_the_first_epoch_says_that_nothing_is_saved(
    tmp_path, capsys, monkeypatch
):
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edulib.training.loop.train_epoch", pressed)
    output = str(tmp_path / "net.pt")
    assert main(["resnet20_cifar", *SMALL, "--output", output]) == 130
    assert "net.pt is not written yet" in capsys.readouterr().err


def test_ctrl_c_before_the_training_says_so(capsys, monkeypatch):
    def pressed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("edulib.training.__main__.load_source", pressed)
    assert main(["resnet20_cifar", *SMALL]) == 130
    assert "stopped before the training began" in capsys.readouterr().err
